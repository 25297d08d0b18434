"""Pairs out of any table: which column is what, told by the catalogue."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.inference import MAX_NEGATIVES
from klein_embedding.corpus.readers.reading import files_of, option, readable, required
from klein_embedding.corpus.readers.records import Record, records, side_by_side, texts_at
from klein_embedding.corpus.readers.spacing import untokenised
from klein_embedding.errors import KleinError
from klein_embedding.text import Kind, Line, Pair


@dataclass(slots=True)
class _Judged:
    """What belongs to one anchor and what does not; dictionaries keep the order of rows."""

    right: dict[str, None] = field(default_factory=dict)
    wrong: dict[str, None] = field(default_factory=dict)


def read_columns(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read English pairs from tables or JSON whose columns the options name.

    Rows that share an anchor are read together, so that what one of them calls right is no hard
    negative of another. Besides its own columns each row has "file", the name of its file.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns; how to read them, see `records`; or ``sides``: by column
            the file whose lines it is, with ``{part}`` in the name for each of ``parts``;
            ``kind`` of the pairs;
            ``where`` and ``unless``: values by column that a row must, or must not, have;
            ``join``: list of tables (each with ``files`` and ``on``, a shared column) whose rows
            extend those of the same key;
            ``fields``: by column, an expression whose named groups become columns; ``replace``:
            what to write for a string anywhere; ``tokenised``: whether spaces around punctuation
            are to be taken out.
            Then either ``same``: columns whose texts all mean the same in a row, or, with
            ``group``, in all rows of one value of these columns: each text meets the next one.
            Or ``anchor`` and ``positive``: columns; ``negatives``: columns of hard negatives;
            ``label`` with ``right`` and ``wrong``: which values make the positive column a
            positive or a hard negative; ``choices`` and ``answer`` instead of ``positive``: columns
            of options and the column of the right one's number (from 0, or A to Z); ``most``:
            pairs that one text may stand in.
        source: Name of the source.

    Returns:
        Pairs in the order of first rows.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_pairs(root, options, source), source)


def _pairs(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    kind: Kind = option(options, "kind", source)
    if "same" not in options:
        option(options, "anchor", source)
        option(options, "choices" if "answer" in options else "positive", source)
    rows = _rows(root, options, source)
    found = _chained(rows, options) if "same" in options else _related(rows, options)
    used: Counter[str] = Counter()
    most = options.get("most", 0)
    for anchor, positive, negatives in found:
        if most and max(used[anchor], used[positive]) >= most:
            continue
        used.update((anchor, positive))
        yield Pair(anchor, positive, "en", "en", source, kind, negatives)


def _rows(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Record]:
    tables = [_joinable(root, table, source) for table in options.get("join", ())]
    where, unless = options.get("where", {}), options.get("unless", {})
    expressions = _expressions(options, source)
    for rows in _tables(root, options, source):
        for bare in rows:
            row = _with_fields(_extended(bare, tables), expressions)
            if not any(_is_one_of(row, *rule) for rule in unless.items()) and all(
                _is_one_of(row, *rule) for rule in where.items()
            ):
                yield row


def _tables(root: Path, options: Mapping[str, Any], source: str) -> Iterator[list[Record]]:
    if "sides" not in options:
        paths = files_of(root, option(options, "files", source))
        for path, rows in readable(paths, lambda path: records(path, options)):
            yield [{"file": path.name, **row} for row in rows]
        return
    for part in options.get("parts", [""]):
        names = {
            column: root / name.replace("{part}", part) for column, name in options["sides"].items()
        }
        read = partial(_beside, names, options)
        yield from (rows for _, rows in readable(list(names.values())[:1], read))


def _beside(names: Mapping[str, Path], options: Mapping[str, Any], first: Path) -> list[Record]:
    del first  # The name that a warning gives; every side is read by its own.
    return side_by_side(names, options)


def _joinable(root: Path, table: Mapping[str, Any], source: str) -> tuple[str, dict[str, Record]]:
    column = option(table, "on", source)
    paths = files_of(root, option(table, "files", source))
    found = readable(paths, lambda path: records(path, table))
    rows = chain.from_iterable(rows for _, rows in found)
    return column, {str(row[column]): row for row in rows if column in row}


def _extended(row: Record, tables: Iterable[tuple[str, dict[str, Record]]]) -> Record:
    found: Record = {}
    for column, table in tables:
        found |= table.get(str(row.get(column)), {})
    return {**found, **row}


def _is_one_of(row: Record, column: str, values: Iterable[Any]) -> bool:
    return not {str(value) for value in values}.isdisjoint(texts_at(row, column) or [""])


def _chained(
    rows: Iterable[Record], options: Mapping[str, Any]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    groups: dict[tuple[Any, ...], dict[str, None]] = defaultdict(dict)
    columns = options.get("group", ())
    for number, row in enumerate(rows):
        key = tuple(row.get(column) and str(row[column]) for column in columns) or (number,)
        if all(part not in (None, "") for part in key):
            groups[key].update(dict.fromkeys(_texts(row, options["same"], options)))
    for texts in groups.values():
        for anchor, positive in pairwise(texts):
            yield anchor, positive, ()


def _related(
    rows: Iterable[Record], options: Mapping[str, Any]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    anchors: dict[str, _Judged] = defaultdict(_Judged)
    for row in rows:
        right, wrong = _judged(row, options)
        for anchor in _texts(row, options["anchor"], options):
            anchors[anchor].right.update(dict.fromkeys(right))
            anchors[anchor].wrong.update(dict.fromkeys(wrong))
    for anchor, judged in anchors.items():
        wrong = tuple(t for t in judged.wrong if t not in judged.right and t != anchor)
        for positive in judged.right:
            yield anchor, positive, wrong[:MAX_NEGATIVES]


def _judged(row: Record, options: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Texts of a row that belong to its anchor, and those that only seem to."""
    wrong = _texts(row, options.get("negatives", ()), options)
    if "answer" in options:
        choices = _texts(row, options["choices"], options)
        number = _number("".join(texts_at(row, options["answer"])[:1]))
        if not 0 <= number < len(choices):
            return [], []
        return [choices.pop(number)], choices + wrong
    texts = _texts(row, options["positive"], options)
    if "label" not in options or _is_one_of(row, options["label"], options.get("right", ())):
        return texts, wrong
    if _is_one_of(row, options["label"], options.get("wrong", ())):
        return [], texts + wrong
    return [], []


def _number(answer: str) -> int:
    if len(answer) == 1 and "A" <= answer <= "Z":
        return ord(answer) - ord("A")
    return int(answer) if answer.isdecimal() else -1


def _texts(row: Record, columns: str | Iterable[str], options: Mapping[str, Any]) -> list[str]:
    named = [columns] if isinstance(columns, str) else columns
    found = [text for column in named for text in texts_at(row, column)]
    for old, new in options.get("replace", {}).items():
        found = [text.replace(old, new) for text in found]
    if options.get("tokenised"):
        found = [untokenised(text) for text in found]
    return [text for text in found if text.strip()]


def _expressions(options: Mapping[str, Any], source: str) -> dict[str, re.Pattern[str]]:
    try:
        return {
            column: re.compile(pattern, re.DOTALL)
            for column, pattern in options.get("fields", {}).items()
        }
    except re.error as error:
        raise KleinError(f"source {source}: its option 'fields': {error}") from None


def _with_fields(row: Record, expressions: Mapping[str, re.Pattern[str]]) -> Record:
    found: Record = {}
    for column, expression in expressions.items():
        match = expression.search("".join(texts_at(row, column)[:1]))
        found.update(match.groupdict() if match else {})
    return {**row, **found}
