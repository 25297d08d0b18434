"""Whether queries find the documents that people judged relevant.

Shapes: Q queries, D documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from klein_embedding.eval.bootstrap import Estimate, mean_estimate
from klein_embedding.eval.judged import NDCG, Judged, load_judged
from klein_embedding.eval.sets import EvalSet
from klein_embedding.eval.suite import Key, Suite
from klein_embedding.eval.vectors import Space, cosines

RECALLS = (1, 5, 10, 100)
MRR = "MRR@10"
_DEEPEST = max(RECALLS)
_TOP = 10


def retrieval_suite(data: Path, chosen: EvalSet) -> Suite:
    """The suite of a set of queries and documents.

    Args:
        data: ``data/eval``.
        chosen: The set.

    Raises:
        KleinError: If the set's files are missing or altered.
    """
    parts = load_judged(data, chosen)
    texts = dict.fromkeys(text for part in parts for text in (*part.queries, *part.documents))
    measure = partial(judged_retrieval, parts=parts, suite=chosen.name)
    return Suite(chosen.name, tuple(texts), measure, {chosen.name: chosen.facts})


def judged_retrieval(space: Space, parts: Sequence[Judged], suite: str) -> dict[Key, Estimate]:
    """Recall at several depths, MRR@10 and nDCG@10, a language of the queries each."""
    found: dict[Key, Estimate] = {}
    for part in parts:
        ranked = _ranked(space.of(part.queries), space.of(part.documents))
        for metric, values in measures(ranked, part.relevant).items():
            key = Key(suite, part.lang, metric)
            found[key] = mean_estimate(values, key.label)
    return found


def _ranked(queries: Any, documents: Any) -> np.ndarray:
    """Numbers (Q, up to 100) of the nearest documents; of equals the earlier one comes first."""
    return np.argsort(-cosines(queries, documents), axis=1, kind="stable")[:, :_DEEPEST]


def measures(ranked: np.ndarray, relevant: Sequence[frozenset[int]]) -> dict[str, np.ndarray]:
    """Each metric's value (Q,) for each query.

    Args:
        ranked: (Q, depth) numbers of documents, the best first.
        relevant: Numbers of the relevant documents of each query, at least one.

    Source: Järvelin and Kekäläinen 2002 (nDCG, gains 0 and 1); Voorhees 1999 (MRR).
    """
    hits = np.array(
        [[number in wanted for number in row] for row, wanted in zip(ranked, relevant, strict=True)]
    )
    counts = np.array([len(wanted) for wanted in relevant])
    found = {f"Recall@{depth}": hits[:, :depth].sum(axis=1) / counts for depth in RECALLS}
    top = hits[:, :_TOP]
    places = np.arange(1, top.shape[1] + 1)
    found[MRR] = (top / places).max(axis=1)
    discounts = 1 / np.log2(places + 1)
    best = np.array([discounts[:count].sum() for count in counts])
    found[NDCG] = (top * discounts).sum(axis=1) / best
    return found
