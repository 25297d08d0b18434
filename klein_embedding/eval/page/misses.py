"""Where the model fails: wrong neighbours, and pairs that it ranks as people do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from klein_embedding.eval.bitexts import Bitext
from klein_embedding.eval.page.groups import NONE, Case, Count, counted, groups_of
from klein_embedding.eval.scored import Scored
from klein_embedding.eval.similarity import pair_cosines
from klein_embedding.eval.vectors import Space, cosines

FAR = 0.25
"""Share of all pairs that must lie between a pair's two ranks before it counts as misjudged."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A sentence whose nearest English neighbour is not its translation.

    Attributes:
        suite: Name of the set.
        lang: Language code of the query.
        query: The sentence.
        right: Its English translation.
        found: The nearest other English sentence of the set.
        right_cosine: Cosine of the query with its translation.
        found_cosine: Cosine of the query with what was found, at least as high.
        groups: Keys of the groups that it belongs to.
    """

    suite: str
    lang: str
    query: str
    right: str
    found: str
    right_cosine: float
    found_cosine: float
    groups: tuple[str, ...]

    @property
    def gap(self) -> float:
        """How much nearer the wrong answer is."""
        return self.found_cosine - self.right_cosine


@dataclass(frozen=True, slots=True)
class Tried:
    """How many sentences of a set and language were tried, and how many missed.

    Attributes:
        suite: Name of the set.
        lang: Language code.
        n: Sentences.
        misses: Those whose nearest English neighbour is wrong.
    """

    suite: str
    lang: str
    n: int
    misses: int


@dataclass(frozen=True, slots=True)
class Gallery:
    """All misses of the bitexts.

    Attributes:
        misses: Worst first.
        tried: A record a set and language.
        counts: A record a group.
    """

    misses: tuple[Miss, ...]
    tried: tuple[Tried, ...]
    counts: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class Misjudged:
    """A pair of sentences whose cosine ranks far from its human score.

    Attributes:
        first: First sentence.
        second: Second sentence.
        score: Human score, 0 to 5.
        cosine: Of their vectors.
        shift: Rank of the cosine minus rank of the score, as a share of all pairs, -1 to 1;
            above 0 the model finds them nearer than people do.
        groups: Keys of the groups that it belongs to.
    """

    first: str
    second: str
    score: float
    cosine: float
    shift: float
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """All misjudged pairs of a scored set.

    Attributes:
        pairs: Worst first, of both signs.
        n: Pairs of the set.
        counts: A record a group; its queries are the pairs that fit.
    """

    pairs: tuple[Misjudged, ...]
    n: int
    counts: tuple[Count, ...]


def gallery(space: Space, sets: Sequence[tuple[str, Sequence[Bitext]]]) -> Gallery:
    """Every miss of every set, from each language into English.

    Args:
        space: Vectors of all texts.
        sets: Name and bitexts of each set.
    """
    misses, tried, cases = [], [], []
    for name, bitexts in sets:
        for bitext in bitexts:
            found = list(_misses(space, name, bitext))
            misses += found
            tried.append(Tried(name, bitext.lang, len(bitext.texts), len(found)))
            cases += [Case(bitext.lang, english) for english in bitext.english]
    misses.sort(key=lambda miss: (-miss.gap, miss.suite, miss.lang, miss.query))
    counts = counted(cases, (miss.groups for miss in misses))
    return Gallery(tuple(misses), tuple(tried), counts)


def _misses(space: Space, suite: str, bitext: Bitext) -> Iterator[Miss]:
    """As `alignment.nearest_hits` counts them: a tie is a miss."""
    found = cosines(space.of(bitext.texts), space.of(bitext.english))
    own = found.diagonal().copy()
    np.fill_diagonal(found, -np.inf)
    nearest = found.argmax(axis=1)
    for at in np.flatnonzero(own <= found.max(axis=1)):
        case = Case(
            lang=bitext.lang,
            right=bitext.english[at],
            found=bitext.english[nearest[at]],
            right_cosine=float(own[at]),
            found_cosine=float(found[at, nearest[at]]),
        )
        yield Miss(
            suite=suite,
            lang=bitext.lang,
            query=bitext.texts[at],
            right=case.right,
            found=case.found,
            right_cosine=case.right_cosine,
            found_cosine=case.found_cosine,
            groups=groups_of(case) or (NONE.key,),
        )


def ranking(space: Space, split: Scored) -> Ranking:
    """Pairs whose cosine and human score stand at ranks more than `FAR` of all pairs apart.

    A group takes a pair if its rule fits either order of the two sentences.

    Args:
        space: Vectors of all texts.
        split: The pairs.
    """
    found = pair_cosines(space.of(split.first), space.of(split.second))
    shifts = (rankdata(found) - rankdata(split.scores)) / len(found)
    groups = [
        groups_of_pair(split.lang, first, second)
        for first, second in zip(split.first, split.second, strict=True)
    ]
    far = sorted(np.flatnonzero(np.abs(shifts) > FAR), key=lambda at: -abs(shifts[at]))
    pairs = tuple(
        Misjudged(
            first=split.first[at],
            second=split.second[at],
            score=split.scores[at],
            cosine=float(found[at]),
            shift=float(shifts[at]),
            groups=groups[at],
        )
        for at in far
    )
    whole = counted([], groups)
    counts = tuple(
        Count(count.key, count.misses, every.misses)
        for count, every in zip(counted([], (p.groups for p in pairs)), whole, strict=True)
    )
    return Ranking(pairs, len(found), counts)


def groups_of_pair(lang: str, first: str, second: str) -> tuple[str, ...]:
    """Keys of the groups of a scored pair."""
    either = (*groups_of(Case(lang, first, second)), *groups_of(Case(lang, second, first)))
    return tuple(dict.fromkeys(either)) or (NONE.key,)
