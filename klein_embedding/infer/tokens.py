"""From texts to rows of token ids, and from rows to batches without padding waste."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from klein_embedding.errors import KleinError
from klein_embedding.text import check_encodable

MAX_TOKENS = 256
# 64 characters a token, more than text of any language needs: what lies behind could only count
# where nearly all of the text is white space, and a book is not tokenised for its first page.
MAX_CHARACTERS = 64 * MAX_TOKENS
# A batch may hold shorter rows down to this share of its longest.
_CLOSE = 0.875


def checked_texts(texts: Sequence[str] | str) -> list[str]:
    """Return texts as a list, each cut to `MAX_CHARACTERS`, blank ones as the empty text.

    Raises:
        KleinError: If one is no string or holds a lone surrogate.
    """
    if isinstance(texts, str):
        texts = [texts]
    if isinstance(texts, bytes) or not hasattr(texts, "__iter__"):
        raise KleinError(f"texts: expected strings, found {type(texts).__name__}")
    checked = []
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            raise KleinError(f"text {number}: expected a string, found {type(text).__name__}")
        cut = check_encodable(text[:MAX_CHARACTERS], f"text {number}")
        checked.append("" if cut.isspace() else cut)
    return checked


class TextTokens:
    """A tokenizer file that cuts to the model's length and never pads."""

    def __init__(self, path: Path, *, special: bool) -> None:
        """Load the file.

        Args:
            path: ``tokenizer.json``.
            special: Whether rows begin and end with the special tokens.

        Raises:
            KleinError: If the file is missing or is no tokenizer.
        """
        try:
            self._tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise KleinError(f"{path}: no such file; fetch the folder again") from None
        except Exception as error:  # the library raises plain Exception
            raise KleinError(f"{path}: not readable as a tokenizer ({error})") from None
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._special = special
        pad = self._tokenizer.token_to_id("<pad>")
        self.pad: int = 0 if pad is None else pad

    def rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, at most `MAX_TOKENS`."""
        return self.rows_and_cut(texts)[0]

    def rows_and_cut(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        """Token ids of each text, and the numbers of those that were longer than `MAX_TOKENS`."""
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=self._special)
        rows = [row.ids for row in encoded]
        full = (number for number, row in enumerate(rows) if len(row) == MAX_TOKENS)
        return rows, [number for number in full if encoded[number].overflowing]

    def places(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Where each token of a text of any length begins and ends, in characters of the text."""
        starts, ends = [], []
        for first, stretch in _stretches(text):
            found = self._whole.encode(stretch, add_special_tokens=False).offsets
            spans = np.array(found, dtype=np.int64).reshape(-1, 2) + first
            starts.append(spans[:, 0])
            ends.append(spans[:, 1])
        return np.concatenate(starts), np.concatenate(ends)

    @cached_property
    def _whole(self) -> Tokenizer:
        """The tokenizer without a limit, apart, for other threads may be using the one with it."""
        whole = Tokenizer.from_str(self._tokenizer.to_str())
        whole.no_truncation()
        return whole


def _stretches(text: str) -> Iterator[tuple[int, str]]:
    """A text in stretches that end at white space where they can, each with its first place."""
    first = 0
    while first < len(text) or not first:
        last = len(text)
        if last - first > MAX_CHARACTERS:
            last = first + MAX_CHARACTERS
            blank = max((text.rfind(mark, first, last) for mark in " \n\t"), default=-1)
            last = blank if blank > first else last
        yield first, text[first:last]
        first = last or 1


def batches(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Group rows of equal or nearly equal length, longest first.

    Args:
        lengths: Tokens of each row.
        batch_tokens: Most tokens of a batch, padding included; a single row may exceed it.

    Yields:
        Indices into the lengths; every index occurs once.
    """
    batch: list[int] = []
    longest = 0
    for index in sorted(range(len(lengths)), key=lambda index: (-lengths[index], index)):
        full = longest * (len(batch) + 1) > batch_tokens
        if batch and (full or lengths[index] < _CLOSE * longest):
            yield batch
            batch = []
        if not batch:
            longest = lengths[index]
        batch.append(index)
    if batch:
        yield batch
