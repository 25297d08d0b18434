"""Vectors compared one by one."""

from __future__ import annotations

import numpy as np

# Vectors that are widened to float32 at once.
CHUNK = 8192


def best(
    ids: np.ndarray, vectors: np.ndarray, vector: np.ndarray, count: int
) -> list[tuple[int, float]]:
    """Find the nearest of some vectors.

    Args:
        ids: Numbers of passages, int64 (n,).
        vectors: Their vectors, float16 (n, dim).
        vector: float32 (dim,), of length one.
        count: Most to find.

    Returns:
        Ids and cosines, best first, of two alike the lower id.
    """
    scores = np.empty(len(ids), dtype=np.float32)
    for start in range(0, len(ids), CHUNK):
        part = vectors[start : start + CHUNK].astype(np.float32)
        scores[start : start + len(part)] = part @ vector
    if len(ids) > count:
        border = np.partition(scores, len(ids) - count)[len(ids) - count]
        near = np.flatnonzero(scores >= border)
    else:
        near = np.arange(len(ids))
    order = near[np.lexsort((ids[near], -scores[near]))][:count]
    return [(int(ids[index]), float(scores[index])) for index in order]
