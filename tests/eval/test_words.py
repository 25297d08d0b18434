"""BM25 against its formula, and words of scripts whose vowels are marks."""

from __future__ import annotations

import math

import pytest

from klein_embedding.eval.figures import SetFacts
from klein_embedding.eval.judged import NDCG, Judged
from klein_embedding.eval.retrieval import judged_retrieval, judged_suite
from klein_embedding.eval.suite import Key
from klein_embedding.eval.words import WordFloor, words

DOCUMENTS = (
    "tea is ready tea",
    "the river is wide and cold",
    "bread and tea",
    "नदी चौड़ी है",
    "winter winter winter",
)


def test_words_keep_their_vowel_signs_and_lose_their_marks():
    assert words("नदी चौड़ी है। Tea-time, 1945!") == ["नदी", "चौड़ी", "है", "tea", "time", "1945"]


def test_the_order_is_that_of_the_formula():
    query = "cold tea and bread"
    lengths = [len(words(text)) for text in DOCUMENTS]
    mean = sum(lengths) / len(lengths)

    def score(at: int) -> float:
        found = words(DOCUMENTS[at])
        total = 0.0
        for word in words(query):
            many = sum(word in words(text) for text in DOCUMENTS)
            if not many:
                continue
            weight = math.log(1 + (len(DOCUMENTS) - many + 0.5) / (many + 0.5))
            count = found.count(word)
            total += weight * count / (count + 1.5 * (0.25 + 0.75 * lengths[at] / mean))
        return total

    scores = {at: score(at) for at in range(len(DOCUMENTS)) if score(at) > 0}
    expected = sorted(scores, key=lambda at: -scores[at])
    (row,) = WordFloor().ranked([query], DOCUMENTS)
    assert row[: len(expected)].tolist() == expected
    assert (row[len(expected) :] == -1).all()


def test_a_query_without_a_known_word_finds_nothing():
    rows = WordFloor().ranked(["नदी", "கடல்"], DOCUMENTS)
    assert rows[0].tolist() == [3, -1, -1, -1, -1]
    assert rows[1].tolist() == [-1] * 5


def test_documents_that_were_not_found_never_count():
    part = Judged("en", ("winter", "sun"), DOCUMENTS, (frozenset({4}), frozenset({1})))
    found = judged_retrieval(WordFloor().ranked, [part], "small")
    assert found[Key("small", "en", NDCG)].value == pytest.approx(0.5)
    assert found[Key("small", "en", "Recall@100")].value == pytest.approx(0.5)


def test_a_suite_of_parts_measures_each_by_name():
    parts = [
        Judged("en", (query,), DOCUMENTS, (frozenset({at}),), name)
        for query, at, name in (("winter", 4, "weather"), ("bread", 0, "food"))
    ]
    suite = judged_suite(parts, "small", SetFacts("0" * 64, "CC0-1.0", "written", NDCG))
    assert suite.ranked
    found = suite.ranked(WordFloor().ranked)
    assert found[Key("small/weather", "en", "Recall@1")].value == 1
    assert found[Key("small/food", "en", "Recall@1")].value == 0
