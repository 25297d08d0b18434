"""What `search.py` searches: real sentences with their vectors, and our index of them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from klein_embedding.infer.index.build import build
from klein_embedding.infer.index.find import Index
from klein_embedding.infer.index.formats import Reading
from klein_embedding.infer.index.identity import Maker
from klein_embedding.infer.static import StaticEmbedding

QUERIES = 200
TOP = 10
WIDTH = 512
A_FILE = 10_000
"""Lines of a file of the collection that our index is built from."""


def sentences(corpus: Path, count: int) -> Iterator[str]:
    """Sentences of every language of a processed corpus, spread over the whole of it."""
    from pyarrow import parquet

    file = parquet.ParquetFile(corpus)
    step = max(file.metadata.num_rows // count, 1)
    given, row = 0, 0
    for batch in file.iter_batches(batch_size=65536, columns=["text"]):
        first = -row % step
        for text in batch.column(0)[first::step].to_pylist() if first < len(batch) else []:
            line = " ".join(text.split())
            if line and given < count:
                given += 1
                yield line
        row += len(batch)


def prepare(home: Path, corpus: Path, static: Path, count: int) -> None:
    """Write the collection as text files; its vectors, queries and true neighbours as arrays."""
    home.mkdir(parents=True, exist_ok=True)
    texts = list(sentences(corpus, count + QUERIES))
    draw = random.Random(1)
    draw.shuffle(texts)
    queries, texts = texts[:QUERIES], texts[QUERIES:]
    (home / "texts").mkdir()
    for start in range(0, len(texts), A_FILE):
        lines = "\n".join(texts[start : start + A_FILE]) + "\n"
        (home / f"texts/{start:08}.txt").write_text(lines, encoding="utf-8")
    model = StaticEmbedding(static)
    (home / "queries.txt").write_text("\n".join(queries), encoding="utf-8")
    asked = model.encode(queries)
    vectors = np.lib.format.open_memmap(
        home / "vectors.npy", mode="w+", dtype=np.float32, shape=(len(texts), WIDTH)
    )
    scores = np.empty((QUERIES, len(texts)), dtype=np.float32)
    for start in range(0, len(texts), A_FILE):
        part = model.encode(texts[start : start + A_FILE])
        vectors[start : start + len(part)] = part
        scores[:, start : start + len(part)] = asked @ part.T
    vectors.flush()
    np.save(home / "queries.npy", asked)
    # The score of the tenth: of copies of one sentence any may be found.
    np.save(home / "tenth.npy", np.sort(scores, axis=1)[:, -TOP])


class Ours:
    """Our index as a whole: files, passages, words and vectors."""

    name = "klein index"

    def __init__(self, home: Path, static: Path) -> None:
        self._home, self._folder = home, home / "klein"
        self._maker = Maker(StaticEmbedding(static), "static", "0" * 64, WIDTH)

    def build(self, vectors: np.ndarray) -> None:
        """Embed and index the collection's files, one passage a line."""
        del vectors
        build(self._folder, [self._home / "texts"], self._maker, Reading("line"))

    def open(self) -> None:
        """Open it as a search does."""
        self._index = Index(self._folder)

    def search(self, query: np.ndarray) -> list[int]:
        """Rows of the nearest; passages are numbered from 1 in the order of the files."""
        return [number - 1 for number, _ in self._index.nearest(query, TOP)]

    def lexical(self, queries: list[str]) -> list[float]:
        """Milliseconds that the words of each query take."""
        times = []
        for query in queries:
            start = time.perf_counter()
            self._index.lexical(query, 100)
            times.append(1000 * (time.perf_counter() - start))
        return times

    def count(self) -> int:
        """Passages that can be searched."""
        return self._index.describe()["passages"]

    def files(self) -> Path:
        """Where it lies."""
        return self._folder
