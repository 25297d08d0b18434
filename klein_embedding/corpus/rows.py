"""All pairs of all harvests as arrays of keys: what the merge decides on, without their text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from klein_embedding.corpus.near_duplicates import SKETCH, first_alike
from klein_embedding.corpus.rolling import packed
from klein_embedding.corpus.sources import Source
from klein_embedding.text import KINDS

_COLUMNS = ("anchor_lang", "positive_lang", "kind", "contrast", "key", "anchor_key")
_MORE = ("positive_key", "anchor_words", "positive_words")
# Answers and headwords repeat by nature, so only their questions and glosses tell whether a
# training pair gives a validation pair away.
_REPEATING = ("question-answer", "gloss")


@dataclass(frozen=True, slots=True)
class Rows:
    """Keys of all pairs in order of precedence, one array a column.

    Attributes:
        source: (n,) int32 number of the source.
        langs: (n, 2) int8 languages of anchor and positive, as places in `harvest.CODES`.
        kind: (n,) int8 place of the kind in `klein_embedding.text.KINDS`.
        contrast: (n,) bool, pairs that differ from others on purpose: entailments, pairs with
            hard negatives, and words ("man in a wheelchair", "woman in a wheelchair").
        key: (n,) uint64 key of both sides.
        sides: (n, 2) uint64 keys of anchor and positive.
        words: (n, 2) uint16 words of anchor and positive.
        machine: (n,) bool, pairs of machine-translated sources.
    """

    source: np.ndarray
    langs: np.ndarray
    kind: np.ndarray
    contrast: np.ndarray
    key: np.ndarray
    sides: np.ndarray
    words: np.ndarray
    machine: np.ndarray

    @property
    def languages(self) -> np.ndarray:
        """(n,) int64 code of each pair of languages."""
        return self.langs[:, 0].astype(np.int64) * 64 + self.langs[:, 1]

    @property
    def repeating(self) -> np.ndarray:
        """(n,) bool, where positives repeat by nature: answers and headwords."""
        return np.isin(self.kind, [KINDS.index(kind) for kind in _REPEATING])


def load_rows(sources: Sequence[Source], folders: Sequence[Path]) -> Rows:
    """Read the key columns of all harvests.

    Args:
        sources: Sources in order of precedence.
        folders: Their harvests.
    """
    tables = [pq.read_table(f / "pairs.parquet", columns=[*_COLUMNS, *_MORE]) for f in folders]

    def column(name: str) -> np.ndarray:
        return np.concatenate([table[name].to_numpy() for table in tables])

    sizes = [len(table) for table in tables]
    machine, words = (
        np.repeat(np.array([source.text_class == code for source in sources], dtype=bool), sizes)
        for code in ("M", "L")
    )
    return Rows(
        source=np.repeat(np.arange(len(sources), dtype=np.int32), sizes),
        langs=np.stack([column("anchor_lang"), column("positive_lang")], axis=1),
        kind=column("kind"),
        contrast=column("contrast").astype(bool) | words,
        key=column("key"),
        sides=np.stack([column("anchor_key"), column("positive_key")], axis=1),
        words=np.stack([column("anchor_words"), column("positive_words")], axis=1),
        machine=machine,
    )


def first_of(keys: np.ndarray) -> np.ndarray:
    """For each row, the first row that has the same key."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first[inverse]


def runs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place of each element within its run of equal values, and each run's length.

    Returns:
        (n,) int64 places and (n,) int64 lengths.
    """
    if not len(values):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    lengths = np.diff(np.append(starts, len(values)))
    return np.arange(len(values)) - np.repeat(starts, lengths), np.repeat(lengths, lengths)


def roots_of(keys: np.ndarray, files: Sequence[Path], column: str) -> np.ndarray:
    """For each row, the first row whose text is equal or nearly equal.

    Args:
        keys: (n,) uint64 keys of the texts.
        files: Parquet files that hold the rows' sketches, in the same order.
        column: Column of the sketches.
    """
    firsts = first_of(keys)
    roots = np.arange(len(keys))
    distinct = np.flatnonzero(firsts == roots)
    roots[distinct] = distinct[first_alike(_read_sketches(files, column)[distinct])]
    return roots[firsts]


def repeats(rows: Rows, roots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which pairs repeat an earlier one: on both sides exactly, and on both sides nearly.

    Args:
        rows: Keys of all pairs.
        roots: (n, 2) int64 from `roots_of`, a column a side.

    Returns:
        Two (n,) bool arrays that exclude each other.
    """
    own = np.arange(len(rows.key))
    same = first_of(rows.key) != own
    both = packed(roots[:, 0], roots[:, 1])
    # No root reaches 2**31 rows, so these codes stand for themselves alone.
    both = np.where(rows.contrast, np.uint64(1 << 63) | own.astype(np.uint64), both)
    return same, (first_of(both) != own) & ~same


def _read_sketches(files: Sequence[Path], column: str) -> np.ndarray:
    parts = [np.zeros((0, SKETCH), dtype=np.uint8)]
    for path in files:
        for chunk in pq.read_table(path, columns=[column])[column].chunks:
            flat = np.frombuffer(chunk.buffers()[1], dtype=np.uint8)
            start = chunk.offset * SKETCH
            parts.append(flat[start : start + len(chunk) * SKETCH].reshape(-1, SKETCH))
    return np.concatenate(parts)
