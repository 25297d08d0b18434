"""Texts from a file or standard input: one a line, or one a JSON object."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from klein_embedding.errors import KleinError
from klein_embedding.text import check_encodable

_BOM = b"\xef\xbb\xbf"


def read_lines(source: Path | None) -> Iterator[str]:
    """Read lines of UTF-8 text; blank ones are lines too.

    Args:
        source: File, or None for standard input.

    Yields:
        Each line without its line end (and without a byte order mark).

    Raises:
        KleinError: If there is no such file, it is a folder, or a line is not UTF-8.
    """
    where = "standard input" if source is None else str(source)
    for number, line in enumerate(_raw_lines(source), start=1):
        if number == 1:
            line = line.removeprefix(_BOM)  # noqa: PLW2901 - the mark is no part of the text
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise KleinError(
                f"{where}: line {number} is not UTF-8 text (byte {error.start + 1} of the line); "
                "convert it, or name another file if this one is binary"
            ) from None


def read_jsonl(source: Path | None, field: str) -> Iterator[str]:
    """Read one text from each JSON object, one object a line; blank lines are skipped.

    Args:
        source: File, or None for standard input.
        field: Key of the text.

    Yields:
        The texts.

    Raises:
        KleinError: As `read_lines`, or if a line is no object that holds a string there, or the
            string holds a lone surrogate.
    """
    where = "standard input" if source is None else str(source)
    for number, line in enumerate(read_lines(source), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            raise KleinError(f"{where}: line {number} is not JSON") from None
        if not isinstance(record, dict) or not isinstance(record.get(field), str):
            raise KleinError(
                f"{where}: line {number} has no text under '{field}'; name it with --jsonl-field"
            )
        yield check_encodable(record[field], f"{where}: line {number}")


def count_lines(source: Path | None) -> int | None:
    """Number of lines of a file; None where there is no file that can be read twice."""
    if source is None or not source.is_file():
        return None
    count, last = 0, b"\n"
    with source.open("rb") as file:
        while block := file.read(1 << 20):
            count += block.count(b"\n")
            last = block[-1:]
    return count + (last != b"\n")


def _raw_lines(source: Path | None) -> Iterator[bytes]:
    if source is None:
        if sys.stdin is None:
            raise KleinError("standard input is closed; name a file")
        for line in sys.stdin.buffer:
            yield line.removesuffix(b"\n").removesuffix(b"\r")
        return
    try:
        with source.open("rb") as file:
            for line in file:
                yield line.removesuffix(b"\n").removesuffix(b"\r")
    except FileNotFoundError:
        raise KleinError(f"{source}: no such file") from None
    except IsADirectoryError:
        raise KleinError(f"{source}: is a folder; name a file") from None
    except OSError as error:
        raise KleinError(f"{source}: not readable ({error.strerror})") from None
