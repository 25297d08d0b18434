"""Dictionaries in the format of the DICT server: an index, and one file of entries."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.manuals import unpacked
from klein_embedding.corpus.readers.reading import files_of, option, readable, required
from klein_embedding.errors import KleinError
from klein_embedding.text import Line, Pair

_log = logging.getLogger(__name__)
_DIGITS = {
    char: value
    for value, char in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
_ABOUT = (b"00database", b"00-database")
_SENSE = re.compile(r"^\d+\.\s+(.*)$", re.MULTILINE)
_REFERENCE = re.compile(r"\{([^{}]*)\}")
_SUBJECT = re.compile(r"<[^<>]*>")
_WORDS = (
    "n v vt vi adj adv pron prep conj interj abbrev abbr excl imp p a t i pl obs pref suff quant"
)
_SPEECH = f"(?:{'|'.join(_WORDS.split())})"
# "/K/, n." in a line of its own, or "LIBERTY, n." before the text.
_SPEECH_LINE = re.compile(rf"\A\s*(?:/[^/\n]*/[,;]?\s*)*(?:{_SPEECH}\.[,;&\s]*)+\n")
_SPEECH_HEAD = re.compile(rf"\A[^a-z\n]*?,\s*(?:{_SPEECH}\.\s*)+(?=\S)")
_WEBSTER_SOURCE = re.compile(r"\[[^\[\]]*(?:Webster|WordNet|PJC|Century|Suppl)[^\[\]]*\]")
_WEBSTER_HEAD = re.compile(
    r"\A[^\n\\]*(?:\\[^\\]*\\)?[^\n\[(.]*?[,;]?\s*(?:(?:[a-z]{1,5}|&)\.?\s*){0,6}"
    r"(?:\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\]|\([^()]*\))?\.?\s*?\n\s*"
)
_WEBSTER_NOTE = re.compile(r"\((?:[A-Z][\w. &]{0,20})\)|\[[A-Z][a-z. ]{1,20}\]|--[A-Z][\w. ]+\.?")


def read_dictd(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read ``*.index`` with its ``*.dict`` or ``*.dict.dz``.

    Args:
        root: Folder of the source's files.
        options: ``layout``: "senses" for numbered translations, one a line, "prose" for a
            headword's line and text below it, "webster" for the head, sources and notes of
            Webster's dictionary; ``lang``: language of the definitions, "en" if missing.
        source: Name of the source.

    Returns:
        Gloss pairs, headword -> definition; translation pairs if ``lang`` is another language.

    Raises:
        KleinError: If an option is missing or unknown, or nothing could be read.

    Source:
        dictd's dictfmt(1) and RFC 2229.
    """
    layout = option(options, "layout", source)
    if layout not in _LAYOUTS:
        raise KleinError(
            f"source {source}: layout must be one of {', '.join(_LAYOUTS)}, not '{layout}'"
        )
    return required(_pairs(root, _LAYOUTS[layout], options.get("lang", "en"), source), source)


def _pairs(
    root: Path, definitions: Callable[[str], Iterator[str]], lang: str, source: str
) -> Iterator[Pair]:
    kind = "gloss" if lang == "en" else "translation"
    for _, entries in readable(files_of(root, "**/*.index"), _entries):
        for headword, text in entries:
            for definition in definitions(text):
                if definition:
                    yield Pair(headword, definition, "en", lang, source, kind)


def _entries(index: Path) -> list[tuple[str, str]]:
    """Headwords with their entries; of several headwords of one entry, the first.

    Raises:
        ValueError: If the index leads out of the file of entries.
    """
    packed = index.with_suffix(".dict.dz")
    content = unpacked((packed if packed.is_file() else index.with_suffix(".dict")).read_bytes())
    told, found, broken = set[tuple[int, int]](), [], 0
    for line in index.read_bytes().splitlines():
        headword, start, length = line.split(b"\t")[:3]
        place = (_number(start), _number(length))
        if sum(place) > len(content):
            raise ValueError(f"the entry of {headword!r} lies behind the end of the dictionary")
        if place in told or headword.startswith(_ABOUT):
            continue
        told.add(place)
        try:
            found.append((headword.decode("utf-8"), content[place[0] : sum(place)].decode("utf-8")))
        except UnicodeDecodeError:
            broken += 1
    if broken:
        _log.warning("skipped %d entries of %s: not UTF-8", broken, index)
    return found


def _number(code: bytes) -> int:
    value = 0
    for char in code.decode("ascii"):
        value = value * 64 + _DIGITS[char]
    return value


def _senses(text: str) -> Iterator[str]:
    # Some dictionaries write the spaces inside a sense as tildes.
    yield from (sense.replace("~", " ").strip() for sense in _SENSE.findall(text))


def _prose(text: str) -> Iterator[str]:
    one_line = _SPEECH_HEAD.sub("", text)
    if one_line == text:
        one_line = _SPEECH_LINE.sub("", text.partition("\n")[2])
    yield _plain(one_line)


def _webster(text: str) -> Iterator[str]:
    body = _WEBSTER_HEAD.sub("", text, count=1)
    if body == text:
        return
    first = re.sub(r"\A\s*(?:1\.|\(a\))\s+", "", _WEBSTER_SOURCE.split(body)[0])
    yield _plain(_WEBSTER_NOTE.sub("", first.partition("\n\n")[0]))


def _plain(text: str) -> str:
    return " ".join(_SUBJECT.sub("", _REFERENCE.sub(r"\1", text)).split())


_LAYOUTS = {"senses": _senses, "prose": _prose, "webster": _webster}
