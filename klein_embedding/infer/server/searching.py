"""``/search``: an index behind the server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from klein_embedding.infer.embedder import WIDTH, shortened
from klein_embedding.infer.embedding import KleinEmbedding
from klein_embedding.infer.index.find import Index, Wanted
from klein_embedding.infer.index.identity import maker_of
from klein_embedding.infer.index.store import DATABASE
from klein_embedding.infer.search import Hit
from klein_embedding.infer.server.batcher import Batcher
from klein_embedding.infer.server.refusal import Refusal

_MOST_WAITING = 64


@dataclass(frozen=True, slots=True)
class _Known:
    """An `Embedder` of the one query whose vector is known already."""

    vectors: np.ndarray

    def encode(self, texts: Sequence[str] | str, dim: int = WIDTH) -> np.ndarray:
        """The vector, float32 (1, dim)."""
        assert len(texts) == 1
        return shortened(self.vectors, dim)


class Searcher:
    """Searches an index in a thread of its own; the vector of a query comes from the batcher."""

    def __init__(self, folder: Path, model: KleinEmbedding) -> None:
        """Look whether the index can be searched.

        Args:
            folder: The index.
            model: The model that is served.

        Raises:
            KleinError: If there is no index, it is damaged, or another model made it.
        """
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="klein-index")
        self._opened: tuple[Index, int] | None = None
        self._waiting = 0
        index = Index(folder)
        try:
            self._maker = maker_of(model, index.dim)
            self._maker.check(folder, index.facts["model"], index.facts["digest"], index.dim)
        finally:
            index.close()

    async def search(self, batcher: Batcher, wanted: Wanted) -> list[Hit]:
        """Find passages.

        Args:
            batcher: Where the query gets its vector.
            wanted: Query, number of hits and filters.

        Returns:
            The best passages, best first.

        Raises:
            Refusal: With status 429, if too many are waiting.
            KleinError: If another model has made the index anew.
        """
        if self._waiting >= _MOST_WAITING:
            raise Refusal(429, "too many searches; try again in 1 s", headers={"Retry-After": "1"})
        self._waiting += 1
        try:
            found = await batcher.encode([wanted.query])
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._found, found.vectors, wanted)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let the last search end, and close the index."""
        self._thread.submit(self._shut)
        self._thread.shutdown()

    def _found(self, vectors: np.ndarray, wanted: Wanted) -> list[Hit]:
        # An index that was built again is another file of the same name.
        file = (self._folder / DATABASE).stat().st_ino
        if self._opened is None or self._opened[1] != file:
            self._shut()
            self._opened = (Index(self._folder), file)
        return self._opened[0].search(replace(self._maker, embedder=_Known(vectors)), wanted)

    def _shut(self) -> None:
        if self._opened is not None:
            self._opened[0].close()
            self._opened = None
