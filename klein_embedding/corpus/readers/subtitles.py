"""Subtitles of talks that one language lists talk by talk and others as one long column of cues.

Which talk a column shows is not said anywhere, but translators keep the cues, so lengths of cues
follow each other in the same way: a window of the column is laid along all English cues, and a path
through the best places of successive windows finds the talks. From there on they are aligned as
documents are, and cues are joined to the English sentences that they are pieces of.

Shapes: N cues of all talks, M cues of a column, W cues of a window.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from klein_embedding.corpus.align import Bead, align, length_cost
from klein_embedding.corpus.lexicon import Judge, judge
from klein_embedding.corpus.readers.comparable import (
    LEAST_CHARACTERS,
    LEAST_SUPPORT,
    learned,
    texts_of,
)
from klein_embedding.corpus.readers.reading import (
    files_of,
    option,
    read_lines,
    readable,
    required,
    say_damaged,
)
from klein_embedding.text import Line, Pair

WINDOW, STEP = 48, 24
CANDIDATES = 30
"""Places that are looked at for a window, and that the next one may go on from."""
DRIFT = 8
"""Cues that two successive windows may move against each other."""
DRIFT_COST, LEAST_COST = 0.5, 1.1
"""Of a cue of drift, and of going on at all, in nats."""
PIECE = 4
"""Windows of a stretch that is aligned as one."""
LEAST_WINDOWS = 4
"""Of one talk in succession; shorter paths are chance."""
MOST_CUES = 6
"""Of a sentence; longer ones have lost their full stop."""

Floats = NDArray[np.float64]
_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_SENTENCE_END = re.compile(r"[.?!][\"'\u201d\u2019)]*$")


@dataclass(frozen=True, slots=True)
class _Talks:
    """English cues one after the other.

    Attributes:
        cues: N texts.
        talk: (N,) number of the talk of each.
        lengths: (N,) square roots of their lengths, whose noise is even.
    """

    cues: list[str]
    talk: NDArray[np.int64]
    lengths: Floats


def read_subtitles(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read English talks and find what columns of cues in other languages translate.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the English talks, pages whose paragraphs hold a cue a
            line; ``marker``: what a page's first such paragraph stands behind; ``columns``: name
            of the source that holds the columns, a folder beside this one; ``languages``: path of
            a column below that source's files, by language.
        source: Name of the source.

    Returns:
        Translation pairs of sentences in the order of languages and cues.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_pairs(root, options, source), source)


def _pairs(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    talks = _talks(root, options, source)
    folder = root.parent.parent / option(options, "columns", source) / "files"
    for lang, name in option(options, "languages", source).items():
        for _, lines in readable([folder / name], read_lines):
            column = [line.strip() for line in lines if line.strip()]
            for anchor, positive in _sentences(talks, column):
                yield Pair(anchor, positive, "en", lang, source, "translation")


def _talks(root: Path, options: Mapping[str, Any], source: str) -> _Talks:
    marker = option(options, "marker", source)
    paths = files_of(root, option(options, "files", source))
    found = [cues for _, cues in readable(paths, lambda path: _cues(path, marker)) if cues]
    talk = np.repeat(np.arange(len(found)), [len(cues) for cues in found])
    cues = list(chain.from_iterable(found))
    return _Talks(cues, talk, _lengths(cues))


def _cues(path: Path, marker: str) -> list[str]:
    page = path.read_text(encoding="utf-8")
    at = page.find(marker)
    if at < 0:
        say_damaged(path, ValueError("it holds no transcript"))
        return []
    lines = "\n".join(_PARAGRAPH.findall(page[at:])).split("\n")
    return [html.unescape(line.strip()) for line in lines if line.strip()]


def _lengths(cues: list[str]) -> Floats:
    return np.sqrt(np.array([len(cue) for cue in cues], dtype=np.float64))


def _sentences(talks: _Talks, column: list[str]) -> Iterator[tuple[str, str]]:
    """Sentences of the talks with what the column says for them."""
    matched: list[tuple[list[str], list[str], list[Bead]]] = []
    for ours, theirs in _stretches(talks, column):
        left, right = talks.cues[ours.start : ours.stop], column[theirs.start : theirs.stop]
        matched.append((left, right, align(len(left), len(right), length_cost(left, right))))
    lexicon = learned(matched)
    for left, right, _ in matched:
        judged = judge(lexicon, left, right)
        yield from _joined(left, right, judged)


def _joined(left: list[str], right: list[str], judged: Judge) -> Iterator[tuple[str, str]]:
    """Cues joined up to the English full stop, where the words of most of them agree."""
    waiting: list[Bead] = []
    for bead in align(len(left), len(right), judged.cost):
        if not bead.left or not bead.right:
            # A cue without a counterpart breaks the sentence that it belongs to.
            waiting = []
            continue
        waiting.append(bead)
        if not _SENTENCE_END.search(left[bead.left[-1]]):
            continue
        if len(waiting) <= MOST_CUES and _starts(left, waiting[0]):
            support = np.mean([judged.support(part) for part in waiting])
            whole = Bead(
                range(waiting[0].left.start, bead.left.stop),
                range(waiting[0].right.start, bead.right.stop),
                0.0,
            )
            anchor, positive = texts_of(left, right, whole)
            if support >= LEAST_SUPPORT and min(len(anchor), len(positive)) >= LEAST_CHARACTERS:
                yield anchor, positive
        waiting = []


def _starts(left: list[str], bead: Bead) -> bool:
    """Whether a sentence is known to begin with the bead's first cue.

    Of the first cue of a stretch nothing is known: what stood before it is not here.
    """
    first = bead.left.start
    return first > 0 and bool(_SENTENCE_END.search(left[first - 1]))


def _stretches(talks: _Talks, column: list[str]) -> Iterator[tuple[range, range]]:
    """Cues of a talk and of the column that show the same, as far as lengths can tell."""
    runs: list[list[tuple[int, int]]] = []
    for theirs, ours in _path(talks, _lengths(column)):
        if runs and _goes_on(talks, runs[-1][-1][1], ours):
            runs[-1].append((theirs, ours))
        else:
            runs.append([(theirs, ours)])
    for run in runs:
        if len(run) < LEAST_WINDOWS:
            continue
        theirs, ours = run[-1]
        # Cues drift apart within a talk, and an alignment keeps to the diagonal.
        ends = [*run[PIECE::PIECE], (theirs + WINDOW, ours + WINDOW)]
        for (first, begin), (last, stop) in zip(run[::PIECE], ends, strict=False):
            yield range(begin, stop), range(first, last)


def _goes_on(talks: _Talks, before: int, place: int) -> bool:
    return abs(place - before - STEP) <= DRIFT and talks.talk[place] == talks.talk[before]


def _path(talks: _Talks, column: Floats) -> list[tuple[int, int]]:
    """Place in the column and in the talks of every window, by Viterbi's algorithm.

    A window's evidence for a place is that of its correlation r under Fisher's transformation,
    z^2 / 2 with z = artanh(r) sqrt(W - 3); a jump to any place costs the log of their number.
    """
    fitting, places = _Fitting(talks.lengths), len(talks.lengths) - WINDOW + 1
    starts = range(0, len(column) - WINDOW + 1, STEP)
    if places < 1:
        return []
    jump = np.log(places)
    states: list[tuple[NDArray[np.int64], Floats, NDArray[np.int64]]] = []
    for start in starts:
        correlation = fitting.of(column[start : start + WINDOW])
        best = np.argpartition(-correlation, min(CANDIDATES, places - 1))[:CANDIDATES]
        if not states:
            states.append((best, _evidence(correlation[best]) - jump, np.full(len(best), -1)))
            continue
        before, scores, _ = states[-1]
        ahead = before[np.argsort(-scores)[:CANDIDATES], None] + STEP
        ahead = (ahead + np.arange(-DRIFT, DRIFT + 1)).reshape(-1)
        here = np.unique(np.concatenate([best, ahead[(ahead >= 0) & (ahead < places)]]))
        drift = np.abs(here[:, None] - before - STEP)
        same = talks.talk[here][:, None] == talks.talk[before]
        on = np.where(
            (drift <= DRIFT) & same, scores - LEAST_COST - DRIFT_COST * drift, scores - jump
        )
        origin = on.argmax(1)
        fits = _evidence(correlation[here])
        states.append((here, fits + on[np.arange(len(here)), origin], origin))
    return _traced(states, starts)


def _traced(
    states: list[tuple[NDArray[np.int64], Floats, NDArray[np.int64]]], starts: range
) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    at = int(states[-1][1].argmax()) if states else -1
    for start, (places, _, origin) in zip(reversed(starts), reversed(states), strict=True):
        found.append((start, int(places[at])))
        at = int(origin[at])
    return found[::-1]


class _Fitting:
    """How well a window of lengths fits at each place of a long row of them."""

    def __init__(self, row: Floats) -> None:
        self._row = row
        sums = np.concatenate([[0.0], np.cumsum(row)])
        squares = np.concatenate([[0.0], np.cumsum(row * row)])
        mean = (sums[WINDOW:] - sums[:-WINDOW]) / WINDOW
        mean_square = (squares[WINDOW:] - squares[:-WINDOW]) / WINDOW
        self._spread = np.sqrt(np.maximum(mean_square - mean * mean, 1e-9))

    def of(self, window: Floats) -> Floats:
        """Correlation (places,) of a window with the row at each place."""
        even = (window - window.mean()) / max(float(window.std()), 1e-9)
        # By its types alone the function may give complex numbers; of floats it never does.
        product = np.correlate(self._row, even).astype(np.float64, copy=False)
        return product / WINDOW / self._spread


def _evidence(correlation: Floats) -> Floats:
    """Evidence in nats, never below zero."""
    z = np.arctanh(np.clip(correlation, 0.0, 0.999)) * np.sqrt(WINDOW - 3)
    return z * z / 2
