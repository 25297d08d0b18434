"""Texts of a step as token ids: read from the shards, written in other forms, padded.

Shapes: N texts, T tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from klein_embedding.tokenizer.pipeline import BOS_ID, EOS_ID, PAD_ID, SPACE
from klein_embedding.tokenizer.shards import Shards

SPECIAL = 2
"""Special tokens of a text: one before it, one behind."""
_CHUNK_COST = 40
"""Tokens that could be read in the time that one chunk more takes: measured on two CPU cores."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Ids of many texts, one after the other, without special tokens.

    Attributes:
        ids: (tokens,) int64.
        firsts: (N,) int64 start of each text in ``ids``.
    """

    ids: np.ndarray
    firsts: np.ndarray

    def __len__(self) -> int:
        return len(self.firsts)

    @property
    def lengths(self) -> np.ndarray:
        """Tokens (N,) of each text."""
        return np.diff(np.append(self.firsts, len(self.ids)))

    def text(self, number: int) -> np.ndarray:
        """Ids of one text."""
        start = int(self.firsts[number])
        return self.ids[start : start + int(self.lengths[number])]

    def take(self, numbers: np.ndarray) -> Rows:
        """Some of the texts, in the order of their numbers (N,)."""
        lengths = self.lengths[numbers]
        firsts = starts_of(lengths)
        places = np.arange(int(lengths.sum())) + np.repeat(self.firsts[numbers] - firsts, lengths)
        return Rows(self.ids[places], firsts)

    def padded(self) -> tuple[Tensor, Tensor]:
        """Ids and mask (N, T) with the special tokens."""
        lengths = self.lengths
        block = np.full((len(self), int(lengths.max(initial=0)) + SPECIAL), PAD_ID, dtype=np.int64)
        columns = np.arange(block.shape[1])
        block[self.inside()] = self.ids
        block[:, 0] = BOS_ID
        block[np.arange(len(self)), lengths + 1] = EOS_ID
        mask = columns < lengths[:, None] + SPECIAL
        return torch.from_numpy(block), torch.from_numpy(mask)

    def inside(self) -> np.ndarray:
        """Where (N, T) the texts' own tokens stand in the padded block."""
        lengths = self.lengths
        columns = np.arange(int(lengths.max(initial=0)) + SPECIAL)
        return (columns >= 1) & (columns < lengths[:, None] + 1)

    def chunks(self, tokens: int) -> Iterator[np.ndarray]:
        """Numbers of texts of like length that fill at most so many tokens, padding included.

        A chunk holds one text at least. The shortest texts come first.
        """
        lengths = self.lengths + SPECIAL
        ranked = np.argsort(lengths, kind="stable")
        widths, counts = np.unique(lengths, return_counts=True)
        start = 0
        for stop in _cuts(widths, counts, tokens):
            size = int(counts[start:stop].sum())
            before = int(counts[:start].sum())
            parts = _parts(size, int(widths[stop - 1]), tokens)
            yield from np.array_split(ranked[before : before + size], parts)
            start = stop


def _parts(texts: int, width: int, tokens: int) -> int:
    """Chunks that texts of one width need."""
    return -(-texts // max(tokens // width, 1))


def _cuts(widths: np.ndarray, counts: np.ndarray, tokens: int) -> list[int]:
    """Where to cut texts in order of width, so that padding and chunks together cost least.

    Args:
        widths: (K,) distinct widths, rising.
        counts: (K,) texts of each.
        tokens: Most tokens of a chunk.

    Returns:
        One past the last width of each stretch that is padded to one width.
    """
    before = np.concatenate([[0], np.cumsum(counts)])
    least, from_where = np.zeros(len(widths) + 1), np.zeros(len(widths) + 1, dtype=int)
    for stop in range(1, len(widths) + 1):
        texts, width = before[stop] - before[:stop], widths[stop - 1]
        chunks = -(-texts // max(tokens // width, 1))
        costs = least[:stop] + texts * width + _CHUNK_COST * chunks
        from_where[stop] = int(costs.argmin())
        least[stop] = costs.min()
    found, stop = [], len(widths)
    while stop:
        found.append(stop)
        stop = int(from_where[stop])
    return found[::-1]


def by_chunks(rows: Rows, tokens: int, encode: Callable[[Rows], Tensor]) -> Tensor:
    """Vectors (N, C) of N texts, encoded in chunks of like length and put back in order.

    Args:
        rows: One text at least.
        tokens: Most tokens of a chunk, padding included.
        encode: Gives the vectors of some texts.
    """
    order = list(rows.chunks(tokens))
    vectors = torch.cat([encode(rows.take(numbers)) for numbers in order])
    return vectors[torch.from_numpy(np.argsort(np.concatenate(order))).to(vectors.device)]


def starts_of(lengths: np.ndarray) -> np.ndarray:
    """Start (N,) of each of N texts that follow one another."""
    return (np.cumsum(lengths) - lengths).astype(np.int64)


def gather(shards: Shards, numbers: np.ndarray, longest: int) -> Rows:
    """Texts by number, each cut to so many tokens.

    Args:
        shards: Token shards.
        numbers: (N,) text numbers.
        longest: Most tokens of a text, special tokens not counted.
    """
    starts = np.asarray(shards.offsets[numbers])
    lengths = np.minimum(np.asarray(shards.offsets[numbers + 1]) - starts, longest)
    firsts = starts_of(lengths)
    places = np.arange(int(lengths.sum())) + np.repeat(starts - firsts, lengths)
    return Rows(np.asarray(shards.ids[places]).astype(np.int64), firsts)


def joined(parts: list[np.ndarray]) -> Rows:
    """Texts given one by one."""
    lengths = np.array([len(part) for part in parts], dtype=np.int64)
    ids = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
    return Rows(ids.astype(np.int64), starts_of(lengths))


def word_begins(tokenizer: Tokenizer) -> np.ndarray:
    """Whether (V,) a piece begins a word."""
    found = np.zeros(tokenizer.get_vocab_size(), dtype=bool)
    found[[i for piece, i in tokenizer.get_vocab().items() if piece.startswith(SPACE)]] = True
    return found
