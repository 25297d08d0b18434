"""Articles in tables and JSON: which columns hold the title and the text is told by options."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from klein_embedding.corpus.readers.members import MOST_BYTES, decoded, members
from klein_embedding.corpus.readers.news import BODY_WORDS, article, language_of, paragraphs_of
from klein_embedding.corpus.readers.parallel_columns import sheet_rows, sqlite_rows
from klein_embedding.corpus.readers.reading import (
    files_of,
    lines_of,
    option,
    readable,
    required,
)
from klein_embedding.text import Line, Pair

_SEPARATORS = {".tsv": "\t", ".tab": "\t"}
_BREAKS = re.compile(r"<\s*/?\s*(?:br|p|div|li|h\d)\b[^<>]*>|\\n", re.IGNORECASE)


def read_article_rows(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read tables or JSON of which each row is an article.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of .csv, .tsv, .json, .jsonl, .xlsx, or .js that holds
            one array, plain or packed; ``quoted``: false if quotation marks are part of the text;
            ``member``: glob pattern of the archive members to read; ``body``: name of the text's
            column (or its number from 0 where no header stands); ``title``: of the title's,
            or true if the text's first line is one; ``body_words``, ``kind``: as `news.article`;
            ``lang``: code of the language, or a list of codes of different scripts;
            ``only``: values by column that a row must have; ``query``: rows of an .sqlite file,
            of which column 0 is the first and column 1 the last.
        source: Name of the source.

    Returns:
        A line for each title and paragraph, and a title-body pair where an article has both.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_articles(root, options, source), source)


def _articles(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    lang, body = option(options, "lang", source), str(option(options, "body", source))
    title, only = options.get("title", ""), options.get("only", {})
    member, quoted = options.get("member", "*"), options.get("quoted", True)
    least, kind = options.get("body_words", BODY_WORDS), options.get("kind", "title-body")

    def parse(path: Path) -> list[Mapping[str, str]]:
        if path.suffix == ".sqlite":
            query = option(options, "query", source)
            return [{"0": row[0], "1": row[-1]} for row in sqlite_rows(path, query)]
        return [
            row for name, data in members(path, member) for row in _rows(name, data, body, quoted)
        ]

    for _, rows in readable(files_of(root, option(options, "files", source)), parse):
        for row in rows:
            if any(row.get(name) not in values for name, values in only.items()):
                continue
            head = " ".join(row.get(str(title), "").split())
            texts = lines_of(_BREAKS.sub("\n", row.get(body, "")))
            code = language_of([head, *texts], lang)
            found = [text for text in paragraphs_of(texts, code) if text != head]
            if head:
                yield from article([head, *found], code, source, least, kind)
            elif title is True:
                yield from article(found, code, source, least, kind)
            else:
                yield from (Line(text, code, source) for text in found)


def _rows(name: str, content: bytes, body: str, quoted: bool) -> Iterable[Mapping[str, str]]:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".xlsx":
        return _named(sheet_rows(io.BytesIO(content)), header=not body.isdigit())
    text = decoded(content)
    if suffix == ".js":
        # A script that assigns one array to a constant.
        text = text[text.find("[") : text.rfind("]") + 1]
    if suffix in (".json", ".jsonl", ".js"):
        return _json_rows(text, body, lines=suffix == ".jsonl")
    return _named(_text_rows(text, _SEPARATORS.get(suffix, ","), quoted), header=not body.isdigit())


def _named(rows: Iterable[list[str]], *, header: bool) -> Iterator[dict[str, str]]:
    rest = iter(rows)
    names = [name.strip() for name in next(rest, [])] if header else []
    for row in rest:
        yield dict(zip(names or map(str, range(len(row))), row, strict=False))


def _text_rows(text: str, separator: str, quoted: bool) -> Iterator[list[str]]:
    if not quoted:
        yield from (line.split(separator) for line in lines_of(text))
        return
    before = csv.field_size_limit(MOST_BYTES)  # One limit for the whole process.
    try:
        yield from list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    finally:
        csv.field_size_limit(before)


def _json_rows(text: str, body: str, *, lines: bool) -> Iterator[dict[str, str]]:
    try:
        found = [json.loads(line) for line in lines_of(text) if line] if lines else json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if isinstance(found, Mapping):
        found = [found] if body in found else list(found.values())
    for row in found:
        if isinstance(row, Mapping):
            yield {str(key): _joined(value) for key, value in row.items()}


def _joined(value: object) -> str:
    """Text of a field; a list of paragraphs becomes one text of several lines."""
    if isinstance(value, list):
        return "\n".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""
