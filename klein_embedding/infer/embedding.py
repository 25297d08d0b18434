"""Sentence vectors from a model folder, on a CPU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from klein_embedding.infer.embedder import WIDTH, check_dim, shortened
from klein_embedding.infer.folder import ONNX, Precision, check_folder, default_folder
from klein_embedding.infer.session import OnnxEncoder
from klein_embedding.infer.tokens import TextTokens, batches, checked_texts

BATCH_TOKENS = 1024


class KleinEmbedding:
    """A sentence model loaded from its folder; an `Embedder`.

    Example:
        >>> model = KleinEmbedding()
        >>> vectors = model.encode(["Water is life.", "पानी ही जीवन है।"], dim=256)
        >>> vectors.shape
        (2, 256)
    """

    def __init__(
        self,
        folder: Path | str | None = None,
        precision: Precision = "int8",
        threads: int = 0,
    ) -> None:
        """Check the folder against its manifest and load the model.

        Args:
            folder: Model folder; without one, see `default_folder`.
            precision: "int8", or "float32" for the larger and slower file.
            threads: Threads of one product; 0 takes every core.

        Raises:
            KleinError: If there is no model, or one of its files is missing or altered.
        """
        self.folder = default_folder() if folder is None else Path(folder)
        self.manifest = check_folder(self.folder, precision)
        self.precision = precision
        self._tokens = TextTokens(self.folder / "tokenizer.json", special=True)
        self._encoder = OnnxEncoder(self.folder / ONNX[precision], threads)

    def encode(
        self,
        texts: Sequence[str] | str,
        dim: int = WIDTH,
        batch_tokens: int = BATCH_TOKENS,
    ) -> np.ndarray:
        """Embed texts; a vector depends on its own text alone, whatever else is embedded with it.

        A text counts up to its 256th token (and its 16,384th character); the empty text and
        white space give one and the same vector.

        Args:
            texts: Texts, or a single one.
            dim: Width of the vectors: 512, 256 or 128.
            batch_tokens: Most tokens that pass through the model at once.

        Returns:
            float32 array (n, dim), unit rows, in the order of the texts.

        Raises:
            KleinError: If a text is no string or holds a lone surrogate, or the width is unknown.
        """
        check_dim(dim)
        rows = self._tokens.rows(checked_texts(texts))
        vectors = np.empty((len(rows), WIDTH), dtype=np.float32)
        for batch in batches([len(row) for row in rows], batch_tokens):
            vectors[batch] = self._encoder.vectors([rows[i] for i in batch], self._tokens.pad)
        return vectors if dim == WIDTH else shortened(vectors, dim)

    def similarity(
        self, first: Sequence[str] | str, second: Sequence[str] | str, dim: int = WIDTH
    ) -> np.ndarray:
        """Cosine of every first text with every second one: float32 (n, m), from -1 to 1."""
        return self.encode(first, dim) @ self.encode(second, dim).T
