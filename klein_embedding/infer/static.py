"""Sentence vectors as plain means of token vectors: the encoder's start, and a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.infer.embedder import WIDTH, check_dim, shortened
from klein_embedding.infer.tokens import TextTokens, checked_texts


class StaticEmbedding:
    """Mean of the vectors of a text's tokens and known bigrams; an `Embedder`.

    Special tokens are left out.
    """

    def __init__(self, folder: Path | str) -> None:
        """Load a folder that holds ``table.npy`` (V, 512) float32 and ``tokenizer.json``.

        The stage of bigrams has ``bigrams.npy`` (P, 2) token ids and ``bigram-vectors.npy`` (P,
        512) beside them.

        Raises:
            KleinError: If one is missing or is not what it should be.
        """
        folder = Path(folder)
        path = folder / "table.npy"
        table = _array(path)
        if table.ndim != 2 or table.shape[1] != WIDTH:
            raise KleinError(f"{path}: has shape {table.shape}, expected (vocabulary, {WIDTH})")
        self._vocabulary = len(table)
        self._keys = np.zeros(0, dtype=np.int64)
        if (folder / "bigrams.npy").is_file():
            pairs, vectors = _array(folder / "bigrams.npy"), _array(folder / "bigram-vectors.npy")
            if pairs.shape != (len(vectors), 2) or vectors.shape[1:] != (WIDTH,):
                raise KleinError(f"{folder}: bigrams and their vectors do not belong together")
            keys = pairs[:, 0].astype(np.int64) * len(table) + pairs[:, 1]
            order = np.argsort(keys)
            self._keys, table = keys[order], np.concatenate([table, vectors[order]])
        self._table = table.astype(np.float32)
        self._tokens = TextTokens(folder / "tokenizer.json", special=False)

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
                means[index] = self._table[self._entries(row)].mean(axis=0)
        return shortened(means, dim)

    def _entries(self, row: Sequence[int]) -> np.ndarray:
        """Rows of the table that stand for a text's tokens and its bigrams."""
        ids = np.asarray(row, dtype=np.int64)
        if not len(self._keys):
            return ids
        keys = ids[:-1] * self._vocabulary + ids[1:]
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        known = places[self._keys[places] == keys]
        return np.concatenate([ids, self._vocabulary + known])


def _array(path: Path) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise KleinError(f"{path}: no such file; name the folder of a static stage") from None
    except (OSError, ValueError, EOFError) as error:
        raise KleinError(f"{path}: not readable as an array ({error})") from None
