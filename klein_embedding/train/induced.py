"""Word pairs that the translations of the shards contain, found by how often words meet.

The vector of a text is the mean of its words, so a text and its translation may agree although
their words do not. Pairs of single words say which words belong together.

Shapes: N pairs of texts, T texts, W distinct words of a side, G word pairs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from tokenizers import Tokenizer

from klein_embedding.recipe_stages import DrawRecipe, InducedRecipe
from klein_embedding.tokenizer.shards import Group, Shards
from klein_embedding.train.batches import unbounded_shares
from klein_embedding.train.rows import Rows, gather, joined, starts_of, word_begins

SOURCE = "induced"
"""Source of the groups of induced pairs."""
_KIND = "gloss"
_SPREAD = 0x9E3779B97F4A7C15
"""Odd, near 2^64 over the golden ratio: its powers tell the places in a word apart."""
_MEETINGS = 1 << 23
"""Meetings of two words that are counted together."""


@dataclass(frozen=True, slots=True)
class _Side:
    """Distinct words of the texts of one side, and where they stand.

    Attributes:
        keys: (W,) uint64 key of each word.
        ids: Ids of all texts.
        firsts: (W,) place in ``ids`` where each word stands for the first time.
        lengths: (W,) its tokens.
        words: (occurrences,) number of each word of a text, once a text.
        starts: (T + 1,) start of each text in ``words``.
    """

    keys: np.ndarray
    ids: np.ndarray
    firsts: np.ndarray
    lengths: np.ndarray
    words: np.ndarray
    starts: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """Texts (W,) that hold each word."""
        return np.bincount(self.words, minlength=len(self.keys))

    def word(self, number: int) -> np.ndarray:
        """Ids of the tokens of a word."""
        first = self.firsts[number]
        return self.ids[first : first + self.lengths[number]]


def with_induced(
    shards: Shards, tokenizer: Tokenizer, draw: DrawRecipe, dials: InducedRecipe
) -> Shards:
    """Shards to which pairs of an English and another word are added, a group a language.

    Args:
        shards: Training split; its translations between English and other languages are read.
        tokenizer: The tokenizer of its ids.
        draw: How pairs will be drawn, which decides the weight of the new groups.
        dials: Which words make a pair, and their share of the batches.

    Returns:
        The texts, pairs and groups there were, and the new ones behind them.
    """
    begins = word_begins(tokenizer)
    words: list[np.ndarray] = []
    keys: list[np.ndarray] = []
    groups: list[Group] = []
    for lang, numbers in _translations(shards):
        sides = [
            _side(gather(shards, np.ascontiguousarray(numbers[:, side]), draw.pair_tokens), begins)
            for side in (0, 1)
        ]
        pairs = _pairs(sides[0], sides[1], dials)
        if not len(pairs):
            continue
        start = groups[-1].stop if groups else len(shards.pairs)
        groups.append(Group(SOURCE, "en", lang, _KIND, 1.0, start, start + len(pairs)))
        words += [sides[side].word(pair[side]) for pair in pairs for side in (0, 1)]
        keys.append(np.stack([sides[side].keys[pairs[:, side]] for side in (0, 1)], 1).reshape(-1))
    if not groups:
        return shards
    weighted = _weighted(shards.groups, groups, draw, dials.share)
    return _extended(shards, (joined(words), np.concatenate(keys)), weighted)


def _translations(shards: Shards) -> Iterator[tuple[str, np.ndarray]]:
    """Languages, and text numbers (N, 2) of English and its translation into each of them."""
    found: dict[str, list[np.ndarray]] = {}
    for group in shards.groups:
        langs = group.anchor_lang, group.positive_lang
        if group.kind == "translation" and "en" in langs and langs[0] != langs[1]:
            english = langs.index("en")
            pairs = np.asarray(shards.pairs[group.start : group.stop])
            found.setdefault(langs[1 - english], []).append(pairs[:, [english, 1 - english]])
    for lang in sorted(found):
        yield lang, np.concatenate(found[lang])


def _side(rows: Rows, begins: np.ndarray) -> _Side:
    """The words of texts: a piece that begins with a space, and those behind it."""
    heads = begins[rows.ids]
    heads[rows.firsts[rows.lengths > 0]] = True
    firsts = np.flatnonzero(heads)
    lengths = np.diff(np.append(firsts, len(rows.ids)))
    within = np.arange(len(rows.ids)) - np.repeat(firsts, lengths)
    powers = np.cumprod(np.full(int(lengths.max(initial=1)), _SPREAD, dtype=np.uint64))
    mixed = (rows.ids + 1).astype(np.uint64) * powers[within]
    keys, examples, words = np.unique(
        np.add.reduceat(mixed, firsts) if len(firsts) else mixed,
        return_index=True,
        return_inverse=True,
    )
    texts = np.searchsorted(rows.firsts, firsts, side="right") - 1
    # Once a text, in the order of the texts.
    places = np.unique(texts * max(len(keys), 1) + words)
    texts, words = np.divmod(places, max(len(keys), 1))
    starts = np.searchsorted(texts, np.arange(len(rows) + 1))
    return _Side(keys, rows.ids, firsts[examples], lengths[examples], words, starts)


def _pairs(one: _Side, two: _Side, dials: InducedRecipe) -> np.ndarray:
    """Words (G, 2) of the two sides, each of which is the other's best by Dice's coefficient.

    ``2 |texts that hold both| / (|texts that hold one| + |texts that hold the other|)``

    Source: Dice 1945; for word translations Melamed 2000, Models of translational equivalence
    among words (each word linked to its best alone).
    """
    meetings, together = _met(one, two, dials.count)
    first, second = np.divmod(meetings, max(len(two.keys), 1))
    dice = 2 * together / (one.counts[first] + two.counts[second])
    kept = (dice >= dials.dice) & (one.keys[first] != two.keys[second])
    first, second, dice = first[kept], second[kept], dice[kept]
    best = _best(first, dice) & _best(second, dice)
    return np.stack([first[best], second[best]], 1)


def _best(words: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Which (rows,) hold the largest value of their word, the first row among equals."""
    order = np.lexsort((np.arange(len(words)), -values, words))
    leading = np.ones(len(order), dtype=bool)
    leading[1:] = words[order][1:] != words[order][:-1]
    found = np.zeros(len(words), dtype=bool)
    found[order[leading]] = True
    return found


