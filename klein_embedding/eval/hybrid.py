"""Retrieval by meaning and by words together: what a hybrid search ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from klein_embedding.eval.retrieval import nearest
from klein_embedding.eval.suite import Ranker
from klein_embedding.eval.vectors import Space
from klein_embedding.eval.words import DEPTH, WordFloor
from klein_embedding.infer.embedder import Embedder
from klein_embedding.infer.index.fusion import reciprocal_rank_fusion


@dataclass(frozen=True, slots=True)
class Hybrid:
    """A model whose ranking is fused with BM25's; it takes part where documents are ranked.

    Attributes:
        embedder: Source of the vectors.
    """

    embedder: Embedder


def fused(space: Space) -> Ranker:
    """A ranker that fuses the hundred nearest documents with BM25's hundred best.

    Args:
        space: Vectors of the queries and the documents.

    Returns:
        From Q queries and D documents to the numbers (Q, up to 100) of the best documents, the
        best first; -1 where neither ranking has more.

    Source: Cormack, Clarke and Büttcher 2009 (reciprocal rank fusion), SIGIR.
    """

    def ranked(queries: Sequence[str], documents: Sequence[str]) -> np.ndarray:
        by_meaning = nearest(space.of(queries), space.of(documents))
        by_words = WordFloor().ranked(queries, documents)
        rows = np.full((len(queries), min(DEPTH, len(documents))), -1)
        for row, meaning, words in zip(rows, by_meaning, by_words, strict=True):
            rankings = meaning.tolist(), words[words >= 0].tolist()
            best = [number for number, _ in reciprocal_rank_fusion(rankings)][: len(row)]
            row[: len(best)] = best
        return rows

    return ranked
