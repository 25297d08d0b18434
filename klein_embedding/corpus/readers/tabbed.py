"""Rows of tab-separated text, plain or inside archives."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import (
    files_of,
    lines_of,
    option,
    readable,
    required,
)
from klein_embedding.languages import LANGUAGES
from klein_embedding.text import Line, Pair


def read_tab_lines(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read rows whose columns hold a text and its translation.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of plain files, .zip or .tar.gz archives; ``columns``:
            the language of each column, ``{lang}`` for the one that the file's name begins with,
            "" for a column to pass over; ``member``: glob pattern of the archive members to read,
            all unless given; ``kind``: of the pairs, translation unless given.
        source: Name of the source.

    Returns:
        Pairs with English as the anchor if a column holds it, else the first column.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_rows(root, options, source), source)


def _rows(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    paths = files_of(root, option(options, "files", source))
    columns = option(options, "columns", source)
    member = options.get("member", "*")
    for path, texts in readable(paths, lambda path: list(_texts(path, member))):
        named = [path.name[:2] if name == "{lang}" else name for name in columns]
        wanted = sorted(
            (lang != "en", place, lang) for place, lang in enumerate(named) if lang in LANGUAGES
        )
        if len(wanted) != 2:
            continue
        (_, left, anchor_lang), (_, right, positive_lang) = wanted
        kind = options.get("kind", "translation")
        for row in (line.split("\t") for text in texts for line in lines_of(text)):
            if len(row) > max(left, right) and row[left].strip() and row[right].strip():
                yield Pair(row[left], row[right], anchor_lang, positive_lang, source, kind)


def _texts(path: Path, member: str) -> Iterator[str]:
    """Text of a plain file, or of an archive's chosen members in the order of their names."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if fnmatch(name, member) and not name.endswith("/"):
                    yield archive.read(name).decode("utf-8")
    elif path.name.endswith((".tar.gz", ".tgz", ".tar")):
        with tarfile.open(path) as archive:
            for name in sorted(archive.getnames()):
                file = archive.extractfile(name) if fnmatch(name, member) else None
                if file is not None:
                    yield file.read().decode("utf-8")
    else:
        yield path.read_bytes().decode("utf-8")
