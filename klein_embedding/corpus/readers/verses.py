"""Verse-numbered translations of one book in Markdown, one file a version."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import files_of, readable, required
from klein_embedding.languages import LANGUAGES
from klein_embedding.text import Line, Pair

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_VERSE = re.compile(r"^# (\d+)[ \t]*$", re.MULTILINE)
_FOOTNOTES = re.compile(r"^\[\^\d+\]:.*", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r",?\s?\[\^\d+\]")
_ESCAPE = re.compile(r"\\([\[\]()*_#`.!-])")
_LEADING_NUMBER = re.compile(r"^[(\[]?\d+[)\].:-]+\s*")
ENGLISH_PER_VERSION = 2
"""English versions that each Indic version is joined with, in turn over all English ones."""


def read_verses(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read versions ``{lang}-{name}.md`` and join them by verse number.

    Each Indic version meets two English ones, another two each time, and each English version
    meets the next one as a paraphrase.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the versions.
        source: Name of the source.

    Returns:
        Pairs in the order of versions and verses.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(_verses(root, options, source), source)


def _verses(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    paths = files_of(root, options.get("files", "**/*.md"))
    chosen = [path for path in paths if path.name.partition("-")[0] in LANGUAGES]
    versions = [(path.name.partition("-")[0], v) for path, v in readable(chosen, _version)]
    english = [version for lang, version in versions if lang == "en"]
    indic = [(lang, version) for lang, version in versions if lang != "en"]
    if not english:
        return
    for place, (lang, version) in enumerate(indic):
        for turn in range(min(ENGLISH_PER_VERSION, len(english))):
            other = english[(place * ENGLISH_PER_VERSION + turn) % len(english)]
            yield from _joined(other, version, lang, source)
    for first, second in pairwise(english):
        yield from _joined(first, second, "en", source)


def _joined(left: dict[int, str], right: dict[int, str], lang: str, source: str) -> Iterator[Pair]:
    kind = "paraphrase" if lang == "en" else "translation"
    for verse, anchor in left.items():
        positive = right.get(verse, "")
        if anchor and positive and anchor != positive:
            yield Pair(anchor, positive, "en", lang, source, kind)


def _version(path: Path) -> dict[int, str]:
    parts = _VERSE.split(_COMMENT.sub("", path.read_text(encoding="utf-8")))
    return {
        int(number): _verse(text) for number, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def _verse(text: str) -> str:
    body = _MARK.sub("", _FOOTNOTES.sub("", text))
    return _LEADING_NUMBER.sub("", " ".join(_ESCAPE.sub(r"\1", body).split()))
