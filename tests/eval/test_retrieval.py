"""Recall, MRR and nDCG against scikit-learn, by hand, and as a suite."""

from __future__ import annotations

import numpy as np
import pytest
import pytrec_eval
from sklearn.metrics import ndcg_score

from klein_embedding.eval.judged import NDCG
from klein_embedding.eval.retrieval import MRR, measures, retrieval_suite
from klein_embedding.eval.suite import Key
from klein_embedding.eval.vectors import embedded
from tests.eval.conftest import write_set


def test_metrics_by_hand():
    ranked = np.array([[3, 1, 4, 0, 2], [0, 1, 2, 3, 4]])
    found = measures(ranked, [frozenset({1, 0}), frozenset({0})])
    assert found["Recall@1"].tolist() == [0.0, 1.0]
    assert found["Recall@5"].tolist() == [1.0, 1.0]
    assert found[MRR].tolist() == [0.5, 1.0]
    first = (1 / np.log2(3) + 1 / np.log2(5)) / (1 + 1 / np.log2(3))
    assert found[NDCG].tolist() == pytest.approx([first, 1.0])


def test_ndcg_equals_scikit_learns_and_recall_a_plain_count():
    generator = np.random.default_rng(4)
    scores = generator.normal(size=(30, 200))
    relevant = [
        frozenset(generator.choice(200, generator.integers(1, 25), replace=False).tolist())
        for _ in range(30)
    ]
    ranked = np.argsort(-scores, axis=1)[:, :100]
    found = measures(ranked, relevant)
    for at, wanted in enumerate(relevant):
        gains = np.isin(np.arange(200), list(wanted))[None].astype(float)
        assert found[NDCG][at] == pytest.approx(ndcg_score(gains, scores[at : at + 1], k=10))
        for depth in (1, 5, 10, 100):
            hits = len(wanted & set(ranked[at, :depth].tolist()))
            assert found[f"Recall@{depth}"][at] == pytest.approx(hits / len(wanted))
    assert 0 < found[MRR].mean() < 1


def test_all_metrics_equal_those_of_trec_eval():
    generator = np.random.default_rng(9)
    ranked = np.stack([generator.permutation(300)[:100] for _ in range(25)])
    relevant = [
        frozenset(generator.choice(300, generator.integers(1, 40), replace=False).tolist())
        for _ in range(25)
    ]
    judged = {
        f"q{at}": {f"d{number}": 1 for number in wanted} for at, wanted in enumerate(relevant)
    }
    found = {
        f"q{at}": {f"d{number}": float(-place) for place, number in enumerate(row)}
        for at, row in enumerate(ranked.tolist())
    }
    names = {"ndcg_cut.10", "recall.1,5,10,100", "recip_rank"}
    theirs = pytrec_eval.RelevanceEvaluator(judged, names).evaluate(found)
    ours = measures(ranked, relevant)
    for at in range(25):
        scores = theirs[f"q{at}"]
        assert ours[NDCG][at] == pytest.approx(scores["ndcg_cut_10"])
        for depth in (1, 5, 10, 100):
            assert ours[f"Recall@{depth}"][at] == pytest.approx(scores[f"recall_{depth}"])
        # Theirs looks at all hundred places, ours at ten.
        first = scores["recip_rank"] if scores["recip_rank"] >= 0.1 else 0.0
        assert ours[MRR][at] == pytest.approx(first)


def test_a_suite_finds_documents_by_their_words(tmp_path, word_vectors):
    docs = ["a cold river in winter", "the price of tea", "how bread is baked", "tea in winter"]
    files = {
        "npl/doc-text": "".join(f"{at}\n{text}\n /\n" for at, text in enumerate(docs, 1)),
        "npl/query-text": "1\nCOLD RIVER\n/\n2\nTEA\n/\n",
        "npl/rlv-ass": "1\n 1\n /\n2\n 2 4\n /\n",
    }
    suite = retrieval_suite(tmp_path, write_set(tmp_path, "npl", files))
    assert len(suite.texts) == 6
    found = suite.measure(embedded(word_vectors(), "words", suite.texts, 512))
    assert found[Key("npl", "en", NDCG)].value == pytest.approx(1)
    assert found[Key("npl", "en", "Recall@1")].value == pytest.approx(0.75)
    assert found[Key("npl", "en", MRR)].n == 2
