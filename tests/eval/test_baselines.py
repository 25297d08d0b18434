"""The lexical floor against arithmetic by hand, and model folders as columns."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from klein_embedding.errors import KleinError
from klein_embedding.eval.alignment import nearest_hits
from klein_embedding.eval.baselines import LexicalFloor, encoder_systems, static_system
from klein_embedding.eval.similarity import pair_cosines

TEXTS = ["A boy eats rice.", "The boys eat rice", "Rain falls", "बच्चा चावल खाता है", "A b"]


def _by_hand(texts: list[str]) -> np.ndarray:
    """tf-idf cosines of 3- to 5-grams of blank-padded words, written out."""
    counts = []
    for text in texts:
        grams: Counter[str] = Counter()
        for word in text.lower().split():
            padded = f" {word} "
            for size in (3, 4, 5):
                # A word shorter than the size gives itself, once.
                if len(padded) <= size:
                    grams[padded] += 1
                    break
                grams.update(padded[i : i + size] for i in range(len(padded) - size + 1))
        counts.append(grams)
    documents = Counter(gram for grams in counts for gram in grams)
    rows = []
    for grams in counts:
        row = {
            g: n * (math.log((1 + len(texts)) / (1 + documents[g])) + 1) for g, n in grams.items()
        }
        length = math.sqrt(sum(value**2 for value in row.values()))
        rows.append({gram: value / length for gram, value in row.items()})
    return np.array([[sum(a[g] * b.get(g, 0) for g in a) for b in rows] for a in rows])


def test_lexical_floor_equals_tf_idf_by_hand():
    rows = LexicalFloor().rows(TEXTS)
    assert np.allclose((rows @ rows.T).toarray(), _by_hand(TEXTS), atol=1e-9)


def test_lexical_floor_sees_spelling_and_no_translation():
    floor = LexicalFloor()
    rows = floor.rows(TEXTS)
    cosines = pair_cosines(rows[[0, 0, 0]], rows[[1, 2, 3]])
    assert cosines[0] > 0.3
    assert cosines[2] == 0
    across = floor.rows(["घर", "नदी", "house", "river"])
    assert not nearest_hits(across[[0, 1]], across[[2, 3]]).any()


def test_lexical_floor_refuses_texts_without_any_gram():
    with pytest.raises(KleinError, match="evaluation texts are empty"):
        LexicalFloor().rows(["", " "])


@pytest.fixture
def static_folder(tmp_path):
    folder = tmp_path / "static"
    folder.mkdir()
    words = ["[UNK]", "tea", "river", "चाय", "नदी"]
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    table = np.random.default_rng(0).normal(size=(5, 512)).astype(np.float32)
    table[3:] = table[1:3]
    np.save(folder / "table.npy", table)
    return folder


def test_a_static_folder_becomes_the_static_column(static_folder):
    system = static_system(static_folder, "klein static")
    assert (system.model, system.precision) == ("klein static", "static")
    vectors = system.embedder.encode(["tea", "चाय", "river"], 512)
    assert vectors[0] @ vectors[1] == pytest.approx(1, abs=1e-5)
    assert vectors[0] @ vectors[2] < 0.5


def test_the_digest_follows_the_vectors_and_not_the_card(static_folder):
    before = static_system(static_folder, "x").digest
    (static_folder / "README.md").write_text("a new card")
    assert static_system(static_folder, "x").digest == before
    table = np.load(static_folder / "table.npy")
    table[1, 0] += 1
    np.save(static_folder / "table.npy", table)
    assert static_system(static_folder, "x").digest != before


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(KleinError):
        encoder_systems(tmp_path)
    with pytest.raises(KleinError, match=r"table\.npy"):
        static_system(tmp_path, "x")
