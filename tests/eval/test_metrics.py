"""Accuracy and cosine against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import spearmanr
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from klein_embedding.eval.alignment import (
    AMONG_ALL,
    BETWEEN,
    FROM_ENGLISH,
    INTO_ENGLISH,
    MINING,
    alignment,
    alignment_suite,
    nearest_hits,
)
from klein_embedding.eval.bitexts import Bitext
from klein_embedding.eval.geometry import PROBE
from klein_embedding.eval.scored import Scored
from klein_embedding.eval.similarity import pair_cosines, similarity, similarity_suite
from klein_embedding.eval.suite import Key
from klein_embedding.eval.vectors import Space, embedded, indexed
from klein_embedding.infer.embedder import shortened


@pytest.fixture
def sides() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    first = generator.normal(size=(300, 16))
    second = first + 0.9 * generator.normal(size=(300, 16))
    return shortened(first, 16), shortened(second, 16)


def test_nearest_hits_equal_scikit_learns_neighbours(sides):
    queries, candidates = sides
    search = NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute").fit(candidates)
    expected = search.kneighbors(queries, return_distance=False)[:, 0] == np.arange(300)
    hits = nearest_hits(queries, candidates)
    assert np.array_equal(hits, expected)
    assert 0.2 < hits.mean() < 0.95


def test_sparse_rows_give_the_same_hits_and_cosines(sides):
    queries, candidates = sides
    thin, slim = sparse.csr_matrix(queries), sparse.csr_matrix(candidates)
    assert np.array_equal(nearest_hits(thin, slim), nearest_hits(queries, candidates))
    assert np.allclose(pair_cosines(thin, slim), pair_cosines(queries, candidates), atol=1e-6)


def test_pair_cosines_equal_scikit_learns(sides):
    expected = cosine_similarity(*sides).diagonal()
    assert np.allclose(pair_cosines(*sides), expected, atol=1e-6)


def test_a_tie_is_a_miss():
    same = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert nearest_hits(same, same).tolist() == [False, False, True]


def test_the_two_directions_are_told_apart():
    texts, english = ("a", "b"), ("x", "y")
    rows = shortened(np.array([[1.0, 0.0], [1.0, 0.2], [1.0, 0.1], [1.0, 0.25]]), 2)
    space = Space(indexed((*texts, *english)), rows)
    found = alignment(space, [Bitext("hi", texts, english)], "tatoeba")
    # Each Hindi row is nearest to its own; x lies a little nearer to b than to a.
    assert found[Key("tatoeba", "hi", INTO_ENGLISH)].value == 1.0
    assert found[Key("tatoeba", "hi", FROM_ENGLISH)].value == 0.5


def test_an_alignment_suite_is_perfect_for_a_model_that_knows_and_the_mean_covers_all(
    bitexts, tmp_path, word_vectors
):
    suite = alignment_suite(tmp_path, bitexts)
    half = len(suite.texts) // 2
    knows = word_vectors(dict(zip(suite.texts[:half], suite.texts[half:], strict=True)))
    found = suite.measure(embedded(knows, "knows", suite.texts, 512))
    assert {key.language for key in found} == {"hi", "mean"}
    assert all(estimate.value == 1 for estimate in found.values())
    found = suite.measure(embedded(word_vectors(), "knows nothing", suite.texts, 512))
    assert found[Key("tatoeba", "mean", INTO_ENGLISH)].value < 1


def test_similarity_equals_scipy_on_the_cosines(word_vectors):
    first = ("a dog runs", "a cat sleeps", "rain falls", "two men talk", "a boy eats")
    second = ("the dog runs", "a dog barks", "rain falls", "snow melts", "a boy eats rice")
    scores = (4.0, 1.5, 5.0, 0.2, 3.5)
    space = embedded(word_vectors(), "words", sorted({*first, *second}), 512)
    found = similarity(space, [Scored("test", "en", first, second, scores)], "stsb")
    cosines = cosine_similarity(space.of(first), space.of(second)).diagonal()
    key = Key("stsb/test", "en", "spearman")
    assert found[key].value == pytest.approx(spearmanr(cosines, scores).statistic)


def test_stsb_suite_reads_texts_and_scores(scored, tmp_path, word_vectors):
    lines = [
        f"g\tf\ty\t{i}\t{score}\t{one}\t{two}"
        for i, (score, one, two) in enumerate(
            [
                (5, "a dog runs", "a dog runs fast"),
                (2, "a cat sleeps", "a dog sleeps in the sun"),
                (0, "rain falls", "two men talk"),
            ]
        )
    ]
    suite = similarity_suite(tmp_path, scored(lines))
    assert len(suite.texts) == 6
    found = suite.measure(embedded(word_vectors(), "words", suite.texts, 512))
    assert [(key.suite, key.language) for key in found] == [("stsb/dev", "en"), ("stsb/test", "en")]
    assert next(iter(found.values())).value == pytest.approx(1)


def test_large_bitexts_are_mined(monkeypatch):
    monkeypatch.setattr("klein_embedding.eval.alignment.LEAST", 50)
    rows = np.random.default_rng(2).normal(size=(60, 32))
    texts, english = (tuple(f"{lang} {at}" for at in range(60)) for lang in ("hi", "en"))
    space = Space(indexed([*texts, *english]), shortened(np.concatenate([rows, rows]), 32))
    found = alignment(space, [Bitext("hi", texts, english)], "tatoeba")
    assert found[Key("tatoeba", "hi", MINING)].value == 1
    assert found[Key("tatoeba", "mean", MINING)].n == 40


def test_among_all_languages_the_language_must_not_count_for_more_than_the_meaning(monkeypatch):
    monkeypatch.setattr("klein_embedding.eval.alignment._LEAST", 40)
    monkeypatch.setattr("klein_embedding.eval.alignment._CHUNK", 32)
    generator = np.random.default_rng(2)
    meanings = generator.normal(size=(50, 32))
    english = tuple(f"en {at}" for at in range(50))
    texts = {lang: tuple(f"{lang} {at}" for at in range(50)) for lang in ("hi", "ta")}
    bitexts = [Bitext(lang, texts[lang], english) for lang in texts]
    names = [*english, *texts["hi"], *texts["ta"]]

    def measured(pull: float) -> dict[Key, float]:
        rows = [
            np.hstack(
                [
                    meanings + 0.1 * generator.normal(size=meanings.shape),
                    np.tile(pull * np.eye(3)[lang], (50, 1)),
                ]
            )
            for lang in range(3)
        ]
        space = Space(indexed(names), shortened(np.concatenate(rows), 35))
        return {key: e.value for key, e in alignment(space, bitexts, "tico19").items()}

    for pull, expected in ((0.0, 1.0), (9.0, 0.0)):
        found = measured(pull)
        for lang in ("en", "hi", "ta", "mean"):
            assert found[Key("tico19", lang, AMONG_ALL)] == pytest.approx(expected, abs=0.05)
        for pair in ("hi-ta", "ta-hi", "mean"):
            assert found[Key("tico19", pair, BETWEEN)] > 0.9
        assert found[Key("tico19/space", "all", PROBE)] > (0.9 if pull else 0)
        # Within one language pair the offset is the same for all candidates.
        assert found[Key("tico19", "hi", INTO_ENGLISH)] > 0.9
    rows = shortened(np.concatenate([meanings] * 3), 32)
    slim = alignment(Space(indexed(names), sparse.csr_matrix(rows)), bitexts, "tico19")
    assert not any(key.suite.endswith("/space") for key in slim)
    assert slim[Key("tico19", "ta", AMONG_ALL)].value == 1
