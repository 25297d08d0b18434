"""Sentence alignment of two documents that translate each other, by length and numbers.

Source: Gale and Church 1993, A Program for Aligning Sentences in Bilingual Corpora, with digits as
anchors (Simard, Foster and Isabelle 1992 use cognates so) and a band around the diagonal.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

BeadCost = Callable[[int, int, int, int], float]
"""Cost of a bead: first and last place (exclusive) on the left, then on the right."""

PRIORS = {(1, 1): 0.89, (1, 0): 0.005, (0, 1): 0.005, (2, 1): 0.05, (1, 2): 0.05}
"""Share of beads of each shape (left sentences, right sentences): Gale and Church's table 5."""
VARIANCE = 6.8
"""Variance of the length difference for each character: Gale and Church, section 3.3."""
SHARED_ANCHOR, LONE_ANCHOR = 3.0, 1.5
"""What a number on both sides takes off a bead's cost, and what one on a single side adds."""
MOST_ANCHORS = 4
PRIOR_LENGTH = 2000
"""Characters of equal length that a document's own ratio of lengths is tempered with."""
GAP = 2.0
"""Cost of a sentence without a counterpart. Gale and Church charge it by length, which suits two
texts that are whole; speeches and press releases leave out sentences, long ones as well."""
SMALLEST_BAND, BAND_SHARE = 12, 0.08

_ANCHOR = re.compile(r"\d+")
_GROUPED = re.compile(r"(?<=\d)[,\u066c](?=\d)")


@dataclass(frozen=True, slots=True)
class Bead:
    """Sentences of two documents that belong together; one side may be empty.

    Attributes:
        left: Places of the left document's sentences.
        right: Places of the right document's sentences.
        cost: What the bead cost, less where the two sides agree better.
    """

    left: range
    right: range
    cost: float


def align(left: int, right: int, cost: BeadCost) -> list[Bead]:
    """Find the cheapest way to cut two documents into beads of at most two sentences to one.

    Args:
        left: Number of the left document's sentences.
        right: Number of the right document's sentences.
        cost: Cost of a bead, such as `length_cost` gives; the shares of shapes are added here.

    Returns:
        The beads in order; every sentence is in exactly one.
    """
    shapes = [(shape, -math.log(share)) for shape, share in PRIORS.items()]
    best: list[dict[int, float]] = [{} for _ in range(left + 1)]
    taken: dict[tuple[int, int], tuple[tuple[int, int], float]] = {}
    best[0][0] = 0.0
    for at in range(left + 1):
        for to in _band(at, left, right):
            found = best[at].get(to, math.inf)
            for (down, across), prior in shapes:
                before = best[at - down].get(to - across) if at >= down else None
                if before is None:
                    continue
                own = cost(at - down, at, to - across, to)
                if before + prior + own < found:
                    found = before + prior + own
                    taken[at, to] = (down, across), own
            if found < math.inf:
                best[at][to] = found
    return _path(left, right, taken)


def _band(at: int, left: int, right: int) -> range:
    """Places on the right that are near the diagonal; the corners always are."""
    middle = round(at * right / left) if left else right
    # Bands of neighbouring rows must overlap even where one side is far longer.
    width = max(SMALLEST_BAND, round(BAND_SHARE * right), right // max(left, 1) + 1)
    return range(max(0, middle - width), min(right, middle + width) + 1)


def _path(
    left: int, right: int, taken: dict[tuple[int, int], tuple[tuple[int, int], float]]
) -> list[Bead]:
    beads = []
    while left or right:
        (down, across), own = taken[left, right]
        beads.append(Bead(range(left - down, left), range(right - across, right), own))
        left, right = left - down, right - across
    return beads[::-1]


def length_cost(left: Sequence[str], right: Sequence[str]) -> BeadCost:
    """Cost by length in characters and by numbers that stand on both sides or on one.

    The expected ratio of lengths is that of the two whole documents, since languages and scripts
    differ. A number counts in any script's digits and without the commas that group them.

    Args:
        left: The left document's sentences.
        right: The right document's sentences.

    Returns:
        Function for `align`: minus the log of the chance of so great a difference, plus anchors.
    """
    left_sums, right_sums = _sums(left), _sums(right)
    ratio = (right_sums[-1] + PRIOR_LENGTH) / (left_sums[-1] + PRIOR_LENGTH)
    ours, theirs = [anchors(text) for text in left], [anchors(text) for text in right]
    left_marks = list(accumulate((found.total() for found in ours), initial=0))
    right_marks = list(accumulate((found.total() for found in theirs), initial=0))

    def anchored(start: int, stop: int, first: int, last: int) -> float:
        mine, yours = Counter[str](), Counter[str]()
        for place in range(start, stop):
            mine += ours[place]
        for place in range(first, last):
            yours += theirs[place]
        shared = (mine & yours).total()
        lone = mine.total() + yours.total() - 2 * shared
        return LONE_ANCHOR * min(lone, MOST_ANCHORS) - SHARED_ANCHOR * min(shared, MOST_ANCHORS)

    def cost(start: int, stop: int, first: int, last: int) -> float:
        own = 0.0
        if left_marks[stop] > left_marks[start] or right_marks[last] > right_marks[first]:
            own = anchored(start, stop, first, last)
        if start == stop or first == last:
            return own + GAP
        here = left_sums[stop] - left_sums[start]
        there = right_sums[last] - right_sums[first]
        mean = (here + there / ratio) / 2
        delta = (there - here * ratio) / math.sqrt(max(mean, 1) * VARIANCE * ratio)
        # Twice the upper tail of the normal distribution, kept above zero.
        return own - math.log(max(math.erfc(abs(delta) / math.sqrt(2)), 1e-12))

    return cost


def _sums(texts: Sequence[str]) -> list[int]:
    return list(accumulate((len(text) for text in texts), initial=0))


def anchors(text: str) -> Counter[str]:
    """Numbers of a text in Western digits, however its script writes them."""
    found = _ANCHOR.findall(_GROUPED.sub("", text))
    return Counter("".join(str(unicodedata.digit(digit)) for digit in number) for number in found)
