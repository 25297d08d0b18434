"""What is counted while one source is read."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

import pytest

from klein_embedding.corpus.gather import harvest
from klein_embedding.corpus.guard import guard_of
from klein_embedding.corpus.sources import Source
from klein_embedding.recipe import load_recipe

RECIPE = load_recipe(Path(__file__).parent.parent.parent / "recipes" / "tiny.toml").corpus
GUARD = guard_of(["an evaluation sentence that nobody may train on"])


def _source(**options: object) -> Source:
    return Source(
        "tried", "t", "folder", "t", ["*"], "plain_lines", "T", "MIT", "monolingual", 1.0, 0, "c",
        options=options,
    )  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "hi"
    folder.mkdir()
    (folder / "good.txt").write_text("आज मौसम बहुत अच्छा है\nआज मौसम बहुत अच्छा है\n")
    (folder / "bad.txt").write_bytes(b"\xff\xfe not utf-8")
    return tmp_path


def test_a_damaged_file_is_skipped_and_counted_by_its_reason(files: Path) -> None:
    before = (files / "hi" / "bad.txt").read_bytes()
    found = harvest(_source(files="hi/*.txt"), files, RECIPE, GUARD)
    assert [line.text for line in found.lines] == ["आज मौसम बहुत अच्छा है"]
    assert found.dropped["files", "file skipped: UnicodeDecodeError"] == 1
    assert found.dropped["hi", "duplicate"] == 1
    assert (files / "hi" / "bad.txt").read_bytes() == before


def test_evaluation_text_does_not_hide_behind_the_cut_of_a_passage(files: Path) -> None:
    secret = "an evaluation sentence that nobody may train on"
    before = " ".join(f"word{n} more{n}" for n in range(49))
    (files / "en").mkdir()
    (files / "en" / "long.txt").write_text(f"{before}. {secret}. And this is the rest of it.\n")
    found = harvest(_source(files="en/*.txt"), files, RECIPE, GUARD)
    kept = " ".join(line.text for line in found.lines)
    assert "word48" in kept
    assert "the rest of it" in kept
    assert "evaluation sentence" not in kept
    assert "may train on" not in kept
    assert found.dropped["en", "evaluation text"] == 1
    assert not [sample for sample in found.samples if "evaluation" in sample["reason"]]


def test_a_damaged_member_is_counted_by_its_error_and_not_by_its_place(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "news.zip", "w") as archive:
        archive.writestr("good.txt", "a whole sentence in English\n")
        archive.writestr("bad.txt", b"\xa4 not utf-8\n")
    source = _source(files="*.zip", lang="en", title="none")
    found = harvest(dataclasses.replace(source, reader="news_text"), tmp_path, RECIPE, GUARD)
    assert [line.text for line in found.lines] == ["a whole sentence in English"]
    assert found.dropped == {("files", "file skipped: UnicodeDecodeError"): 1}


def test_what_one_source_skips_is_not_counted_for_the_next(files: Path) -> None:
    harvest(_source(files="hi/*.txt"), files, RECIPE, GUARD)
    found = harvest(_source(files="hi/good.txt"), files, RECIPE, GUARD)
    assert not any(reason.startswith("file skipped") for _, reason in found.dropped)


def test_a_source_reads_no_more_words_than_the_merge_could_keep(files: Path) -> None:
    (files / "hi" / "good.txt").write_text("".join(f"वाक्य संख्या {n} यह है\n" for n in range(100)))
    few = dataclasses.replace(RECIPE, mono_words_cap=50)
    found = harvest(_source(files="hi/good.txt"), files, few, GUARD)
    assert len(found.lines) == 11
