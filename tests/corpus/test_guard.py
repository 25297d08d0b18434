"""Evaluation text is known by fingerprint and blocked on every side of a record."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from klein_embedding.corpus.guard import BLOCKED, guard_of, load_guard
from klein_embedding.corpus.near import Match
from klein_embedding.errors import KleinError
from klein_embedding.files import write_manifest
from klein_embedding.text import Line, Pair

SECRET = "The river was frozen that morning."
LONG = (
    "After the long winter the old fisherman finally repaired the broken wooden boat "
    "that his brother had left behind the harbour wall."
)
HINDI = "लंबी सर्दी के बाद बूढ़े मछुआरे ने आखिरकार लकड़ी की टूटी हुई नाव की मरम्मत कर दी।"
OTHER = "नदी जमी हुई थी"


@pytest.mark.parametrize(
    "text", [SECRET, "the RIVER was frozen - that morning!!", "“The river was frozen that morning”"]
)
def test_equal_after_normalisation_is_blocked(text: str) -> None:
    guard = guard_of([SECRET])
    assert guard.hits(text)
    assert guard.blocks(Pair(text, OTHER, "en", "hi", "s", "translation"))
    assert guard.blocks(Pair("A question?", text, "en", "en", "s", "question-answer"))
    assert guard.blocks(Pair("A", "B", "en", "en", "s", "entailment", negatives=(text,)))
    assert guard.blocks(Line(text, "en", "s"))


@pytest.mark.parametrize(
    "text",
    [
        LONG.replace("finally", "quickly"),
        LONG.replace("broken ", "").upper().replace(" ", ", "),
        f"He told us this story. {LONG} Then he went home and slept.",
        f"he told us that {LONG.lower()[:-1]} and then he went home and slept all afternoon",
        HINDI.replace("बूढ़े", "गरीब"),
        f"यह एक कहानी है। {HINDI} फिर वह घर गया।",
    ],
)
def test_a_near_copy_is_blocked(text: str) -> None:
    guard = guard_of([LONG, HINDI, SECRET])
    assert guard.hits(text)
    assert guard.blocks(Pair("Something else", text, "en", "en", "s", "paraphrase"))


def test_a_short_secret_is_found_as_a_sentence_of_a_paragraph() -> None:
    guard = guard_of(["We saw two owls."])
    assert guard.hits("It grew dark. We saw two owls! Nobody spoke on the way home.")
    assert not guard.hits("Later that evening we saw two owls sitting on the roof of the barn.")


def test_a_sentence_out_of_a_longer_secret_is_blocked() -> None:
    secret = f"Nobody had believed it. {LONG} The whole village came to see it sail away."
    assert guard_of([secret]).hits(LONG)


@pytest.mark.parametrize(
    "text",
    [
        "The river was frozen that evening.",
        "The old fisherman sold his boat after the winter.",
        "The winter was long, and the harbour was closed.",
        "After the long winter",
        "Open file",
        "2012",
        "main",
        "लंबी सर्दी के बाद वसंत आया और सब खुश हो गए।",
    ],
)
def test_other_text_passes(text: str) -> None:
    fields = [SECRET, LONG, HINDI, "2012", "main", "5.000", "Open", "card_arrival", "Yes"]
    assert not guard_of(fields).hits(text)


def test_short_texts_are_matched_exactly_only() -> None:
    guard = guard_of(["Good night", "I like it."])
    assert guard.hits("good night!")
    assert guard.hits("I like it")
    assert not guard.hits("Good nights")
    assert not guard.hits("Sleep well. Good night and see you tomorrow, I like it.")


def test_screening_blocks_pairs_and_cuts_lines() -> None:
    guard = guard_of([LONG])
    pair = Pair("Who mended it?", LONG, "en", "en", "s", "question-answer")
    good = Pair("Who mended it?", "Nobody did.", "en", "en", "s", "question-answer")
    line = Line(f"It was spring. {LONG} The village came to see it.", "en", "s")
    records = [(pair, ""), (good, ""), (pair, "too long"), (line, ""), (Line(LONG, "en", "s"), "")]
    assert list(guard.screened(records)) == [
        (pair, BLOCKED),
        (good, ""),
        (pair, "too long"),
        (replace(line, text=LONG), BLOCKED),
        (replace(line, text="It was spring. The village came to see it."), ""),
        (Line(LONG, "en", "s"), BLOCKED),
    ]


def test_many_texts_at_once_give_what_each_gives_alone() -> None:
    guard = guard_of([SECRET, LONG, HINDI])
    texts = [f"sentence number {n} about something else" for n in range(50)]
    texts[7], texts[31], texts[40] = LONG.replace("finally", "soon"), "", HINDI
    expected = [number in (7, 40) for number in range(50)]
    assert guard.hit(texts) == expected == [guard.hits(text) for text in texts]


def test_a_guard_without_long_texts_and_an_empty_one_work() -> None:
    assert guard_of(["Good night"]).hit(["good night", LONG]) == [True, False]
    assert guard_of([]).hit([LONG, ""]) == [False, False]
    assert guard_of([LONG]).hit([]) == []


def test_digest_depends_on_texts_and_parameters_and_not_on_order() -> None:
    assert guard_of([SECRET, LONG]).digest == guard_of([LONG, SECRET]).digest
    assert guard_of([SECRET]).digest != guard_of([SECRET, LONG]).digest
    assert guard_of([SECRET]).digest != guard_of([SECRET, "Good night"]).digest
    for change in ({"threshold": 0.85}, {"block": 4}, {"share": 0.3}, {"least_contained": 30}):
        assert guard_of([LONG], Match(**change)).digest != guard_of([LONG]).digest


def test_digest_is_the_same_in_every_process() -> None:
    code = (
        "from klein_embedding.corpus.guard import guard_of;"
        f"print(guard_of({[SECRET, LONG, HINDI]!r}).digest)"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert made == {guard_of([SECRET, LONG, HINDI]).digest}


def test_the_guard_holds_no_text() -> None:
    guard = guard_of([SECRET, LONG])
    held = repr([guard.prints, *(getattr(guard.near, name) for name in guard.near.__slots__)])
    assert "river" not in held
    assert "fisherman" not in held


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
