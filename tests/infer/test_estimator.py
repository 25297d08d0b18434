"""The model in scikit-learn: pipelines, copies, and files that hold no weights."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from klein_embedding.errors import KleinError
from klein_embedding.infer.embedding import KleinEmbedding
from klein_embedding.infer.estimator import KleinVectors

TEXTS = ["the river runs", "the old river", "पानी ही जीवन है", "नदी और पानी"] * 5
LABELS = [0, 0, 1, 1] * 5


def test_a_pipeline_learns_from_vectors(model_folder):
    pipe = make_pipeline(KleinVectors(model_folder), LogisticRegression())
    search = GridSearchCV(pipe, {"kleinvectors__dim": [128, 512]}, cv=2).fit(TEXTS, LABELS)
    assert search.best_score_ == 1.0
    assert list(search.predict(["the old town", "नदी"])) == [0, 1]


def test_vectors_are_the_models_own(model_folder):
    step = KleinVectors(model_folder, dim=128)
    assert np.array_equal(step.transform(TEXTS), KleinEmbedding(model_folder).encode(TEXTS, 128))
    assert list(step.get_feature_names_out()[[0, -1]]) == ["klein0", "klein127"]


def test_a_pickle_holds_no_weights_and_works_again(model_folder):
    step = KleinVectors(model_folder)
    before = step.fit_transform(TEXTS[:4])
    kept = pickle.dumps(step)
    assert len(kept) < 1000
    assert np.array_equal(pickle.loads(kept).transform(TEXTS[:4]), before)
    assert clone(step).get_params() == step.get_params()


def test_a_missing_model_is_said_when_it_is_needed(tmp_path):
    with pytest.raises(KleinError, match="no such model folder"):
        KleinVectors(tmp_path / "nowhere").transform(["text"])
