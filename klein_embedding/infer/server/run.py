"""Sockets, signals and the end of a server."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from klein_embedding.errors import KleinError
from klein_embedding.infer.server.connection import Connection
from klein_embedding.infer.server.limits import Limits

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_BACKLOG = 1024
_SHORTEST_KEY = 16


def bound(host: str, port: int) -> socket.socket:
    """Take a port, before anything large is loaded.

    Args:
        host: Name or address of this machine.
        port: From 1 to 65535, or 0 for a free one.

    Raises:
        KleinError: If it is not to be had.
    """
    if not 0 <= port <= 65535:
        raise KleinError(f"port {port}: choose one from 0 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no such name"
        raise KleinError(f"host {host}: {reason}; check --host") from None
    taken = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere the option would let two servers share a port
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        # Only now is a port that another server listens on told from a free one.
        taken.listen(_BACKLOG)
    except OSError as error:
        taken.close()
        raise KleinError(
            f"port {port} on {host}: {error.strerror}; choose another with --port (0 takes a free "
            "one)"
        ) from None
    return taken


def address_of(taken: socket.socket) -> str:
    """The address under which a bound socket is asked."""
    host, port = taken.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def read_key(file: Path | None) -> str:
    """The key that clients must send: from a file, else from KLEIN_KEY, else none.

    A key among a command's words could be read by every user of the machine.

    Raises:
        KleinError: If the file is not readable, or the key is short or holds blanks.
    """
    if file is None:
        key, where = os.environ.get("KLEIN_KEY", ""), "KLEIN_KEY"
        if not key:
            return ""
    else:
        where = str(file)
        try:
            key = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise KleinError(f"{file}: no key can be read from it ({error})") from None
    if len(key) < _SHORTEST_KEY or not (key.isascii() and key.isprintable()) or " " in key:
        raise KleinError(
            f"{where}: a key has at least {_SHORTEST_KEY} characters, all of them ASCII, no blanks"
        )
    return key


def allowed_hosts(host: str, names: tuple[str, ...]) -> frozenset[str]:
    """Names under which the server may be asked: its own on loopback, any where it is public."""
    if host in LOOPBACK:
        return LOOPBACK | {name.lower() for name in names}
    return frozenset(name.lower() for name in names)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def run(app: ASGIApp, taken: socket.socket, limits: Limits, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C, then answer what is in flight.

    Args:
        app: The application.
        taken: A bound socket.
        limits: Patience with slow clients and with the end.
        ready: Called once requests are answered.
    """

    class Watched(Connection):
        head_seconds = limits.seconds

    config = uvicorn.Config(
        app,
        http=Watched,
        ws="none",
        lifespan="on",
        backlog=_BACKLOG,
        access_log=False,
        log_config=None,
        # Requests that are no HTTP are their senders' matter; the application logs its own.
        log_level="critical",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=limits.stop_seconds,
    )
    # uvicorn raises a signal again when all is answered; to be told to stop is no failure.
    told = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: None) for number in told]
    try:
        _Server(config, ready).run([taken])
    finally:
        for number, handler in zip(told, before, strict=True):
            signal.signal(number, handler)
