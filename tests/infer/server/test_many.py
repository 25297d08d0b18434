"""Many clients at once: every answer its own, a bounded queue, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time

import httpx
import numpy as np
import pytest
import server as bench
from server_fuzz import odd_text

# One for all: making one costs as much as a request.
HTTP = httpx.Client(timeout=120, limits=httpx.Limits(max_keepalive_connections=0))
WORDS = ("river", "runs", "past", "नदी", "शहर", "জলই", "நீரே", "پانی", "and", "old", "town")


@pytest.fixture(scope="module")
def texts():
    draw = np.random.default_rng(0)
    return [" ".join(draw.choice(WORDS, size=size)) for size in draw.integers(1, 30, size=60)]


@pytest.fixture(scope="module")
def alone(model, texts):
    return np.concatenate([model.encode(text) for text in texts])


def counted(served, name):
    lines = HTTP.get(f"{served.address}/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.split()[0] == name)


def queued(served):
    return counted(served, "klein_queue_tokens")


def test_answers_under_load_are_those_of_each_text_alone(server, texts, alone):
    tally = asyncio.run(bench.load(server.port, texts, alone, clients=40, seconds=3))
    assert tally.errors == {}
    assert tally.full == 0
    assert tally.worst < 1e-6
    assert len(tally.times) > 100
    # Strangers share batches.
    batches = counted(server, "klein_batch_texts_count")
    assert counted(server, "klein_texts_total") > 3 * batches


def test_a_full_queue_says_when_to_come_again_and_then_empties(serve, texts, alone):
    with serve("--queue", "100") as small:
        tally = asyncio.run(bench.load(small.port, texts, alone, clients=60, seconds=2))
        assert tally.errors == {}
        assert tally.full > 0
        assert len(tally.times) > 20
        assert HTTP.post(f"{small.address}/embed", json={"inputs": "a"}).status_code == 200


def test_a_refused_client_is_told_the_seconds(serve):
    with serve("--queue", "1") as tiny:
        body = {"inputs": ["word " * 300] * 50}
        first = threading.Thread(
            target=HTTP.post, args=(f"{tiny.address}/embed",), kwargs={"json": body}
        )
        first.start()
        while queued(tiny) == 0:
            time.sleep(0.01)
        answer = HTTP.post(f"{tiny.address}/embed", json={"inputs": "a"})
        assert answer.status_code == 429
        assert answer.json()["error"]["type"] == "rate_limit_error"
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        first.join()


def test_a_small_request_does_not_wait_for_the_end_of_a_large_one(server):
    done = []

    def ask(name, inputs):
        assert HTTP.post(f"{server.address}/embed", json={"inputs": inputs}).is_success
        done.append(name)

    large = threading.Thread(target=ask, args=("large", ["word " * 300] * 50))
    large.start()
    time.sleep(0.2)
    ask("small", "a")
    large.join()
    assert done == ["small", "large"]


def test_work_for_a_client_that_left_is_dropped(server):
    before = counted(server, "klein_texts_total")
    with pytest.raises(httpx.ReadTimeout):
        HTTP.post(f"{server.address}/embed", json={"inputs": ["word " * 300] * 1500}, timeout=0.5)
    assert HTTP.post(f"{server.address}/embed", json={"inputs": "a"}).is_success
    assert counted(server, "klein_texts_total") - before < 700
    assert queued(server) == 0


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_flight_is_answered_before_the_end(serve, told):
    with serve() as stopping:

        async def ask_and_stop():
            clients = [bench.Client(stopping.port) for _ in range(4)]
            body = {"inputs": ["word " * 300] * 12}
            asked = [asyncio.create_task(client.post("/embed", body)) for client in clients]
            while queued(stopping) < 12 * 256:
                await asyncio.sleep(0.05)
            os.kill(stopping.process.pid, told)
            answers = await asyncio.gather(*asked)
            for client in clients:
                await client.close()
            return answers

        answers = asyncio.run(ask_and_stop())
        assert [answer.status for answer in answers] == [200] * 4
        assert all(len(json.loads(answer.body)) == 12 for answer in answers)
        stopping.process.wait(30)
        with pytest.raises(httpx.ConnectError):
            HTTP.get(f"{stopping.address}/health")


def test_fuzzed_requests_and_texts(serve):
    with serve("--patience", "0.3") as target:
        found = asyncio.run(bench.fuzz(target.port, count=600, seed=1))
        assert [said for said in found if said.startswith("!")] == []
        assert sum(found.values()) == 600
        assert found["text: 200"] == 300
        assert len(found) > 10
        assert HTTP.get(f"{target.address}/health").status_code == 200


def test_odd_texts_are_those_of_the_library(server, model):
    import random

    draw = random.Random(3)
    texts = [odd_text(draw)[:60] for _ in range(60)]
    answer = HTTP.post(f"{server.address}/embed", content=json.dumps({"inputs": texts}))
    assert np.abs(np.array(answer.json()) - model.encode(texts)).max() < 1e-6
