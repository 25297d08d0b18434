"""Whether queries find the documents that people judged relevant.

Shapes: Q queries, D documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from klein_embedding.eval.bootstrap import Estimate, mean_estimate
from klein_embedding.eval.figures import SetFacts
from klein_embedding.eval.judged import NDCG, Judged, load_judged
from klein_embedding.eval.sets import EvalSet
from klein_embedding.eval.suite import Key, Ranker, Suite
from klein_embedding.eval.vectors import Space, cosines

RECALLS = (1, 5, 10, 100)
MRR = "MRR@10"
DEEPEST = max(RECALLS)
_TOP = 10


def retrieval_suite(data: Path, chosen: EvalSet) -> Suite:
    """The suite of a set of queries and documents.

    Args:
        data: ``data/eval``.
        chosen: The set.

    Raises:
        KleinError: If the set's files are missing or altered.
    """
    return judged_suite(load_judged(data, chosen), chosen.name, chosen.facts)


def judged_suite(parts: Sequence[Judged], name: str, facts: SetFacts) -> Suite:
    """The suite of queries and documents that are read already.

    Args:
        parts: Queries with their documents.
        name: Name of the suite.
        facts: Where the texts came from.
    """
    texts = dict.fromkeys(text for part in parts for text in (*part.queries, *part.documents))

    def by_order(ranker: Ranker) -> dict[Key, Estimate]:
        return judged_retrieval(ranker, parts, name)

    def by_vectors(space: Space) -> dict[Key, Estimate]:
        return by_order(lambda queries, documents: nearest(space.of(queries), space.of(documents)))

    return Suite(name, tuple(texts), by_vectors, {name: facts}, by_order)


def judged_retrieval(ranker: Ranker, parts: Sequence[Judged], suite: str) -> dict[Key, Estimate]:
    """Recall at several depths, MRR@10 and nDCG@10, a part each."""
    found: dict[Key, Estimate] = {}
    for part in parts:
        ranked = ranker(part.queries, part.documents)
        for metric, values in measures(ranked, part.relevant).items():
            key = Key(f"{suite}/{part.name}" if part.name else suite, part.lang, metric)
            found[key] = mean_estimate(values, key.label)
    return found


def nearest(queries: Any, documents: Any) -> np.ndarray:
    """Numbers (Q, up to 100) of the nearest documents; of equals the earlier one comes first."""
    return np.argsort(-cosines(queries, documents), axis=1, kind="stable")[:, :DEEPEST]


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
