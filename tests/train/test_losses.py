"""The loss against its formula written a second time."""

from __future__ import annotations

import math

import numpy as np
import torch

from klein_embedding.train.losses import Contrast, info_nce, near_copies, symmetric_info_nce


def _by_hand(
    queries: np.ndarray, candidates: np.ndarray, ignored: np.ndarray, scale: float, dims: list[int]
) -> float:
    total = 0.0
    for dim in dims:
        for i, query in enumerate(queries[:, :dim]):
            cosines = [
                float(query @ c / np.linalg.norm(query) / np.linalg.norm(c))
                for c in candidates[:, :dim]
            ]
            kept = [math.exp(scale * x) for j, x in enumerate(cosines) if not ignored[i, j]]
            total += math.log(sum(kept)) - scale * cosines[i]
    return total / len(queries) / len(dims)


def test_info_nce_equals_the_formula() -> None:
    rng = np.random.default_rng(0)
    queries, candidates = rng.standard_normal((4, 12)), rng.standard_normal((7, 12))
    ignored = np.zeros((4, 7), dtype=bool)
    ignored[1, 3] = ignored[2, 6] = True
    found = info_nce(
        torch.tensor(queries),
        torch.tensor(candidates),
        torch.tensor(ignored),
        Contrast(9.0, (12, 5)),
    )
    assert abs(float(found) - _by_hand(queries, candidates, ignored, 9.0, [12, 5])) < 1e-9


def test_symmetric_loss_is_the_mean_of_both_directions() -> None:
    rng = np.random.default_rng(1)
    left, right = rng.standard_normal((5, 6)), rng.standard_normal((5, 6))
    ignored = np.zeros((5, 5), dtype=bool)
    ignored[0, 4] = True
    found = symmetric_info_nce(
        torch.tensor(left), torch.tensor(right), torch.tensor(ignored), Contrast(4.0, (6,))
    )
    both = _by_hand(left, right, ignored, 4.0, [6]) + _by_hand(right, left, ignored.T, 4.0, [6])
    assert abs(float(found) - both / 2) < 1e-9


def test_near_copies_spare_the_diagonal() -> None:
    vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    others = torch.cat([vectors, torch.tensor([[2.0, 0.01], [1.0, 1.0]])])
    assert near_copies(vectors, others, 0.9).tolist() == [
        [False, False, True, False],
        [False, False, False, False],
    ]
