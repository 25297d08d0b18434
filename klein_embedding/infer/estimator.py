"""The model as a step of a scikit-learn pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from klein_embedding.infer.embedder import WIDTH
from klein_embedding.infer.embedding import KleinEmbedding


class KleinVectors(TransformerMixin, BaseEstimator):
    """Texts to sentence vectors; nothing is fitted.

    A copy, a pickle or a joblib file of it holds its three dials and no weights; the folder is
    opened, and compared with its manifest, when the first text is embedded.
    """

    def __init__(
        self, folder: Path | str | None = None, dim: int = WIDTH, threads: int = 0
    ) -> None:
        """Keep the dials, as scikit-learn asks, unchecked.

        Args:
            folder: Model folder; None for the default one.
            dim: Width of the vectors: 512, 256 or 128.
            threads: Threads of one product; 0 for as many as the process may run at once.
        """
        self.folder = folder
        self.dim = dim
        self.threads = threads

    def fit(self, texts: Sequence[str], target: object = None) -> KleinVectors:
        """Learn nothing.

        Args:
            texts: Texts, not looked at.
            target: Not looked at.
        """
        return self

    def transform(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts.

        Args:
            texts: n texts; a list, an array or a column of a data frame.

        Returns:
            float32 (n, dim), unit rows.

        Raises:
            KleinError: If there is no model, or a text or the width is refused.
        """
        return self._model.encode(list(texts), self.dim)

    def get_feature_names_out(self, names: object = None) -> np.ndarray:
        """Names of the columns, klein0 and so on."""
        return np.array([f"klein{place}" for place in range(self.dim)], dtype=object)

    @cached_property
    def _model(self) -> KleinEmbedding:
        return KleinEmbedding(self.folder, threads=self.threads)

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_model"}

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
