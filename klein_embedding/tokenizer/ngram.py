"""A small n-gram model over pieces: how well a vocabulary lets text be foretold."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

_DISCOUNT = 0.75
_EDGE = -1
"""Stands before and after every text."""


class Trigrams:
    """Interpolated trigrams with absolute discounting.

    Source: Ney, Essen and Kneser 1994, On structuring probabilistic dependences.
    """

    def __init__(self, rows: Iterable[Sequence[int]], vocabulary: int) -> None:
        """Count the pieces of texts.

        Args:
            rows: Ids of each text.
            vocabulary: Number of entries that an id may have.
        """
        self._size = vocabulary + 1
        self._counts: tuple[Counter[tuple[int, ...]], ...] = (Counter(), Counter(), Counter())
        for row in rows:
            padded = [_EDGE, _EDGE, *row, _EDGE]
            for at in range(2, len(padded)):
                for order in range(3):
                    self._counts[order][tuple(padded[at - order : at + 1])] += 1
        self._total = self._counts[0].total()
        self._seen: tuple[Counter[tuple[int, ...]], ...] = (Counter(), Counter(), Counter())
        self._sums: tuple[Counter[tuple[int, ...]], ...] = (Counter(), Counter(), Counter())
        for order in (1, 2):
            for gram, count in self._counts[order].items():
                self._seen[order][gram[:-1]] += 1
                self._sums[order][gram[:-1]] += count

    def probability(self, gram: tuple[int, ...]) -> float:
        """Probability of the last piece of a gram of one to three behind the others."""
        order = len(gram) - 1
        if order == 0:
            return (self._counts[0][gram] + 0.5) / (self._total + 0.5 * self._size)
        shorter = self.probability(gram[1:])
        total = self._sums[order][gram[:-1]]
        if not total:
            return shorter
        kept = max(self._counts[order][gram] - _DISCOUNT, 0.0)
        return (kept + _DISCOUNT * self._seen[order][gram[:-1]] * shorter) / total

    def bits(self, row: Sequence[int]) -> float:
        """Bits that a text costs, its end included."""
        padded = [_EDGE, _EDGE, *row, _EDGE]
        grams = (tuple(padded[at - 2 : at + 1]) for at in range(2, len(padded)))
        return -sum(math.log2(self.probability(gram)) for gram in grams)
