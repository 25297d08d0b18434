"""Prose whose numbers are links to figures, so that no page can say what was not measured.

A number is written as ``[80.5](results/NAME.json "tatoeba; mean; accuracy xx->en; int8; 512")``:
suite, language, metric, column and width of a figure, times 100 with one digit. A column written
as ``int8 - static`` is a difference. ``; ~`` behind them adds the 95 % interval in brackets, and
``; =`` leaves the figure as it is, with two digits, where it is no share.
"""

from __future__ import annotations

import re
from pathlib import Path

from klein_embedding.errors import KleinError
from klein_embedding.eval.figures import Difference, Figure, Results
from klein_embedding.files import write_text

_LINK = re.compile(r'\[([^\]\n]*)\]\((\S+?\.json) "([^"\n]+)"\)')
_PARTS = 5


def linked(text: str, results: Results, where: str) -> str:
    """The text with every linked number written anew.

    Args:
        text: Markdown.
        results: Results that the links mean.
        where: Names the text in errors.

    Raises:
        KleinError: If a link names no figure of the results, or nothing is linked.
    """
    if not _LINK.search(text):
        raise KleinError(f"{where}: links no number to a figure")

    def number(match: re.Match[str]) -> str:
        said, path, title = match.groups()
        try:
            return f'[{_shown(title, results)}]({path} "{title}")'
        except LookupError:
            raise KleinError(
                f'{where}: [{said}] is linked to "{title}", which {results.model} has not'
            ) from None

    return _LINK.sub(number, text)


def update_links(page: Path, results: Results) -> int:
    """Write a page's linked numbers anew.

    Returns:
        How many there are.

    Raises:
        KleinError: As `linked`, or if the page cannot be read.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KleinError(f"{page}: not readable ({error})") from None
    write_text(page, linked(text, results, str(page)))
    return len(_LINK.findall(text))


def _shown(title: str, results: Results) -> str:
    parts = [part.strip() for part in title.split(";")]
    if len(parts) < _PARTS or not parts[4].isdecimal():
        raise LookupError(title)
    found = _found(parts, results)
    plain, interval = "=" in parts[_PARTS:], "~" in parts[_PARTS:]

    def digits(value: float) -> str:
        shown = f"{value + 0.0:.2f}" if plain else f"{round(100 * value, 1) + 0.0:.1f}"
        signed = shown if isinstance(found, Figure) or shown.startswith("-") else f"+{shown}"
        return signed.replace("-", "−")

    around = f" ({digits(found.low)} to {digits(found.high)})" if interval else ""
    return digits(found.value) + around


def _found(parts: list[str], results: Results) -> Figure | Difference:
    suite, language, metric, column, width = parts[:_PARTS]
    one, minus, other = column.partition(" - ")
    if minus:
        for gap in results.differences:
            place = (gap.suite, gap.language, gap.metric, gap.dim)
            if place == (suite, language, metric, int(width)) and (
                (gap.precision, gap.baseline) == (one, other)
            ):
                return gap
    for figure in results.figures:
        if figure.place == (suite, language, metric, int(width), column):
            return figure
    raise LookupError(column)
