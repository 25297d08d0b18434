"""Margins and mined pairs against loops written out, and an F1 that rises with the model."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from klein_embedding.eval.mining import margins, mined, mining_f1
from klein_embedding.infer.embedder import shortened


def _sides(noise: float, n: int = 90) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    texts = generator.normal(size=(n, 32))
    return shortened(texts, 32), shortened(texts + noise * generator.normal(size=(n, 32)), 32)


def test_margins_by_loops():
    one, other = _sides(1.0, 12)
    cosine = one @ other.T
    found = margins(cosine.copy())
    for row in range(12):
        for column in range(12):
            near = sorted(cosine[row])[-4:] + sorted(cosine[:, column])[-4:]
            below = sum(near) / 8
            assert found[row, column] == pytest.approx(cosine[row, column] / below, rel=1e-5)


def test_no_margin_where_nothing_is_near():
    assert np.isneginf(margins(np.zeros((5, 6)))).all()


def test_each_text_is_mined_once_and_the_best_first():
    scores = np.array([[9.0, 8.0, 0.0], [7.0, 1.0, 0.0]])
    # Row 1 wants column 0, which is row 0's; of column 1 row 0 is the best, but taken.
    assert mined(scores).tolist() == [[0, 0]]
    assert mined(np.array([[5.0, 1.0], [2.0, 6.0]])).tolist() == [[1, 1], [0, 0]]


def test_f1_equals_scikit_learns_at_the_best_threshold():
    one, other = _sides(1.8)
    third = 30
    scores = margins(one[: 2 * third] @ other[third:].T)
    found = mined(scores)
    best = 0.0
    for kept in range(1, len(found) + 1):
        said = np.zeros((2 * third, 2 * third), dtype=int)
        said[tuple(found[:kept].T)] = 1
        true = np.zeros_like(said)
        true[np.arange(third, 2 * third), np.arange(third)] = 1
        best = max(best, f1_score(true.ravel(), said.ravel()))
    estimate = mining_f1(one, other, "x")
    assert estimate.value == pytest.approx(best)
    assert 0.3 < estimate.value < 0.99
    assert estimate.interval[0] < estimate.value < estimate.interval[1]


def test_a_model_that_knows_every_translation_mines_all_and_a_blind_one_few():
    assert mining_f1(*_sides(0.0), "x").value == 1
    one, _ = _sides(0.0)
    other = shortened(np.random.default_rng(5).normal(size=(90, 32)), 32)
    assert mining_f1(one, other, "x").value < 0.2
