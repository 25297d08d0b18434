"""What a server takes on, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request, of all that wait, and of patience.

    Attributes:
        texts: Most texts of one request.
        characters: Most characters of one text.
        body: Most bytes of one request's body.
        held: Most bytes of the bodies of all requests that are not yet answered.
        queue: Tokens (estimated) that may wait before further requests are refused.
        seconds: Time for a request's head to arrive, and again for its body.
        stop_seconds: Time that requests in flight are given once the server is told to stop.
    """

    texts: int = 2048
    characters: int = 65_536
    body: int = 8 << 20
    held: int = 64 << 20
    queue: int = 65_536
    seconds: float = 20.0
    stop_seconds: int = 30
