"""Tables of parallel texts by one column map: CSV, TSV, JSON, spreadsheets and SQLite."""

from __future__ import annotations

import csv
import io
import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from klein_embedding.corpus.readers.reading import (
    files_of,
    lines_of,
    option,
    readable,
    required,
)
from klein_embedding.corpus.readers.spacing import untokenised
from klein_embedding.errors import KleinError
from klein_embedding.languages import LANGUAGES
from klein_embedding.text import Kind, Line, Pair

Row = Mapping[str, str]
"""Texts of one row by the name of their column, or by its number from 0 as a string."""
_SUFFIX = {".tsv": "\t", ".csv": ",", ".txt": "\t"}


@dataclass(frozen=True, slots=True)
class _Wish:
    columns: dict[str, str]
    only: dict[str, list[str]]
    unless: dict[str, list[str]]
    separator: str
    quoted: bool
    header: bool
    blank: str
    query: str
    kind: Kind
    named: Mapping[str, Any]
    tokenised: bool
    most_words: float


def read_parallel_columns(
    root: Path, options: Mapping[str, Any], source: str
) -> Iterator[Pair | Line]:
    """Read tables of which some columns hold the same text in several languages.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns; ``columns``: name of the column (or its number from 0)
            by language code; ``only`` and ``unless``: values of a column that a row must or must
            not have; ``separator``: of a text table, by its suffix unless given; ``quoted``:
            false if quotation marks are part of the text even where no tab separates; ``blank``:
            a character that stands for a space; ``query``: the rows of an SQLite file; ``kind``:
            of the pairs, translation unless given; ``named``: where rows name their language,
            ``text``: the column in that language, ``by``: the column of its name, and
            ``languages``: our codes by name, which need no ``columns``; ``tokenised``: whether
            spaces around English punctuation are to be taken out; ``most_words``: of an English
            text that is read, where longer ones were translated loosely.
        source: Name of the source.

    Returns:
        Pairs of every two of the columns, English first, in the order of files and rows.

    Raises:
        KleinError: If an option is missing or wrong, or nothing could be read.
    """
    return required(_columns(root, options, source), source)


def _columns(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    wish = _wish(options, source)
    places = list(combinations([lang for lang in LANGUAGES if lang in wish.columns], 2))
    paths = files_of(root, option(options, "files", source))
    for _, rows in readable(paths, lambda path: list(_rows(path, wish))):
        for row in rows:
            for left, right in places:
                cells = (row.get(wish.columns[lang], "") for lang in (left, right))
                anchor, positive = (cell.replace(wish.blank, " ").strip() for cell in cells)
                if left == "en" and len(anchor.split()) > wish.most_words:
                    continue
                if left == "en" and wish.tokenised:
                    anchor = untokenised(anchor)
                if anchor and positive:
                    yield Pair(anchor, positive, left, right, source, wish.kind)


def _wish(options: Mapping[str, Any], source: str) -> _Wish:
    columns = {lang: str(name) for lang, name in option(options, "columns", source).items()}
    named = options.get("named", {})
    columns |= {lang: _column_of(lang) for lang in named.get("languages", {}).values()}
    if len(columns) < 2 or not set(columns) <= set(LANGUAGES):
        raise KleinError(f"source {source}: 'columns' must name two languages of ours or more")
    return _Wish(
        columns,
        options.get("only", {}),
        options.get("unless", {}),
        options.get("separator", ""),
        options.get("quoted", True),
        bool(named) or not all(name.isdigit() for name in columns.values()),
        options.get("blank", " "),
        options.get("query", ""),
        options.get("kind", "translation"),
        named,
        options.get("tokenised", False),
        options.get("most_words", math.inf),
    )


def _column_of(lang: str) -> str:
    """Name of the column that a row gets for the language that it names."""
    return f"text in {lang}"


def _rows(path: Path, wish: _Wish) -> Iterator[Row]:
    if path.suffix in (".json", ".jsonl"):
        rows = _json_rows(path)
    elif path.suffix == ".xlsx":
        rows = _named(sheet_rows(path), wish.header)
    elif path.suffix in (".sqlite", ".sqlite3", ".db"):
        rows = _named(sqlite_rows(path, wish.query), header=False)
    else:
        rows = _named(_text_rows(path, wish), wish.header)
    for row in rows:
        wanted = all(row.get(name, "") in values for name, values in wish.only.items())
        if not wanted or any(row.get(name) in values for name, values in wish.unless.items()):
            continue
        lang = wish.named["languages"].get(row[wish.named["by"]]) if wish.named else None
        yield {**row, _column_of(lang): row[wish.named["text"]]} if lang else row


def _named(rows: Iterable[Iterable[str]], header: bool) -> Iterator[Row]:
    rest = iter(rows)
    names = [name.strip().removeprefix("\ufeff") for name in next(rest, [])] if header else []
    for row in rest:
        cells = list(row)
        numbers = (str(place) for place in range(len(cells)))
        yield dict(chain(zip(numbers, cells, strict=True), zip(names, cells, strict=False)))


def _text_rows(path: Path, wish: _Wish) -> Iterator[list[str]]:
    text = path.read_bytes().decode("utf-8-sig")
    separator = wish.separator or _SUFFIX.get(path.suffix, "\t")
    if wish.quoted and len(separator) == 1 and separator != "\t":
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    else:
        yield from (line.split(separator) for line in lines_of(text))


def _json_rows(path: Path) -> Iterator[Row]:
    text = path.read_bytes().decode("utf-8-sig")
    lines = path.suffix == ".jsonl"
    rows = [json.loads(line) for line in lines_of(text) if line] if lines else json.loads(text)
    if isinstance(rows, Mapping):
        # One object whose keys are the texts of one language and whose values are the other's.
        rows = [{"0": key, "1": value} for key, value in rows.items()]
    for row in rows:
        yield {str(name): value for name, value in row.items() if isinstance(value, str)}


def sheet_rows(file: Path | io.BytesIO) -> Iterator[list[str]]:
    """Rows of all sheets of a spreadsheet, empty cells as empty texts."""
    with closing(load_workbook(file, read_only=True, data_only=True)) as book:
        for sheet in book.worksheets:
            for row in sheet.iter_rows(values_only=True):
                yield ["" if cell is None else str(cell) for cell in row]


def sqlite_rows(path: Path, query: str) -> Iterator[list[str]]:
    """Rows of an SQLite file by a query.

    Raises:
        ValueError: If there are none by it.
    """
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as database:
        try:
            for row in database.execute(query):
                yield ["" if cell is None else str(cell) for cell in row]
        except sqlite3.Error as error:
            # The error alone would not say which query gave no rows.
            raise ValueError(f"no rows by '{query[:60]}': {error}") from None
