"""The demo collection: every question has one answer, in one place, in another language."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from klein_embedding.languages import LANGUAGES

DEMO = Path(__file__).resolve().parent.parent / "demo"
# Passages in these scripts belong to a language that no other of ours shares the script with.
ALONE = ("en", "ta", "te", "ml", "ur", "gu", "kn", "pa", "or", "si")


def passages():
    return {
        path.name: path.read_text(encoding="utf-8").strip().split("\n\n")
        for path in sorted((DEMO / "texts").glob("*.md"))
    }


def queries():
    with (DEMO / "queries.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def letters(text, code):
    """How many characters of a text belong to a language's script."""
    script = LANGUAGES[code].script
    return sum(any(low <= ord(char) <= high for low, high in script) for char in text)


@pytest.mark.parametrize("query", queries(), ids=lambda query: query["query"])
def test_a_query_has_one_answer_in_another_language(query):
    hits = [
        (file, text)
        for file, texts in passages().items()
        for text in texts
        if query["passage"] in text
    ]
    assert [file for file, _ in hits] == [query["file"]]
    assert query["lang"] != query["passage_lang"]
    for text, code in ((query["query"], query["lang"]), (hits[0][1], query["passage_lang"])):
        most = max(letters(text, other) for other in LANGUAGES)
        assert letters(text, code) == most > 0


def test_passages_are_distinct_lines_that_cover_every_script():
    texts = [text for file in passages().values() for text in file]
    assert len(texts) >= 60
    assert len(set(texts)) == len(texts)
    assert not [text for text in texts if "\n" in text]
    scripts = Counter(max(LANGUAGES, key=lambda code: letters(text, code)) for text in texts)
    assert set(ALONE) <= set(scripts)
