"""Held-out questions among the answers of all of them: retrieval on text like the training text."""

from __future__ import annotations

from pathlib import Path

from klein_embedding.errors import KleinError
from klein_embedding.eval.figures import SetFacts
from klein_embedding.eval.held_out import FILE, LEAST, rows_of, sample
from klein_embedding.eval.judged import NDCG, Judged
from klein_embedding.eval.retrieval import judged_suite
from klein_embedding.eval.suite import Suite
from klein_embedding.files import sha256

NAME = "questions"
SOURCES = ("medquad", "open-trivia")
_KIND = "question-answer"


def questions_suite(processed: Path) -> Suite:
    """The suite of held-out English questions, a part each for two sources.

    Args:
        processed: Folder of a built corpus.

    Raises:
        KleinError: If the split is missing or lacks a column, or no source has enough questions.
    """
    path = processed / FILE
    pairs: dict[str, list[tuple[str, str]]] = {}
    for anchor, positive, language, kind, source in rows_of(path):
        if kind == _KIND and language == "en":
            pairs.setdefault(source, []).append((anchor, positive))
    documents = sorted({positive for found in pairs.values() for _, positive in found})
    places = {text: at for at, text in enumerate(documents)}
    parts = []
    for source in SOURCES:
        chosen = sample(pairs.get(source, []))
        if len(chosen) >= LEAST:
            relevant = tuple(frozenset({places[positive]}) for _, positive in chosen)
            asked = tuple(anchor for anchor, _ in chosen)
            parts.append(Judged("en", asked, tuple(documents), relevant, source))
    if not parts:
        raise KleinError(f"{path}: neither {' nor '.join(SOURCES)} has {LEAST} held-out questions")
    facts = SetFacts(sha256(path), "as its sources", "this project's training sources", NDCG)
    return judged_suite(parts, NAME, facts)
