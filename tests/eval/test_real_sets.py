"""Headline figures on the real sets, where they were fetched, against other people's metrics.

The vectors are hashed n-grams: how good they are is not the question here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.metrics import accuracy_score, ndcg_score
from sklearn.metrics.pairwise import cosine_similarity, paired_cosine_distances
from sklearn.neighbors import NearestNeighbors

from klein_embedding.eval.alignment import INTO_ENGLISH, alignment_suite
from klein_embedding.eval.bitexts import TATOEBA, load_bitexts
from klein_embedding.eval.judged import CRANFIELD, NDCG, load_judged
from klein_embedding.eval.retrieval import retrieval_suite
from klein_embedding.eval.scored import SPEARMAN, STSB, load_scored
from klein_embedding.eval.similarity import similarity_suite
from klein_embedding.eval.suite import Key, Suite
from klein_embedding.eval.vectors import Space, indexed

DATA = Path(__file__).resolve().parents[2] / "data/eval"


def _vectors(texts: Sequence[str]) -> np.ndarray:
    hashed = HashingVectorizer(n_features=512, analyzer="char_wb", ngram_range=(2, 4))
    rows = hashed.fit_transform(texts).toarray() + 1e-3
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _measured(suite: Suite) -> dict[Key, float]:
    found = suite.measure(Space(indexed(suite.texts), _vectors(suite.texts)))
    return {key: estimate.value for key, estimate in found.items()}


def _there(folder: str) -> None:
    if not (DATA / folder).is_dir():
        pytest.skip(f"{folder} is not fetched")


def test_tatoeba_accuracy_is_scikit_learns():
    _there(TATOEBA.folder)
    found = _measured(alignment_suite(DATA, TATOEBA))
    for bitext in load_bitexts(DATA, TATOEBA):
        search = NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute")
        nearest = search.fit(_vectors(bitext.english)).kneighbors(_vectors(bitext.texts))[1][:, 0]
        # An equal sentence elsewhere is a tie, which counts as a miss here.
        score = accuracy_score(np.arange(len(nearest)), nearest)
        assert found[Key("tatoeba", bitext.lang, INTO_ENGLISH)] == pytest.approx(score, abs=0.003)


def test_stsb_is_scipys():
    _there(STSB.folder)
    found = _measured(similarity_suite(DATA, STSB))
    for split in load_scored(DATA, STSB):
        cosines = 1 - paired_cosine_distances(_vectors(split.first), _vectors(split.second))
        expected = spearmanr(cosines, split.scores).statistic
        assert found[Key(f"stsb/{split.split}", "en", SPEARMAN)] == pytest.approx(
            expected, abs=1e-5
        )


def test_cranfield_ndcg_is_scikit_learns():
    _there(CRANFIELD.folder)
    (part,) = load_judged(DATA, CRANFIELD)
    scores = cosine_similarity(_vectors(part.queries), _vectors(part.documents))
    gains = np.zeros_like(scores)
    for row, wanted in enumerate(part.relevant):
        gains[row, list(wanted)] = 1
    expected = ndcg_score(gains, scores, k=10, ignore_ties=True)
    found = _measured(retrieval_suite(DATA, CRANFIELD))
    assert found[Key("cranfield", "en", NDCG)] == pytest.approx(expected, abs=1e-3)
