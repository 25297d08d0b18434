"""The probes against scikit-learn's metrics on the same vectors, dense and sparse."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import accuracy_score

from klein_embedding.eval.classification import NEAREST, classification_suite, labelling
from klein_embedding.eval.labelled import PROBE, Labelled
from klein_embedding.eval.suite import Key
from klein_embedding.eval.vectors import Space, embedded, indexed
from klein_embedding.infer.embedder import shortened
from tests.eval.conftest import write_set

LABELS = ("card", "loan", "rate")


def test_probes_equal_scikit_learns_figures():
    generator = np.random.default_rng(5)
    centres = generator.normal(size=(3, 24))
    names = [f"text {at}" for at in range(240)]
    labels = [LABELS[at % 3] for at in range(240)]
    rows = np.stack([centres[at % 3] + 2.5 * generator.normal(size=24) for at in range(240)])
    space = Space(indexed(names), shortened(rows, 24))
    pairs = tuple(zip(names, labels, strict=True))
    found = labelling(space, Labelled("en", pairs[:150], pairs[150:]), "banking77")
    probe = RidgeClassifier().fit(space.rows[:150], labels[:150]).predict(space.rows[150:])
    expected = accuracy_score(labels[150:], probe)
    assert found[Key("banking77", "en", PROBE)].value == pytest.approx(expected)
    cosines = space.rows[150:] @ space.rows[:150].T
    votes = [
        max(LABELS, key=lambda label: sum(labels[at] == label for at in row))
        for row in np.argsort(-cosines, axis=1)[:, :10]
    ]
    assert found[Key("banking77", "en", NEAREST)].value == accuracy_score(labels[150:], votes)
    assert 0.4 < expected < 1
    slim = Space(space.index, sparse.csr_matrix(space.rows))
    again = labelling(slim, Labelled("en", pairs[:150], pairs[150:]), "banking77")
    for key, estimate in found.items():
        assert again[key].value == pytest.approx(estimate.value, abs=0.02)


def test_a_suite_labels_by_words(tmp_path, word_vectors):
    known = "".join(f"my {label} number {at},{label}\n" for label in LABELS for at in range(12))
    asked = "".join(f"is that {label} here,{label}\n" for label in LABELS)
    files = {
        "banking_data/train.csv": f"text,category\n{known}",
        "banking_data/test.csv": f"text,category\n{asked}",
    }
    suite = classification_suite(tmp_path, write_set(tmp_path, "banking77", files))
    assert len(suite.texts) == 39
    found = suite.measure(embedded(word_vectors(), "words", suite.texts, 512))
    assert {estimate.value for estimate in found.values()} == {1.0}
