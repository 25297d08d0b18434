"""Vectors are kept for the same model and texts alone, and a spoilt file is made again."""

from __future__ import annotations

import numpy as np

from klein_embedding.eval.store import Store

TEXTS = ["tea", "चाय"]


class _Made:
    """Counts how often vectors were asked for."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> np.ndarray:
        self.times += 1
        return np.eye(2, dtype=np.float32) * self.times


def test_the_same_model_and_texts_are_embedded_once(tmp_path):
    store, made = Store(tmp_path), _Made()
    first = store.rows("a" * 64, TEXTS, made)
    assert np.array_equal(store.rows("a" * 64, TEXTS, made), first)
    assert made.times == 1
    assert not list(tmp_path.rglob("*.part"))


def test_another_model_other_texts_and_another_order_are_embedded_anew(tmp_path):
    store, made = Store(tmp_path), _Made()
    store.rows("a" * 64, TEXTS, made)
    store.rows("b" * 64, TEXTS, made)
    store.rows("a" * 64, ["tea", "coffee"], made)
    store.rows("a" * 64, TEXTS[::-1], made)
    assert made.times == 4


def test_a_spoilt_file_is_made_again(tmp_path):
    store, made = Store(tmp_path), _Made()
    store.rows("a" * 64, TEXTS, made)
    (kept,) = tmp_path.rglob("*.npy")
    kept.write_bytes(kept.read_bytes()[:100])
    assert np.array_equal(store.rows("a" * 64, TEXTS, made), 2 * np.eye(2))
    assert np.array_equal(np.load(kept), 2 * np.eye(2))


def test_without_a_folder_nothing_is_kept():
    made = _Made()
    for _ in range(2):
        Store().rows("a" * 64, TEXTS, made)
    assert made.times == 2
