"""Pairs whose sides a model of ours finds no nearer to each other than to other texts.

Shapes: N pairs of one source and language pair, C coordinates, K neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from klein_embedding.errors import KleinError

Encode = Callable[[Sequence[str]], np.ndarray]
"""Texts to (texts, C) unit rows."""

NEIGHBOURS = 4
LEAST_WORDS = 3
"""Words of an anchor that can be judged; names and single words stand near to too much. A build
leaves shorter ones of judged sources out."""
BEST = 2
"""Translations of one text that are kept; a crowd was asked for several, of uneven worth."""
_BLOCK = 1024
_COLUMNS = ["anchor", "positive", "anchor_lang", "positive_lang", "source", "key", "derived"]


def disagreeing(
    processed: Path, least: Mapping[str, float], encode: Encode
) -> dict[str, tuple[np.ndarray, int]]:
    """Judge the English-Indic pairs of some sources in a built corpus.

    Listed are pairs below the source's margin, and all but the best translations of one text.
    Anchors too short to be judged stay out without being listed.

    Args:
        processed: Folder of a built corpus.
        least: Least margin of a pair that belongs together, by source; see `margins`.
        encode: Model that embeds all languages.

    Returns:
        Keys (n,) uint64 of the listed pairs and the number of judged ones, by source and languages.

    Raises:
        KleinError: If there is no corpus, or none of the sources stands in it.
    """
    found: dict[str, tuple[np.ndarray, int]] = {}
    for source in sorted(least):
        for langs, sides, keys in _groups(processed, source):
            words = np.array([anchor.count(" ") + 1 for anchor in sides[0]])
            rows = np.flatnonzero(words >= LEAST_WORDS)
            texts = [[side[row] for row in rows] for side in sides]
            same = [np.unique(side, return_inverse=True)[1] for side in texts]
            own = margins(encode(texts[0]), encode(texts[1]), (same[0], same[1]))
            kept = (own >= least[source]) & (_rank(own, same[1]) < BEST)
            found[f"{source} {langs}"] = keys[rows[~kept]], len(rows)
    if not found:
        raise KleinError(f"{processed}: holds no pair of the sources that the recipe judges")
    return found


def _rank(margins: np.ndarray, same: np.ndarray) -> np.ndarray:
    """(N,) place of each pair among those of the same positive, the nearest first."""
    order = np.lexsort((-margins, same))
    places = np.arange(len(order))
    new = np.diff(same[order], prepend=-1) != 0
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = places - np.maximum.accumulate(np.where(new, places, 0))
    return rank


def _groups(
    processed: Path, source: str
) -> Iterator[tuple[str, tuple[list[str], list[str]], np.ndarray]]:
    """Languages, both sides and keys of a source's English-Indic pairs, all splits together."""
    paths = [processed / f"pairs-{split}.parquet" for split in ("train", "valid")]
    if not all(path.is_file() for path in paths):
        raise KleinError(f"{processed}: no built corpus; run klein data build first")
    wanted = (pc.field("source") == source) & ~pc.field("derived")
    wanted &= (pc.field("anchor_lang") == "en") & (pc.field("positive_lang") != "en")
    table = pq.read_table(paths, columns=_COLUMNS, filters=wanted)
    for lang in sorted(table["positive_lang"].unique().to_pylist()):
        rows = table.filter(pc.field("positive_lang") == lang)
        sides = rows["anchor"].to_pylist(), rows["positive"].to_pylist()
        yield f"en-{lang}", sides, rows["key"].to_numpy()


def margins(
    anchors: np.ndarray, positives: np.ndarray, same: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """How much nearer the two sides of each pair are than either is to its next best neighbours.

    ``cos(x, y) - mean over the K nearest of (sum cos(x, y') + sum cos(x', y)) / 2K``, with
    neighbours among the other pairs of the group that share no side with this one.

    Args:
        anchors: (N, C) unit rows.
        positives: (N, C) unit rows.
        same: (N,) numbers of equal anchors and (N,) of equal positives.

    Returns:
        (N,) margins in cosine; the bare cosine where a pair has no neighbours.

    Source: Artetxe and Schwenk 2019, Margin-based Parallel Corpus Mining, arXiv 1811.01136, with
    the difference as margin.
    """
    own = (anchors * positives).sum(axis=1)
    there = _nearest(anchors, positives, same)
    back = _nearest(positives, anchors, same)
    return own - (there + back) / 2


def _nearest(
    queries: np.ndarray, others: np.ndarray, same: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """(N,) mean cosine of each query with its nearest others, 0 where there are none."""
    count = min(NEIGHBOURS, len(others) - 1)
    found = np.zeros(len(queries), dtype=np.float32)
    if count < 1:
        return found
    for start in range(0, len(queries), _BLOCK):
        here = slice(start, start + _BLOCK)
        cosines = queries[here] @ others.T
        for numbers in same:
            cosines[_places(numbers[here], numbers)] = 0.0
        found[here] = np.partition(cosines, -count, axis=1)[:, -count:].mean(axis=1)
    return found


def _places(block: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns at which a block of numbers (B,) equals all numbers (N,)."""
    order = np.argsort(numbers, kind="stable")
    starts, stops = (np.searchsorted(numbers, block, side, order) for side in ("left", "right"))
    counts = stops - starts
    before = np.cumsum(counts) - counts
    columns = order[np.arange(counts.sum()) + np.repeat(starts - before, counts)]
    return np.repeat(np.arange(len(block)), counts), columns
