"""Bibles by book, chapter and verse, joined with an English one of the same numbering."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import (
    files_of,
    option,
    readable,
    required,
    xml_root,
)
from klein_embedding.files import read_json
from klein_embedding.text import Line, Pair

Verses = dict[tuple[str, str, str], str]

# Books by their three-letter codes, in the order of the King James version.
_TABLE = """
GEN:genesis EXO:exodus LEV:leviticus NUM:numbers DEU:deuteronomy JOS:joshua JDG:judges RUT:ruth
1SA:1samuel 2SA:2samuel 1KI:1kings 2KI:2kings 1CH:1chronicles 2CH:2chronicles EZR:ezra
NEH:nehemiah EST:esther JOB:job PSA:psalms PRO:proverbs ECC:ecclesiastes SON:songofsolomon
ISA:isaiah JER:jeremiah LAM:lamentations EZE:ezekiel DAN:daniel HOS:hosea JOE:joel AMO:amos
OBA:obadiah JON:jonah MIC:micah NAH:nahum HAB:habakkuk ZEP:zephaniah HAG:haggai ZEC:zechariah
MAL:malachi MAT:matthew MAR:mark LUK:luke JOH:john ACT:acts ROM:romans 1CO:1corinthians
2CO:2corinthians GAL:galatians EPH:ephesians PHI:philippians COL:colossians 1TH:1thessalonians
2TH:2thessalonians 1TI:1timothy 2TI:2timothy TIT:titus PHM:philemon HEB:hebrews JAM:james
1PE:1peter 2PE:2peter 1JO:1john 2JO:2john 3JO:3john JUD:jude REV:revelation
"""
_BOOKS: dict[str, str] = {row[:3]: row[4:] for row in _TABLE.split()}
_PLACES = list(_BOOKS.values())
# Codes of Unified Standard Format Markers that differ from the first letters of the names.
_USFM_CODES = {
    "SNG": "SON", "EZK": "EZE", "JOL": "JOE", "NAM": "NAH", "MRK": "MAR", "JHN": "JOH",
    "PHP": "PHI", "PHM": "PHM", "JAS": "JAM", "1JN": "1JO", "2JN": "2JO", "3JN": "3JO",
}  # fmt: skip
_NOTE = re.compile(r"\\(f|x|fe)\s.*?\\\1\*", re.DOTALL)
_MARKER = re.compile(r"\\\+?[a-z]+\d*\*?")
_TITLE = re.compile(
    r"^\\(?:id|ide|rem|h|toc|mt|ms|mr|s|sr|r|d|sp|cl|cp|cd|qa|ib|ip|is|io)[a-z]*\d*\b.*$", re.M
)
_USFM_CHAPTER = re.compile(r"\\c\s+(\d+)")
_USFM_VERSE = re.compile(r"\\v\s+(\d+)\s")
_OTHER_NAMES = {"songofsongs": "songofsolomon", "psalm": "psalms", "revelations": "revelation"}


def read_bible_json(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read a Bible of one JSON file a book or a chapter.

    Args:
        root: Folder of the source's files.
        options: ``english``: name of the source with the English Bible, a folder beside this
            source's; ``lang``: code of this Bible's language; ``files``: glob patterns.
        source: Name of the source.

    Returns:
        Translation pairs of verses in the order of the English books; a line for each verse
        if ``english`` is not given.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_bible(root, options, source, _json_verses), source)


def read_bible_xml(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read a Bible of segments ``b.MAT.1.1`` in the Corpus Encoding Standard.

    Args:
        root: Folder of the source's files.
        options: As of `read_bible_json`.
        source: Name of the source.

    Returns:
        Translation pairs of verses in the order of the English books.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_bible(root, options, source, _xml_verses), source)


def read_bible_usfm(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read a Bible in Unified Standard Format Markers, one file a book.

    Args:
        root: Folder of the source's files.
        options: As of `read_bible_json`.
        source: Name of the source.

    Returns:
        Translation pairs of verses in the order of the English books.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_bible(root, options, source, _usfm_verses), source)


def read_bible_csv(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read a Bible of rows with a book's code, chapter, verse and text.

    Args:
        root: Folder of the source's files.
        options: As of `read_bible_json`.
        source: Name of the source.

    Returns:
        Translation pairs of verses in the order of the English books.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_bible(root, options, source, _csv_verses), source)


def _bible(
    root: Path, options: Mapping[str, Any], source: str, parse: Callable[[Path], Verses]
) -> Iterator[Pair | Line]:
    lang = option(options, "lang", source)
    verses = _whole(
        files_of(root, options.get("files", ("**/*.json", "**/*.xml", "**/*.usfm", "**/*.csv"))),
        parse,
    )
    if "english" not in options:
        yield from (Line(text, lang, source) for text in verses.values() if text)
        return
    english_root = root.parent.parent / options["english"] / "files"
    for key, anchor in _whole(files_of(english_root, "**/*.json"), _json_verses).items():
        if anchor and verses.get(key):
            yield Pair(anchor, verses[key], "en", lang, source, "translation")


def _whole(paths: list[Path], parse: Callable[[Path], Verses]) -> Verses:
    """All verses, in the order of books, chapters and verses of the files."""
    found: Verses = {}
    for _, verses in readable(paths, parse):
        found.update(verses)
    order = {name: place for place, name in enumerate(_BOOKS.values())}
    # Books outside the list go last; sorting is stable, so verses keep their places.
    return dict(sorted(found.items(), key=lambda item: order.get(item[0][0], len(order))))


def _json_verses(path: Path) -> Verses:
    name = path.stem.replace(" ", "").lower()
    name = _OTHER_NAMES.get(name, name)
    if name == "books":
        return {}
    found = read_json(path)
    if isinstance(found.get("book"), int):
        # One chapter a file, the book by its place from 1.
        book = _PLACES[found["book"] - 1]
        return {
            (book, str(found["chapter"]), str(verse["verse"])): verse["text"].strip(" \u00b6")
            for verse in found["verses"]
        }
    return {
        (name, chapter["chapter"].strip(), verse["verse"].strip()): verse["text"].strip()
        for chapter in found["chapters"]
        for verse in chapter["verses"]
    }


def _xml_verses(path: Path) -> Verses:
    verses: Verses = {}
    for segment in xml_root(path).iter("seg"):
        _, book, chapter, verse = segment.get("id", "").split(".")
        if book in _BOOKS:
            verses[_BOOKS[book], chapter, verse] = "".join(segment.itertext()).strip()
    return verses


def _usfm_verses(path: Path) -> Verses:
    text = path.read_bytes().decode("utf-8-sig")
    code = re.match(r"\\id\s+(\w{3})", text)
    name = _book(code[1]) if code else ""
    if not name:
        return {}
    verses: Verses = {}
    chapters = _USFM_CHAPTER.split(_TITLE.sub("", _NOTE.sub("", text)))
    for chapter, body in zip(chapters[1::2], chapters[2::2], strict=True):
        parts = _USFM_VERSE.split(body)
        for verse, words in zip(parts[1::2], parts[2::2], strict=True):
            verses[name, chapter, verse] = " ".join(_MARKER.sub(" ", words).split())
    return verses


def _csv_verses(path: Path) -> Verses:
    text = path.read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True))
    if not rows or [name.lower() for name in rows[0]] != ["book", "chapter", "verse", "text"]:
        raise ValueError("its columns are not book, chapter, verse and text")
    return {
        (_book(row[0]), row[1], row[2]): row[3].strip()
        for row in rows[1:]
        if len(row) == 4 and _book(row[0])
    }


def _book(code: str) -> str:
    return _BOOKS.get(_USFM_CODES.get(code.upper(), code.upper()), "")
