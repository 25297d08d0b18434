"""Batches: a pure function of (seed, step), one source and one language pair a group.

Shapes: N pairs of a group, M memory pairs, G groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.recipe_stages import DrawRecipe
from klein_embedding.tokenizer.shards import Group, Shards

_SMALLEST_GROUP = 32
_LEAF = 32
_SIDES = 2


@dataclass(frozen=True, slots=True)
class PairBatch:
    """Pairs of one group; no text and no key stands on a side of it twice.

    Attributes:
        group: Number of the group in the shards.
        pairs: (N, 2) text numbers of anchors and positives.
        negatives: (N,) text number of each pair's hard negative, -1 for none.
        memory: (M, 2) text numbers of further pairs of the group, none of them in ``pairs``.
    """

    group: int
    pairs: np.ndarray
    negatives: np.ndarray
    memory: np.ndarray


@dataclass(frozen=True, slots=True)
class Guide:
    """What static vectors know of the pairs, for batches that teach more.

    Attributes:
        order: (pairs,) rows of each group ordered so that neighbours are alike, see
            `locality_order`; None to draw at random only.
        losses: (G,) static loss of each group in nats; None to leave it out.
        negatives: (pairs,) text number of each row's hard negative, -1 for none; None for those
            of the shards.
    """

    order: np.ndarray | None = None
    losses: np.ndarray | None = None
    negatives: np.ndarray | None = None


class BatchStream:
    """Draws the groups and pairs of each step."""

    def __init__(
        self, shards: Shards, draw: DrawRecipe, seed: int, memory: int = 0, guide: Guide = Guide()
    ) -> None:
        """Prepare the shares of the groups.

        Args:
            shards: Training split.
            draw: How pairs are drawn.
            seed: Seed of all draws.
            memory: Pairs beside a group's own.
            guide: What static vectors know.

        Raises:
            KleinError: If fewer groups have enough pairs than a step wants.
        """
        self._shards, self._recipe, self._seed, self._memory = shards, draw, seed, memory
        self._guide = guide
        self._shares = shares(shards, draw, guide.losses)
        filled = np.count_nonzero(self._shares)
        if filled < draw.groups:
            raise KleinError(
                f"training: only {filled} groups have {_SMALLEST_GROUP} pairs, fewer than the "
                f"{draw.groups} groups of a step; add sources or lower groups"
            )

    def step(self, number: int) -> list[PairBatch]:
        """The groups of one step, the same whenever and wherever it is asked for."""
        rng = np.random.default_rng((self._seed, number))
        wanted = self._recipe.groups
        chosen = rng.choice(len(self._shares), wanted, replace=False, p=self._shares)
        return [self._draw(int(group), rng) for group in chosen]

    def _draw(self, number: int, rng: np.random.Generator) -> PairBatch:
        group, recipe, order = self._shards.groups[number], self._recipe, self._guide.order
        size = group.stop - group.start
        wanted = min(recipe.batch // recipe.groups, size)
        near = int(wanted * recipe.hard) if order is not None else 0
        memory = min(self._memory, size)
        local = np.empty(0, dtype=np.int64)
        if order is not None:
            # One stretch of the locality order gives the hard pairs, and the stretch around it
            # the hard half of the memory.
            reach = min(near + memory // 2, size)
            start = group.start + int(rng.integers(0, size - reach + 1))
            local = rng.permutation(np.asarray(order[start : start + reach]))
        others = rng.integers(group.start, group.stop, wanted + memory - len(local))
        rows = np.concatenate([local[:near], others, local[near:]])
        pairs = np.asarray(self._shards.pairs[rows])
        kept = distinct(np.asarray(self._shards.keys[pairs.reshape(-1)]).reshape(-1, _SIDES))
        rows, pairs = rows[kept], pairs[kept]
        given = self._guide.negatives
        negatives = np.asarray((self._shards.negatives if given is None else given)[rows[:wanted]])
        return PairBatch(number, pairs[:wanted], negatives, pairs[wanted : wanted + memory])


def shares(shards: Shards, draw: DrawRecipe, losses: np.ndarray | None) -> np.ndarray:
    """Share (G,) of each group in the batches; groups too small for a batch have none.

    In proportion to weight x size^exponent x loss^by_loss x the factor of its kind, but no group
    gets more than ``repeats`` times the share that its size has of all pairs.
    """
    sizes = np.array([g.stop - g.start for g in shards.groups], dtype=np.float64)
    found = np.where(sizes >= _SMALLEST_GROUP, unbounded_shares(shards.groups, draw), 0.0)
    if losses is not None:
        found = found * losses**draw.by_loss
    if not found.any():
        return found
    ceiling = draw.repeats * sizes / sizes.sum()
    return _under(found / found.sum(), ceiling)


def unbounded_shares(groups: Sequence[Group], draw: DrawRecipe) -> np.ndarray:
    """Weight x size^exponent x the factor of its kind (G,) of each group."""
    sizes = np.array([g.stop - g.start for g in groups], dtype=np.float64)
    weights = np.array([g.weight * draw.kinds.get(g.kind, 1.0) for g in groups])
    return weights * sizes**draw.exponent


def _under(wanted: np.ndarray, ceiling: np.ndarray) -> np.ndarray:
    """Shares (G,) as wanted, none above its ceiling, what is cut off given to the others."""
    found, free = wanted.copy(), wanted > 0
    for _round in range(len(wanted)):
        over = free & (found > ceiling)
        if not over.any():
            break
        found[over] = ceiling[over]
        free &= ~over
        left = 1 - found[~free].sum()
        if not free.any() or left <= 0:
            break
        found[free] = wanted[free] * left / wanted[free].sum()
    return found / found.sum()


def distinct(keys: np.ndarray) -> np.ndarray:
    """Rows (kept,) of keys (N, 2) in their order, less those whose side came before."""
    rows = np.arange(len(keys))
    for side in range(_SIDES):
        _, first = np.unique(keys[rows, side], return_index=True)
        rows = rows[np.sort(first)]
    return rows


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
