"""The validation split: by content, so that no held-out text stands in any training pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from klein_embedding.corpus.ngrams import mixed
from klein_embedding.corpus.rows import Rows, runs
from klein_embedding.recipe import CorpusRecipe

_SALT = np.uint64(0x5EED)


@dataclass(frozen=True, slots=True)
class Split:
    """Where each pair goes; a pair may go nowhere.

    Attributes:
        train: (n,) bool.
        valid: (n,) bool.
        held: Sorted uint64 keys of all held-out texts.
    """

    train: np.ndarray
    valid: np.ndarray
    held: np.ndarray


def split_rows(rows: Rows, roots: np.ndarray, kept: np.ndarray, recipe: CorpusRecipe) -> Split:
    """Hold out whole anchors, by the hash of their text, a share of each language pair and kind.

    Pairs of one anchor go together. A pair that is not chosen but has a text of a chosen one, or a
    near copy of it on the same side, goes nowhere. Only the positives of answers and glosses hold
    nothing back: "Paris" answers many questions. Machine translations are never held out.

    Args:
        rows: Keys of all pairs.
        roots: (n, 2) int64 from `rows.roots_of`, a column a side.
        kept: (n,) bool, pairs that repeat no other.
        recipe: Gives ``valid_share``, ``valid_floor`` and ``valid_cap`` of a stratum.
    """
    rank = mixed(rows.sides[:, 0] ^ _SALT)
    stratum = rows.languages * 64 + rows.kind
    able = kept & ~rows.machine
    order = np.flatnonzero(able)
    order = order[np.lexsort((rank[order], stratum[order]))]
    place, count = runs(stratum[order])
    anchors = np.unique(rows.sides[order[place < _wanted(count, recipe)], 0])
    order = order[np.isin(rows.sides[order, 0], anchors)]
    place, _ = runs(stratum[order])
    valid = np.zeros(len(rows.key), dtype=bool)
    valid[order[place < recipe.valid_cap]] = True
    plain = valid & ~rows.repeating
    held = np.unique(np.concatenate([anchors, rows.sides[plain, 1]]))
    touched = np.isin(rows.sides, held).any(axis=1)
    for side, chosen in ((0, np.isin(rows.sides[:, 0], anchors)), (1, plain)):
        touched |= np.isin(roots[:, side], roots[chosen, side])
    return Split(kept & ~valid & ~touched, valid, held)


def _wanted(count: np.ndarray, recipe: CorpusRecipe) -> np.ndarray:
    """Pairs that a stratum holds out: its share, a floor that never takes over a tenth, a cap."""
    share = (recipe.valid_share * count).astype(np.int64)
    return np.clip(np.minimum(recipe.valid_floor, count // 10), share, recipe.valid_cap)
