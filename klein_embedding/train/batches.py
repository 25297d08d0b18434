"""Batches: a pure function of (seed, step), one source and one language pair a group.

Shapes: N pairs of a group, M memory pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.recipe import StageRecipe
from klein_embedding.tokenizer.shards import Shards

_SMALLEST_GROUP = 32
_LEAF = 32


@dataclass(frozen=True, slots=True)
class PairBatch:
    """Pairs of one group; no text stands in it twice.

    Attributes:
        group: Number of the group in the shards.
        pairs: (N, 2) text numbers of anchors and positives.
        memory: (M, 2) text numbers of further pairs of the group, none of them in ``pairs``.
    """

    group: int
    pairs: np.ndarray
    memory: np.ndarray


class BatchStream:
    """Draws the groups and pairs of each step."""

    def __init__(self, shards: Shards, stage: StageRecipe, order: np.ndarray | None) -> None:
        """Prepare the shares of the groups.

        Args:
            shards: Training split.
            stage: Stage section of a recipe.
            order: (pairs,) rows of each group ordered so that neighbours are alike, None to
                draw at random only (see `locality_order`).

        Raises:
            KleinError: If no group has enough pairs.
        """
        self._shards, self._stage, self._order = shards, stage, order
        sizes = np.array([g.stop - g.start for g in shards.groups], dtype=np.float64)
        weights = np.array([g.weight for g in shards.groups])
        shares = np.where(sizes >= _SMALLEST_GROUP, weights * sizes**stage.language_exponent, 0.0)
        if np.count_nonzero(shares) < stage.groups:
            raise KleinError(
                f"training: only {np.count_nonzero(shares)} groups have {_SMALLEST_GROUP} pairs, "
                f"fewer than the {stage.groups} groups of a step; add sources or lower groups"
            )
        self._shares = shares / shares.sum()

    def step(self, number: int) -> list[PairBatch]:
        """The groups of one step, the same whenever and wherever it is asked for."""
        stage = self._stage
        rng = np.random.default_rng((stage.seed, number))
        chosen = rng.choice(len(self._shares), stage.groups, replace=False, p=self._shares)
        return [self._draw(int(group), rng) for group in chosen]

    def _draw(self, number: int, rng: np.random.Generator) -> PairBatch:
        group, stage = self._shards.groups[number], self._stage
        size = group.stop - group.start
        wanted = min(stage.batch // stage.groups, size)
        near = int(wanted * stage.hard) if self._order is not None else 0
        memory = min(stage.memory, size)
        local = np.empty(0, dtype=np.int64)
        if self._order is not None:
            # One stretch of the locality order gives the hard pairs, and the stretch around it
            # the hard half of the memory.
            reach = min(near + memory // 2, size)
            start = group.start + int(rng.integers(0, size - reach + 1))
            local = rng.permutation(np.asarray(self._order[start : start + reach]))
        rows = rng.integers(group.start, group.stop, wanted + memory - len(local))
        candidates = np.concatenate([local[:near], rows, local[near:]])
        pairs = distinct(np.asarray(self._shards.pairs[candidates]))
        return PairBatch(number, pairs[:wanted], pairs[wanted : wanted + memory])


def distinct(pairs: np.ndarray) -> np.ndarray:
    """Pairs (N, 2) in their order, less those whose anchor or positive came before."""
    for side in (0, 1):
        _, first = np.unique(pairs[:, side], return_index=True)
        pairs = pairs[np.sort(first)]
    return pairs


def gather(shards: Shards, numbers: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids of many texts, one after the other.

    Args:
        shards: Token shards.
        numbers: (N,) text numbers.
        longest: Most tokens of a text.

    Returns:
        ids (tokens,) int64 and the start (N,) of each text in them.
    """
    starts = np.asarray(shards.offsets[numbers])
    lengths = np.minimum(np.asarray(shards.offsets[numbers + 1]) - starts, longest)
    firsts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    places = np.arange(int(lengths.sum())) + np.repeat(starts - firsts, lengths)
    return np.asarray(shards.ids[places]).astype(np.int64), firsts.astype(np.int64)


def locality_order(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Order of rows (N, K) in which neighbours are alike: a tree of random median splits.

    Each node is cut at the median along the line through two of its own rows, down to leaves of
    32 rows; equal input gives equal order.

    Source: Dasgupta and Freund 2008 (random projection trees), STOC; two-point splits as in
    Bernhardsson's annoy.
    """
    rng = np.random.default_rng(seed)
    stack, leaves = [np.arange(len(vectors))], []
    while stack:
        rows = stack.pop()
        if len(rows) <= _LEAF:
            leaves.append(rows)
            continue
        one, other = rng.choice(len(rows), 2, replace=False)
        along = vectors[rows] @ (vectors[rows[one]] - vectors[rows[other]])
        ranked = rows[np.argsort(along, kind="stable")]
        middle = len(rows) // 2
        stack += [ranked[middle:], ranked[:middle]]
    return np.concatenate(leaves)
