"""How vectors lie, apart from what they find: near or far, even or crowded, apart by language.

None of it is better the higher it is, so no gate judges it.

Shapes: L languages, n sentences that all of them hold, d coordinates.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import NearestNeighbors

from klein_embedding.eval.bootstrap import (
    Estimate,
    mean_estimate,
    skewness_estimate,
    spearman_estimate,
)
from klein_embedding.eval.suite import Key

SENTENCES = 600
_NEIGHBOURS = 10
_SEED = 1
POSITIVES, RANDOM = "cosine of translations", "cosine of random pairs"
ALIGNMENT, UNIFORMITY = "alignment", "uniformity"
PROBE = "language by a linear probe"
LANGUAGE_GAP = "cosine within less between languages"
HUBNESS, NEVER = "hubness, skewness of N10", "never among ten neighbours"
LENGTH = "length against N10, Spearman"
METRICS = frozenset(
    {POSITIVES, RANDOM, ALIGNMENT, UNIFORMITY, PROBE, LANGUAGE_GAP, HUBNESS, NEVER, LENGTH}
)


def geometry(
    sides: Mapping[str, np.ndarray], lengths: Mapping[str, np.ndarray], suite: str
) -> dict[Key, Estimate]:
    """Measures of a space that holds the same sentences in several languages.

    Args:
        sides: Unit rows (n, d) of each language, English among them; equal rows are translations.
        lengths: Letters (n,) of each of those texts.
        suite: Name of the suite.

    Sources: Wang and Isola 2020, arXiv:2005.10242 (alignment, uniformity); Ethayarajh 2019,
    arXiv:1909.00512 (cosine of random pairs as anisotropy); Radovanović et al. 2010 (hubness).
    """
    rows = {lang: side[:SENTENCES] for lang, side in sides.items()}
    n = len(rows["en"])
    # Any shift that leaves nobody in place makes pairs of random meaning.
    shift = np.roll(np.arange(n), 1 + np.random.default_rng(_SEED).integers(n - 1))
    found: dict[tuple[str, str], Estimate] = {}
    for lang, side in rows.items():
        apart = _cosines(side, side[shift])
        found[lang, RANDOM] = mean_estimate(apart, suite)
        if lang != "en":
            near, across = _cosines(side, rows["en"]), _cosines(side, rows["en"][shift])
            found[lang, POSITIVES] = mean_estimate(near, suite)
            found[lang, ALIGNMENT] = mean_estimate(2 - 2 * near, suite)
            found[lang, LANGUAGE_GAP] = mean_estimate(apart - across, suite)
    found["all", UNIFORMITY] = _uniformity(rows, shift, suite)
    found["all", PROBE] = _probe(rows, suite)
    letters = np.concatenate([lengths[lang][:n] for lang in rows])
    found |= _hubness(np.concatenate(list(rows.values())), letters, suite)
    return {Key(f"{suite}/space", lang, metric): e for (lang, metric), e in found.items()}


def _cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", one, other)


def _uniformity(rows: Mapping[str, np.ndarray], shift: np.ndarray, label: str) -> Estimate:
    """Logarithm of the mean Gaussian potential of random pairs, each language with the next."""
    langs = list(rows)
    potentials = [
        np.exp(-2 * (2 - 2 * _cosines(rows[one], rows[other][shift])))
        for one, other in zip(langs, langs[1:] + langs[:1], strict=True)
    ]
    mean = mean_estimate(np.mean(potentials, axis=0), label)
    return Estimate(float(np.log(mean.value)), mean.n, np.log(mean.replicates))


def _probe(rows: Mapping[str, np.ndarray], label: str) -> Estimate:
    """Share of the second half whose language a plane a language, fit on the first half, tells."""
    half = len(rows["en"]) // 2
    langs = list(rows)
    known = np.concatenate([rows[lang][:half] for lang in langs])
    asked = np.concatenate([rows[lang][half:] for lang in langs])
    probe = RidgeClassifier(alpha=1.0).fit(known, np.repeat(langs, half))
    told = np.asarray(probe.predict(asked))
    hits = np.equal(told, np.repeat(langs, len(asked) // len(langs)))
    return mean_estimate(hits.reshape(len(langs), -1).mean(axis=0), label)


def _hubness(rows: np.ndarray, letters: np.ndarray, label: str) -> dict[tuple[str, str], Estimate]:
    """How unevenly texts of all languages are among the ten nearest of others."""
    near = NearestNeighbors(n_neighbors=_NEIGHBOURS, metric="cosine", algorithm="brute").fit(rows)
    counts = np.bincount(near.kneighbors(return_distance=False).ravel(), minlength=len(rows))
    return {
        ("all", HUBNESS): skewness_estimate(counts, label),
        ("all", NEVER): mean_estimate(counts == 0, label),
        ("all", LENGTH): spearman_estimate(letters, counts, label),
    }
