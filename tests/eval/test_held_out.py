"""The held-out pairs: which are sampled, how they group, and what is refused."""

from __future__ import annotations

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from klein_embedding.errors import KleinError
from klein_embedding.eval.held_out import MOST, held_out_suite, load_groups, sample
from klein_embedding.eval.suite import Key
from klein_embedding.eval.vectors import embedded


def test_sample_does_not_depend_on_the_order_of_the_file():
    pairs = [(f"anchor {i % 400}", f"positive {i % 350}") for i in range(2000)]
    expected = sample(pairs)
    for seed in range(3):
        shuffled = pairs.copy()
        random.Random(seed).shuffle(shuffled)
        assert sample(shuffled) == expected


def test_sample_holds_no_text_twice_on_a_side_even_after_normalisation():
    assert len(sample([("Save", "सहेजें"), ("save!", "रखें")])) == 1
    assert len(sample([("Save", "सहेजें"), ("Keep", "सहेजें।")])) == 1
    assert len(sample([("Save", "सहेजें"), ("Keep", "रखें")])) == 2


def test_sample_keeps_texts_without_letters_apart():
    assert len(sample([("?", "!"), ("...", "--"), ("!!", "##")])) == 3


def test_sample_is_capped():
    assert len(sample((f"a{i}", f"b{i}") for i in range(MOST + 50))) == MOST


def test_groups_are_kinds_and_the_languages_of_translations(processed):
    groups = {(g.kind, g.language): g for g in load_groups(processed / "pairs-valid.parquet")}
    sizes = {name: len(group.anchors) for name, group in groups.items()}
    assert sizes == {
        ("question-answer", "all"): 25,
        ("translation", "all"): 60,
        ("translation", "hi"): 30,
        ("translation", "ta"): 30,
    }
    hindi = groups["translation", "hi"]
    assert all(text.startswith("hi") for text in hindi.positives)
    for anchor, positive in zip(hindi.anchors, hindi.positives, strict=True):
        assert positive == f"hiपाठ{anchor.split()[-3]} यहाँ है"


def test_figures_by_kind_language_and_their_mean(processed, word_vectors):
    suite = held_out_suite(processed)
    found = suite.measure(embedded(word_vectors(), "words", suite.texts, 512))
    answers = found[Key("held-out/question-answer", "all", "accuracy")].value
    translations = found[Key("held-out/translation", "all", "accuracy")].value
    assert answers > 0.9
    assert translations < 0.9
    mean = found[Key("held-out", "mean", "accuracy")]
    assert mean.value == pytest.approx((answers + translations) / 2)
    assert mean.n == 85


@pytest.mark.parametrize("column", ["anchor", "positive", "positive_lang", "kind", "source"])
def test_a_missing_column_is_refused_by_name(column, processed):
    path = processed / "pairs-valid.parquet"
    pq.write_table(pq.read_table(path).drop_columns([column]), path)
    with pytest.raises(KleinError, match=f"no column '{column}'"):
        held_out_suite(processed)


def test_a_missing_or_broken_or_tiny_split_is_refused(tmp_path):
    with pytest.raises(KleinError, match="klein data build"):
        held_out_suite(tmp_path)
    path = tmp_path / "pairs-valid.parquet"
    path.write_bytes(b"no parquet at all")
    with pytest.raises(KleinError, match="not a readable Parquet"):
        held_out_suite(tmp_path)
    row = {"anchor": "a", "positive": "b", "positive_lang": "hi", "kind": "gloss", "source": "x"}
    pq.write_table(pa.Table.from_pylist([row]), path)
    with pytest.raises(KleinError, match="no kind has 20 pairs"):
        held_out_suite(tmp_path)
    pq.write_table(pa.Table.from_pylist([{**row, "kind": "riddle"}]), path)
    with pytest.raises(KleinError, match="unknown kind 'riddle'"):
        held_out_suite(tmp_path)
