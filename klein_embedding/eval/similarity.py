"""How well cosines order sentence pairs as people do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from klein_embedding.eval.bootstrap import Estimate, macro_mean, spearman_estimate
from klein_embedding.eval.scored import SPEARMAN, Scored, load_scored
from klein_embedding.eval.sets import EvalSet
from klein_embedding.eval.suite import Key, Suite
from klein_embedding.eval.vectors import Space

_FEW = 2


def similarity_suite(data: Path, chosen: EvalSet) -> Suite:
    """The suite of a set of scored pairs.

    Args:
        data: ``data/eval``.
        chosen: The set.

    Raises:
        KleinError: If the set's files are missing or altered.
    """
    splits = load_scored(data, chosen)
    texts = dict.fromkeys(text for split in splits for text in (*split.first, *split.second))
    measure = partial(similarity, splits=splits, suite=chosen.name)
    return Suite(chosen.name, tuple(texts), measure, {chosen.name: chosen.facts})


def similarity(space: Space, splits: Sequence[Scored], suite: str) -> dict[Key, Estimate]:
    """Spearman's correlation of the cosines with the human scores, a split each.

    A set of more parts than a development and a test part has a mean over them.

    Raises:
        KleinError: If all pairs of a split have the same cosine.
    """
    found: dict[Key, Estimate] = {}
    for split in splits:
        key = Key(f"{suite}/{split.split}", split.lang, SPEARMAN)
        cosines = pair_cosines(space.of(split.first), space.of(split.second))
        found[key] = spearman_estimate(cosines, np.array(split.scores), key.label)
    if len(splits) > _FEW:
        found[Key(suite, "mean", SPEARMAN)] = macro_mean(list(found.values()))
    return found


def pair_cosines(first: Any, second: Any) -> np.ndarray:
    """Cosine of each row with the other side's row of the same number.

    Args:
        first: Unit rows (n, dim), dense or sparse.
        second: Unit rows (n, dim).

    Returns:
        float array (n,).
    """
    if isinstance(first, np.ndarray):
        return np.einsum("nd,nd->n", first, second)
    return np.asarray(first.multiply(second).sum(axis=1)).ravel()
