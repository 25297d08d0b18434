"""Reader of DICT dictionaries: index and entries, and how each layout tells its definitions."""

from __future__ import annotations

import gzip
import logging

import pytest

from klein_embedding.corpus.readers import READERS
from klein_embedding.errors import KleinError
from klein_embedding.text import Pair

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def number(value):
    head = number(value // 64) if value >= 64 else ""
    return head + DIGITS[value % 64]


def dictionary(folder, name, entries, *, pack=True):
    """Write a dictionary; an entry may be text or bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    content, index = b"", []
    for headword, text in entries:
        coded = text.encode() if isinstance(text, str) else text
        index.append(f"{headword}\t{number(len(content))}\t{number(len(coded))}\n")
        content += coded
    (folder / f"{name}.index").write_text("".join(index), encoding="utf-8")
    packed = gzip.compress(content) if pack else content
    (folder / f"{name}.{'dict.dz' if pack else 'dict'}").write_bytes(packed)


def read(root, **options):
    items = list(READERS["dictd"](root, options, "tried"))
    pairs = [item for item in items if isinstance(item, Pair)]
    assert len(pairs) == len(items)
    return [(p.positive_lang, p.kind, p.anchor, p.positive) for p in pairs]


def skipped(caplog):
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


def test_numbered_senses_are_translations_and_quotations_are_not(tmp_path):
    about = ("00databaseinfo", "1. No sense of a word\n")
    entry = 'lord /l/ <V>\n1. रोब~दिखाना\n      "He lords it."\n2. राज करना\n'
    dictionary(tmp_path, "a", [about, *[("filler", "x" * 99)] * 50, ("lord", entry)])
    assert read(tmp_path, layout="senses", lang="hi") == [
        ("hi", "translation", "lord", "रोब दिखाना"),
        ("hi", "translation", "lord", "राज करना"),
    ]


def test_prose_stands_below_the_headword_or_after_the_part_of_speech(tmp_path):
    entries = [
        ("jupiter", "jupiter\n vt.\n\n    To kill a {bot} <jargon>\n    by nick.\n"),
        ("k", "K\n /K/, n.\n\n    A kilobyte.\n"),
        ("ldp", "LDP\n       Label Protocol (IETF)\n       \n"),
        ("liberty", "LIBERTY, n.  One of our\npossessions.\n"),
    ]
    dictionary(tmp_path, "a", entries, pack=False)
    assert read(tmp_path, layout="prose") == [
        ("en", "gloss", "jupiter", "To kill a bot by nick."),
        ("en", "gloss", "k", "A kilobyte."),
        ("en", "gloss", "ldp", "Label Protocol (IETF)"),
        ("en", "gloss", "liberty", "One of our possessions."),
    ]


def test_webster_gives_the_first_sense_without_head_sources_and_notes(tmp_path):
    lapidate = (
        'Lapidate \\Lap"i*date\\, v. t. [L. lapidatus, p. p. of lapidare,\n   fr. lapis stone.]\n'
        "   To stone. [Obs.]\n   [1913 Webster]\n"
    )
    sense = "Lapidescence \\Lap`i\\, n.\n   1. The state; the quality.\n      [1913 Webster]\n\n"
    sense += "   2. A hardening.\n      [1913 Webster]\n"
    dictionary(tmp_path, "a", [("Lapidate", lapidate), ("Lapidescence", sense)])
    assert read(tmp_path, layout="webster") == [
        ("en", "gloss", "Lapidate", "To stone."),
        ("en", "gloss", "Lapidescence", "The state; the quality."),
    ]


def test_an_entry_in_another_encoding_is_left_out_and_counted(tmp_path, caplog):
    dictionary(tmp_path, "a", [("one", "one\nGood.\n"), ("two", b"two\nB\x92d.\n")])
    assert read(tmp_path, layout="prose") == [("en", "gloss", "one", "Good.")]
    assert len(skipped(caplog)) == 1 and "skipped 1 entries" in skipped(caplog)[0]


@pytest.mark.parametrize(
    ("damaged", "content"),
    [
        ("b.dict.dz", gzip.compress(b"word\nText.\n" * 50)[:-12]),
        ("b.dict.dz", b"short"),
        ("b.index", b"word\tA\t/////\n"),
        ("b.index", b"word\t!\tB\n"),
        ("b.index", b"word and no more\n"),
    ],
)
def test_a_damaged_dictionary_is_skipped_and_named(tmp_path, caplog, damaged, content):
    dictionary(tmp_path, "a", [("one", "one\nGood.\n")])
    dictionary(tmp_path, "b", [("two", "two\nAlso good.\n")])
    (tmp_path / damaged).write_bytes(content)
    assert read(tmp_path, layout="prose") == [("en", "gloss", "one", "Good.")]
    assert len(skipped(caplog)) == 1 and "b.index" in skipped(caplog)[0]


def test_wrong_options_and_empty_sources_are_errors(tmp_path):
    with pytest.raises(KleinError, match="tried: layout must be one of senses, prose, webster"):
        read(tmp_path, layout="tables")
    with pytest.raises(KleinError, match="options need 'layout'"):
        read(tmp_path)
    with pytest.raises(KleinError, match="source tried: nothing could be read"):
        read(tmp_path, layout="prose")
