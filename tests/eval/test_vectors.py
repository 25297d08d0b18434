"""Vectors that may not become a figure, and widths that are cut instead of asked for."""

from __future__ import annotations

import numpy as np
import pytest

from klein_embedding.errors import KleinError
from klein_embedding.eval.vectors import Space, checked, cut, embedded


def _unit(rows: int, dim: int) -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(rows, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class _Answers:
    """An embedder that gives the same answer to every question."""

    def __init__(self, vectors: np.ndarray) -> None:
        self.vectors = vectors

    def encode(self, texts, dim=512):
        return self.vectors


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_vectors_that_are_not_finite_are_refused_by_name(bad):
    vectors = _unit(3, 512)
    vectors[1, 7] = bad
    with pytest.raises(KleinError, match=r"klein-x int8: .*NaN or infinity"):
        embedded(_Answers(vectors), "klein-x int8", ["a", "b", "c"], 512)


@pytest.mark.parametrize("shape", [(2, 512), (3, 256), (3, 512, 1)])
def test_vectors_of_another_shape_are_refused_by_name(shape):
    vectors = np.full(shape, 1 / np.sqrt(512), dtype=np.float32)
    with pytest.raises(KleinError, match=r"klein-x: .*asked for \(3, 512\)"):
        embedded(_Answers(vectors), "klein-x", ["a", "b", "c"], 512)


@pytest.mark.parametrize("factor", [0.0, 0.99, 1.01, 7.0])
def test_rows_that_are_not_of_unit_length_are_refused_by_name(factor):
    vectors = _unit(3, 512)
    vectors[2] *= factor
    with pytest.raises(KleinError, match=r"klein-x: .*not of length 1"):
        embedded(_Answers(vectors), "klein-x", ["a", "b", "c"], 512)


def test_good_vectors_pass_unchanged():
    vectors = _unit(3, 512)
    assert checked(vectors, (3, 512), "x") is vectors


def test_cutting_equals_asking_for_the_smaller_width(word_vectors):
    texts = [f"text {i} about thing {i % 5}" for i in range(40)]
    model = word_vectors()
    whole = embedded(model, "words", texts, 512)
    for dim in (256, 128):
        assert np.allclose(cut(whole, dim, "words").rows, model.encode(texts, dim), atol=1e-6)


def test_a_vector_without_anything_in_the_smaller_width_is_refused():
    rows = np.zeros((1, 512), dtype=np.float32)
    rows[0, 400] = 1
    with pytest.raises(KleinError, match="klein-x at 128"):
        cut(Space({"a": 0}, rows), 128, "klein-x")


def test_each_text_is_asked_once_and_found_by_its_name(word_vectors):
    texts = [f"text number {i}" for i in range(2100)]
    model = word_vectors()
    space = embedded(model, "words", texts, 512)
    assert model.asked == texts
    assert np.array_equal(space.of([texts[2099], texts[3]]), space.rows[[2099, 3]])
