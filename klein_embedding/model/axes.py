"""Principal axes of sentence vectors, so that the leading coordinates of a table hold the most.

A static table may learn with more coordinates than the model has, and without a loss of their
own for shortened vectors: turned onto its principal axes, its first coordinates lose least.

Shapes: V vocabulary, W coordinates while the table learns, C coordinates of the model.
"""

from __future__ import annotations

import numpy as np


def principal_axes(moments: np.ndarray) -> np.ndarray:
    """Axes (W, W) as columns, those along which vectors are longest first.

    Args:
        moments: (W, W) mean of the products ``x x^T`` of sentence vectors.

    Source: Pearson 1901, On lines and planes of closest fit to systems of points in space. Not
    about the mean, since cosines are taken from the origin.
    """
    axes = np.linalg.eigh((moments + moments.T) / 2)[1][:, ::-1]
    # An axis has two directions; the choice must not hang on the library's.
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return axes * np.where(largest < 0, -1.0, 1.0)


def turned(table: np.ndarray, axes: np.ndarray, content: int) -> np.ndarray:
    """Rows (V, W) on their leading axes (W, W): (V, C) whose rows have mean zero.

    LayerNorm removes a row's mean, so one of the C coordinates must not be free: the leading C - 1
    axes are laid into the space of rows without a mean, by the reflection that takes the last unit
    vector to the direction of the mean. It moves the other coordinates by a thousandth.
    """
    found = np.zeros((len(table), content), dtype=np.float64)
    found[:, :-1] = table.astype(np.float64) @ axes[:, : content - 1]
    across = np.full(content, -1 / np.sqrt(content))
    across[-1] += 1
    across /= np.linalg.norm(across)
    return found - 2 * np.outer(found @ across, across)
