"""Sentence vectors as plain means of token vectors: the encoder's start, and a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.infer.embedder import WIDTH, check_dim, shortened
from klein_embedding.infer.tokens import TextTokens, checked_texts


class StaticEmbedding:
    """Mean of a text's token vectors, special tokens left out; an `Embedder`."""

    def __init__(self, folder: Path | str) -> None:
        """Load a folder that holds ``table.npy`` (V, 512) float32 and ``tokenizer.json``.

        Raises:
            KleinError: If one is missing or is not what it should be.
        """
        path = Path(folder) / "table.npy"
        try:
            table = np.load(path, allow_pickle=False)
        except FileNotFoundError:
            raise KleinError(f"{path}: no such file; name the folder of a static stage") from None
        except (OSError, ValueError, EOFError) as error:
            raise KleinError(f"{path}: not readable as an array ({error})") from None
        if table.ndim != 2 or table.shape[1] != WIDTH:
            raise KleinError(f"{path}: has shape {table.shape}, expected (vocabulary, {WIDTH})")
        self._table = table.astype(np.float32)
        self._tokens = TextTokens(Path(folder) / "tokenizer.json", special=False)

    def encode(self, texts: Sequence[str] | str, dim: int = WIDTH) -> np.ndarray:
        """Embed texts; a text without tokens gets the zero vector.

        Args:
            texts: Texts, or a single one.
            dim: Width of the vectors: 512, 256 or 128.

        Returns:
            float32 array (n, dim), unit rows, in the order of the texts.

        Raises:
            KleinError: If a text is no string or holds a lone surrogate, or the width is unknown.
        """
        check_dim(dim)
        rows = self._tokens.rows(checked_texts(texts))
        means = np.zeros((len(rows), WIDTH), dtype=np.float32)
        for index, row in enumerate(rows):
            if row:
                means[index] = self._table[row].mean(axis=0)
        return shortened(means, dim)
