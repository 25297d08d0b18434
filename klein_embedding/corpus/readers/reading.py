"""What every reader needs: files in a fixed order, lines, XML, and failures that are skipped."""

from __future__ import annotations

import csv
import logging
import lzma
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tarfile import TarError
from typing import Any, TypeVar
from xml.etree import ElementTree
from zipfile import BadZipFile

from klein_embedding.errors import KleinError

_log = logging.getLogger(__name__)
T = TypeVar("T")
DAMAGED = "skipped %s: %s: %s"
"""Log message for a damaged file: which one, the kind of error, and the error."""

# What a damaged file can raise while it is opened, unpacked, decoded or taken apart.
_BROKEN = (
    KleinError,
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ElementTree.ParseError,
    BadZipFile,
    TarError,
    csv.Error,
    lzma.LZMAError,
    sqlite3.Error,
    zlib.error,
)


def files_of(root: Path, patterns: str | Sequence[str]) -> list[Path]:
    """Files below a folder that match any of the glob patterns, each once, sorted by path."""
    chosen = [patterns] if isinstance(patterns, str) else patterns
    return sorted({path for glob in chosen for path in root.glob(glob) if path.is_file()})


def say_damaged(what: object, error: Exception) -> None:
    """Log that a file, or a part of one, is left out because of an error."""
    _log.warning(DAMAGED, what, type(error).__name__, error)


def readable(paths: Iterable[Path], parse: Callable[[Path], T]) -> Iterator[tuple[Path, T]]:
    """Parse files one by one; a malformed one is logged and left out."""
    for path in paths:
        try:
            found = parse(path)
        except _BROKEN as error:
            say_damaged(path, error)
            continue
        yield path, found


def required(items: Iterator[T], source: str) -> Iterator[T]:
    """Pass items on.

    Raises:
        KleinError: If there was not a single one.
    """
    empty = True
    for item in items:
        empty = False
        yield item
    if empty:
        raise KleinError(
            f"source {source}: nothing could be read; check the options and files of its entry"
        )


def option(options: Mapping[str, Any], name: str, source: str) -> Any:
    """An option without which a reader cannot work.

    Raises:
        KleinError: If the source's entry lacks it.
    """
    if name not in options:
        raise KleinError(f"source {source}: its options need '{name}'")
    return options[name]


def lines_of(text: str) -> list[str]:
    """Lines of a text, split at line feeds alone.

    `str.splitlines` also breaks at U+2028 and NEL, which stand inside sentences of real corpora
    and would shift one side of an aligned pair of files against the other.
    """
    lines = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
    return lines[:-1] if lines[-1] == "" else lines


def read_lines(path: Path) -> list[str]:
    """Lines of a UTF-8 file; see `lines_of`."""
    return lines_of(path.read_bytes().decode("utf-8"))


def xml_root(path: Path) -> ElementTree.Element:
    """Root of an XML file.

    Raises:
        ValueError: If the file declares a document type or entities, which can blow up memory.
    """
    content = path.read_bytes()
    # A zero byte means UTF-16, in which the two marks would not be found.
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"\0" in content:
        raise ValueError("XML with a document type or entities is refused")
    return ElementTree.fromstring(content)
