"""Small changes: every row is what its kind says, and a model that knows meaning passes all."""

from __future__ import annotations

import unicodedata

import pytest

from klein_embedding.eval import sensitivity as changes
from klein_embedding.eval.sensitivity import changes_suite, load_changes
from klein_embedding.eval.suite import Key
from klein_embedding.eval.vectors import embedded
from klein_embedding.languages import LANGUAGES

NUKTA, JOINERS = "\u093c\u0a3c", "\u200c\u200d"


def test_rows_are_complete_different_and_of_known_languages():
    found = load_changes()
    assert len({one.text for one in found}) == len(found) >= 60
    for one in found:
        assert one.lang in LANGUAGES
        assert len({one.text, one.same, one.changed}) == 3
        assert all(unicodedata.is_normalized("NFC", t) or one.kind == "nukta" for t in (one.text,))


@pytest.mark.parametrize(("kind", "marks"), [("nukta", NUKTA), ("joiner", JOINERS)])
def test_spellings_differ_in_what_their_kind_names(kind, marks):
    for one in load_changes():
        if one.kind == kind:
            sides = [unicodedata.normalize("NFD", side) for side in (one.text, one.same)]
            counts = [sum(side.count(mark) for mark in marks) for side in sides]
            assert counts[0] != counts[1]


def test_numbers_differ_where_the_meaning_does():
    for one in load_changes():
        if one.kind == "number":
            assert one.text.split() != one.changed.split()
            assert len(set(one.text.split()) ^ set(one.changed.split())) <= 4


def test_a_model_that_knows_meaning_passes_and_one_that_counts_words_does_not(word_vectors):
    suite = changes_suite()
    glossary = {one.same: one.text for one in load_changes()}
    knows = suite.measure(embedded(word_vectors(glossary), "knows", suite.texts, 512))
    for kind in {one.kind for one in load_changes()} - {"roles"}:
        assert knows[Key(f"changes/{kind}", "all", changes.ACCURACY)].value == 1
    counts = suite.measure(embedded(word_vectors(), "counts", suite.texts, 512))
    assert counts[Key("changes/roles", "all", changes.ACCURACY)].value < 0.5
    same = counts[Key("changes/roles", "all", changes.SAME)].value
    assert same < counts[Key("changes/roles", "all", changes.CHANGED)].value
