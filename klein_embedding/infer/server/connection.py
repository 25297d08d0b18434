"""HTTP/1.1 as uvicorn speaks it, with a deadline for a request's head and errors in JSON."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from klein_embedding.infer.server.refusal import Refusal

# How many times a head's time a client has to read the end of its answer.
_READING = 3


class Connection(H11Protocol):
    """One client's connection."""

    # Set on the subclass that a server uses: uvicorn makes its connections itself.
    head_seconds = 20.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # uvicorn's own arguments
        """Begin without a deadline."""
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect a request."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read on; a head that comes byte by byte does not move its deadline."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        super().connection_lost(exc)
        self._unwatch()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, with the status that the parser suggests."""
        error = sys.exc_info()[1]
        status = getattr(error, "error_status_hint", 400)
        self._refuse(Refusal(status, "the request is not valid HTTP/1.1"))

    def timeout_keep_alive_handler(self) -> None:
        """Part from a client that asks for nothing more."""
        super().timeout_keep_alive_handler()
        self._abort_later()

    def _abort_later(self) -> None:
        # Closing waits until the client has read its answer, which it may never do.
        self.loop.call_later(_READING * self.head_seconds, self.transport.abort)

    def _watch(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._unwatch()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.head_seconds, self._late)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        if self.timeout_keep_alive_task is None and not self.transport.is_closing():
            self._refuse(Refusal(408, f"no request within {self.head_seconds:g} s"))

    def _refuse(self, refusal: Refusal) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = refusal.body()
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
                (b"connection", b"close"),
            ]
            head = h11.Response(
                status_code=refusal.status,
                headers=headers,
                reason=STATUS_PHRASES[refusal.status],
            )
            for event in (head, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        self._abort_later()
