"""What every source of sentence vectors promises, and how a vector is shortened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from klein_embedding.errors import KleinError

WIDTH = 512
DIMS = (512, 256, 128)


class Embedder(Protocol):
    """Anything that turns texts into unit vectors."""

    def encode(self, texts: Sequence[str] | str, dim: int = WIDTH) -> np.ndarray:
        """Embed texts.

        Args:
            texts: Texts, or a single one.
            dim: Width of the vectors.

        Returns:
            float32 array (n, dim), unit rows, in the order of the texts.
        """
        ...


def check_dim(dim: int) -> int:
    """Return the width, or refuse one for which the model was not trained.

    Raises:
        KleinError: If it is none of `DIMS`.
    """
    if dim not in DIMS:
        raise KleinError(f"dim {dim}: the vectors come in {', '.join(map(str, DIMS))} dimensions")
    return dim


def shortened(vectors: np.ndarray, dim: int) -> np.ndarray:
    """Cut rows to their first coordinates and give them unit length again.

    Args:
        vectors: Array (n, at least dim).
        dim: Width to keep.

    Returns:
        float32 array (n, dim); a row without length stays zero.

    Source: Kusupati et al. 2022 (Matryoshka representation learning), arXiv 2205.13147.
    """
    cut = np.asarray(vectors[:, :dim], dtype=np.float32)
    return cut / np.maximum(np.linalg.norm(cut, axis=1, keepdims=True), 1e-9)
