"""The loss against its formula written a second time."""

from __future__ import annotations

import math

import numpy as np
import torch

from klein_embedding.train.losses import (
    Contrast,
    false_negatives,
    in_batch_accuracy,
    info_nce,
    symmetric_info_nce,
)


def _by_hand(
    queries: np.ndarray,
    candidates: np.ndarray,
    ignored: np.ndarray,
    scale: float,
    dims: list[int],
    margin: float = 0.0,
) -> float:
    total = 0.0
    for dim in dims:
        for i, query in enumerate(queries[:, :dim]):
            cosines = [
                float(query @ c / np.linalg.norm(query) / np.linalg.norm(c))
                for c in candidates[:, :dim]
            ]
            cosines[i] -= margin
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


def test_margin_and_more_candidates_count_as_the_formula_says() -> None:
    rng = np.random.default_rng(2)
    anchors, candidates = rng.standard_normal((5, 8)), rng.standard_normal((9, 8))
    ignored = np.zeros((5, 9), dtype=bool)
    ignored[0, 4] = ignored[3, 7] = True
    contrast = Contrast(20.0, (8, 4), 0.2)
    found = symmetric_info_nce(
        torch.tensor(anchors), torch.tensor(candidates), torch.tensor(ignored), contrast
    )
    there = _by_hand(anchors, candidates, ignored, 20.0, [8, 4], 0.2)
    back = _by_hand(candidates[:5], anchors, ignored[:, :5].T, 20.0, [8, 4], 0.2)
    assert abs(float(found) - (there + back) / 2) < 1e-9


def test_gradients_are_those_of_finite_differences() -> None:
    generator = torch.Generator().manual_seed(3)
    anchors = torch.randn(4, 6, dtype=torch.float64, generator=generator, requires_grad=True)
    candidates = torch.randn(7, 6, dtype=torch.float64, generator=generator, requires_grad=True)
    ignored = torch.zeros(4, 7, dtype=torch.bool)
    ignored[1, 5] = ignored[2, 0] = True
    contrast = Contrast(7.0, (6, 3), 0.1)
    for loss in (info_nce, symmetric_info_nce):
        assert torch.autograd.gradcheck(
            lambda a, c, loss=loss: loss(a, c, ignored, contrast), (anchors, candidates)
        )


def test_the_shared_exponential_does_not_vanish_at_the_hardest_dials() -> None:
    # Every anchor opposite to its positive and next to all others.
    anchors = torch.tensor([[1.0, 0.0], [1.0, 1e-3], [1.0, -1e-3]])
    loss = symmetric_info_nce(anchors, -anchors, None, Contrast(40.0, (2,)))
    worst = info_nce(anchors, -anchors[:, :], None, Contrast(40.0, (2,)))
    assert torch.isfinite(loss) and torch.isfinite(worst)
    mixed = torch.cat([-anchors[:1], anchors[1:]])
    assert float(info_nce(anchors, mixed, None, Contrast(40.0, (2,)))) > 25


def test_false_negatives_spare_the_diagonal() -> None:
    anchors = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    positives = torch.tensor([[1.0, 0.1], [0.1, 1.0]])
    candidates = torch.cat([positives, torch.tensor([[1.0, 0.12], [0.6, -0.8]])])
    beside = torch.cat([anchors, torch.tensor([[0.6, -0.8], [0.0, 1.0]])])
    found = false_negatives((anchors, candidates), (positives, beside), 0.99, 2.0)
    assert found.tolist() == [[False, False, True, False], [False, False, False, True]]
    # Nearer to the anchor than its positive is.
    nearer = torch.cat([positives, torch.tensor([[1.0, 0.0]])])
    beside = torch.cat([anchors, torch.tensor([[-1.0, -1.0]])])
    found = false_negatives((anchors, nearer), (positives, beside), 1.0, 0.001)
    assert found.tolist() == [[False, False, True], [False, False, False]]


def test_in_batch_accuracy_counts_nearest_positives() -> None:
    anchors = torch.eye(4)
    positives = torch.eye(4)[[0, 1, 3, 2]]
    assert in_batch_accuracy(anchors, positives) == 0.5
