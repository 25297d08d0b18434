"""Requests that nobody should send, and texts that anybody may."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_SCRIPTS = (
    (0x20, 0x7E),
    (0x900, 0x97F),
    (0x980, 0x9FF),
    (0xB80, 0xBFF),
    (0x600, 0x6FF),
    (0xD80, 0xDFF),
    (0x0, 0x1F),
    (0x200B, 0x206F),
    (0x1F300, 0x1F6FF),
    (0x4E00, 0x4FFF),
    (0xE000, 0xE0FF),
    (0x10000, 0x10FFFF),
    (0x300, 0x36F),
)
_WORDS = ("पानी", "water", "👩‍🚀", "क्‍ष", "़", "\u202e", "\0", "<s>", "</s>", "<mask>", "\ufeff", "ﷺ")
_PATHS = (
    "/v1/embeddings",
    "/embed",
    "/search",
    "/info",
    "/health",
    "/metrics",
    "/",
    "/%00",
    "/../x",
)
_METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "FOO")
_ODD = (
    None, True, 0, -1, 1e308, 2**70, 0.5, "", " ", "512", [], {}, [[]], [None], [1, 2], [[1, 2]],
    ["a", 1], {"a": []}, "NaN", 512, 128, "base64", "float", "x" * 70_000,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """One request.

    Attributes:
        kind: How it was made.
        data: Its bytes.
        fine: Whether it must be answered with vectors.
        framed: Whether it ends where its head says, so that another may follow it.
    """

    kind: str
    data: bytes
    fine: bool = False
    framed: bool = True


def fuzzed(draw: random.Random, count: int) -> Iterator[Fuzzed]:
    """Make requests, half of them well-formed ones with odd texts."""
    kinds: tuple[Callable[[random.Random], Fuzzed], ...] = (
        _values,
        _bytes,
        _route,
        _head,
        _framing,
    )
    for number in range(count):
        yield _text(draw) if number % 2 else draw.choice(kinds)(draw)


def odd_text(draw: random.Random) -> str:
    """A text of random characters of a few scripts, controls and joiners among them."""
    parts: list[str] = []
    for _ in range(draw.choice((0, 1, 1, 1, 2, 2, 3, 5, 30))):
        if draw.random() < 0.2:
            parts.append(draw.choice(_WORDS))
            continue
        low, high = draw.choice(_SCRIPTS)
        parts.append("".join(chr(draw.randint(low, high)) for _ in range(draw.randint(1, 12))))
    return draw.choice(("", " ", "\n")).join(parts)


def _post(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _text(draw: random.Random) -> Fuzzed:
    texts = [odd_text(draw) for _ in range(draw.choice((1, 1, 1, 2, 4)))]
    asked = {"input": texts if draw.random() < 0.5 else texts[0]}
    body = json.dumps(asked, ensure_ascii=draw.random() < 0.5).encode()
    return Fuzzed("text", _post("/v1/embeddings", body), fine=True)


def _values(draw: random.Random) -> Fuzzed:
    path = draw.choice(_PATHS[:3])
    names = ("input", "inputs", "query", "top", "model", "dimensions", "encoding_format", "user")
    names += ("truncate", "normalize", "prompt_name", "truncation_direction", "x" * 200)
    asked = {name: draw.choice(_ODD) for name in draw.sample(names, draw.randint(0, 4))}
    if draw.random() < 0.7:
        asked["inputs" if path == "/embed" else "input"] = draw.choice(("a", ["a", "b"], "\ud800"))
    value = draw.choice(_ODD) if draw.random() < 0.1 else asked
    return Fuzzed("values", _post(path, json.dumps(value).encode()))


def _bytes(draw: random.Random) -> Fuzzed:
    body = bytearray(json.dumps({"input": odd_text(draw)}, ensure_ascii=False).encode())
    for _ in range(draw.randint(1, 8)):
        at = draw.randrange(len(body))
        match draw.randrange(3):
            case 0:
                body[at] = draw.randrange(256)
            case 1:
                body[at:at] = draw.randbytes(draw.randint(1, 9))
            case _:
                del body[at : at + draw.randint(1, 9)]
        body = body or bytearray(b"[" * 50_000)
    return Fuzzed("bytes", _post(draw.choice(_PATHS[:3]), bytes(body)))


def _route(draw: random.Random) -> Fuzzed:
    path = draw.choice(_PATHS)
    if draw.random() < 0.3:
        path = "/" + "".join(chr(draw.randint(0x21, 0x7E)) for _ in range(draw.randint(0, 60)))
    method = draw.choice(_METHODS)
    return Fuzzed(
        "route",
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode(),
    )


def _head(draw: random.Random) -> Fuzzed:
    name = draw.choice((b"Authorization", b"Content-Type", b"X", b"Expect", b"Host", b"Accept"))
    value = draw.choice((draw.randbytes(20), b"Bearer " + draw.randbytes(8), b"a" * 70_000, b""))
    head = b"POST /embed HTTP/1.1\r\nHost: localhost\r\n" + name + b": " + value + b"\r\n"
    body = b'{"inputs": "a"}'
    return Fuzzed("head", head + b"Content-Length: %d\r\n\r\n" % len(body) + body, framed=False)


def _framing(draw: random.Random) -> Fuzzed:
    match draw.randrange(4):
        case 0:
            data = draw.randbytes(draw.randint(1, 400)) + b"\r\n\r\n"
        case 1:
            data = b"POST /embed HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            data += draw.choice((b"zz\r\n", b"5\r\nab", b"fffffffffffffffffff\r\n", b"-1\r\n"))
        case 2:
            length = draw.choice((b"-1", b"x", b"9" * 30, b"1, 2", b"99999999999"))
            data = b"POST /embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length
            data += b"\r\n\r\n{}"
        case _:
            whole = _post("/embed", b'{"inputs": "a"}')
            data = whole[: draw.randrange(1, len(whole))]
    return Fuzzed("framing", data, framed=False)
