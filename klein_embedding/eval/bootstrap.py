"""Uncertainty of a figure: what it would have been on other draws of the same size.

Every estimate keeps its 1,000 replicates. The draws depend on the label alone, so two models
measured under one label were measured on the same draws, and their difference is a paired one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from klein_embedding.errors import KleinError
from klein_embedding.text import fingerprint

RESAMPLES = 1000
_TAILS = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its bootstrap replicates.

    Attributes:
        value: The figure on the data as they are.
        n: How many items it was measured on.
        replicates: The figure on each resample, float64 of shape (RESAMPLES,).
    """

    value: float
    n: int
    replicates: np.ndarray

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end of the 95 % percentile interval."""
        low, high = np.percentile(self.replicates, _TAILS)
        return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Gap:
    """Paired difference of two estimates.

    Attributes:
        value: First minus second.
        low: Lower end of its 95 % interval.
        high: Upper end of its 95 % interval.
        p: Two-sided bootstrap p-value of "no difference", at least 2 / (RESAMPLES + 1).
    """

    value: float
    low: float
    high: float
    p: float


def mean_estimate(values: np.ndarray, label: str) -> Estimate:
    """Mean of independent items, such as the share of right answers.

    Args:
        values: One value an item, shape (n,).
        label: Names the draws; equal for all models that are to be compared.
    """
    numbers = np.asarray(values, dtype=np.float64)
    counts = _counts(len(numbers), label)
    return Estimate(float(numbers.mean()), len(numbers), counts @ numbers / len(numbers))


def ratio_estimate(above: np.ndarray, below: np.ndarray, label: str) -> Estimate:
    """Quotient of two sums over the same items, such as an F1; 0 where there is nothing below.

    Args:
        above: What each item adds above the line, shape (n,).
        below: What it adds below, shape (n,).
        label: Names the draws; equal for all models that are to be compared.
    """
    counts = np.vstack([np.ones(len(above)), _counts(len(above), label)])
    sums = counts @ np.column_stack([above, below]).astype(np.float64)
    found = np.divide(sums[:, 0], sums[:, 1], out=np.zeros(len(sums)), where=sums[:, 1] > 0)
    return Estimate(float(found[0]), len(above), found[1:])


def skewness_estimate(values: np.ndarray, label: str) -> Estimate:
    """Third standardised moment of the items, not corrected for bias; 0 where all are equal.

    Args:
        values: One value an item, shape (n,).
        label: Names the draws; equal for all models that are to be compared.
    """
    n = len(values)
    counts = np.vstack([np.ones(n), _counts(n, label)]) / n
    moved = np.asarray(values, dtype=np.float64) - np.mean(values)
    first, second, third = (counts @ moved**power for power in (1, 2, 3))
    spread = second - first**2
    lean = third - 3 * first * second + 2 * first**3
    found = np.divide(lean, spread**1.5, out=np.zeros(len(lean)), where=spread > 0)
    return Estimate(float(found[0]), n, found[1:])


def spearman_estimate(first: np.ndarray, second: np.ndarray, label: str) -> Estimate:
    """Spearman's rank correlation, ties at their mean rank, with pairs resampled together.

    Args:
        first: Scores of the pairs by one judge, shape (n,).
        second: Scores of the same pairs by the other, shape (n,).
        label: Names the draws; equal for all models that are to be compared.

    Raises:
        KleinError: If either judge gives every pair the same score.
    """
    for scores in (first, second):
        if np.ptp(scores) == 0:
            raise KleinError(f"{label}: all pairs have the same score, so no correlation exists")
    ones = np.ones((1, len(first)))
    ranks = rankdata(first), rankdata(second)
    value = _weighted_correlation(ranks[0][None], ranks[1][None], ones)[0]
    counts = _counts(len(first), label)
    replicates = _weighted_correlation(
        _resampled_ranks(first, counts), _resampled_ranks(second, counts), counts
    )
    return Estimate(float(value), len(first), replicates)


def macro_mean(parts: Sequence[Estimate]) -> Estimate:
    """Unweighted mean of estimates whose items were drawn independently of each other."""
    replicates = np.mean([part.replicates for part in parts], axis=0)
    value = float(np.mean([part.value for part in parts]))
    return Estimate(value, sum(part.n for part in parts), replicates)


def paired_gap(first: Estimate, second: Estimate) -> Gap:
    """Difference of two models on the same draws (paired bootstrap).

    Source: Berg-Kirkpatrick, Burkett and Klein 2012, "An Empirical Investigation of Statistical
    Significance in NLP"; the p-value here doubles the smaller tail of the replicates.

    Raises:
        KleinError: If the two were not measured on equally many items.
    """
    if first.n != second.n:
        raise KleinError(f"cannot pair figures over {first.n} and {second.n} items; measure anew")
    gaps = first.replicates - second.replicates
    low, high = np.percentile(gaps, _TAILS)
    tail = min(int((gaps <= 0).sum()), int((gaps >= 0).sum()))
    p = min(1.0, 2 * (tail + 1) / (len(gaps) + 1))
    return Gap(first.value - second.value, float(low), float(high), p)


def _counts(n: int, label: str) -> np.ndarray:
    """How often each of n items stands in each resample, float64 (RESAMPLES, n)."""
    generator = np.random.default_rng(fingerprint(label))
    drawn = generator.integers(n, size=(RESAMPLES, n))
    drawn += n * np.arange(RESAMPLES)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=RESAMPLES * n)
    return counts.reshape(RESAMPLES, n).astype(np.float64)


def _resampled_ranks(scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Mean rank of every item in every resample, without sorting each resample anew.

    An item's rank is the number of drawn items below it, plus half of one more than the drawn
    items that tie with it.
    """
    _, place, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    order = np.argsort(place, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    tied = np.add.reduceat(counts[:, order], starts, axis=1)
    ranks = np.cumsum(tied, axis=1) - (tied - 1) / 2
    return ranks[:, place]


def _weighted_correlation(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each row under the row's weights; 0 where a side is constant."""
    total = weights.sum(axis=1, keepdims=True)
    one = first - (first * weights).sum(axis=1, keepdims=True) / total
    two = second - (second * weights).sum(axis=1, keepdims=True) / total
    above = (one * two * weights).sum(axis=1)
    below = np.sqrt((one**2 * weights).sum(axis=1) * (two**2 * weights).sum(axis=1))
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
