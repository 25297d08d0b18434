"""Finding the pairs that are translations where many texts have none.

Shapes: n texts and their n translations.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from klein_embedding.eval.bootstrap import Estimate, ratio_estimate
from klein_embedding.eval.vectors import cosines

NEIGHBOURS = 4
LEAST = 300
"""Pairs that must be there before they are mined."""


def mining_f1(texts: Any, english: Any, label: str) -> Estimate:
    """F1 of mined pairs where a half of each side has its translation on the other.

    The texts of the last third and the translations of the first one are taken away. Pairs are
    mined by the ratio margin, each text at most once, the best first; the threshold is the one
    that gives the highest F1, as is the custom.

    Args:
        texts: Unit rows (n, dim), dense or sparse.
        english: Unit rows (n, dim); row i is the translation of text i.
        label: Names the draws; equal for all models that are to be compared.

    Source: Artetxe and Schwenk 2019, arXiv:1811.01136 (margin "ratio", k = 4, retrieval "max").
    """
    third = texts.shape[0] // 3
    found = mined(margins(cosines(texts[: 2 * third], english[third : 3 * third])))
    # Row r of the one is row r - third of the other.
    right = found[:, 0] - third == found[:, 1]
    places = np.arange(1, len(found) + 1)
    kept = int(np.argmax(2 * np.cumsum(right) / (places + third))) + 1
    taken, hit = np.zeros(2 * third), np.zeros(2 * third)
    taken[found[:kept, 0]], hit[found[:kept, 0]] = 1, right[:kept]
    wanted = np.arange(2 * third) >= third
    return ratio_estimate(2 * hit, taken + wanted, label)


def margins(cosine: np.ndarray) -> np.ndarray:
    """Each cosine (n, m) over the mean of the nearest four of either side.

    Where those do not lie above zero a ratio says nothing, and the margin is none.
    """

    def near(axis: int) -> np.ndarray:
        count = min(NEIGHBOURS, cosine.shape[axis])
        best = np.partition(cosine, -count, axis=axis)
        return np.mean(best[:, -count:] if axis else best[-count:], axis=axis)

    below = (near(1)[:, None] + near(0)[None, :]) / 2
    return np.divide(cosine, below, out=np.full_like(cosine, -np.inf), where=below > 0)


def mined(scores: np.ndarray) -> np.ndarray:
    """Pairs (p, 2) of row and column that are each other's best of what is left, best first.

    Candidates are the best column of each row and the best row of each column.
    """
    rows, columns = np.arange(scores.shape[0]), np.arange(scores.shape[1])
    pairs = np.concatenate(
        [np.column_stack([rows, scores.argmax(1)]), np.column_stack([scores.argmax(0), columns])]
    )
    pairs = pairs[np.argsort(-scores[pairs[:, 0], pairs[:, 1]], kind="stable")]
    seen: tuple[set[int], set[int]] = (set(), set())
    kept = []
    for row, column in pairs.tolist():
        if row not in seen[0] and column not in seen[1]:
            seen[0].add(row)
            seen[1].add(column)
            kept.append((row, column))
    return np.array(kept)
