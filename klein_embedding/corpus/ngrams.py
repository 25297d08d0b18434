"""Character n-grams of many texts at once, as hashes in flat arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def gram_hashes(texts: Sequence[str], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Hash every run of ``size`` characters of every text.

    Args:
        texts: Texts; one shorter than ``size`` has no n-grams.
        size: Characters an n-gram.

    Returns:
        (grams,) uint64 hashes, text after text, and (texts + 1,) int64 start of each text in them.
    """
    counts = np.maximum(np.array([len(text) for text in texts], dtype=np.int64) - size + 1, 0)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    # A character of its own keeps n-grams from reaching over the border between two texts.
    flat = ("\0" * size).join(texts).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(flat, dtype=np.uint32).astype(np.uint64)
    if len(points) < size or offsets[-1] == 0:
        return np.zeros(0, dtype=np.uint64), offsets
    windows = len(points) - size + 1
    hashes = np.zeros(windows, dtype=np.uint64)
    inside = np.ones(windows, dtype=bool)
    for at in range(size):
        step = points[at : at + windows]
        hashes = hashes * _BASE + step
        inside &= step != 0
    return mixed(hashes[inside]), offsets


def mixed(values: np.ndarray) -> np.ndarray:
    """Spread uint64 values over all their bits, one to one, the same on every machine.

    Source: Steele et al. 2014 (SplitMix's finaliser).
    """
    values = (values ^ (values >> np.uint64(30))) * _MIX[0]
    values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    return values ^ (values >> np.uint64(31))
