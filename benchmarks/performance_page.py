"""Rows that the benchmarks measured: as JSON, as Markdown tables, as the page about speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from performance_text import PAGE, SECTIONS

from klein_embedding.files import read_json, write_json, write_text


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Attributes:
        section: Key of `SECTIONS`.
        name: What was compared.
        ratio: Median over the rounds of ours / theirs.
        low: Lowest such ratio.
        high: Highest.
        ours: Median of ours.
        theirs: Median of what it is compared with.
        unit: Unit of both.
        command: What was typed.
        date: When.
        processor: Where.
        note: What else a reader must know.
    """

    section: str
    name: str
    ratio: float
    low: float
    high: float
    ours: float
    theirs: float
    unit: str
    command: str
    date: str
    processor: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one thing that nothing stands beside.

    Attributes:
        section: Key of `SECTIONS`.
        name: What was measured.
        values: Its figures by the heads of their columns, as they are shown.
        command: What was typed.
        date: When.
        processor: Where.
    """

    section: str
    name: str
    values: dict[str, str]
    command: str
    date: str
    processor: str


def write_page(rows: Sequence[Row] | Sequence[Figures], folder: Path) -> None:
    """Replace a measured section in ``performance.json`` and ``performance.md``.

    Args:
        rows: All rows of one section; figures take the place of those of the same name alone.
        folder: Folder of both files, which are made if need be.
    """
    record, page, section = folder / "performance.json", folder / "performance.md", rows[0].section
    kept = [_read(row) for row in read_json(record)] if record.is_file() else []
    names = {row.name for row in rows}
    mine = [
        *(
            row
            for row in kept
            if row.section == section and isinstance(row, Figures) and row.name not in names
        ),
        *rows,
    ]
    whole = [*(row for row in kept if row.section != section), *mine]
    whole.sort(key=lambda row: list(SECTIONS).index(row.section))
    write_json(record, [asdict(row) for row in whole])
    text = page.read_text(encoding="utf-8") if page.is_file() else PAGE
    marks = f"<!-- {section} -->", f"<!-- /{section} -->"
    before, _, rest = text.partition(marks[0])
    _, _, behind = rest.partition(marks[1])
    inside = f"{marks[0]}\n{section_text(mine)}\n{marks[1]}"
    write_text(page, before + inside + behind)


def _read(row: dict[str, Any]) -> Row | Figures:
    return Figures(**row) if "values" in row else Row(**row)


def section_text(rows: Sequence[Row | Figures]) -> str:
    """The tables of a section, and the command, date and processor they come from."""
    if isinstance(rows[0], Figures):
        return _figures([row for row in rows if isinstance(row, Figures)])
    return _rows([row for row in rows if isinstance(row, Row)])


def _figures(rows: Sequence[Figures]) -> str:
    cells = [[row.name, *row.values.values()] for row in rows]
    stamps = dict.fromkeys(f"`{row.command}`, {row.date[:10]}, {row.processor}." for row in rows)
    return "\n".join([*_table(["", *rows[0].values], cells), "", "\\\n".join(stamps)])


def _rows(rows: Sequence[Row]) -> str:
    tables = {"ceiling": _ceiling, "profile": _profile}.get(rows[0].section, _compared)
    first = rows[0]
    stamp = f"`{first.command}`, {first.date[:10]}, {first.processor}."
    return "\n".join([*tables(rows), "", stamp])


def _ceiling(rows: Sequence[Row]) -> list[str]:
    """A table a stage: shapes by lengths."""
    lines: list[str] = []
    cells = {tuple(row.name.split(", ")): row for row in rows}
    for stage in dict.fromkeys(stage for stage, _, _ in cells):
        mine = {key[1:]: row for key, row in cells.items() if key[0] == stage}
        lengths = list(dict.fromkeys(length for _, length in mine))
        table = [
            [shape, *(_share(mine[shape, length]) for length in lengths)]
            for shape in dict.fromkeys(shape for shape, _ in mine)
        ]
        lines += ["", f"{stage}, texts of", "", *_table(["shape", *lengths], table)]
    ceilings = sorted(row.theirs for row in rows)
    low, high = (f"{value:,.0f} {rows[0].unit}" for value in (ceilings[0], ceilings[-1]))
    told = f"The ceiling was between {low} and {high}, in {rows[0].note}."
    return [*lines[1:], "", told]


def _share(row: Row) -> str:
    return f"**{row.ratio:.0%}** ({row.low:.0%}–{row.high:.0%})"


def _compared(rows: Sequence[Row]) -> list[str]:
    head = ["", "ours", "theirs", "unit", "ours / theirs", "note"]
    cells = [
        [
            row.name,
            _number(row.ours),
            _number(row.theirs),
            row.unit,
            f"**{row.ratio:.2f}** ({row.low:.2f}–{row.high:.2f})",
            row.note,
        ]
        for row in rows
    ]
    return _table(head, cells)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"


def _profile(rows: Sequence[Row]) -> list[str]:
    return _table(["what", "share"], [[row.name, f"{row.ratio:.1%}"] for row in rows])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Markdown, the first column to the left and all others to the right."""
    ruler = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(row)} |" for row in (head, ruler, *rows)]
