"""Tables of evaluation sets: spreadsheets, separated values, and a pickled table of pandas."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from openpyxl import load_workbook


def spreadsheet(path: Path) -> list[tuple[Any, ...]]:
    """Rows of the first sheet, its head first, rows without a single value left out."""
    book = load_workbook(path, read_only=True, data_only=True)
    try:
        rows = list(book.worksheets[0].iter_rows(values_only=True))
    finally:
        book.close()
    return [row for row in rows if any(cell is not None for cell in row)]


def separated(path: Path) -> list[dict[str, str]]:
    """Rows of a comma-separated file by the names in its head."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
