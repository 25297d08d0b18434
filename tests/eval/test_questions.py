"""Held-out questions look for their answer among those of all sources."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from klein_embedding.errors import KleinError
from klein_embedding.eval.held_out import FILE
from klein_embedding.eval.questions import questions_suite
from klein_embedding.eval.suite import Key
from klein_embedding.eval.vectors import embedded


def _write(folder, counts):
    rows = [
        {
            "anchor": f"what is {source} thing{i}",
            "positive": f"{source} thing{i} is an answer",
            "positive_lang": "en",
            "kind": "question-answer",
            "source": source,
        }
        for source, count in counts.items()
        for i in range(count)
    ]
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / FILE)
    return folder


def test_each_source_is_a_part_among_the_answers_of_all(tmp_path, word_vectors):
    folder = _write(tmp_path / "c", {"medquad": 25, "jeopardy": 30, "open-trivia": 5})
    suite = questions_suite(folder)
    # Five questions of the third are too few; its answers are candidates all the same.
    assert len(suite.texts) == 25 + 60
    found = suite.measure(embedded(word_vectors(), "words", suite.texts, 512))
    assert {key.suite for key in found} == {"questions/medquad"}
    assert found[Key("questions/medquad", "en", "Recall@1")].value == 1


def test_too_few_questions_are_refused(tmp_path):
    with pytest.raises(KleinError, match="neither medquad nor open-trivia has 20"):
        questions_suite(_write(tmp_path / "c", {"jeopardy": 30}))
