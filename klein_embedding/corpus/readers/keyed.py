"""Catalogues of ``key = text``, one file a language: Fluent and properties, also zipped."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from fluent.syntax import ast

from klein_embedding.corpus.readers.fluent import fluent_messages, written_out
from klein_embedding.corpus.readers.joining import joined, once
from klein_embedding.corpus.readers.reading import files_of, option, readable, required
from klein_embedding.languages import by_tag
from klein_embedding.text import Line, Pair

_ENDINGS = (".ftl", ".properties")
_ARCHIVES = (".xpi", ".zip", ".jar", ".ja")
_MOST_BYTES = 16 << 20
_CONTINUED = re.compile(r"(?<!\\)((?:\\\\)*)\\\r?\n[ \t\f]*")
_ENTRY = re.compile(r"[ \t\f]*((?:[^\s:=\\]|\\.)+)[ \t\f]*[:= \t\f][ \t\f]*(.*)")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\n", "f": " "}

# Place of a message: its file without the language, then its key.
Key = tuple[str, str]


def read_keyed(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read ``.ftl`` and ``.properties`` files with a locale tag in their path, joined on the key.

    Archives (``.xpi``, ``.zip``, ``.jar``, ``.ja``) are looked into, archives inside them too.

    Args:
        root: Folder of the source's files.
        options: ``english``: the locale tag of the English files.
        source: Name of the source.

    Returns:
        Translation pairs, each once.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(once(_pairs(root, option(options, "english", source), source)), source)


def _pairs(root: Path, english_tag: str, source: str) -> Iterator[Pair]:
    files: dict[str, dict[str, str]] = {}
    paths = files_of(root, [f"**/*{ending}" for ending in (*_ENDINGS, *_ARCHIVES)])
    for _, members in readable(paths, lambda path: list(_members(path, root))):
        for name, text in members:
            place, tag = _locale(name)
            if tag:
                files.setdefault(tag, {}).setdefault(place, text)
    english = _texts(files.pop(english_tag, {}))
    for tag, texts in sorted(files.items()):
        lang = by_tag(tag)
        if lang and lang != "en":
            yield from joined(english, _texts(texts), lang, source)


def _members(path: Path, root: Path) -> Iterator[tuple[str, str]]:
    """Path and text of the catalogues that one file is or holds."""
    if path.suffix in _ARCHIVES:
        with zipfile.ZipFile(path) as archive:
            yield from _inside(archive, 0)
    else:
        yield path.relative_to(root).as_posix(), path.read_bytes().decode("utf-8-sig")


def _inside(archive: zipfile.ZipFile, depth: int) -> Iterator[tuple[str, str]]:
    for member in archive.infolist():
        ending = PurePosixPath(member.filename).suffix
        if ending in _ENDINGS and member.file_size <= _MOST_BYTES:
            yield member.filename, archive.read(member).decode("utf-8-sig")
        elif ending in _ARCHIVES and member.file_size <= _MOST_BYTES and depth < 2:
            with archive.open(member) as file, zipfile.ZipFile(file) as inner:
                yield from _inside(inner, depth + 1)


def _locale(name: str) -> tuple[str, str]:
    """A path with every part that names its language replaced, and that language's tag."""
    path = PurePosixPath(name)
    parts = [*path.parent.parts, path.stem]
    tag = next((part for part in parts if by_tag(part)), "")
    return "/".join("*" if part == tag else part for part in parts) + path.suffix, tag


def _texts(files: Mapping[str, str]) -> dict[Key, str]:
    """Texts of one language's files by place; terms and messages are known across its files."""
    patterns: dict[Key, ast.Pattern] = {}
    texts: dict[Key, str] = {}
    for place, text in files.items():
        if place.endswith(".ftl"):
            patterns.update({(place, key): p for key, p in fluent_messages(text).items()})
        else:
            texts.update({(place, key): value for key, value in properties(text).items()})
    known = {key: pattern for (_, key), pattern in patterns.items()}
    texts.update({at: written_out(pattern, known) for at, pattern in patterns.items()})
    return texts


def properties(text: str) -> dict[str, str]:
    r"""Entries of a Java properties file, ``\uXXXX`` and continued lines read.

    Source:
        Java platform documentation, class java.util.Properties, method load.
    """
    found: dict[str, str] = {}
    for line in _CONTINUED.sub(r"\1", text).split("\n"):
        entry = _ENTRY.match(line.rstrip("\r"))
        if entry and entry[1][0] not in "#!":
            found[_unescaped(entry[1])] = _unescaped(entry[2]).strip()
    return found


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda hit: _character(hit[1]), text)


def _character(code: str) -> str:
    if code[0] == "u" and len(code) == 5:
        return chr(int(code[1:], 16))
    return _ESCAPED.get(code, code)
