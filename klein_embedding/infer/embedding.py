"""Sentence vectors from a model folder, on a CPU."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from klein_embedding.infer.chunks import LONGEST, Chunk, chunked
from klein_embedding.infer.embedder import WIDTH, check_dim, shortened
from klein_embedding.infer.folder import ONNX, Precision, check_folder, default_folder
from klein_embedding.infer.numbers import Number, check_number, stored
from klein_embedding.infer.session import OnnxEncoder
from klein_embedding.infer.tokens import MAX_TOKENS, TextTokens, batches, checked_texts

CACHED_TOKENS = 128
"""Tokens a thread whose states stay in a processor's cache from one layer to the next."""
_MANY = 4
"""Such batches a thread from which on each thread takes batches of its own."""


class TruncationWarning(UserWarning):
    """Texts were longer than the model reads; `KleinEmbedding.chunks` cuts such texts up.

    Attributes:
        count: How many.
    """

    def __init__(self, message: str, count: int) -> None:
        super().__init__(message)
        self.count = count


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
            threads: Threads that work at once; 0 takes as many as the process may run.

        Raises:
            KleinError: If there is no model, or one of its files is missing or altered.
        """
        self.folder = default_folder() if folder is None else Path(folder)
        self.manifest = check_folder(self.folder, precision)
        self.precision = precision
        self._tokens = TextTokens(self.folder / "tokenizer.json", special=True)
        self._encoder = OnnxEncoder(self.folder / ONNX[precision], threads)

    @property
    def threads(self) -> int:
        """Threads that work at once."""
        return self._encoder.threads

    def encode(
        self,
        texts: Sequence[str] | str,
        dim: int = WIDTH,
        batch_tokens: int = 0,
        numbers: Number = "float32",
    ) -> np.ndarray:
        """Embed texts; a vector depends on its own text alone, whatever else is embedded with it.

        A text counts up to its 256th token (and its 16,384th character), and a longer one warns;
        the empty text and white space give one and the same vector.

        Args:
            texts: Texts, or a single one.
            dim: Width of the vectors: 512, 256 or 128.
            batch_tokens: Most tokens that pass through the model at once; 0 for as many as stay in
                the processor's cache.
            numbers: "float32", "float16", "int8" or "binary": see `stored`.

        Returns:
            Array (n, dim) of that type, in the order of the texts; float32 rows have unit length.

        Raises:
            KleinError: If a text is no string or holds a lone surrogate, or the width or the number
                format is unknown.

        Warns:
            TruncationWarning: If texts are longer than the model reads.
        """
        check_dim(dim)
        check_number(numbers)
        rows, cut = self._tokens.rows_and_cut(checked_texts(texts))
        if cut:
            said = (
                f"{len(cut)} of {len(rows)} texts, the first of them text {cut[0] + 1}, are longer "
                f"than {MAX_TOKENS} tokens and count up to there; chunks() cuts them up"
            )
            warnings.warn(TruncationWarning(said, len(cut)), stacklevel=2)
        vectors = np.empty((len(rows), WIDTH), dtype=np.float32)
        self._embed(rows, batch_tokens or CACHED_TOKENS * self.threads, vectors)
        return stored(vectors if dim == WIDTH else shortened(vectors, dim), numbers)

    def _embed(self, rows: list[list[int]], together: int, vectors: np.ndarray) -> None:
        """Write the vector of each row of ids; at most so many tokens pass through at once."""
        lengths, pad = [len(row) for row in rows], self._tokens.pad
        if self.threads == 1 or sum(lengths) < _MANY * CACHED_TOKENS * self.threads:
            for batch in batches(lengths, together):
                vectors[batch] = self._encoder.vectors([rows[i] for i in batch], pad)
            return
        found = list(batches(lengths, together // self.threads))
        each = self._encoder.side_by_side([[rows[i] for i in batch] for batch in found], pad)
        for batch, written in zip(found, each, strict=True):
            vectors[batch] = written

    def count_tokens(self, texts: Sequence[str] | str) -> list[int]:
        """Tokens that the model reads of each text, special ones included, at most 256.

        Raises:
            KleinError: If a text is no string or holds a lone surrogate.
        """
        return [len(row) for row in self._tokens.rows(checked_texts(texts))]

    def chunks(self, text: str, size: int = LONGEST, overlap: int = 32) -> list[Chunk]:
        """Cut a text of any length into overlapping pieces that the model reads whole.

        Args:
            text: The text.
            size: Most tokens of a piece, from 32 to 254.
            overlap: Tokens that a piece repeats of the one before, as far as whole words go.

        Returns:
            The pieces with their places in the text, none for a blank text.

        Raises:
            KleinError: If a number is out of range, or the text holds a lone surrogate.
        """
        return chunked(self._tokens, text, size, overlap)

    def similarity(
        self, first: Sequence[str] | str, second: Sequence[str] | str, dim: int = WIDTH
    ) -> np.ndarray:
        """Cosine of every first text with every second one: float32 (n, m), from -1 to 1."""
        return self.encode(first, dim) @ self.encode(second, dim).T
