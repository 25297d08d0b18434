"""The ledger: whole entries go in at the top, others are refused and leave it as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from klein_embedding.cli.main import run
from klein_embedding.errors import KleinError
from klein_embedding.ledger import FIELDS, add_entry, parse_entry, read_ledger

ROOT = Path(__file__).resolve().parents[1]
HEAD = "# The ledger\n\nNewest first.\n"
PARAGRAPHS = {
    "Question": "Does tea help?",
    "Command": "`klein train recipes/tiny.toml` (60 s)",
    "Processor": "a small one, 2 cores",
    "Result": "It does.\n\n| tea | value |\n| --- | ---: |\n| with | 2.0 |",
    "Noise": "0.1, two seeds",
    "Verdict": "Kept.",
}


def entry(title: str = "tea helps", day: str = "2026-01-02", **changed: str) -> str:
    paragraphs = {**PARAGRAPHS, **changed}
    body = "\n".join(f"**{name}.** {text}" for name, text in paragraphs.items() if text)
    return f"## {day}: {title}\n\n{body}\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.md"
    path.write_text(f"{HEAD}\n{entry('NEGATIVE: water', '2026-01-01')}", encoding="utf-8")
    return path


def test_an_entry_goes_to_the_top_and_the_rest_stays(book):
    before = book.read_text(encoding="utf-8")
    add_entry(book, parse_entry(entry(), "x"))
    after = book.read_text(encoding="utf-8")
    assert after == before.replace(HEAD, f"{HEAD}\n{entry()}", 1)
    assert [one.title for one in read_ledger(book)] == ["tea helps", "NEGATIVE: water"]
    assert read_ledger(book)[0].fields == PARAGRAPHS


@pytest.mark.parametrize("name", FIELDS)
def test_an_entry_without_one_of_its_paragraphs_is_refused(name):
    with pytest.raises(KleinError, match=rf"lacks the paragraph '\*\*{name}"):
        parse_entry(entry(**{name: ""}), "x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("**Question.** Why?", "needs one heading"),
        (entry() + entry("another"), "needs one heading"),
        (entry(day="2026-13-01"), "is no date"),
        (entry(Command="I trained it"), "Command names none"),
        (entry(day=str(datetime.now(UTC).date() + timedelta(days=2))), "lies ahead"),
    ],
)
def test_other_defects_are_refused_by_name(text, said):
    with pytest.raises(KleinError, match=said):
        parse_entry(text, "x")


def test_an_older_or_equal_entry_is_refused(book):
    with pytest.raises(KleinError, match="newest come first"):
        add_entry(book, parse_entry(entry(day="2025-12-31"), "x"))
    with pytest.raises(KleinError, match="already"):
        add_entry(book, parse_entry(entry("NEGATIVE: water", "2026-01-01"), "x"))


def test_the_verb_adds_shows_and_refuses(book, klein, capsys):
    fixed = ["--ledger", book]
    done = klein("ledger", "add", "-", *fixed, stdin=entry().encode())
    assert done.returncode == 0, done.stderr
    before = book.read_bytes()
    done = klein("ledger", "add", "-", *fixed, stdin=entry("more", Noise="").encode())
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"Noise" in done.stderr
    assert book.read_bytes() == before
    assert run(["ledger", "show", "tea", "--json", "--ledger", str(book)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["title"] for row in rows] == ["tea helps", "NEGATIVE: water"]
    assert rows[0]["Noise"] == PARAGRAPHS["Noise"]
    assert run(["ledger", "show", "--negative", "--ledger", str(book)]) == 0
    assert capsys.readouterr().out == "2026-01-01  NEGATIVE: water\n"
    assert run(["ledger", "show", "coffee", "--ledger", str(book)]) == 1


def test_the_projects_ledger_is_in_order_and_names_what_was_asked_and_found():
    entries = read_ledger(ROOT / "docs/experiments.md")
    assert len(entries) > 20
    for one in entries:
        assert {"Question", "Command", "Result", "Verdict"} <= set(one.fields), one.title
