"""Bibles in markers, in rows and by chapter; dictionaries of headwords; aligned Indic lines."""

from __future__ import annotations

import json

import pytest

from klein_embedding.corpus.readers import READERS
from klein_embedding.errors import KleinError


@pytest.fixture
def bible(tmp_path):
    english = tmp_path / "bible-en" / "files"
    verses = [{"verse": "1", "text": "In the days."}, {"verse": "2", "text": "A man."}]
    english.mkdir(parents=True)
    chapters = {"chapters": [{"chapter": "1", "verses": verses}]}
    (english / "Ruth.json").write_text(json.dumps(chapters))
    (english / "Mark.json").write_text(json.dumps(chapters))
    files = tmp_path / "other" / "files"
    files.mkdir(parents=True)
    return files


def read(reader, root, lang):
    pairs = READERS[reader](root, {"english": "bible-en", "lang": lang}, "tried")
    return [(pair.anchor, pair.positive) for pair in pairs]


def test_usfm_drops_titles_notes_and_markers_and_joins_lines_of_verse(bible):
    (bible / "08_RUT.usfm").write_text(
        "\\id RUT Malayalam\n\\h രൂത്ത്\n\\mt1 RUTH\n\\c 1\n\\cl ൧. അദ്ധ്യായം.\n\\p\n"
        "\\v 1 ആ കാലത്തു\\f + \\ft note\\f* ക്ഷാമം\n\\q1 ഉണ്ടായി \\qs സേലാ\\qs*\n"
        "\\d പാട്ടു\n\\v 2 ഒരു \\nd മനുഷ്യൻ\\nd*.\n"
    )
    assert read("bible_usfm", bible, "ml") == [
        ("In the days.", "ആ കാലത്തു ക്ഷാമം ഉണ്ടായി സേലാ"),
        ("A man.", "ഒരു മനുഷ്യൻ ."),
    ]


def test_usfm_of_an_unknown_book_or_none_is_left_out(bible):
    (bible / "a.usfm").write_text("\\id XXA Notes\n\\c 1\n\\v 1 ഒന്ന്\n")
    (bible / "b.usfm").write_bytes(b"\xff\xfe\\id RUT")
    with pytest.raises(KleinError, match="nothing could be read"):
        read("bible_usfm", bible, "ml")


def test_rows_of_a_bible_use_the_codes_of_usfm(bible):
    (bible / "41_MRK.csv").write_text('Book, Chapter, Verse, Text\n"MRK","1","2","एक, पुरुष"\n')
    (bible / "bad.csv").write_text("Book,Text\nMRK,one\n")
    assert read("bible_csv", bible, "hi") == [("A man.", "एक, पुरुष")]


def test_json_of_one_chapter_counts_books_from_one(bible):
    verses = [{"verse": 1, "text": "¶ پہلا"}, {"verse": 3, "text": "تیسرا"}]
    (bible / "1.json").write_text(json.dumps({"book": 8, "chapter": 1, "verses": verses}))
    (bible / "2.json").write_text(json.dumps({"book": 99, "chapter": 1, "verses": verses}))
    assert read("bible_json", bible, "ur") == [("In the days.", "پہلا")]


def test_headwords_go_before_their_meanings(tmp_path):
    (tmp_path / "data.dat").write_text("|lost\nabbey|2\n|കന്യകാമഠം\n| സന്യാസിമഠം\nbare\n")
    options = {"files": "data.dat", "lang": "ml"}
    pairs = list(READERS["headwords"](tmp_path, options, "tried"))
    assert [(pair.anchor, pair.positive) for pair in pairs] == [
        ("abbey", "കന്യകാമഠം"),
        ("abbey", "സന്യാസിമഠം"),
    ]
    (tmp_path / "data.dat").write_bytes(b"\x81")
    with pytest.raises(KleinError, match="source tried: nothing could be read"):
        list(READERS["headwords"](tmp_path, options, "tried"))


def test_aligned_lines_may_join_two_indic_languages(tmp_path):
    (tmp_path / "a.hi").write_text("एक\n")
    (tmp_path / "a.mr").write_text("एक आहे\n")
    options = {"english": "a.hi", "indic": "a.mr", "languages": ["mr"], "anchor": "hi"}
    (pair,) = READERS["aligned_lines"](tmp_path, options, "tried")
    assert (pair.anchor_lang, pair.positive_lang) == ("hi", "mr")
