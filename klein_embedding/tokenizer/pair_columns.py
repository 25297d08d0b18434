"""The pairs of a corpus as columns: keys of their texts, their groups and their weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from klein_embedding.errors import KleinError
from klein_embedding.text import fingerprint

_BATCH = 10_000
_TEXTS = ("anchor", "positive", "negatives")
_NAMES = ("source", "anchor_lang", "positive_lang", "kind", "text_class")
_DERIVED = 0.2
"""Factor on the weight of derived pairs. They join texts that are trained on in their own pairs
anyway, and at full weight their ninety language pairs took a fifth of the batches with a
twenty-fifth of the pairs."""
_POOLS = {"U": "interface", "H": "prose"}
"""Interface strings come from a hundred sources, and so do lessons and manuals, most of them too
small for batches of their own; one group a language pair holds the pairs of all."""
_LARGE = 3000
"""Pairs from which a source of human sentences has groups of its own."""


@dataclass(frozen=True, slots=True)
class PairColumns:
    """P pairs of one split, in the order of their file.

    Attributes:
        keys: (P, 3) uint64 fingerprints of anchor, positive and hard negative; of the anchor
            again where there is no negative.
        negative: (P,) whether there is a hard negative.
        groups: (P, 4) int32 places in ``names`` of source or pool, anchor language, positive
            language and kind.
        names: Sorted names of each column of ``groups``.
        weights: (P,) float64 factor on a pair's share of the batches.
    """

    keys: np.ndarray
    negative: np.ndarray
    groups: np.ndarray
    names: list[list[str]]
    weights: np.ndarray


def read_pairs(parquet: Path, corpus: Mapping[str, Any]) -> PairColumns:
    """Read the pairs of a split; no more than a batch of texts is in memory at once.

    Args:
        parquet: ``pairs-SPLIT.parquet`` of a processed corpus.
        corpus: Manifest of that corpus.

    Raises:
        KleinError: If a text holds NUL or is not UTF-8.
    """
    keys, negative = _keys(parquet)
    table = pq.read_table(parquet, columns=[*_NAMES, "derived"], read_dictionary=list(_NAMES))
    codes, names = zip(*(_coded(table[name]) for name in _NAMES), strict=True)
    counts = corpus["counts"]["pairs_by_source"]
    pooled = _pooled((codes[4], names[4]), (codes[0], names[0]), counts)
    columns = [_ranked(*pooled), *map(_ranked, codes[1:4], names[1:4])]
    by_source = np.array([corpus["weights"][name] for name in names[0]], dtype=np.float64)
    derived = table["derived"].to_numpy()
    return PairColumns(
        keys=keys,
        negative=negative,
        groups=np.stack([column for column, _ in columns], axis=1),
        names=[sorted_names for _, sorted_names in columns],
        weights=by_source[codes[0]] * np.where(derived, _DERIVED, 1.0),
    )


def text_batches(parquet: Path) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """Anchors, positives and first hard negatives ("" for none) of some thousand pairs at a time.

    Raises:
        KleinError: If a text holds NUL or is not UTF-8.
    """
    # Buffering ahead would keep the compressed columns of the whole file in memory.
    file = pq.ParquetFile(parquet, pre_buffer=False)
    for batch in file.iter_batches(_BATCH, columns=list(_TEXTS)):
        try:
            anchors, positives, wrong = (batch[name].to_pylist() for name in _TEXTS)
        except UnicodeDecodeError:
            raise KleinError(f"{parquet}: a text is not UTF-8; build the corpus again") from None
        first = [texts[0] if texts else "" for texts in wrong]
        if any("\0" in text for text in chain(anchors, positives, first)):
            raise KleinError(f"{parquet}: a text holds NUL; build the corpus again")
        yield anchors, positives, first


def _keys(parquet: Path) -> tuple[np.ndarray, np.ndarray]:
    rows = pq.read_metadata(parquet).num_rows
    keys, negative = np.empty((rows, 3), dtype=np.uint64), np.zeros(rows, dtype=bool)
    start = 0
    for anchors, positives, wrong in text_batches(parquet):
        stop = start + len(anchors)
        keys[start:stop, 0] = _fingerprints(anchors)
        keys[start:stop, 1] = _fingerprints(positives)
        keys[start:stop, 2] = keys[start:stop, 0]
        negative[start:stop] = there = np.array([bool(text) for text in wrong])
        keys[start:stop, 2][there] = _fingerprints(filter(None, wrong))
        start = stop
    return keys, negative


def _fingerprints(texts: Iterable[str]) -> np.ndarray:
    return np.fromiter(map(fingerprint, texts), dtype=np.uint64)


def _coded(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """Places (P,) of a column's values among its distinct ones."""
    joined = column.unify_dictionaries().combine_chunks()
    return joined.indices.to_numpy(), joined.dictionary.to_pylist()


def _ranked(codes: np.ndarray, names: list[str]) -> tuple[np.ndarray, list[str]]:
    """The same with the distinct values sorted."""
    ordered = sorted(set(names))
    places = {name: at for at, name in enumerate(ordered)}
    ranks = np.array([places[name] for name in names], dtype=np.int32)
    return ranks[codes], ordered


def _pooled(
    classes: tuple[np.ndarray, list[str]],
    sources: tuple[np.ndarray, list[str]],
    counts: Mapping[str, int],
) -> tuple[np.ndarray, list[str]]:
    """Sources, interface strings and the small sources of human sentences in pools."""
    codes, names = sources
    joined, found = codes.copy(), [*names, *_POOLS.values()]
    small = np.array([counts.get(name, _LARGE) < _LARGE for name in names], dtype=bool)
    for pool, (letter, whole) in enumerate((("U", True), ("H", False)), start=len(names)):
        mine = np.array([name == letter for name in classes[1]], dtype=bool)[classes[0]]
        joined[mine if whole else mine & small[codes]] = pool
    return joined, found
