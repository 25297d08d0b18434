"""Pairs out of two documents that translate each other, by length, numbers and our own vectors.

Shapes: L left sentences, R right sentences, C coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from klein_embedding.corpus.align import BeadCost, Costs, Places, align, length_cost
from klein_embedding.errors import KleinError

Encode = Callable[[Sequence[str]], np.ndarray]
"""Texts to (texts, C) unit rows."""

MEANING = 12.0
"""What a cosine of zero between the two sides adds to a bead's cost: about three numbers."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """Two passages that belong together.

    Attributes:
        left: Sentences of the left document, joined by spaces.
        right: Sentences of the right document, joined by spaces.
        score: Cosine of the two in the model's space; NaN where no model was asked.
    """

    left: str
    right: str
    score: float


def aligned(
    left: Sequence[str], right: Sequence[str], encode: Encode | None, threshold: float
) -> list[Aligned]:
    """Align the sentences of two documents and keep the pairs that a model finds alike.

    Args:
        left: Sentences of one document.
        right: Sentences of its translation.
        encode: Model that embeds both languages, None to align by length and numbers alone.
        threshold: Least cosine of a pair that is kept; without a model every pair is.

    Returns:
        Pairs in the order of the documents; sentences without a counterpart are left out.

    Source: Gale and Church 1993; Thompson and Koehn 2019 (Vecalign) for vectors in the cost.
    """
    cost = length_cost(left, right)
    vectors = (encode(left), encode(right)) if encode and left and right else None
    if vectors is not None:
        cost = _with_meaning(cost, *vectors)
    found = []
    for bead in align(len(left), len(right), cost):
        if not len(bead.left) or not len(bead.right):
            continue
        score = float("nan") if vectors is None else _cosine(vectors, bead.left, bead.right)
        if not score < threshold:
            one = " ".join(left[place] for place in bead.left)
            other = " ".join(right[place] for place in bead.right)
            found.append(Aligned(one, other, score))
    return found


def _with_meaning(cost: BeadCost, left: np.ndarray, right: np.ndarray) -> BeadCost:
    ours, theirs = _joined(left), _joined(right)

    def both(starts: Places, firsts: Places, down: int, across: int) -> Costs:
        own = cost(starts, firsts, down, across)
        if not down or not across:
            return own
        alike = ours[down] @ theirs[across].T
        return own + MEANING * (1 - alike[starts, firsts])

    return both


def _joined(vectors: np.ndarray) -> dict[int, np.ndarray]:
    """Unit rows of each sentence, and of each with its next one; zeros stay zeros."""
    sums = {1: vectors, 2: vectors[:-1] + vectors[1:]}
    return {
        count: rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        for count, rows in sums.items()
    }


def _cosine(vectors: tuple[np.ndarray, np.ndarray], left: range, right: range) -> float:
    one = vectors[0][left.start : left.stop].sum(axis=0)
    other = vectors[1][right.start : right.stop].sum(axis=0)
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / length if length else 0.0


def document_pairs(left: Path, right: Path) -> list[tuple[Path, Path]]:
    """Two files, or the files of equal name in two folders, in the order of names.

    Raises:
        KleinError: If a path is missing, one is a file and one a folder, or no name is equal.
    """
    for path in (left, right):
        if not path.exists():
            raise KleinError(f"{path}: no such file or folder")
    if left.is_dir() != right.is_dir():
        raise KleinError(f"{left} and {right}: give two files or two folders")
    if not left.is_dir():
        return [(left, right)]
    names = sorted(p.name for p in left.iterdir() if p.is_file() and (right / p.name).is_file())
    if not names:
        raise KleinError(f"{left} and {right}: no two files have the same name")
    return [(left / name, right / name) for name in names]


def read_sentences(path: Path) -> list[str]:
    """Lines of a UTF-8 document that are not empty.

    Raises:
        KleinError: If the file is no UTF-8 text.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KleinError(f"{path}: not readable as UTF-8 text ({error})") from None
    return [line.strip() for line in text.split("\n") if line.strip()]
