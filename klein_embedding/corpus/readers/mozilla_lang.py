"""Mozilla's .lang files: an English line that begins with a semicolon, its translation below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.joining import once
from klein_embedding.corpus.readers.reading import files_of, read_lines, readable, required
from klein_embedding.languages import by_tag
from klein_embedding.text import Line, Pair

_REVIEWED = "{ok}"


def read_mozilla_lang(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read ``{language}/**/*.lang``.

    Args:
        root: Folder of the source's files, with one folder a language.
        options: None are known.
        source: Name of the source.

    Returns:
        Translation pairs, each once; untranslated lines repeat the English one and are left out.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(once(_pairs(root, source)), source)


def _pairs(root: Path, source: str) -> Iterator[Pair]:
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        lang = by_tag(folder.name)
        if not lang or lang == "en":
            continue
        for _, rows in readable(files_of(folder, "**/*.lang"), read_lines):
            for anchor, positive in _translations(rows):
                yield Pair(anchor, positive, "en", lang, source, "translation")


def _translations(rows: list[str]) -> Iterator[tuple[str, str]]:
    """English and translation; comments may stand before either, blank lines before the second."""
    anchor = ""
    for row in rows:
        text = row.strip()
        if text.startswith(";"):
            anchor = text[1:].strip()
        elif anchor and text and not text.startswith("#"):
            positive = text.removesuffix(_REVIEWED).strip()
            if positive and positive != anchor:
                yield anchor, positive
            anchor = ""
