"""The door: who may come in, how much may be carried, and how everything is answered and counted.

Plain ASGI, for it stands around the routes and sees every request, also those that have no route.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from klein_embedding.infer.server.limits import Limits
from klein_embedding.infer.server.metrics import Metrics
from klein_embedding.infer.server.refusal import Refusal

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")


class Guard:
    """Checks host and key, turns every error into JSON, and counts requests."""

    def __init__(
        self, app: ASGIApp, metrics: Metrics, locked: Iterable[str], key: str, hosts: Iterable[str]
    ) -> None:
        """Stand before an application.

        Args:
            app: What is behind the door.
            metrics: Where requests are counted.
            locked: Paths that need the key; the others are open.
            key: The key, "" for none.
            hosts: Names under which the server may be asked, none for any. A web page on another
                site that has its own name pointed at this machine is stopped by it.
        """
        self._app, self._metrics = app, metrics
        self._locked, self._hosts = frozenset(locked), frozenset(hosts)
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.monotonic(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            self._check(scope)
            await self._app(scope, receive, noting)
        except ClientDisconnect:
            status = status or 499
        except (Exception, asyncio.CancelledError) as error:
            if not status:
                await _refusal(error).response()(scope, receive, noting)
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            route = scope["path"] if scope["path"] in self._locked else "other"
            self._metrics.requests.labels(route, status).inc()
            self._metrics.seconds.labels(route).observe(time.monotonic() - start)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if self._hosts and _host_name(headers.get("host", "")) not in self._hosts:
            raise Refusal(400, "Host: not a name of this server; allow it with --allow-host")
        if not self._key or scope["path"] not in self._locked:
            return
        kind, _, given = headers.get("authorization", "").partition(" ")
        # Header values are Latin-1; a key is UTF-8.
        same = hmac.compare_digest(given.strip().encode("latin-1"), self._key)
        if kind.lower() != "bearer" or not same:
            raise Refusal(
                401,
                "the key is missing or wrong; send it as 'Authorization: Bearer KEY'",
                headers={"WWW-Authenticate": "Bearer"},
            )


def _host_name(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).strip("[]").lower()


def _refusal(error: BaseException) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, asyncio.CancelledError):
        return Refusal(503, "the server is stopping")
    _LOG.error("a request failed", exc_info=error)
    return Refusal(500, "the server failed; its log says why")


class Bodies:
    """Reads bodies, and bounds what all of them together take."""

    def __init__(self, limits: Limits) -> None:
        """Begin with nothing held."""
        self._limits = limits
        self._held = 0

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """Read a request's body; it counts as held until the block ends.

        Raises:
            Refusal: 413 if it is too large, 408 if it is too slow, 429 if others hold too much.
        """
        parts: list[bytes] = []
        try:
            await self._read(request, parts)
            yield b"".join(parts)
        finally:
            self._held -= sum(map(len, parts))

    async def _read(self, request: Request, parts: list[bytes]) -> None:
        declared = request.headers.get("content-length", "0")
        # More digits than int() takes are refused just as well.
        if len(declared) > 18 or (declared.isdigit() and int(declared) > self._limits.body):
            raise self._too_large()
        try:
            async with asyncio.timeout(self._limits.seconds):
                async for part in request.stream():
                    parts.append(part)
                    self._held += len(part)
                    if sum(map(len, parts)) > self._limits.body:
                        raise self._too_large()
                    if self._held > self._limits.held:
                        raise Refusal(
                            429,
                            "too much is being sent at once; try again in 1 s",
                            headers={"Retry-After": "1"},
                        )
        except TimeoutError:
            raise Refusal(
                408,
                f"the body did not arrive within {self._limits.seconds:g} s",
                headers={"Connection": "close"},
            ) from None

    def _too_large(self) -> Refusal:
        # What still comes is read and dropped, so that the client gets to see the answer.
        return Refusal(413, f"the body is too large; send at most {self._limits.body:,} bytes")


async def unless_gone(request: Request, work: Awaitable[_T]) -> _T:
    """Wait for work, and drop it when the client goes away.

    Args:
        request: A request whose body has been read.
        work: What its answer needs.

    Raises:
        ClientDisconnect: If the client went away first.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        gone.cancel()
        task.cancel()
