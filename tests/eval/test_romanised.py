"""Indic sides in Latin letters, by the kept library, both ways."""

from __future__ import annotations

import sys

import pytest

from klein_embedding.errors import KleinError
from klein_embedding.eval import romanised as module
from klein_embedding.eval.alignment import FROM_ENGLISH, INTO_ENGLISH
from klein_embedding.eval.romanised import romanised, romanised_suite
from klein_embedding.eval.suite import Key
from klein_embedding.eval.vectors import embedded
from klein_embedding.languages import LANGUAGES


def test_every_indic_language_but_urdu_is_written_in_plain_letters():
    texts = {
        "hi": "मेरी बहन",
        "ne": "मेरो बहिनी",
        "mr": "माझी बहीण",
        "bn": "আমার বোন",
        "as": "মোৰ ভনী",
        "ta": "என் சகோதரி",
        "te": "నా సోదరి",
        "ml": "എന്റെ സഹോദരി",
        "kn": "ನನ್ನ ಸಹೋದರಿ",
        "gu": "મારી બહેન",
        "pa": "ਮੇਰੀ ਭੈਣ",
        "or": "ମୋ ଭଉଣୀ",
        "si": "මගේ සහෝදරිය",
    }
    assert {*texts, "en", "ur"} == set(LANGUAGES)
    found = {lang: romanised(text, lang) for lang, text in texts.items()}
    assert all(text.isascii() for text in found.values()), found
    assert found["hi"] == "meri bahana"
    assert found["bn"].startswith("amara")


def test_the_suite_measures_both_ways(bitexts, tmp_path, word_vectors, monkeypatch):
    monkeypatch.setattr(module, "SETS", (bitexts,))
    suite = romanised_suite(tmp_path)
    assert all(text.isascii() for text in suite.texts)
    found = suite.measure(embedded(word_vectors(), "words", suite.texts, 512))
    assert set(found) == {
        Key(name, lang, metric)
        for name, lang in (("romanised/tatoeba", "hi"), ("romanised", "mean"))
        for metric in (INTO_ENGLISH, FROM_ENGLISH)
    }
    assert "aksharamukha" in suite.data["romanised tatoeba"].citation


def test_without_the_library_the_suite_says_what_to_install(bitexts, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SETS", (bitexts,))
    monkeypatch.setitem(sys.modules, "aksharamukha.transliterate", None)
    with pytest.raises(KleinError, match="pip install aksharamukha"):
        romanised_suite(tmp_path)
