"""A client that sends bytes as they are."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

_WAIT = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status (0 if the connection was closed without one) and the body."""

    status: int
    body: bytes
    retry: float = 0.0
    closes: bool = False


class Client:
    """One connection that is kept as long as the server keeps it."""

    def __init__(self, port: int) -> None:
        """Connect at the first request."""
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, value: object) -> Answer:
        """Send JSON and wait for the answer."""
        body = json.dumps(value, ensure_ascii=False).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        return await self.raw(head.encode() + body)

    async def raw(self, request: bytes) -> Answer:
        """Send bytes and wait for an answer or for the end of the connection."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        try:
            writer.write(request)
            answer = await asyncio.wait_for(_answer(reader), _WAIT)
        except (ConnectionError, asyncio.IncompleteReadError):
            answer = Answer(0, b"", closes=True)
        if answer.closes:
            await self.close()
        return answer

    async def close(self) -> None:
        """End the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(
        int(head[0].split()[1]),
        body,
        float(headers.get("retry-after", 0)),
        headers.get("connection") == "close",
    )
