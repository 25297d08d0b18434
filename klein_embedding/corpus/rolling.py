"""Rolling hashes of the character n-grams of texts, and sets of integers as sorted arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
Number = TypeVar("Number", np.uint32, np.uint64)
_BASE = 0x9E3779B97F4A7C15


def codes(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Code points of all texts in a row, and where each text begins, with the end."""
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    lengths = np.fromiter((len(text) for text in texts), np.int64, len(texts))
    return np.frombuffer(joined, "<u4"), np.concatenate(([0], np.cumsum(lengths)))


def hashes(
    codes: NDArray[np.uint32], starts: NDArray[np.int64], size: int
) -> tuple[U64, NDArray[np.bool_]]:
    """48-bit hash of the ``size`` characters from each place on, and whether one text has them.

    Polynomial hashing by doubling: two neighbours of half the size make one of the whole.
    """
    hashes, factor, width = codes.astype(np.uint64) * np.uint64(_BASE), 0xD6E8FEB86659FD93, 1
    while width < size:
        hashes = hashes[:-width] * np.uint64(factor) + hashes[width:] if len(hashes) else hashes
        factor, width = factor * factor % 2**64, 2 * width
    hashes ^= hashes >> np.uint64(32)
    hashes *= np.uint64(_BASE)
    valid = np.ones(len(hashes), bool)
    for back in range(1, size):
        ends = starts[1:] - back
        valid[ends[(ends >= 0) & (ends < len(valid))]] = False
    return hashes >> np.uint64(16), valid


def distinct(values: NDArray[Number]) -> tuple[NDArray[Number], NDArray[np.int64]]:
    """Values in ascending order, each once, and how often each stood there.

    Sorting integers beats the hashing that `numpy.unique` does by a factor of ten on millions.
    """
    ordered = np.sort(values)
    new = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    first = np.flatnonzero(new)
    return ordered[first], np.diff(np.append(first, len(ordered)))


def packed(high: NDArray[np.integer], low: NDArray[np.integer]) -> U64:
    """Two numbers of up to 32 bits in one, ordered by the first and then by the second."""
    return (high.astype(np.uint64) << np.uint64(32)) | low.astype(np.uint64)


def unpacked(both: U64) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The two numbers that `packed` put together."""
    high, low = both >> np.uint64(32), both & np.uint64(0xFFFFFFFF)
    return high.astype(np.int64), low.astype(np.int64)


def short(hashes: U64) -> NDArray[np.uint32]:
    """The 32 higher of the 48 bits."""
    return (hashes >> np.uint64(16)).astype(np.uint32)


def low(hashes: U64, size: int) -> NDArray[np.int64]:
    """Places of hashes in a table whose size is a power of two."""
    return (hashes & np.uint64(size - 1)).view(np.int64)
