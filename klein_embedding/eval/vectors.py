"""Vectors of a suite's texts: asked for once, checked, and cut to the smaller widths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.infer.embedder import Embedder, shortened
from klein_embedding.progress import Progress

_CHUNK = 2048
_UNIT = 1e-3


@dataclass(frozen=True, slots=True)
class Space:
    """Vectors of all texts of a suite.

    Attributes:
        index: Row of each text.
        rows: Unit rows: a dense array, or a SciPy sparse matrix in the lexical baseline.
    """

    index: Mapping[str, int]
    rows: Any

    def of(self, texts: Sequence[str]) -> Any:
        """Rows of the texts, in their order, shape (len(texts), dim)."""
        return self.rows[[self.index[text] for text in texts]]


def cosines(queries: Any, candidates: Any) -> np.ndarray:
    """Cosine (n, m) of each of n unit rows with each of m, dense whatever the rows are."""
    product = queries @ candidates.T
    return product if isinstance(product, np.ndarray) else product.toarray()


def embedded(embedder: Embedder, name: str, texts: Sequence[str], dim: int) -> Space:
    """Embed every text once.

    Args:
        embedder: Model to ask.
        name: What to call the model in an error and in the progress line.
        texts: Different texts.
        dim: Width of the vectors.

    Raises:
        KleinError: If the vectors are not finite unit rows of that width.
    """
    progress = Progress(name, len(texts))
    parts = []
    for start in range(0, len(texts), _CHUNK):
        chunk = list(texts[start : start + _CHUNK])
        parts.append(checked(embedder.encode(chunk, dim), (len(chunk), dim), name))
        progress.add(len(chunk))
    progress.close()
    return Space(indexed(texts), np.concatenate(parts))


def indexed(texts: Sequence[str]) -> dict[str, int]:
    """Row number of each text."""
    return {text: row for row, text in enumerate(texts)}


def checked(vectors: np.ndarray, shape: tuple[int, int], name: str) -> np.ndarray:
    """Return the vectors, or refuse them before they can become a figure.

    Args:
        vectors: What a model answered.
        shape: Texts and width that were asked for.
        name: What to call the model in the error.

    Raises:
        KleinError: If the shape differs, a number is not finite, or a row is not of length 1.
    """
    if vectors.shape != shape:
        raise KleinError(f"{name}: gave vectors of shape {vectors.shape}, asked for {shape}")
    if not np.isfinite(vectors).all():
        raise KleinError(f"{name}: gave vectors with NaN or infinity; export the model again")
    worst = float(np.abs(np.linalg.norm(vectors, axis=1) - 1).max(initial=0.0))
    if worst > _UNIT:
        raise KleinError(
            f"{name}: gave rows that are not of length 1 (off by {worst:.2g}); normalise them"
        )
    return vectors


def cut(space: Space, dim: int, name: str) -> Space:
    """Keep the first coordinates and bring the rows back to length 1.

    Equal to asking the model for that width, which shortens its vectors by the same function,
    and saves embedding the texts again.

    Raises:
        KleinError: If a text has nothing in those coordinates.
    """
    rows = shortened(space.rows, dim)
    return Space(space.index, checked(rows, (len(space.rows), dim), f"{name} at {dim}"))
