"""Translations that stand unmarked in comparable text, found by a model of ours.

Newspapers that appear in several languages print the same news in each, without saying which
sentence translates which. Sentences that are much nearer to each other than to all others mostly
do.

Shapes: n lines of one language, m of another, p pairs, C coordinates, K neighbours.

Source: Artetxe and Schwenk 2019, Margin-based Parallel Corpus Mining, arXiv 1811.01136, with the
ratio as margin and candidates from both directions.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from klein_embedding.corpus.align import anchors as numbers_of
from klein_embedding.corpus.judge import NEIGHBOURS, Encode
from klein_embedding.errors import KleinError
from klein_embedding.text import text_key

WORDS = (5, 40)
"""Fewest and most words of a line: headlines of four words stand near to too much, and passages
hold a sentence that the other side lacks."""
_BLOCK = 512


def mined_pairs(
    processed: Path, least: Mapping[str, float], encode: Encode
) -> dict[str, tuple[np.ndarray, tuple[int, int]]]:
    """Pairs of English and Indic lines of some sources in a built corpus.

    A pair's lines are each other's best by margin, and hold the same numbers.

    Args:
        processed: Folder of a built corpus.
        least: Least ratio margin of a pair, by source; see `best_pairs`.
        encode: Model that embeds all languages.

    Returns:
        Keys (p, 2) uint64 of the English and the other line, and the numbers of lines that were
        compared, by source and languages.

    Raises:
        KleinError: If there is no corpus, or a source has no lines in English and another language.
    """
    path = processed / "mono.parquet"
    if not path.is_file():
        raise KleinError(f"{processed}: no built corpus; run klein data build first")
    found: dict[str, tuple[np.ndarray, tuple[int, int]]] = {}
    for source in sorted(least):
        lines = _lines(path, source)
        english = lines.pop("en", [])
        if not english or not lines:
            raise KleinError(f"{source}: has no lines in English and another language to mine")
        vectors = encode(english)
        for lang, others in sorted(lines.items()):
            rows = best_pairs(vectors, encode(others), least[source])
            sides = [(english[row], others[other]) for row, other in rows.tolist()]
            kept = [pair for pair in sides if _same_numbers(*pair)]
            keys = [[text_key(text) for text in pair] for pair in kept]
            shaped = np.array(keys, dtype=np.uint64).reshape(-1, 2)
            found[f"{source} en-{lang}"] = shaped, (len(english), len(others))
    return found


def best_pairs(left: np.ndarray, right: np.ndarray, least: float) -> np.ndarray:
    """Pairs whose lines are each other's best by margin.

    The margin is ``2 cos(x, y) / (mean of cos(x, y') + mean of cos(x', y))`` over the four nearest
    of either.

    Args:
        left: (n, C) unit rows.
        right: (m, C) unit rows.
        least: Least margin.

    Returns:
        (p, 2) row of ``left`` and row of ``right``, rising.
    """
    there, back = _nearest(left, right), _nearest(right, left)
    best, margin = _best(there, back[0])
    other, _ = _best(back, there[0])
    rows = np.arange(len(left))
    kept = (other[best] == rows) & (margin >= least)
    return np.stack([rows[kept], best[kept]], axis=1)


def _best(own: tuple[np.ndarray, np.ndarray], theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Candidate (n,) of the highest margin, and that margin (n,), of each row.

    Args:
        own: Cosines and places (n, K) of the rows' nearest.
        theirs: Cosines (m, K) of the nearest of those.
    """
    cosines, places = own
    around = (cosines.mean(axis=1)[:, None] + theirs.mean(axis=1)[places]) / 2
    # Where nothing is near, a ratio says nothing.
    margins = np.divide(cosines, around, out=np.zeros_like(cosines), where=around > 0)
    first = margins.argmax(axis=1)[:, None]
    return (
        np.take_along_axis(places, first, axis=1)[:, 0],
        np.take_along_axis(margins, first, axis=1)[:, 0],
    )


def _nearest(queries: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and places (n, K) of the nearest others of each query, the nearest first."""
    count = min(NEIGHBOURS, len(others))
    cosines = np.empty((len(queries), count), dtype=np.float32)
    places = np.empty((len(queries), count), dtype=np.int64)
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK] @ others.T
        rows, stop = np.arange(len(block)), start + len(block)
        # A few maxima in turn take a fifth of the time of one partition.
        for place in range(count):
            best = block.argmax(axis=1)
            places[start:stop, place], cosines[start:stop, place] = best, block[rows, best]
            block[rows, best] = -np.inf
    return cosines, places


def _lines(path: Path, source: str) -> dict[str, list[str]]:
    """Distinct lines of a source by language, in order, of a length that can be compared."""
    table = pq.read_table(
        path,
        columns=["text", "lang"],
        filters=(pc.field("source") == source) & ~pc.field("side"),
    )
    found: dict[str, dict[str, None]] = {}
    for text, lang in zip(table["text"].to_pylist(), table["lang"].to_pylist(), strict=True):
        if WORDS[0] <= text.count(" ") + 1 <= WORDS[1]:
            found.setdefault(lang, {})[text] = None
    return {lang: list(texts) for lang, texts in found.items()}


def _same_numbers(left: str, right: str) -> bool:
    return sorted(numbers_of(left)) == sorted(numbers_of(right))
