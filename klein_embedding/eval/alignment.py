"""Finding a sentence's translation among all others: Tatoeba, both directions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from klein_embedding.eval.bootstrap import Estimate, macro_mean, mean_estimate
from klein_embedding.eval.sets import TATOEBA, Bitext, EvalSet, load_bitexts
from klein_embedding.eval.suite import Key, Suite
from klein_embedding.eval.vectors import Space

INTO_ENGLISH, FROM_ENGLISH = "accuracy xx->en", "accuracy en->xx"


def tatoeba_suite(data: Path, chosen: EvalSet = TATOEBA) -> Suite:
    """The Tatoeba suite.

    Args:
        data: ``data/eval``.
        chosen: The set of bitexts.

    Raises:
        KleinError: If the set's files are missing or altered.
    """
    bitexts = load_bitexts(data, chosen)
    texts = dict.fromkeys(text for bitext in bitexts for text in (*bitext.texts, *bitext.english))
    measure = partial(alignment, bitexts=bitexts, suite=chosen.name)
    return Suite(chosen.name, tuple(texts), measure, {chosen.name: chosen.facts})


def alignment(space: Space, bitexts: Sequence[Bitext], suite: str) -> dict[Key, Estimate]:
    """Accuracy of the nearest neighbour in both directions, a language each and their mean.

    Source: Artetxe and Schwenk 2019, arXiv:1812.10464 (plain cosine, no margin).
    """
    found: dict[Key, Estimate] = {}
    for bitext in bitexts:
        texts, english = space.of(bitext.texts), space.of(bitext.english)
        for metric, hits in (
            (INTO_ENGLISH, nearest_hits(texts, english)),
            (FROM_ENGLISH, nearest_hits(english, texts)),
        ):
            key = Key(suite, bitext.lang, metric)
            found[key] = mean_estimate(hits, key.label)
    for metric in (INTO_ENGLISH, FROM_ENGLISH):
        parts = [estimate for key, estimate in found.items() if key.metric == metric]
        found[Key(suite, "mean", metric)] = macro_mean(parts)
    return found


def nearest_hits(queries: Any, candidates: Any) -> np.ndarray:
    """Whether each query is nearer to its own candidate than to any other.

    A tie is a miss: a model that cannot tell candidates apart has not found the right one.

    Args:
        queries: Unit rows (n, dim), dense or sparse.
        candidates: Unit rows (n, dim); row i belongs to query i.

    Returns:
        Boolean array (n,).
    """
    product = queries @ candidates.T
    cosines = np.array(product if isinstance(product, np.ndarray) else product.toarray())
    own = cosines.diagonal().copy()
    np.fill_diagonal(cosines, -np.inf)
    return own > cosines.max(axis=1)
