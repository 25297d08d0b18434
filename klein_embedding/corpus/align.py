"""Sentence alignment of two documents that translate each other, by length and numbers.

Source: Gale and Church 1993, A Program for Aligning Sentences in Bilingual Corpora, with digits as
anchors (Simard, Foster and Isabelle 1992 use cognates so) and a band around the diagonal.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
Costs = NDArray[np.float64]
BeadCost = Callable[[Places, Places, int, int], Costs]
"""Costs (n,) of beads of one shape: their first places (n,) on the left and on the right, then the
number of sentences on the left and on the right, of which one may be none."""

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

_PRIORS = [-math.log(share) for share in PRIORS.values()]
_ACROSS = list(PRIORS).index((0, 1))
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
        cost: Cost of beads, such as `length_cost` gives; the shares of shapes are added here.

    Returns:
        The beads in order; every sentence is in exactly one.
    """
    bands = [_band(at, left, right) for at in range(left + 1)]
    rows = np.repeat(np.arange(left + 1), [len(band) for band in bands])
    columns = np.concatenate([np.arange(band.start, band.stop) for band in bands])
    begins = np.cumsum([0, *(len(band) for band in bands)])
    steps = {shape: _costs(rows, columns, shape, cost) for shape in PRIORS}
    # Two places more than there are sentences, so that a look back never leaves the row.
    best = np.full((3, right + 3), np.inf)
    taken = np.empty(len(rows), dtype=np.int8)
    for at, band in enumerate(bands):
        cells, here = slice(begins[at], begins[at + 1]), np.arange(band.start, band.stop) + 2
        found, shape = np.full(len(band), np.inf), np.full(len(band), -1, dtype=np.int8)
        late, late_shape = found.copy(), shape.copy()
        for number, (down, across) in enumerate(PRIORS):
            if not down:
                continue
            sums, numbers = (late, late_shape) if number > _ACROSS else (found, shape)
            total = best[(at - down) % 3, here - across] + _PRIORS[number]
            total += steps[down, across][cells]
            better = total < sums
            sums[better], numbers[better] = total[better], number
        row = best[at % 3]
        row[:] = np.inf
        if not at:
            found[0] = 0.0
        row[here] = _crossed(found, shape, (late, late_shape), steps[0, 1][cells])
        taken[cells] = shape
    return _path(left, right, taken, (bands, begins, steps))


def _costs(rows: Places, columns: Places, shape: tuple[int, int], cost: BeadCost) -> Costs:
    """What a bead of one shape costs that ends at each cell; infinite where none fits."""
    down, across = shape
    found = np.full(len(rows), np.inf)
    fits = (rows >= down) & (columns >= across)
    found[fits] = cost(rows[fits] - down, columns[fits] - across, down, across)
    return found


def _crossed(
    found: Costs, shape: NDArray[np.int8], late: tuple[Costs, NDArray[np.int8]], across: Costs
) -> Costs:
    """Go along one row, where a cell may follow from the one before it.

    Args:
        found: (n,) least cost by the shapes before the one that stays in the row.
        shape: (n,) numbers of those shapes; those that are taken in the end are written here.
        late: The same of the shapes after it.
        across: (n,) cost of the bead that stays in the row.
    """
    sums, before = found.tolist(), math.inf
    rest = zip(late[0].tolist(), late[1].tolist(), across.tolist(), strict=True)
    for cell, (other, other_shape, own) in enumerate(rest):
        if before + _PRIORS[_ACROSS] + own < sums[cell]:
            sums[cell], shape[cell] = before + _PRIORS[_ACROSS] + own, _ACROSS
        if other < sums[cell]:
            sums[cell], shape[cell] = other, other_shape
        before = sums[cell]
    return np.array(sums)


def _band(at: int, left: int, right: int) -> range:
    """Places on the right that are near the diagonal; the corners always are."""
    middle = round(at * right / left) if left else right
    # Bands of neighbouring rows must overlap even where one side is far longer.
    width = max(SMALLEST_BAND, round(BAND_SHARE * right), right // max(left, 1) + 1)
    return range(max(0, middle - width), min(right, middle + width) + 1)


def _path(
    left: int,
    right: int,
    taken: NDArray[np.int8],
    cells: tuple[list[range], Places, dict[tuple[int, int], Costs]],
) -> list[Bead]:
    bands, begins, steps = cells
    beads, shapes = list[Bead](), list(PRIORS)
    while left or right:
        cell = int(begins[left]) + right - bands[left].start
        down, across = shape = shapes[taken[cell]]
        own = float(steps[shape][cell])
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
    left_marks, right_marks = _totals(ours), _totals(theirs)

    def shared(start: int, first: int, down: int, across: int) -> int:
        # Two numbers or three: a search through a list is faster than a table of counts.
        rest = [number for numbers in theirs[first : first + across] for number in numbers]
        before = len(rest)
        for number in (number for numbers in ours[start : start + down] for number in numbers):
            if number in rest:
                rest.remove(number)
        return before - len(rest)

    def anchored(starts: Places, firsts: Places, down: int, across: int) -> Costs:
        mine = left_marks[starts + down] - left_marks[starts]
        yours = right_marks[firsts + across] - right_marks[firsts]
        both = np.zeros(len(starts), dtype=np.int64)
        for bead in np.flatnonzero((mine > 0) & (yours > 0)):
            both[bead] = shared(int(starts[bead]), int(firsts[bead]), down, across)
        lone = mine + yours - 2 * both
        lone, both = np.minimum(lone, MOST_ANCHORS), np.minimum(both, MOST_ANCHORS)
        return LONE_ANCHOR * lone - SHARED_ANCHOR * both

    def cost(starts: Places, firsts: Places, down: int, across: int) -> Costs:
        own = anchored(starts, firsts, down, across)
        if not down or not across:
            return own + GAP
        here = left_sums[starts + down] - left_sums[starts]
        there = right_sums[firsts + across] - right_sums[firsts]
        mean = (here + there / ratio) / 2
        delta = (there - here * ratio) / np.sqrt(np.maximum(mean, 1) * VARIANCE * ratio)
        return own - _log_tail(np.abs(delta))

    return cost


def _log_tail(delta: Costs) -> Costs:
    """Log of twice the upper tail of the normal distribution, kept finite."""
    # SciPy's function differs in the last digit, which changed a bead of one source in 450.
    tails = (math.erfc(d) for d in (delta / math.sqrt(2)).tolist())
    return np.log(np.maximum(np.fromiter(tails, np.float64, len(delta)), 1e-12))


def _sums(texts: Sequence[str]) -> Places:
    return np.cumsum([0, *(len(text) for text in texts)])


def _totals(numbers: Sequence[Sequence[str]]) -> Places:
    return np.cumsum([0, *(len(found) for found in numbers)])


def anchors(text: str) -> list[str]:
    """Numbers of a text in their order, in Western digits, however its script writes them."""
    found = _ANCHOR.findall(_GROUPED.sub("", text))
    return ["".join(str(unicodedata.digit(digit)) for digit in number) for number in found]
