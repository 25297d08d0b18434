"""The queue before the model, with a model that says what it was given."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from klein_embedding.infer.server.batcher import Batcher
from klein_embedding.infer.server.metrics import Metrics
from klein_embedding.infer.server.refusal import Refusal


class Slow:
    """Writes a text's number into its vector, and encodes when it is let."""

    def __init__(self):
        self.batches, self.threads = [], set()
        self.let = threading.Event()

    def encode(self, texts, dim=512):
        self.let.wait(10)
        self.threads.add(threading.get_ident())
        if "bad" in texts:
            raise MemoryError("no room")
        self.batches.append(list(texts))
        return np.repeat([[float(text.split()[0])] for text in texts], 512, axis=1)

    def count_tokens(self, texts):
        return [len(text.split()) for text in texts]


def running(work, queue=10_000):
    """Run a coroutine function with a batcher on a slow model; return its result and the model."""

    async def all_of_it():
        model = Slow()
        batcher = Batcher(model, queue, Metrics())
        worker = asyncio.create_task(batcher.run())
        try:
            return await work(batcher, model), model
        finally:
            model.let.set()
            worker.cancel()
            with pytest.raises(asyncio.CancelledError):
                await worker

    return asyncio.run(all_of_it())


def test_what_waits_is_encoded_together_by_one_thread_and_handed_back():
    async def work(batcher, model):
        first = asyncio.create_task(batcher.encode(["0"]))
        await asyncio.sleep(0.05)
        others = [
            asyncio.create_task(batcher.encode([f"{i} a", f"{i + 100} b b"])) for i in range(1, 50)
        ]
        await asyncio.sleep(0.05)
        model.let.set()
        return await asyncio.gather(first, *others)

    answers, model = running(work)
    assert [len(batch) for batch in model.batches] == [1, 98]
    assert len(model.threads) == 1
    for number, answer in enumerate(answers[1:], start=1):
        assert answer.vectors[:, 0].tolist() == [number, number + 100]
        assert answer.vectors.shape == (2, 512)
        assert answer.tokens == [2, 3]


def test_a_large_request_takes_turns_and_keeps_its_order():
    long = " word" * 400

    async def work(batcher, model):
        large = asyncio.create_task(batcher.encode([f"{i}{long}" for i in range(100)]))
        small = asyncio.create_task(batcher.encode(["1000"]))
        model.let.set()
        done, _ = await asyncio.wait({large, small}, return_when=asyncio.FIRST_COMPLETED)
        return small in done, (await large).vectors[:, 0].tolist()

    (first, order), model = running(work, queue=100_000)
    assert first
    assert order == list(range(100))
    assert "1000" in model.batches[0]
    assert max(len(batch) for batch in model.batches) <= 17


def test_a_full_queue_refuses_and_a_cancelled_request_makes_room():
    async def work(batcher, model):
        first = asyncio.create_task(batcher.encode(["1"]))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(batcher.encode(["2" + " word" * 400]))
        await asyncio.sleep(0.05)
        with pytest.raises(Refusal) as refused:
            await batcher.encode(["3"])
        second.cancel()
        await asyncio.sleep(0.05)
        third = asyncio.create_task(batcher.encode(["3"]))
        model.let.set()
        await asyncio.gather(first, third)
        return refused.value

    refusal, model = running(work, queue=100)
    assert refusal.status == 429
    assert int(refusal.headers["Retry-After"]) >= 1
    assert model.batches == [["1"], ["3"]]


def test_a_failure_reaches_those_it_concerns_and_the_worker_goes_on():
    async def work(batcher, model):
        model.let.set()
        with pytest.raises(MemoryError):
            await batcher.encode(["bad"])
        return (await batcher.encode(["7"])).vectors[0, 0]

    assert running(work)[0] == 7
