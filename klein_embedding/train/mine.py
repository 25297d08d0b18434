"""Hard negatives: texts near an anchor that are not its answer, found by our own model.

Shapes: N pairs searched together, M texts of the pool, K neighbours, C coordinates.

Source: the TopK-PercPos of Moreira et al. 2024 (NV-Retriever), arXiv 2407.15831.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from klein_embedding.recipe_stages import MineRecipe
from klein_embedding.tokenizer.shards import Group, Shards
from klein_embedding.train.nearest import Pool

Embed = Callable[[np.ndarray], np.ndarray]
"""Sentence vectors (N, C) in float32 of texts by number (N,)."""

_FAMILIES = {
    "translation": "sentences",
    "paraphrase": "sentences",
    "entailment": "sentences",
    "question-answer": "passages",
    "title-body": "passages",
}
"""Kinds whose positives are alike, so that the look of a text gives no negative away."""

_KEPT, _UNDRAWN, _FOUND, _NO_NEIGHBOUR, _ABOVE_CEILING = range(5)
_OUTCOMES = ("kept", "undrawn", "found", "no_neighbour", "above_ceiling")
_EMBEDDED = 8192
_ANSWERS = 50
"""Neighbours looked at beyond the last rank, for right answers have none; where an anchor has more
of them than this, fewer neighbours have a rank."""
_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Mined:
    """Hard negatives of one split.

    Attributes:
        negatives: (pairs,) int32 text number of each row's hard negative, -1 for none.
        scores: (pairs, 2) float32 cosine of the anchor to its positive and to its negative, NaN
            where none was found.
        counts: For each kind its pairs, how many of them were searched, and how many were kept
            (had a hard negative before), undrawn (beyond the most texts of a language), found,
            and not found: no_neighbour in the ranks, or all of them above_ceiling.
    """

    negatives: np.ndarray
    scores: np.ndarray
    counts: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class _Search:
    """What is searched together: anchors of one family against positives of one language.

    Attributes:
        name: Language and family.
        rows: (N,) rows of the shards' pairs.
        pairs: (N, 2) text numbers of those rows.
        pool: (M,) text numbers in rising order; every positive of ``pairs`` is among them.
    """

    name: str
    rows: np.ndarray
    pairs: np.ndarray
    pool: np.ndarray


@dataclass(frozen=True, slots=True)
class _Rules:
    """What makes a negative.

    Attributes:
        answers: Which texts are none.
        dials: Ranks and ceiling.
        luck: (pairs,) number from 0 to 1 that decides for each row which of several is taken.
    """

    answers: _Answers
    dials: MineRecipe
    luck: np.ndarray


class _Answers:
    """Which texts belong together by any pair of the split, told by their keys."""

    def __init__(self, shards: Shards) -> None:
        pairs = np.asarray(shards.pairs[:])
        self._links = np.sort(_link(shards.keys[pairs[:, 0]], shards.keys[pairs[:, 1]]))

    def right(self, anchors: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Where (N, K) others' keys (N, K) are no negatives of anchors' keys (N,).

        They are the anchor's own, or those of texts that the split pairs with the anchor on either
        side, its positive among them.
        """
        links = _link(anchors[:, None], others)
        at = np.searchsorted(self._links, links)
        paired = self._links[np.minimum(at, len(self._links) - 1)] == links
        return paired | (others == anchors[:, None])


