"""Passages ranked by meaning, and the sentence in each that answers best."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.infer.embedder import WIDTH, Embedder
from klein_embedding.infer.index.pieces import Passage, Place, sentences
from klein_embedding.infer.index.scripts import script_of
from klein_embedding.progress import Progress

_CHUNK = 512


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that answers a query.

    Attributes:
        score: Cosine of query and passage, from -1 to 1.
        path: File of the passage.
        line: Number of its first line, page or row, from 1.
        text: The passage.
        start: Its first character in its file, see `Passage`.
        stop: One behind its last.
        place: What `line` counts.
        languages: Codes of the languages that are written in its script.
        best: First character and one behind the last of the sentence in `text` that is nearest to
            the query; the whole passage until `highlighted` has looked.
    """

    score: float
    path: str
    line: int
    text: str
    start: int = 0
    stop: int = 0
    place: Place = "line"
    languages: list[str] = field(default_factory=list)
    best: tuple[int, int] = (0, 0)


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
    check_query(query, top)
    wanted = embedder.encode([query], dim)[0]
    scores = np.empty(len(passages), dtype=np.float32)
    progress = Progress("embed", len(passages), "passages")
    for start in range(0, len(passages), _CHUNK):
        chunk = [passage.text for passage in passages[start : start + _CHUNK]]
        scores[start : start + len(chunk)] = encoded(embedder, chunk, dim) @ wanted
        progress.add(len(chunk))
    progress.close()
    order = np.argsort(-scores, kind="stable")[:top]
    return [_hit(float(scores[index]), passages[index]) for index in order]


def encoded(embedder: Embedder, passages: list[str], dim: int) -> np.ndarray:
    """Embed passages without a warning for long ones, which are found by their beginning.

    Returns:
        float32 (n, dim), unit rows.
    """
    from klein_embedding.infer.embedding import TruncationWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TruncationWarning)
        return embedder.encode(passages, dim)


def check_query(query: str, top: int) -> None:
    """Refuse a query that cannot be answered.

    Raises:
        KleinError: If it is blank, or fewer than one hit is wanted.
    """
    if not query.strip():
        raise KleinError("the query is blank; say what to look for")
    if top < 1:
        raise KleinError(f"top {top}: ask for at least one passage")


def highlighted(embedder: Embedder, query: str, hits: Sequence[Hit], dim: int = WIDTH) -> list[Hit]:
    """Find in each hit the sentence whose vector has the highest cosine with the query's.

    Args:
        embedder: Source of the vectors.
        query: What was looked for.
        hits: Where it was found.
        dim: Width of the vectors.

    Returns:
        The hits in their order, with `Hit.best` filled in.
    """
    spans = [sentences(hit.text) or [(0, len(hit.text))] for hit in hits]
    texts = [
        hit.text[start:stop]
        for hit, some in zip(hits, spans, strict=True)
        for start, stop in some
        if len(some) > 1
    ]
    if not texts:
        return [replace(hit, best=some[0]) for hit, some in zip(hits, spans, strict=True)]
    vectors = embedder.encode([query, *texts], dim)
    scores = iter(vectors[1:] @ vectors[0])
    best = [max(some, key=lambda _: next(scores)) if len(some) > 1 else some[0] for some in spans]
    return [replace(hit, best=span) for hit, span in zip(hits, best, strict=True)]


def _hit(score: float, passage: Passage) -> Hit:
    return Hit(
        score,
        passage.path,
        passage.line,
        passage.text,
        passage.start,
        passage.stop,
        passage.place,
        script_of(passage.text).split(),
    )
