"""Values and intervals against SciPy and against plain resampling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import skew, spearmanr

from klein_embedding.errors import KleinError
from klein_embedding.eval import bootstrap
from klein_embedding.eval.bootstrap import (
    RESAMPLES,
    macro_mean,
    mean_estimate,
    paired_gap,
    ratio_estimate,
    skewness_estimate,
    spearman_estimate,
)


@pytest.fixture
def tied_scores() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    human = generator.integers(0, 6, size=60).astype(float)
    return human, np.round(human + generator.normal(size=60), 1)


def test_spearman_equals_scipy_with_ties(tied_scores):
    human, cosines = tied_scores
    estimate = spearman_estimate(cosines, human, "x")
    assert estimate.value == pytest.approx(spearmanr(cosines, human).statistic, abs=1e-12)
    assert estimate.n == 60


def test_every_resampled_spearman_equals_scipy_on_the_drawn_pairs(tied_scores):
    human, cosines = tied_scores
    counts = bootstrap._counts(60, "x").astype(int)
    replicates = spearman_estimate(cosines, human, "x").replicates
    for row in range(0, RESAMPLES, 97):
        drawn = np.repeat(np.arange(60), counts[row])
        expected = spearmanr(cosines[drawn], human[drawn]).statistic
        assert replicates[row] == pytest.approx(expected, abs=1e-12)


def test_skewness_equals_scipy_on_the_data_and_on_every_draw():
    values = np.random.default_rng(6).exponential(size=40)
    estimate = skewness_estimate(values, "x")
    assert estimate.value == pytest.approx(skew(values))
    counts = bootstrap._counts(40, "x").astype(int)
    drawn = [skew(np.repeat(values, row)) for row in counts[:50]]
    assert estimate.replicates[:50] == pytest.approx(drawn)
    assert skewness_estimate(np.ones(9), "x").value == 0


def test_a_ratio_is_that_of_the_sums_on_every_draw():
    above, below = np.array([1.0, 0, 0, 2, 1]), np.array([1.0, 1, 0, 2, 2])
    estimate = ratio_estimate(above, below, "x")
    assert estimate.value == pytest.approx(4 / 6)
    counts = bootstrap._counts(5, "x")
    assert estimate.replicates == pytest.approx((counts @ above) / (counts @ below))
    assert ratio_estimate(np.zeros(3), np.zeros(3), "x").value == 0


def test_resamples_have_the_size_of_the_data_and_differ():
    counts = bootstrap._counts(37, "x")
    assert counts.shape == (RESAMPLES, 37)
    assert (counts.sum(axis=1) == 37).all()
    assert len(np.unique(counts, axis=0)) == RESAMPLES


def test_mean_interval_agrees_with_the_normal_approximation():
    hits = np.arange(1000) < 700
    estimate = mean_estimate(hits, "x")
    low, high = estimate.interval
    half = 1.96 * np.sqrt(0.7 * 0.3 / 1000)
    assert estimate.value == pytest.approx(0.7)
    assert low == pytest.approx(0.7 - half, abs=0.004)
    assert high == pytest.approx(0.7 + half, abs=0.004)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    generator = np.random.default_rng(5)
    covered = 0
    for trial in range(100):
        low, high = mean_estimate(generator.random(200) < 0.6, f"trial {trial}").interval
        covered += low <= 0.6 <= high
    assert 88 <= covered <= 100


def test_same_label_same_draws_and_another_label_other_draws():
    values = np.random.default_rng(1).random(50)
    one = mean_estimate(values, "tatoeba hi").replicates
    assert np.array_equal(one, mean_estimate(values, "tatoeba hi").replicates)
    assert not np.array_equal(one, mean_estimate(values, "tatoeba bn").replicates)


def test_paired_gap_sees_a_small_steady_gain_that_intervals_alone_would_hide():
    worse = np.arange(1000) % 10 < 7
    better = worse.copy()
    better[9::100] = True
    first, second = mean_estimate(better, "x"), mean_estimate(worse, "x")
    assert first.interval[0] < second.interval[1]
    gap = paired_gap(first, second)
    assert gap.value == pytest.approx(0.01)
    assert gap.low > 0
    assert gap.p == pytest.approx(2 / (RESAMPLES + 1))


def test_paired_gap_of_a_model_with_itself_is_nothing():
    estimate = mean_estimate(np.arange(30) % 2, "x")
    gap = paired_gap(estimate, estimate)
    assert (gap.value, gap.low, gap.high, gap.p) == (0, 0, 0, 1)


def test_paired_gap_refuses_figures_over_other_items():
    with pytest.raises(KleinError, match="30 and 31"):
        paired_gap(mean_estimate(np.ones(30), "x"), mean_estimate(np.ones(31), "x"))


def test_macro_mean_weighs_languages_equally_and_is_surer_than_its_parts():
    parts = [mean_estimate(np.arange(n) % 2, f"part {n}") for n in (100, 1000)]
    parts.append(mean_estimate(np.ones(10), "all right"))
    mean = macro_mean(parts)
    assert mean.value == pytest.approx((0.5 + 0.5 + 1) / 3)
    assert mean.n == 1110
    widths = [part.interval[1] - part.interval[0] for part in (mean, parts[0])]
    assert widths[0] < widths[1] / 2


def test_constant_scores_have_no_correlation():
    with pytest.raises(KleinError, match="same score"):
        spearman_estimate(np.ones(5), np.arange(5.0), "stsb/test en")
