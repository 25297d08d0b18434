"""Rows of tables and of JSON, plain or packed, as dictionaries by column name."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from klein_embedding.corpus.readers.reading import lines_of

MAX_BYTES = 256 << 20
"""Largest unpacked file; a small archive can otherwise hold more than the memory does."""

Record = dict[str, Any]


def records(path: Path, options: Mapping[str, Any]) -> list[Record]:
    """Rows of one file, or of all members of one archive.

    Args:
        path: A file of CSV, TSV, JSON or JSON lines, or a .gz or .zip of such files.
        options: ``format``: "csv", "tsv", "json", or "jsonl", by the name's
            ending unless given; ``member``: glob pattern of the
            archive members to read; ``delimiter``: between columns, instead of the format's;
            ``quoted``: whether a TSV quotes its fields as CSV does; ``header``: names of the
            columns where the file has none; ``rows``: keys, joined by dots, that lead to the rows
            inside a JSON document; what stands beside them on the way belongs to each row;
            ``encoding``: UTF-8 unless given.

    Raises:
        ValueError: If the content is too large or not of its format.
    """
    rows: list[Record] = []
    for name, content in _contents(path, options.get("member", "*")):
        text = content.decode(options.get("encoding", "utf-8-sig"))
        try:
            rows += _parsed(text, options.get("format") or _format(name), options)
        except (csv.Error, RecursionError) as error:
            raise ValueError(f"{name} is damaged: {error}") from None
    return rows


def side_by_side(names: Mapping[str, Path], options: Mapping[str, Any]) -> list[Record]:
    """Rows of files whose lines of one number belong together.

    Args:
        names: File by name of the column that its lines become.
        options: ``encoding``: UTF-8 unless given.

    Raises:
        ValueError: If the files do not have equally many lines.
    """
    sides: dict[str, list[str]] = {}
    for column, path in names.items():
        contents = (content for _, content in _contents(path, "*"))
        text = b"\n".join(contents).decode(options.get("encoding", "utf-8-sig"))
        sides[column] = lines_of(text)
    if len({len(lines) for lines in sides.values()}) > 1:
        raise ValueError("the files beside it differ in length")
    return [dict(zip(sides, row, strict=True)) for row in zip(*sides.values(), strict=True)]


def _contents(path: Path, member: str) -> Iterator[tuple[str, bytes]]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if fnmatch(name, member) and not name.endswith("/"):
                    with archive.open(name) as file:
                        yield name, _at_most(file.read(MAX_BYTES + 1), name)
    elif path.suffix == ".gz":
        with gzip.open(path) as file:
            yield path.stem, _at_most(file.read(MAX_BYTES + 1), path.name)
    else:
        yield path.name, path.read_bytes()


def _at_most(content: bytes, name: str) -> bytes:
    if len(content) > MAX_BYTES:
        raise ValueError(f"{name} unpacks to more than {MAX_BYTES:,} bytes")
    return content


def _format(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower().removeprefix(".")
    return suffix if suffix in ("csv", "json", "jsonl", "tsv") else "tsv"


def _parsed(text: str, form: str, options: Mapping[str, Any]) -> list[Record]:
    header = options.get("header")
    if form == "json":
        return [_named(row, header) for row in _walk(json.loads(text), _keys(options), {})]
    if form == "jsonl":
        values = [json.loads(line) for line in lines_of(text) if line.strip()]
        return [_named(row, header) for row in _walk(values, _keys(options), {})]
    if form == "blocks":
        blocks = _blocks(lines_of(text), options.get("delimiter", ""))
        return [_named(block, header) for block in blocks if block]
    return _table(text, form, options)


def _blocks(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    block: list[str] = []
    for line in lines:
        if line.strip() == delimiter:
            yield block
            block = []
        elif line.strip():
            block.append(line)
    yield block


def _table(text: str, form: str, options: Mapping[str, Any]) -> list[Record]:
    quoted = options.get("quoted", form == "csv")
    rows = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=options.get("delimiter", "," if form == "csv" else "\t"),
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )
    names = options.get("header") or [name.strip() for name in next(rows, [])]
    return [dict(zip(names, row, strict=False)) for row in rows]


def _keys(options: Mapping[str, Any]) -> list[str]:
    return [key for key in options.get("rows", "").split(".") if key]


def _walk(value: Any, keys: Sequence[str], above: Record) -> Iterator[Any]:
    """Rows below a path of keys; ``*`` stands for every value of an object."""
    if not keys:
        for row in value if isinstance(value, list) else [value]:
            yield {**above, **row} if isinstance(row, dict) else row
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, keys, above)
    elif isinstance(value, dict):
        key, *rest = keys
        beside = {} if key == "*" else {k: v for k, v in value.items() if k != key}
        for item in value.values() if key == "*" else [value.get(key, [])]:
            yield from _walk(item, rest, {**above, **beside})


def _named(row: Any, header: Sequence[str] | None) -> Record:
    if isinstance(row, dict):
        return row
    cells = row if isinstance(row, list) else [row]
    return dict(zip(header or (), cells, strict=False))


def texts_at(row: Record, column: str) -> list[str]:
    """Texts at a column, or at keys joined by dots; a list on the way gives several.

    Args:
        row: Row of a file.
        column: Its column, for instance ``question.choices.text``.
    """
    # A key that itself holds dots, as table headers may, is taken as it is.
    return _texts(row, [column] if column in row else column.split("."))


def _texts(value: Any, keys: Sequence[str]) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _texts(item, keys)]
    if keys:
        return _texts(value.get(keys[0]), keys[1:]) if isinstance(value, dict) else []
    if value is None or isinstance(value, dict):
        return []
    text = str(value).strip()
    return [text] if text else []
