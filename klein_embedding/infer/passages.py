"""Passages from files and folders: what a search ranks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from klein_embedding.errors import KleinError
from klein_embedding.infer.readers import read_lines

Unit = Literal["line", "passage"]

# What the model reads of a passage ends at 256 tokens; longer ones are cut into pieces.
MAX_PASSAGE = 700
STDIN = "-"
_FENCE = re.compile(r"\s*(```|~~~)")
_HEADING = re.compile(r"#{1,6}\s")
_SENTENCE_END = re.compile(r"(?<=[.!?।॥۔؟])\s+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a file.

    Attributes:
        path: The file, as it was named, or ``-`` for standard input.
        line: Number of its first line, from 1.
        text: The piece, its line ends replaced by blanks.
    """

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Collection:
    """What was read.

    Attributes:
        passages: In the order of files and lines.
        skipped: Files of the folders that are not UTF-8 text.
    """

    passages: list[Passage]
    skipped: list[Path]


def read_passages(sources: Sequence[Path], by: Unit) -> Collection:
    """Read files, and all text files of folders (hidden ones left out).

    Args:
        sources: Files and folders; none means standard input.
        by: "line" for every line that is not blank, "passage" for paragraphs: what blank lines
            separate, a Markdown heading joined to what follows it, a fenced block kept whole.

    Raises:
        KleinError: If a source is missing, or a file named directly is not UTF-8 text.
    """
    passages: list[Passage] = []
    skipped: list[Path] = []
    if not sources:
        passages += _pieces(list(read_lines(None)), STDIN, by)
    for source in sources:
        if source.is_dir():
            for path in _files(source):
                try:
                    passages += _pieces(list(read_lines(path)), str(path), by)
                except KleinError:
                    skipped.append(path)
        else:
            passages += _pieces(list(read_lines(source)), str(source), by)
    return Collection(passages, skipped)


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root, name)
            # Pipes and sockets would block the reader.
            if not name.startswith(".") and path.is_file():
                yield path


def _pieces(lines: list[str], path: str, by: Unit) -> Iterator[Passage]:
    if any("\0" in line for line in lines[:64]):
        raise KleinError(f"{path}: holds NUL bytes, so it is no text; name a text file")
    if by == "line":
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield Passage(path, number, line.strip())
        return
    for block in _blocks(lines):
        yield from (Passage(path, line, text) for line, text in _short(block))


def _blocks(lines: list[str]) -> Iterator[list[tuple[int, str]]]:
    """Paragraphs as numbered lines, blank ones left out."""
    block: list[tuple[int, str]] = []
    fenced = False
    for number, line in enumerate(lines, start=1):
        heading = not fenced and _HEADING.match(line) is not None
        waits = len(block) == 1 and _HEADING.match(block[0][1]) is not None
        ends = not fenced and not line.strip() and not waits
        if block and (heading or ends):
            yield block
            block = []
        if line.strip():
            block.append((number, line.strip()))
        fenced ^= _FENCE.match(line) is not None
    if block:
        yield block


def _short(block: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The block in pieces of about `MAX_PASSAGE` characters at most, cut between sentences."""
    piece: list[str] = []
    first, size = block[0][0], 0
    for number, line in block:
        for sentence in _SENTENCE_END.split(line):
            if piece and size + len(sentence) > MAX_PASSAGE:
                yield first, " ".join(piece)
                piece, size = [], 0
            if not piece:
                first = number
            piece.append(sentence)
            size += len(sentence) + 1
    if piece:
        yield first, " ".join(piece)
