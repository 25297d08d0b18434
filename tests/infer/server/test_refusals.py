"""What is malformed, oversized, slow or without a key gets its status and a JSON body."""

from __future__ import annotations

import json
import re
import socket
import time

import httpx
import pytest

# One for all: making one costs as much as a request.
HTTP = httpx.Client(timeout=120, limits=httpx.Limits(max_keepalive_connections=0))
KEY = "correct-horse-battery-staple"  # as in conftest.py
HEAD = b"POST /embed HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + KEY.encode() + b"\r\n"


def post(served, path, content, key=KEY):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return HTTP.post(f"{served.address}{path}", content=content, headers=headers)


def refused(answer, status, words):
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert words in error["message"]
    assert "\n" not in error["message"]
    assert set(error) == {"message", "type", "param", "code"}


def talk(served, *parts, pause=0.0):
    """Send bytes over a socket and read to the end: status, body, seconds."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as line:
        for part in parts:
            line.sendall(part)
            time.sleep(pause)
        answer = b""
        while more := line.recv(65536):
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body), time.monotonic() - start


SHAPES = {
    "nothing": (b"", 400, 400, "not JSON"),
    "no JSON": (b"{", 400, 400, "not JSON"),
    "no UTF-8": (b'{"input": "\xff"}', 400, 400, "not JSON"),
    "nested": (b"[" * 15_000, 400, 400, "not JSON"),
    "digits": (b"9" * 9000, 400, 400, "not JSON"),
    "a list": (b"[1]", 400, 422, "no JSON object"),
    "no texts": (b"{}", 400, 422, "expected a text"),
    "null": (b'{"INPUT": null}', 400, 422, "expected a text"),
    "number": (b'{"INPUT": 7}', 400, 422, "expected a text"),
    "empty list": (b'{"INPUT": []}', 400, 400, "empty list"),
    "true": (b'{"INPUT": ["a", true]}', 400, 422, "text 2 is no string"),
    "ids": (b'{"INPUT": [5, 6]}', 400, 422, "token ids are not read"),
    "surrogate": (b'{"INPUT": "\\ud800"}', 400, 422, "lone surrogate"),
    "too many": (b'{"INPUT": ["a","a","a","a","a"]}', 400, 413, "at most 4"),
    "too long": (b'{"INPUT": "%s"}' % (b"a" * 1001), 400, 413, "1,001 characters"),
    "field": (b'{"INPUT": "a", "dimension": 128}', 400, 422, "'dimension': no such field"),
    "dimensions": (b'{"INPUT": "a", "dimensions": 64}', 400, 422, "512, 256, 128"),
    "true dimensions": (b'{"INPUT": "a", "dimensions": true}', 400, 422, "512, 256, 128"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_bodies_that_ask_for_nothing(strict, name):
    body, openai_status, tei_status, words = SHAPES[name]
    for path, field, status in (
        ("/v1/embeddings", b"input", openai_status),
        ("/embed", b"inputs", tei_status),
    ):
        refused(post(strict, path, body.replace(b"INPUT", field)), status, words)


@pytest.mark.parametrize(
    ("path", "extra", "status"),
    [
        ("/v1/embeddings", '"encoding_format": "hex"', 400),
        ("/v1/embeddings", '"model": 7', 400),
        ("/embed", '"normalize": false', 422),
        ("/embed", '"normalize": "yes"', 422),
        ("/embed", '"truncation_direction": "Left"', 422),
        ("/embed", '"prompt_name": "query"', 422),
    ],
)
def test_options_that_the_model_has_not(strict, path, extra, status):
    field = "input" if path == "/v1/embeddings" else "inputs"
    name = extra.split('"')[1]
    answer = post(strict, path, f'{{"{field}": "a", {extra}}}')
    refused(answer, status, f"{name}: ")
    assert answer.json()["error"]["param"] == name


def test_the_limits_themselves_are_allowed(strict):
    assert post(strict, "/embed", json.dumps({"inputs": ["a" * 1000] * 4})).status_code == 200


def test_unknown_paths_and_methods(strict):
    refused(HTTP.get(f"{strict.address}/nowhere"), 404, "GET /nowhere")
    answer = HTTP.get(f"{strict.address}/embed", headers={"Authorization": f"Bearer {KEY}"})
    refused(answer, 405, "takes POST")
    assert answer.headers["allow"] == "POST"
    refused(post(strict, "/search", '{"query": "x"}'), 404, "--index")


def test_large_bodies_are_refused_whether_they_say_so_or_not(strict):
    refused(post(strict, "/embed", b"x" * 20_001), 413, "at most 20,000 bytes")
    chunks = (b"x" * 5000 for _ in range(5))
    refused(post(strict, "/embed", chunks), 413, "at most 20,000 bytes")
    status, body, _ = talk(
        strict, HEAD + b"Connection: close\r\nContent-Length: 99999999999\r\n\r\n"
    )
    assert (status, "too large" in body["error"]["message"]) == (413, True)


def test_without_the_key_only_health_answers(strict):
    for path in ("/v1/embeddings", "/embed", "/search"):
        for key in (None, "wrong", KEY[:-1], KEY + "x", KEY.upper()):
            answer = post(strict, path, '{"inputs": "a"}', key)
            refused(answer, 401, "the key is missing or wrong")
            assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/info", "/metrics"):
        assert HTTP.get(f"{strict.address}{path}").status_code == 401
        basic = {"Authorization": f"Basic {KEY}"}
        assert HTTP.get(f"{strict.address}{path}", headers=basic).status_code == 401
    assert HTTP.get(f"{strict.address}/health").status_code == 200
    assert talk(strict, HEAD.replace(KEY.encode(), b"\xff\xfe") + b"\r\n")[0] == 401


def test_names_of_other_hosts_are_refused_on_loopback(strict, serve):
    for name in ("evil.example", "evil.example:8080", "localhost.evil.example", ""):
        answer = HTTP.get(f"{strict.address}/health", headers={"Host": name})
        refused(answer, 400, "--allow-host")
    for name in ("localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:9"):
        answer = HTTP.get(f"{strict.address}/health", headers={"Host": name})
        assert answer.status_code == 200
    with serve("--allow-host", "Vectors.example") as named:
        headers = {"Host": "vectors.example"}
        assert HTTP.get(f"{named.address}/health", headers=headers).status_code == 200


def test_a_head_that_comes_byte_by_byte_has_a_deadline(strict):
    status, body, seconds = talk(strict, *(HEAD[at : at + 1] for at in range(3)), pause=0.1)
    assert (status, body["error"]["code"]) == (408, "request_timeout")
    assert seconds < 5
    assert talk(strict)[0] == 408


def test_a_body_that_does_not_come_has_a_deadline(strict):
    status, body, seconds = talk(strict, HEAD + b"Content-Length: 20\r\n\r\n{")
    assert (status, "did not arrive" in body["error"]["message"]) == (408, True)
    assert seconds < 5


def test_an_answer_that_is_not_read_is_not_kept_for_ever(serve):
    body = json.dumps({"inputs": ["a"] * 1500}).encode()
    head = b"POST /embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    with serve("--patience", "0.3") as served, socket.socket() as line:
        line.settimeout(60)
        # Else the system would take in the whole answer for a client that reads none of it.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        line.connect(("127.0.0.1", served.port))
        line.sendall(head + body)
        name = b'klein_request_seconds_count{route="/embed"} 1.0'
        while name not in HTTP.get(f"{served.address}/metrics").content:
            time.sleep(0.1)
        time.sleep(7)  # five seconds of keep-alive, and three times the patience
        answer = b""
        while more := line.recv(1 << 20):
            answer += more
    told = int(re.search(rb"content-length: (\d+)", answer)[1])
    assert told > len(answer) - answer.index(b"\r\n\r\n") > 0


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * 20_000, 431),
        (HEAD + b"Content-Length: x\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
)
def test_what_is_no_http(strict, sent, status):
    found, body, _ = talk(strict, sent)
    assert found == status
    assert body["error"]["type"] == ("invalid_request_error" if status < 500 else "server_error")


def test_a_browser_that_offers_websockets_gets_a_plain_answer(strict):
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    assert HTTP.get(f"{strict.address}/health", headers=upgrade).status_code == 200