def _link(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """One key for two, whichever comes first.

    Among some million pairs, two texts that belong to none are taken for one of them once in 10^12.
    """
    return np.minimum(one, other) * _ODD + np.maximum(one, other)


def mine(
    embed: Embed, shards: Shards, dials: MineRecipe, seed: int, say: Callable[[str], None]
) -> Mined:
    """Find a hard negative for the pairs of a split, as far as there is one.

    An anchor is compared with the positives of its positive's language and family of kinds. Of the
    neighbours at the wanted ranks that score below the ceiling one is taken at random. Equal input
    gives equal negatives. A negative that the shards already hold, such as a contradiction, stays.

    Args:
        embed: Gives the sentence vectors of texts by number.
        shards: Training split.
        dials: Ranks, ceiling and the most texts of a language.
        seed: Seed of what is drawn.
        say: Called with a line for each language and family.
    """
    negatives = np.array(shards.negatives[:], dtype=np.int32)
    scores = np.full((len(negatives), 2), np.nan, dtype=np.float32)
    outcomes = np.where(negatives >= 0, _KEPT, _UNDRAWN).astype(np.int8)
    luck = np.random.default_rng(seed).random(len(negatives))
    rules = _Rules(_Answers(shards), dials, luck)
    for lang in sorted({group.positive_lang for group in shards.groups}):
        for search in _drawn(shards, lang, dials.texts, seed):
            started = time.perf_counter()
            for rows, *found in _found(embed, shards, search, rules):
                negatives[rows], scores[rows], outcomes[rows] = found
            count = np.count_nonzero(outcomes[search.rows] == _FOUND)
            say(
                f"{search.name}: {count:,} hard negatives for {len(search.rows):,} pairs among "
                f"{len(search.pool):,} texts, {time.perf_counter() - started:,.0f} s"
            )
    return Mined(negatives, scores, _counts(shards.groups, outcomes))


def _drawn(shards: Shards, lang: str, most: int, seed: int) -> list[_Search]:
    """Pairs and positives of one language, by family, at most so many of either.

    The pool begins with the positives of the drawn pairs, whose cosines are needed anyway.
    """
    groups = [group for group in shards.groups if group.positive_lang == lang]
    rng = np.random.default_rng((seed, *lang.encode()))
    rows = np.concatenate([np.arange(group.start, group.stop) for group in groups])
    pairs, given = np.asarray(shards.pairs[rows]), np.asarray(shards.negatives[rows])
    kinds = [_FAMILIES.get(group.kind, group.kind) for group in groups]
    families = np.repeat(kinds, [group.stop - group.start for group in groups])
    queried = np.zeros(len(rows), dtype=bool)
    queried[_some(np.flatnonzero(given < 0), most, rng)] = True
    own = np.unique(pairs[queried, 1])
    others = np.setdiff1d(pairs[:, 1], own)
    pool = np.union1d(own, _some(others, most - len(own), rng))
    searches = []
    for family in np.unique(families).tolist():
        here = families == family
        asked = here & queried
        if asked.any():
            texts = np.intersect1d(pool, pairs[here, 1])
            searches.append(_Search(f"{lang} {family}", rows[asked], pairs[asked], texts))
    return searches


def _some(numbers: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    return rng.choice(numbers, most, replace=False) if len(numbers) > most else numbers


def _found(
    embed: Embed, shards: Shards, search: _Search, rules: _Rules
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Rows (n,) with their negatives (n,), scores (n, 2) and outcomes (n,), chunk by chunk."""
    texts, anchor_at = np.unique(search.pairs[:, 0], return_inverse=True)
    positive_at = np.searchsorted(search.pool, search.pairs[:, 1])
    anchors, positives = _unit(embed, texts), _unit(embed, search.pool)
    anchor_keys, pool_keys = shards.keys[texts], shards.keys[search.pool]
    pool = Pool(positives)
    count = min(rules.dials.last + _ANSWERS, len(search.pool))
    for start in range(0, len(search.rows), pool.chunk):
        part = slice(start, start + pool.chunk)
        left, right = anchor_at[part], positive_at[part]
        queries = anchors[left]
        near, places = pool.nearest(queries, count)
        wrong = ~rules.answers.right(anchor_keys[left], pool_keys[places])
        own = np.einsum("nc,nc->n", queries, positives[right])
        rows = search.rows[part]
        picked, outcomes = _picked((near, wrong), own, rules.luck[rows], rules.dials)
        at = np.arange(len(rows)), picked
        found = outcomes == _FOUND
        told = np.where(found[:, None], np.stack([own, near[at]], 1), np.nan)
        yield rows, np.where(found, search.pool[places[at]], -1), told, outcomes


def _picked(
    neighbours: tuple[np.ndarray, np.ndarray], own: np.ndarray, luck: np.ndarray, dials: MineRecipe
) -> tuple[np.ndarray, np.ndarray]:
    """Choose one of the neighbours that pass.

    Args:
        neighbours: Falling cosines (N, K), and whether each neighbour (N, K) is no right answer;
            only such have a rank.
        own: (N,) cosines of the positives.
        luck: (N,) numbers from 0 to 1 that decide which one is taken.
        dials: Ranks and ceiling.

    Returns:
        Columns (N,) of the chosen ones, and outcomes (N,); only where one was found does the
        column mean anything.
    """
    near, wrong = neighbours
    ranks = np.cumsum(wrong, axis=1)
    there = wrong & (ranks >= dials.first) & (ranks <= dials.last)
    # Below the positive even where that is negative and a share of it would lie above.
    passing = there & (near < np.minimum(dials.ceiling * own, own)[:, None])
    order = np.cumsum(passing, axis=1)
    wanted = np.floor(luck * order[:, -1]).astype(np.int64) + 1
    outcomes = np.where(there.any(1), _ABOVE_CEILING, _NO_NEIGHBOUR)
    outcomes[order[:, -1] > 0] = _FOUND
    return (order == wanted[:, None]).argmax(1), outcomes


def _unit(embed: Embed, numbers: np.ndarray) -> np.ndarray:
    """Unit vectors (N, C) of texts, embedded a few thousand at a time."""
    vectors = np.empty((len(numbers), 0), dtype=np.float32)
    for start in range(0, len(numbers), _EMBEDDED):
        part = embed(numbers[start : start + _EMBEDDED])
        if not start:
            vectors = np.empty((len(numbers), part.shape[1]), dtype=np.float32)
        length = np.linalg.norm(part, axis=1, keepdims=True)
        vectors[start : start + _EMBEDDED] = part / np.maximum(length, 1e-12)
    return vectors


def _counts(groups: list[Group], outcomes: np.ndarray) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for group in groups:
        found = np.bincount(outcomes[group.start : group.stop], minlength=len(_OUTCOMES))
        of_kind = counts.setdefault(group.kind, dict.fromkeys(("pairs", "searched", *_OUTCOMES), 0))
        of_kind["pairs"] += group.stop - group.start
        of_kind["searched"] += int(found[_FOUND:].sum())
        for outcome, count in zip(_OUTCOMES, found.tolist(), strict=True):
            of_kind[outcome] += count
    return counts


def sampled(
    mined: Mined, shards: Shards, tokenizer: Tokenizer, count: int, seed: int
) -> list[dict[str, object]]:
    """Mined negatives drawn at random, as text, for reading by eye.

    Args:
        mined: Hard negatives of the shards.
        shards: The split they were mined from.
        tokenizer: Tokenizer of the shards.
        count: Most rows.
        seed: Seed of the draw.
    """
    found = np.flatnonzero(~np.isnan(mined.scores[:, 1]))
    rows = np.sort(_some(found, count, np.random.default_rng(seed)))
    stops = np.array([group.stop for group in shards.groups])
    told = []
    for row in rows.tolist():
        group = shards.groups[int(np.searchsorted(stops, row, side="right"))]
        numbers = (*shards.pairs[row].tolist(), int(mined.negatives[row]))
        texts = [tokenizer.decode(shards.text(number).tolist()) for number in numbers]
        told.append(
            {
                "row": row,
                "source": group.source,
                "kind": group.kind,
                "langs": [group.anchor_lang, group.positive_lang],
                **dict(zip(("anchor", "positive", "negative"), texts, strict=True)),
                "scores": [round(float(score), 4) for score in mined.scores[row]],
            }
        )
    return told
