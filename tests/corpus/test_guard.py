"""Evaluation text is known by fingerprint and blocked on every side of a record."""

from __future__ import annotations

from pathlib import Path

import pytest

from klein_embedding.corpus.guard import guard_of, load_guard
from klein_embedding.errors import KleinError
from klein_embedding.files import write_manifest
from klein_embedding.text import Line, Pair

SECRET = "The river was frozen that morning."


@pytest.mark.parametrize(
    "text", [SECRET, "the RIVER was frozen - that morning!!", "“The river was frozen that morning”"]
)
def test_equal_after_normalisation_is_blocked(text: str) -> None:
    guard = guard_of([SECRET])
    assert guard.hits(text)
    other = "नदी जमी हुई थी"
    assert guard.blocks(Pair(text, other, "en", "hi", "s", "translation"))
    assert guard.blocks(Pair("A question?", text, "en", "en", "s", "question-answer"))
    assert guard.blocks(Pair("A", "B", "en", "en", "s", "entailment", negatives=(text,)))
    assert guard.blocks(Line(text, "en", "s"))


def test_other_text_passes() -> None:
    guard = guard_of([SECRET, "2012"])
    assert not guard.blocks(Line("The river was frozen that evening.", "en", "s"))
    assert not guard.hits("2012")


def test_digest_depends_on_the_texts_and_not_on_their_order() -> None:
    assert guard_of(["one", "two"]).digest == guard_of(["two", "one"]).digest
    assert guard_of(["one"]).digest != guard_of(["one", "two"]).digest


def test_every_field_of_every_file_counts(tmp_path: Path) -> None:
    files = tmp_path / "eval-x" / "files" / "deep"
    files.mkdir(parents=True)
    (files / "a.csv").write_text(f"main\t3.4\t{SECRET}\tA second one.\n", encoding="utf-8")
    write_manifest(tmp_path / "eval-x", {})
    guard = load_guard(tmp_path, ["eval-x"])
    assert guard.hits(SECRET)
    assert guard.hits("a second one")


def test_no_guard_without_evaluation_text(tmp_path: Path) -> None:
    with pytest.raises(KleinError, match=r"eval-x"):
        load_guard(tmp_path, ["eval-x"])
    (tmp_path / "eval-x" / "files").mkdir(parents=True)
    write_manifest(tmp_path / "eval-x", {})
    with pytest.raises(KleinError, match="no evaluation text"):
        load_guard(tmp_path, ["eval-x"])
