"""Files and folders read as passages: what a search ranks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from klein_embedding.errors import KleinError
from klein_embedding.infer.index.formats import (
    Reading,
    UnreadableError,
    decoded,
    load,
    read_passages_of,
)
from klein_embedding.infer.index.pieces import MAX_PASSAGE, Passage, Unit, cut

__all__ = [
    "MAX_PASSAGE",
    "STDIN",
    "Collection",
    "Passage",
    "Skip",
    "Unit",
    "files_of",
    "read_passages",
]

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Skip:
    """A file of a folder that gave no passages.

    Attributes:
        path: The file.
        reason: Why, in a few words.
    """

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Collection:
    """What was read.

    Attributes:
        passages: In the order of files and lines.
        skipped: Files of the folders that could not be read.
    """

    passages: list[Passage]
    skipped: list[Skip]


def read_passages(sources: Sequence[Path], by: Unit) -> Collection:
    """Read files, and all readable files of folders (hidden ones left out).

    Args:
        sources: Files and folders; none means standard input.
        by: What a passage is, see `klein_embedding.infer.index.pieces.cut`.

    Raises:
        KleinError: If a source is missing, or a file named directly cannot be read.
    """
    reading = Reading(by)
    passages: list[Passage] = []
    skipped: list[Skip] = []
    if not sources:
        passages += cut(_standard_input(), STDIN, by)
    for source in sources:
        if not source.is_dir():
            passages += read_passages_of(source, load(source, reading), reading)
            continue
        for path in files_of(source):
            try:
                passages += list(read_passages_of(path, load(path, reading), reading))
            except UnreadableError as error:
                skipped.append(Skip(path, error.reason))
    return Collection(passages, skipped)


def files_of(folder: Path) -> Iterator[Path]:
    """Files below a folder in the order of their names, hidden ones and hidden folders left out."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root, name)
            # Pipes and sockets would block the reader.
            if not name.startswith(".") and path.is_file():
                yield path


def _standard_input() -> str:
    if sys.stdin is None:
        raise KleinError("standard input is closed; name a file")
    text = decoded(sys.stdin.buffer.read(), "standard input")
    if "\0" in text:
        raise KleinError("standard input: holds NUL bytes, so it is no text; name a text file")
    return text
