"""Frequent bigrams as further entries of the static table: which they are, and where they stand.

Shapes: N texts, P bigrams, V vocabulary, C coordinates.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from klein_embedding.model.bigrams import Bigrams
from klein_embedding.train.drawn import DrawnPairs
from klein_embedding.train.rows import Rows, starts_of

_COUNTED_STEPS = 200
PAIRS, VECTORS = "bigrams.npy", "bigram-vectors.npy"


@dataclass(frozen=True, slots=True)
class BigramEntries:
    """Bigrams that have entries of their own behind the vocabulary's.

    Attributes:
        keys: (P,) int64, rising: first token times V plus the second.
        counts: (P,) how often each was met.
        vocabulary: V.
    """

    keys: np.ndarray
    counts: np.ndarray
    vocabulary: int

    def __len__(self) -> int:
        return len(self.keys)

    def extended(self, rows: Rows) -> Rows:
        """Rows in which the entry of each known bigram stands behind its second token."""
        if not len(self.keys) or not len(rows.ids):
            return rows
        places = self.places(rows)
        known = places >= 0
        both = np.stack([rows.ids, np.where(known, self.vocabulary + places, -1)], 1).reshape(-1)
        before = np.concatenate([[0], np.cumsum(1 + known)])
        lengths = before[rows.firsts + rows.lengths] - before[rows.firsts]
        return Rows(both[both >= 0], starts_of(lengths))

    def places(self, rows: Rows) -> np.ndarray:
        """Number (tokens,) of the bigram that ends at each token, -1 for none."""
        keys = _keys(rows, self.vocabulary)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(_inside(rows) & (self.keys[at] == keys), at, -1)

    def kept(self, vectors: np.ndarray) -> Bigrams:
        """The bigrams with their vectors (P, C), those first that move sentence vectors most."""
        moved = self.counts * np.square(vectors).sum(1)
        order = np.argsort(-moved, kind="stable")
        pairs = np.stack(np.divmod(self.keys[order], self.vocabulary), 1).astype(np.int32)
        return Bigrams(pairs, vectors[order].astype(np.float32))


def frequent(drawn: DrawnPairs, vocabulary: int, wanted: int) -> BigramEntries:
    """The most frequent bigrams of the batches that a stage draws.

    Args:
        drawn: Pairs of the stage; its first steps are counted.
        vocabulary: V.
        wanted: P; fewer are found where the text holds fewer.
    """
    if not wanted:
        return BigramEntries(np.zeros(0, np.int64), np.zeros(0, np.int64), vocabulary)
    found = [
        _keys(rows, vocabulary)[_inside(rows)]
        for step in range(_COUNTED_STEPS)
        for _, rows in drawn.step(step)
    ]
    keys, counts = np.unique(np.concatenate(found), return_counts=True)
    best = np.sort(np.argsort(-counts, kind="stable")[:wanted])
    return BigramEntries(keys[best], counts[best], vocabulary)


def _inside(rows: Rows) -> np.ndarray:
    """Where (tokens,) a token stands that another one of its text stands before."""
    found = np.ones(len(rows.ids), dtype=bool)
    found[rows.firsts[rows.lengths > 0]] = False
    return found


def _keys(rows: Rows, vocabulary: int) -> np.ndarray:
    """Key (tokens,) of each token with the one before it, that of the text before included."""
    before = np.concatenate([[0], rows.ids[:-1]])
    return before * vocabulary + rows.ids


def write_bigrams_of(folder: Path, bigrams: Bigrams) -> None:
    """Write ``bigrams.npy`` (P, 2) and ``bigram-vectors.npy`` (P, C)."""
    np.save(folder / PAIRS, bigrams.pairs)
    np.save(folder / VECTORS, bigrams.vectors)


def read_bigrams_of(folder: Path) -> Bigrams | None:
    """The bigrams of a finished stage, None if it has none."""
    if not (folder / PAIRS).is_file():
        return None
    return Bigrams(np.load(folder / PAIRS), np.load(folder / VECTORS))


def copy_bigrams(source: Path, folder: Path) -> None:
    """Hand the bigrams of a finished stage on, if it has any."""
    for name in (PAIRS, VECTORS):
        if (source / name).is_file():
            shutil.copy(source / name, folder / name)


def entries_of(bigrams: Bigrams, vocabulary: int) -> tuple[BigramEntries, np.ndarray]:
    """Bigrams as entries, and their vectors (P, C) in the order of the entries."""
    keys = bigrams.pairs[:, 0].astype(np.int64) * vocabulary + bigrams.pairs[:, 1]
    order = np.argsort(keys)
    return BigramEntries(keys[order], np.ones(len(keys), np.int64), vocabulary), (
        bigrams.vectors[order]
    )
