"""Pairs that follow from others: two translations of one sentence say the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from klein_embedding.corpus.ngrams import mixed
from klein_embedding.corpus.rows import Rows, runs
from klein_embedding.recipe import CorpusRecipe

_MIN_WORDS = 4
_SALT = np.uint64(0xDE12)


@dataclass(frozen=True, slots=True)
class Derived:
    """Texts that make new pairs; a text is a row and a side of it, as row * 2 + side.

    Attributes:
        left: (m,) int64 text that is the anchor.
        right: (m,) int64 text that is the positive.
    """

    left: np.ndarray
    right: np.ndarray


def derived_pairs(
    rows: Rows, roots: np.ndarray, usable: np.ndarray, recipe: CorpusRecipe
) -> Derived:
    """Join translations that share a side.

    Equal English gives Indic-Indic translations and paraphrases inside one language; an equal
    Indic sentence gives English paraphrases. A sentence lends at most ``derived_per_text`` pairs
    and a language pair keeps at most ``derived_cap``, chosen by hash, so that no order decides.

    Args:
        rows: Keys of all pairs.
        roots: (n, 2) int64, the first row with nearly the same text; such texts make no pair.
        usable: (n,) bool, translations from English of sources fit for joining.
        recipe: Corpus section of a recipe.
    """
    long = np.flatnonzero(usable & (rows.words >= _MIN_WORDS).all(axis=1))
    hashes = mixed(rows.key[long] ^ _SALT)
    lefts, rights = [], []
    for shared, other in ((0, 1), (1, 0)):
        order = long[np.lexsort((hashes, rows.sides[long, shared]))]
        place, _ = runs(rows.sides[order, shared])
        at = np.flatnonzero((place > 0) & (place <= recipe.derived_per_text))
        left, right = order[at - 1], order[at]
        fresh = roots[left, other] != roots[right, other]
        left, right = left[fresh], right[fresh]
        # The lower language stands first, so that a language pair has one direction.
        turned = rows.langs[left, other] > rows.langs[right, other]
        left, right = np.where(turned, right, left), np.where(turned, left, right)
        group = rows.langs[left, other].astype(np.int64) * 64 + rows.langs[right, other]
        rank = mixed(rows.key[left] ^ mixed(rows.key[right]))
        order = np.lexsort((rank, group))
        order = np.sort(order[runs(group[order])[0] < recipe.derived_cap])
        lefts.append(left[order] * 2 + other)
        rights.append(right[order] * 2 + other)
    return Derived(np.concatenate(lefts), np.concatenate(rights))
