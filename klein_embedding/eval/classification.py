"""Whether a text's vector tells its label: by its neighbours, and by a plane for each label."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier

from klein_embedding.eval.bootstrap import Estimate, mean_estimate
from klein_embedding.eval.labelled import PROBE, Labelled, load_labelled
from klein_embedding.eval.sets import EvalSet
from klein_embedding.eval.suite import Key, Suite
from klein_embedding.eval.vectors import Space

NEIGHBOURS = 10
NEAREST = f"accuracy of {NEIGHBOURS} neighbours"


def classification_suite(data: Path, chosen: EvalSet) -> Suite:
    """The suite of a set of labelled texts.

    Args:
        data: ``data/eval``.
        chosen: The set.

    Raises:
        KleinError: If the set's files are missing or altered.
    """
    found = load_labelled(data, chosen)
    texts = dict.fromkeys(text for text, _ in (*found.known, *found.asked))
    measure = partial(labelling, found=found, suite=chosen.name)
    return Suite(chosen.name, tuple(texts), measure, {chosen.name: chosen.facts})


def labelling(space: Space, found: Labelled, suite: str) -> dict[Key, Estimate]:
    """Accuracy of a ridge classifier and of a vote of the nearest known texts, by cosine.

    The probe's penalty is 1, not tuned: figures compare vectors, not classifiers.
    """
    (known, labels), (asked, right) = (_columns(part) for part in (found.known, found.asked))
    rows, questions = space.of(known), space.of(asked)
    probes: dict[str, Any] = {
        PROBE: RidgeClassifier(alpha=1.0),
        NEAREST: KNeighborsClassifier(NEIGHBOURS, metric="cosine", algorithm="brute"),
    }
    estimates = {}
    for metric, probe in probes.items():
        hits = probe.fit(rows, labels).predict(questions) == right
        key = Key(suite, found.lang, metric)
        estimates[key] = mean_estimate(hits, key.label)
    return estimates


def _columns(pairs: tuple[tuple[str, str], ...]) -> tuple[list[str], np.ndarray]:
    return [text for text, _ in pairs], np.array([label for _, label in pairs])