def _met(one: _Side, two: _Side, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys of the words that meet in at least so many pairs of texts, and in how many.

    A key is the first word times the other side's W plus the second. A stretch of the first side's
    words is looked at together, so that few meetings are held at a time.
    """
    counts = one.counts
    order = np.argsort(one.words, kind="stable")
    texts = np.repeat(np.arange(len(one.starts) - 1), np.diff(one.starts))[order]
    sizes = np.diff(two.starts)
    costs = np.add.reduceat(sizes[texts], starts_of(counts)) if len(texts) else counts
    cuts = np.searchsorted(np.cumsum(costs) // _MEETINGS, np.arange(costs.sum() // _MEETINGS + 2))
    ends = np.append(starts_of(counts), len(texts))
    keys, together = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for begin, end in pairwise(cuts):
        mine = slice(ends[begin], ends[end])
        many = sizes[texts[mine]]
        places = np.arange(int(many.sum())) + np.repeat(
            two.starts[texts[mine]] - starts_of(many), many
        )
        met = np.repeat(one.words[order[mine]], many) * len(two.keys) + two.words[places]
        found, times = np.unique(met, return_counts=True)
        keys.append(found[times >= least])
        together.append(times[times >= least])
    return np.concatenate(keys), np.concatenate(together)


def _weighted(
    groups: list[Group], added: list[Group], draw: DrawRecipe, share: float
) -> list[Group]:
    """Groups whose weight gives the added ones a share of the batches."""
    whole, mine = (float(unbounded_shares(part, draw).sum()) for part in (groups, added))
    weight = share / (1 - share) * whole / mine
    return [*groups, *(dataclasses.replace(group, weight=weight) for group in added)]


def _extended(shards: Shards, texts: tuple[Rows, np.ndarray], groups: list[Group]) -> Shards:
    """Shards with further texts, given with their keys (T,), each pair of which is a pair."""
    rows, keys = texts
    numbers = np.arange(len(shards.offsets) - 1, len(shards.offsets) - 1 + len(rows))
    ends = len(shards.ids) + np.cumsum(rows.lengths)
    return dataclasses.replace(
        shards,
        ids=shards.ids.followed_by(rows.ids.astype(np.uint16)),
        offsets=shards.offsets.followed_by(ends.astype(np.int64)),
        keys=shards.keys.followed_by(keys),
        pairs=shards.pairs.followed_by(numbers.reshape(-1, 2).astype(np.int32)),
        negatives=shards.negatives.followed_by(np.full(len(rows) // 2, -1, dtype=np.int32)),
        groups=groups,
    )
