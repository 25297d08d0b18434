"""Measures of a space on spaces whose shape is known."""

from __future__ import annotations

import numpy as np
import pytest

from klein_embedding.eval import geometry as space
from klein_embedding.eval.geometry import geometry
from klein_embedding.eval.suite import Key
from klein_embedding.infer.embedder import shortened

N, LANGS = 80, ("en", "hi", "ta")


def _measured(apart: float, noise: float = 0.5) -> dict[tuple[str, str], float]:
    """Values of a space whose languages lie ``apart`` in a direction each."""
    generator = np.random.default_rng(0)
    meaning = generator.normal(size=(N, 24))
    sides = {}
    for at, lang in enumerate(LANGS):
        moved = np.zeros((N, 3))
        moved[:, at] = apart
        text = meaning + noise * generator.normal(size=meaning.shape)
        sides[lang] = shortened(np.concatenate([text, moved], axis=1), 27)
    lengths = {lang: generator.integers(10, 90, N) for lang in LANGS}
    found = geometry(sides, lengths, "small")
    assert all(key.suite == "small/space" for key in found)
    assert {key.metric for key in found} == space.METRICS
    return {(key.language, key.metric): estimate.value for key, estimate in found.items()}


def test_languages_apart_are_told_by_the_probe_and_the_gap():
    mixed, parted = _measured(0.0), _measured(6.0)
    assert mixed["all", space.PROBE] < 0.6 < 0.95 < parted["all", space.PROBE]
    assert abs(mixed["hi", space.LANGUAGE_GAP]) < 0.05 < parted["hi", space.LANGUAGE_GAP]


def test_alignment_is_the_squared_distance_of_translations():
    found = _measured(0.0)
    near = found["ta", space.POSITIVES]
    assert found["ta", space.ALIGNMENT] == pytest.approx(2 - 2 * near)
    assert near > 0.6 > 0.1 > abs(found["ta", space.RANDOM])
    assert ("en", space.POSITIVES) not in found


def test_a_crowded_space_is_less_uniform_and_its_random_pairs_are_nearer():
    generator = np.random.default_rng(1)
    lengths = {lang: generator.integers(10, 90, N) for lang in LANGS}

    def of(centre: float) -> dict[Key, float]:
        sides = {lang: shortened(generator.normal(size=(N, 24)) + centre, 24) for lang in LANGS}
        return {key: e.value for key, e in geometry(sides, lengths, "s").items()}

    even, crowded = of(0.0), of(2.0)
    uniform, random = Key("s/space", "all", space.UNIFORMITY), Key("s/space", "hi", space.RANDOM)
    assert even[uniform] < crowded[uniform]
    assert abs(even[random]) < 0.1 < 0.7 < crowded[random]


def test_a_hub_among_the_texts_is_seen():
    generator = np.random.default_rng(2)
    rows = generator.normal(size=(N, 24))
    lengths = {lang: np.arange(N) for lang in LANGS}
    plain = {lang: shortened(rows + generator.normal(size=rows.shape), 24) for lang in LANGS}
    hub = {lang: side.copy() for lang, side in plain.items()}
    # In the middle of all others, and so near to each of them.
    hub["en"][:5] = shortened(np.mean(rows, axis=0)[None] + 0.01 * rows[:5], 24)
    shift = {lang: shortened(side + 0.3 * np.mean(rows, axis=0), 24) for lang, side in hub.items()}
    key = Key("s/space", "all", space.HUBNESS)
    assert geometry(shift, lengths, "s")[key].value > geometry(plain, lengths, "s")[key].value
