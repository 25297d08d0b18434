"""Passages ranked by meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.infer.embedder import WIDTH, Embedder
from klein_embedding.infer.passages import Passage
from klein_embedding.progress import Progress

_CHUNK = 512


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that answers a query.

    Attributes:
        score: Cosine of query and passage, from -1 to 1.
        path: File of the passage.
        line: Number of its first line, from 1.
        text: The passage.
    """

    score: float
    path: str
    line: int
    text: str


def search(
    embedder: Embedder,
    query: str,
    passages: Sequence[Passage],
    top: int = 5,
    dim: int = WIDTH,
) -> list[Hit]:
    """Rank passages by the cosine of their vectors to the query's.

    Args:
        embedder: Source of the vectors.
        query: What is looked for.
        passages: Where.
        top: Most hits to return.
        dim: Width of the vectors.

    Returns:
        The best passages, best first; of two alike the earlier one.

    Raises:
        KleinError: If the query is blank, or top is less than 1.
    """
    if not query.strip():
        raise KleinError("the query is blank; say what to look for")
    if top < 1:
        raise KleinError(f"top {top}: ask for at least one passage")
    wanted = embedder.encode([query], dim)[0]
    scores = np.empty(len(passages), dtype=np.float32)
    progress = Progress("embed", len(passages), "passages")
    for start in range(0, len(passages), _CHUNK):
        chunk = [passage.text for passage in passages[start : start + _CHUNK]]
        scores[start : start + len(chunk)] = embedder.encode(chunk, dim) @ wanted
        progress.add(len(chunk))
    progress.close()
    order = np.argsort(-scores, kind="stable")[:top]
    found = ((float(scores[index]), passages[index]) for index in order)
    return [Hit(score, passage.path, passage.line, passage.text) for score, passage in found]
