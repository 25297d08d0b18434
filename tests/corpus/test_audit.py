"""The audit finds by its own means what a guard let through, and writes no evaluation text."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from klein_embedding.cli import plan as plans
from klein_embedding.cli.data import data
from klein_embedding.corpus.audit import audit, closeness
from klein_embedding.corpus.guard import guard_of
from klein_embedding.corpus.key_lists import listed, read_keys
from klein_embedding.corpus.near import Match
from klein_embedding.errors import KleinError
from klein_embedding.files import MANIFEST, check_files, sha256, write_manifest
from klein_embedding.text import Pair, text_key

KNOWN = "The river was frozen that morning and nobody dared to cross it."
UNKNOWN = "After the long winter the old fisherman finally repaired his broken wooden boat."
CHANGED = "after the long winter, the old fisherman finally repaired his broken wooden ship"
PLAIN = "Every pupil of the school was given a bag of seeds."


def quiet(_line: str) -> None:
    """Take progress and say nothing."""


def make_sets(root: Path) -> None:
    for name, text in (("eval-known", KNOWN), ("eval-unknown", UNKNOWN)):
        (root / name / "files").mkdir(parents=True)
        (root / name / "files" / "a.txt").write_text(f"12\t{text}\n", encoding="utf-8")
        write_manifest(root / name, {})


def make_corpus(folder: Path, pairs: list[Pair], lines: list[tuple[str, bool]]) -> None:
    folder.mkdir(parents=True)
    for name, rows in (("train", pairs), ("valid", [])):
        columns = {
            "anchor": pa.array([pair.anchor for pair in rows], pa.string()),
            "positive": pa.array([pair.positive for pair in rows], pa.string()),
            "negatives": pa.array([list(p.negatives) for p in rows], pa.list_(pa.string())),
            "source": pa.array([pair.source for pair in rows], pa.string()),
        }
        pq.write_table(pa.table(columns), folder / f"pairs-{name}.parquet")
    mono = {
        "text": pa.array([text for text, _ in lines], pa.string()),
        "source": pa.array(["m" for _ in lines], pa.string()),
        "side": pa.array([side for _, side in lines], pa.bool_()),
    }
    pq.write_table(pa.table(mono), folder / "mono.parquet")
    write_manifest(folder, {"stage": "corpus"})


def guarded(pairs: list[Pair]) -> list[Pair]:
    screened = guard_of([KNOWN]).screened((pair, "") for pair in pairs)
    return [item for item, reason in screened if not reason and isinstance(item, Pair)]


def pair(text: str, *negatives: str) -> Pair:
    return Pair("Tell me something.", text, "en", "en", "s", "question-answer", negatives)


@pytest.mark.parametrize("bad", [pair(CHANGED), pair(PLAIN, PLAIN, UNKNOWN)])
def test_a_copy_that_the_guard_was_not_told_of_is_found(tmp_path: Path, bad: Pair) -> None:
    make_sets(tmp_path / "eval")
    kept = guarded([pair(PLAIN), pair(KNOWN), bad])
    assert kept == [pair(PLAIN), bad]
    make_corpus(tmp_path / "corpus", kept, [(PLAIN, False)])
    found = audit(tmp_path / "corpus", tmp_path / "eval", ["eval-known", "eval-unknown"], quiet)
    assert found.hits == {("pairs-train.parquet", 1)}
    assert found.closest["eval-unknown"][0].score >= 0.8
    assert not any(near.score >= 0.8 for near in found.closest["eval-known"])


def test_a_sentence_inside_a_monolingual_line_is_found_and_sides_are_not_read_twice(
    tmp_path: Path,
) -> None:
    make_sets(tmp_path / "eval")
    lines = [(PLAIN, False), (f"It was May. {UNKNOWN} Then he rested.", False), (UNKNOWN, True)]
    make_corpus(tmp_path / "corpus", [], lines)
    found = audit(tmp_path / "corpus", tmp_path / "eval", ["eval-unknown"], quiet)
    assert found.hits == {("mono.parquet", 1)}
    assert found.texts == 2


def test_the_report_names_its_corpus_and_holds_no_text(tmp_path: Path) -> None:
    make_sets(tmp_path / "eval")
    make_corpus(tmp_path / "corpus", [pair(CHANGED)], [])
    audit(tmp_path / "corpus", tmp_path / "eval", ["eval-unknown"], quiet)
    written = (tmp_path / "corpus" / "audit.json").read_text(encoding="utf-8")
    report = json.loads(written)
    assert report["corpus"] == sha256(tmp_path / "corpus" / MANIFEST)
    assert report["hits"] == 1
    assert "fisherman" not in written
    check_files(tmp_path / "corpus")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    make_sets(tmp_path / "eval")
    with pytest.raises(KleinError, match="corpus"):
        audit(tmp_path / "corpus", tmp_path / "eval", ["eval-known"], quiet)
    make_corpus(tmp_path / "corpus", [], [])
    with pytest.raises(KleinError, match="eval-other"):
        audit(tmp_path / "corpus", tmp_path / "eval", ["eval-other"], quiet)
    (tmp_path / "corpus" / "mono.parquet").unlink()
    with pytest.raises(KleinError, match=r"mono\.parquet"):
        audit(tmp_path / "corpus", tmp_path / "eval", ["eval-known"], quiet)


def test_closeness_of_equal_near_contained_and_other_texts() -> None:
    match = Match()
    assert closeness(UNKNOWN, UNKNOWN.upper(), match) == 1
    assert 0.8 <= closeness(CHANGED, UNKNOWN, match) < 1
    assert closeness(f"{PLAIN} {PLAIN} {UNKNOWN} {PLAIN}", UNKNOWN, match) >= 0.95
    assert closeness(PLAIN, UNKNOWN, match) < 0.2
    assert closeness("", UNKNOWN, match) == 0


def planned(tmp_path: Path, struck: str) -> SimpleNamespace:
    places = SimpleNamespace(
        evaluation=tmp_path / "eval", processed=tmp_path / "corpus", recipes=tmp_path
    )
    corpus = SimpleNamespace(struck=struck)
    return SimpleNamespace(places=places, recipe=SimpleNamespace(corpus=corpus))


@pytest.mark.parametrize(("text", "code"), [(PLAIN, 0), (CHANGED, 1)])
def test_the_verb_tells_by_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, code: int
) -> None:
    make_sets(tmp_path / "eval")
    make_corpus(tmp_path / "corpus", [pair(text)], [])
    monkeypatch.setattr(plans, "read_plan", lambda *_: planned(tmp_path, ""))
    done = CliRunner().invoke(data, ["audit", "recipe.toml", "--json"])
    assert done.exit_code == code
    assert json.loads(done.stdout)["hits"] == code


def test_what_is_found_is_struck_by_its_key_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sets(tmp_path / "eval")
    make_corpus(tmp_path / "corpus", [pair(PLAIN), pair(CHANGED)], [(UNKNOWN, False)])
    monkeypatch.setattr(plans, "read_plan", lambda *_: planned(tmp_path, "struck.txt"))
    done = CliRunner().invoke(data, ["audit", "recipe.toml", "--strike"])
    assert done.exit_code == 1
    keys = np.array([text_key(text) for text in (CHANGED, UNKNOWN, PLAIN)], dtype=np.uint64)
    assert listed(keys, read_keys(tmp_path / "struck.txt")).tolist() == [True, True, False]
    monkeypatch.setattr(plans, "read_plan", lambda *_: planned(tmp_path, ""))
    refused = CliRunner().invoke(data, ["audit", "recipe.toml", "--strike"])
    assert isinstance(refused.exception, KleinError)
    assert "names no file under 'struck'" in str(refused.exception)
