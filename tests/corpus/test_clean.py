"""Cleaning steps, one by one, and the reasons for a drop."""

from __future__ import annotations

import dataclasses
import unicodedata

import pytest

from klein_embedding.corpus.clean import (
    INTERFACE_STEPS,
    TEXT_STEPS,
    TextStep,
    clean_interface,
    clean_line,
    clean_pair,
    clean_text,
    cut,
)
from klein_embedding.text import Line, Pair, normalised, script_share

ZWJ, ZWNJ = "\u200d", "\u200c"


def test_invisible_characters_go_and_joiners_stay() -> None:
    assert clean_text("so\u00adft \u200b\ufeff text\u00a0here\n") == "soft text here"
    conjunct = f"ශ්{ZWJ}රී"
    kannada = f"ರ್{ZWNJ}ಕ"
    assert clean_text(conjunct) == conjunct
    assert clean_text(kannada) == kannada


def test_mojibake_is_repaired() -> None:
    broken = "नमस्ते दुनिया".encode().decode("latin-1")
    assert clean_text(broken) == "नमस्ते दुनिया"


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("_Open", "Open"),
        ("Save &As…", "Save As…"),
        ("फ़ाइल (_F)", "फ़ाइल"),
        ("Find & Replace", "Find & Replace"),
        ("Delete <b>%s</b> now", "Delete now"),
        ("%(count)d files in {folder}", "files in"),
        ("Welcome, $1", "Welcome,"),
        ("Read %1$,d lessons", "Read lessons"),
        ("%1$sৰ বাবে এপ্", "ৰ বাবে এপ্"),
        ("100%% done", "100 done"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("one\\ntwo", "one two"),
    ],
)
def test_interface_strings(raw: str, clean: str) -> None:
    import unicodedata

    assert clean_interface(raw) == unicodedata.normalize("NFC", clean)


def _pair(anchor: str, positive: str, lang: str = "hi", kind: str = "translation") -> Pair:
    return Pair(anchor, positive, "en", lang, "test", kind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (_pair("Good morning", "सुप्रभात"), ""),
        (_pair("Good morning", "Good morning"), "equal sides"),
        (_pair("GOOD morning!", "good Morning", "en", "paraphrase"), "equal sides"),
        (_pair("Good morning", "Guten Morgen"), "script share"),
        (_pair("Good morning", " "), "empty side"),
        (_pair("...", "सुप्रभात"), "empty side"),
        (_pair("Good", "सुप्रभात " * 20), "length ratio"),
        (_pair("word " * 101, "शब्द " * 101), "too long"),
        (_pair("42", "४२", "hi"), "number only"),
        (_pair("12 : 30", "४२ के", "hi"), "number only"),
        (_pair("See " + "x" * 61, "देखें " + "क" * 50), "unbroken run"),
    ],
)
def test_reasons(pair: Pair, reason: str) -> None:
    assert clean_pair(pair, "H", 100)[1] == reason


def test_passages_are_cut_and_translations_are_not() -> None:
    cleaned, reason = clean_pair(_pair("a title", "word " * 300, "en", "title-body"), "E", 100)
    assert reason == ""
    (shortened,) = cut(cleaned, 100)
    assert shortened.positive.count(" ") == 99


def test_templates_of_interface_strings_are_dropped() -> None:
    assert clean_pair(_pair("{{PLURAL:$1|one|more}} pages", "पृष्ठ"), "U", 100)[1] == "template"
    assert clean_pair(_pair("file_name_here", "फ़ाइल नाम"), "U", 100)[1] == "identifier"


def test_lines_are_cut_into_pieces_that_lose_nothing() -> None:
    text = " ".join(f"word{number}" for number in range(250))
    line, reason = clean_line(Line(text, "en", "test"))
    pieces = cut(line, 100)
    assert reason == ""
    assert " ".join(piece.text for piece in pieces) == text
    assert clean_line(Line("only latin", "ta", "test"))[1] == "script share"


def test_script_share_counts_marks() -> None:
    assert script_share("नमस्ते", "hi") == 1.0
    assert script_share("नमस्ते abcdef", "hi") == 0.5
    assert script_share("123 …", "hi") == 0.0


def test_normalised_keeps_vowel_signs_and_drops_the_rest() -> None:
    assert normalised("क्या, हाल है?") == "क्याहालहै"
    assert normalised("Ｆｕｌｌ-Width_1") == "fullwidth1"
    assert normalised("कि") != normalised("का")


def test_normalised_does_to_every_character_what_it_says() -> None:
    marks = [*range(0x900, 0x964), *range(0x966, 0xE00), *range(0x64B, 0x660), 0x670]
    kept = frozenset(map(chr, marks))
    everything = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    for start in range(0, len(everything), 4096):
        text = "".join(everything[start : start + 4096])
        folded = unicodedata.normalize("NFKC", text).casefold()
        assert normalised(text) == "".join(c for c in folded if c.isalnum() or c in kept)


def test_markup_leaves_prose_and_comparisons_stay() -> None:
    assert clean_text("It is <b>bold</b>,<br/> R&amp;D &#2325;") == "It is bold , R&D क"
    assert clean_text("a < b and c > d & e") == "a < b and c > d & e"


@pytest.mark.parametrize("steps", [TEXT_STEPS, INTERFACE_STEPS])
def test_every_step_has_a_name_of_its_own_and_leaves_clean_text_alone(
    steps: tuple[TextStep, ...],
) -> None:
    names = [step.__name__ for step in steps]
    assert len(set(names)) == len(names)
    for text in ("Good morning", f"ශ්{ZWJ}රී ලංකා", f"ರ್{ZWNJ}ಕ", "یہ اچھا ہے"):
        for step in steps:
            assert step(text) == text, step.__name__


def test_cleaning_twice_changes_nothing_more() -> None:
    for text in ("Save &As… (_A)", "<b>%s</b> of {n}\\n", "क\u200b ख\u00a0ग", "so\u00adft"):
        assert clean_text(clean_text(text)) == clean_text(text)


def test_a_negative_that_repeats_a_side_is_no_negative() -> None:
    pair = Pair("Who wrote it?", "Tagore", "en", "en", "test", "question-answer")
    pair = dataclasses.replace(pair, negatives=("tagore", "who wrote it", "Premchand", "Premchand"))
    assert clean_pair(pair, "E", 100)[0].negatives == ("Premchand",)
