"""One worker that owns the model, and the queue of requests before it.

The worker takes whatever waits when it becomes free, whoever sent it: under load the batches fill
by themselves, and a lone request waits for nothing. A vector does not depend on what else is in
its batch, so strangers may share one.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from klein_embedding.infer.embedder import WIDTH
from klein_embedding.infer.server.metrics import Metrics
from klein_embedding.infer.server.refusal import Refusal
from klein_embedding.infer.tokens import MAX_TOKENS

# About half a second of work on two cores: no request waits much longer for its first turn.
_BATCH_TOKENS = 4096
# What a request may put into a batch before the next request's turn comes.
_TURN_TOKENS = 1024
_LONGEST_WAIT = 60


class Model(Protocol):
    """What the server needs of a model."""

    def encode(self, texts: Sequence[str], dim: int = WIDTH) -> np.ndarray:
        """float32 unit rows (n, dim)."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens that the model reads of each text."""
        ...


@dataclass(frozen=True, slots=True)
class Encoded:
    """What became of a request's texts.

    Attributes:
        vectors: float32 (n, 512), unit rows, in the order of the texts.
        tokens: Tokens read of each text.
    """

    vectors: np.ndarray
    tokens: list[int]


@dataclass(slots=True)
class _Job:
    texts: list[str]
    costs: list[int]
    answer: asyncio.Future[Encoded]
    vectors: np.ndarray
    tokens: list[int] = field(default_factory=list)
    taken: int = 0


@dataclass(frozen=True, slots=True)
class _Share:
    job: _Job
    start: int
    stop: int


def about_tokens(text: str) -> int:
    """Tokens of a text, estimated from its length without reading it."""
    return min(MAX_TOKENS, 2 + len(text) // 4)


class Batcher:
    """Encodes the texts of many clients in common batches."""

    def __init__(self, model: Model, queue: int, metrics: Metrics) -> None:
        """Take the model; `run` must be running for anything to be encoded.

        Args:
            model: Used from one thread only.
            queue: Tokens (estimated) that may wait before further requests are refused.
            metrics: Where batches are counted.
        """
        self._model, self._queue, self._metrics = model, queue, metrics
        self._jobs: deque[_Job] = deque()
        self._waiting = 0
        self._rate = 2000.0
        self._news = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="klein-model")

    async def encode(self, texts: list[str]) -> Encoded:
        """Wait for the vectors of a request's texts.

        Cancelling it takes the request out of the queue.

        Args:
            texts: At least one, each one fit for `KleinEmbedding.encode`.

        Raises:
            Refusal: With status 429, if the queue is full.
        """
        if self._waiting >= self._queue:
            seconds = min(max(math.ceil(self._waiting / self._rate), 1), _LONGEST_WAIT)
            raise Refusal(
                429,
                f"the queue is full; try again in {seconds} s",
                headers={"Retry-After": str(seconds)},
            )
        costs = [about_tokens(text) for text in texts]
        answer: asyncio.Future[Encoded] = asyncio.get_running_loop().create_future()
        job = _Job(texts, costs, answer, np.empty((len(texts), WIDTH), dtype=np.float32))
        self._jobs.append(job)
        self._wait_for(sum(costs))
        self._news.set()
        try:
            return await answer
        finally:
            # What was not taken when the client went away waits no longer.
            self._wait_for(-sum(costs[job.taken :]))
            job.taken = len(texts)

    async def run(self) -> None:
        """Encode what comes, until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._news.wait()
                batch = self._next_batch()
                if not batch:
                    self._news.clear()
                    continue
                texts = [text for share in batch for text in share.job.texts[_span(share)]]
                start = time.monotonic()
                try:
                    found = await loop.run_in_executor(self._thread, self._encode, texts)
                except Exception as error:
                    for share in batch:
                        if not share.job.answer.done():
                            share.job.answer.set_exception(error)
                    continue
                self._note(found, time.monotonic() - start)
                _hand_out(batch, found)
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _encode(self, texts: list[str]) -> Encoded:
        return Encoded(self._model.encode(texts), self._model.count_tokens(texts))

    def _next_batch(self) -> list[_Share]:
        """Shares of the waiting requests, each in its turn, up to the tokens of a batch."""
        batch: list[_Share] = []
        room = _BATCH_TOKENS
        while self._jobs and room > 0:
            job = self._jobs.popleft()
            if job.answer.done() or job.taken == len(job.texts):
                continue
            start, turn = job.taken, 0
            while job.taken < len(job.texts) and turn < min(_TURN_TOKENS, room):
                turn += job.costs[job.taken]
                job.taken += 1
            self._wait_for(-turn)
            room -= turn
            batch.append(_Share(job, start, job.taken))
            if job.taken < len(job.texts):
                self._jobs.append(job)
        return batch

    def _wait_for(self, tokens: int) -> None:
        self._waiting += tokens
        self._metrics.waiting.set(self._waiting)

    def _note(self, found: Encoded, seconds: float) -> None:
        tokens = sum(found.tokens)
        self._metrics.batch_texts.observe(len(found.tokens))
        self._metrics.texts.inc(len(found.tokens))
        self._metrics.tokens.inc(tokens)
        self._rate += 0.1 * (tokens / max(seconds, 1e-4) - self._rate)


def _span(share: _Share) -> slice:
    return slice(share.start, share.stop)


def _hand_out(batch: list[_Share], found: Encoded) -> None:
    row = 0
    for share in batch:
        count = share.stop - share.start
        job = share.job
        job.vectors[_span(share)] = found.vectors[row : row + count]
        job.tokens += found.tokens[row : row + count]
        row += count
        if len(job.tokens) == len(job.texts) and not job.answer.done():
            job.answer.set_result(Encoded(job.vectors, job.tokens))
