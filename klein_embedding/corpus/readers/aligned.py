"""Parallel files in which line n of one is a translation of line n of the other."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import (
    files_of,
    lines_of,
    option,
    read_lines,
    readable,
    required,
)
from klein_embedding.languages import INDIC
from klein_embedding.text import Line, Pair

_log = logging.getLogger(__name__)


def read_aligned_lines(
    root: Path, options: Mapping[str, Any], source: str
) -> Iterator[Pair | Line]:
    """Read aligned files, one English and one Indic.

    Args:
        root: Folder of the source's files.
        options: ``english`` and ``indic``: a path or equally many paths below the root, in which
            ``{lang}`` stands for the language; ``languages``: codes; ``sentencepiece``: true if
            the lines are subword pieces; ``anchor``: code of the side called English, "en" unless
            given.
        source: Name of the source.

    Returns:
        Pairs in the order of languages, files and lines.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_aligned(root, options, source), source)


def _aligned(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    sides = [option(options, side, source) for side in ("english", "indic")]
    english, indic = ([side] if isinstance(side, str) else side for side in sides)
    for lang in option(options, "languages", source):
        for left, right in zip(english, indic, strict=True):
            paths = [root / name.replace("{lang}", lang) for name in (left, right)]
            texts = [_without_head(lines) for _, lines in readable(paths, read_lines)]
            if len(texts) < 2 or len(texts[0]) != len(texts[1]):
                _log.warning("skipped %s: its two files do not line up", paths[1])
                continue
            if options.get("sentencepiece"):
                texts = [[_joined(line) for line in lines] for lines in texts]
            for pair in _pairs(texts[0], texts[1], lang, source):
                yield replace(pair, anchor_lang=options.get("anchor", "en"))


def _without_head(lines: list[str]) -> list[str]:
    """Lines after the notes, each behind a number sign, with which some files open."""
    first = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return lines[first:]


def _joined(pieces: str) -> str:
    """Text of a line of subword pieces, in which U+2581 marks where a space was."""
    return " ".join(pieces.replace(" ", "").replace("\u2581", " ").split())


def read_joshua(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read folders with an Indic text, four English references of it, and a word list.

    Every reference makes a translation pair, references 0 and 1, 2 and 3 make English
    paraphrases, and the word list makes translation pairs of words.

    Args:
        root: Folder that holds ``{lang}-en/{dev,devtest,test,dict}.{lang}-en.*``.
        options: None are used.
        source: Name of the source.

    Returns:
        Pairs in the order of paths and lines.

    Raises:
        KleinError: If nothing could be read.
    """
    del options
    return required(_joshua(root, source), source)


def _joshua(root: Path, source: str) -> Iterator[Pair]:
    for folder in sorted(root.glob("??-en")):
        lang = folder.name[:2]
        if lang not in INDIC:
            continue
        for path, indic in readable(files_of(folder, f"*.{lang}-en.{lang}"), _lossy_lines):
            stem = path.name.removesuffix(f".{lang}")
            english = _references(folder, stem, len(indic))
            for lines in english.values():
                yield from _pairs(lines, indic, lang, source)
            for first, second in (("0", "1"), ("2", "3")):
                if first in english and second in english:
                    yield from _pairs(english[first], english[second], "en", source)


def _lossy_lines(path: Path) -> list[str]:
    # A few lines of these crowd-sourced files hold half a character; the line is still of use.
    return lines_of(path.read_bytes().decode("utf-8", "replace"))


def _references(folder: Path, stem: str, length: int) -> dict[str, list[str]]:
    found = {}
    paths = files_of(folder, [f"{stem}.en", f"{stem}.en.[0-3]"])
    for path, lines in readable(paths, _lossy_lines):
        if len(lines) == length:
            found[path.suffix[1:]] = lines
        else:
            _log.warning("skipped %s: %d lines instead of %d", path, len(lines), length)
    return found


def _pairs(left: list[str], right: list[str], lang: str, source: str) -> Iterator[Pair]:
    kind = "paraphrase" if lang == "en" else "translation"
    for anchor, positive in zip(left, right, strict=True):
        if anchor.strip() and positive.strip():
            yield Pair(anchor, positive, "en", lang, source, kind)
