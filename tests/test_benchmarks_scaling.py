"""The scaling study finds the law that its points follow, and says how sure it is of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from klein_embedding.errors import KleinError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import scaling_study  # noqa: E402


def test_a_power_law_is_found_with_its_interval():
    drawn = np.random.default_rng(0)
    x = np.array([1.0, 2.0, 4.0])
    # One number a pair decides for all points, as the same pairs are asked of all models.
    luck = drawn.random(4000)
    misses = [(luck < 0.4 * millions**-0.3).astype(float) for millions in x]
    found = scaling_study._law(x, scaling_study._resampled(misses, drawn), np.array([8.0]))
    middle, low, high = found["exponent"]
    assert low < 0.3 < high
    assert high - low < 0.1
    assert abs(middle - 0.3) < 0.04
    assert found["predicted"]["8"][0] == pytest.approx(100 * (1 - 0.4 * 8**-0.3), abs=1)
    assert found["accuracy"] == [round(100 * (1 - miss.mean()), 2) for miss in misses]


def logged(folder, accuracy):
    rows = []
    for step, value in enumerate(accuracy):
        row = {"step": step + 1, "tokens": 100 * step, "seconds": 900.0 * step}
        rows += [{**row, "loss": 1.0}, {**row, "valid": {"mean": value}}]
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_hours_are_fitted_from_a_log(tmp_path):
    noise = np.random.default_rng(1).normal(0, 0.002, 24)
    hours = np.arange(24) / 4
    logged(tmp_path, (0.8 - 0.2 * (1 + hours) ** -0.7 + noise).tolist())
    found = scaling_study.by_hours(tmp_path, [6.0, 24.0])["mean"]
    middle, low, high = found["predicted"]["6"]
    assert low <= 100 * (0.8 - 0.2 * 7**-0.7) <= high
    assert low < middle < high
    far = found["predicted"]["24"]
    assert far[2] - far[1] > high - low
    assert found["residual"] == pytest.approx(0.2, abs=0.1)


def test_too_few_points_are_refused(tmp_path):
    logged(tmp_path, [0.5, 0.6])
    with pytest.raises(KleinError, match="four validations or more"):
        scaling_study.by_hours(tmp_path, [6.0])
    with pytest.raises(KleinError, match="two folders or more"):
        scaling_study.by_pairs(None, {1.0: tmp_path}, [2.0])
