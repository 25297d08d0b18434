"""Bibles by book, chapter and verse, joined with an English one of the same numbering."""

from __future__ import annotations

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
_OTHER_NAMES = {"songofsongs": "songofsolomon", "psalm": "psalms", "revelations": "revelation"}


def read_bible_json(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read a Bible of one JSON file a book.

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


def _bible(
    root: Path, options: Mapping[str, Any], source: str, parse: Callable[[Path], Verses]
) -> Iterator[Pair | Line]:
    lang = option(options, "lang", source)
    verses = _whole(files_of(root, options.get("files", ("**/*.json", "**/*.xml"))), parse)
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
    return {
        (name, chapter["chapter"].strip(), verse["verse"].strip()): verse["text"].strip()
        for chapter in read_json(path)["chapters"]
        for verse in chapter["verses"]
    }


def _xml_verses(path: Path) -> Verses:
    verses: Verses = {}
    for segment in xml_root(path).iter("seg"):
        _, book, chapter, verse = segment.get("id", "").split(".")
        if book in _BOOKS:
            verses[_BOOKS[book], chapter, verse] = "".join(segment.itertext()).strip()
    return verses
