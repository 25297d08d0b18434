"""The results file as tables for people, and the README that may show nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from klein_embedding.errors import KleinError
from klein_embedding.eval.alignment import FROM_ENGLISH, INTO_ENGLISH
from klein_embedding.eval.bootstrap import RESAMPLES
from klein_embedding.eval.figures import (
    PEER,
    Difference,
    Figure,
    Results,
    read_results,
    root,
    titles,
)
from klein_embedding.eval.further import LANGUAGE_ROWS, SETS, Keys, Row
from klein_embedding.eval.held_out import ACCURACY, NAME
from klein_embedding.eval.published import published, published_table
from klein_embedding.eval.scored import SPEARMAN
from klein_embedding.files import write_text
from klein_embedding.infer.embedder import DIMS, WIDTH
from klein_embedding.languages import LANGUAGES
from klein_embedding.text import KINDS

START, END = "<!-- results:start -->", "<!-- results:end -->"
_NONE = "–"

_TATOEBA = ((INTO_ENGLISH, "to English"), (FROM_ENGLISH, "from English"))
_SUMMARY: tuple[Row, ...] = (
    (
        "Tatoeba mean, to / from English",
        tuple(("tatoeba", "mean", metric) for metric, _ in _TATOEBA),
    ),
    ("STS-B test", (("stsb/test", "en", SPEARMAN),)),
    ("held-out mean over kinds", ((NAME, "mean", ACCURACY),)),
)


def render_table(results: Results) -> str:
    """Markdown of a results file: main table, widths, languages, and where it comes from.

    Args:
        results: Content of the results file.

    Returns:
        Markdown without the markers, ending in a line feed.
    """
    rows = [*_tatoeba_rows(), *_stsb_rows(), *_held_out_rows()]
    blocks = [
        f"All figures times 100, at {WIDTH} dimensions, with 95 % intervals in brackets "
        f"({RESAMPLES:,} bootstrap resamples).",
        _table("measure", rows, results, WIDTH),
        "The same vectors cut to fewer dimensions (other columns than ours keep theirs):",
        _widths(results),
    ]
    for head, told, folded in (
        ("other people's set", "", SETS),
        ("set and language", "The same sets by language", LANGUAGE_ROWS),
        (
            "translation into",
            "Held-out translations by language of the side that is looked for",
            _language_rows(),
        ),
    ):
        if table := _table(head, folded, results, WIDTH):
            blocks.append(_folded(told, table) if told else table)
    if table := published_table(results):
        told = (
            "What others published of their models on the same sets was measured by others, on "
            f"their machines ({published().source}); it stands apart for that."
        )
        blocks += [told, table]
    blocks += [_gaps(results), _sources(results)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def promised() -> set[tuple[str, str, str]]:
    """Suite, language and metric of the figures that sum a model up."""
    return {key for _, keys in (*_SUMMARY, *SETS) for key in keys}


def _folded(told: str, table: str) -> str:
    return f"<details><summary>{told}</summary>\n\n{table}\n\n</details>"


def update_readme(readme: Path, results: Path) -> None:
    """Put the tables of a results file between the markers of a README.

    Raises:
        KleinError: If either file is missing or the markers are not there once, in order.
    """
    before, _, after = split_readme(readme)
    write_text(readme, f"{before}{START}\n{render_table(read_results(results))}{END}{after}")


def split_readme(readme: Path) -> tuple[str, str, str]:
    """Text of a README before, between and after the markers.

    Raises:
        KleinError: If the file is missing or the markers are not there once, in order.
    """
    if not readme.is_file():
        raise KleinError(f"{readme}: no such file; create it with the lines {START} and {END}")
    text = readme.read_text(encoding="utf-8")
    before, start, rest = text.partition(START)
    between, end, after = rest.partition(END)
    if not start or not end or START in rest or END in before + after:
        raise KleinError(f"{readme}: needs one line {START} and below it one line {END}")
    return before, between.removeprefix("\n"), after


def _tatoeba_rows() -> list[Row]:
    languages = [code for code in LANGUAGES if code != "en"]
    rows: list[Row] = [
        (
            f"Tatoeba {code} to / from English",
            tuple(("tatoeba", code, metric) for metric, _ in _TATOEBA),
        )
        for code in languages
    ]
    return [*rows, (f"**{_SUMMARY[0][0]}**", _SUMMARY[0][1])]


def _stsb_rows() -> list[Row]:
    return [
        (f"STS-B {split}, Spearman", ((f"stsb/{split}", "en", SPEARMAN),))
        for split in ("dev", "test")
    ]


def _held_out_rows() -> list[Row]:
    rows: list[Row] = [
        (f"held-out {kind}", ((f"{NAME}/{kind}", "all", ACCURACY),)) for kind in KINDS
    ]
    return [*rows, (f"**{_SUMMARY[2][0]}**", _SUMMARY[2][1])]


def _language_rows() -> list[Row]:
    return [
        (language.name, ((f"{NAME}/translation", code, ACCURACY),))
        for code, language in LANGUAGES.items()
    ]


def _table(head: str, rows: Iterable[Row], results: Results, dim: int) -> str:
    """Rows and columns that have a figure; empty when there is none."""
    return _rendered(head, [(title, keys, dim) for title, keys in rows], results)


def _widths(results: Results) -> str:
    rows = [(f"{title}, {dim}", keys, dim) for title, keys in _SUMMARY for dim in DIMS]
    return _rendered("mean, dimensions", rows, results)


def _rendered(head: str, rows: Iterable[tuple[str, Keys, int]], results: Results) -> str:
    cells = {title: _cells(keys, results, dim) for title, keys, dim in rows}
    cells = {title: found for title, found in cells.items() if found}
    columns = [c for c in titles(results) if any(c in found for found in cells.values())]
    if not cells:
        return ""
    shown = [titles(results)[column] for column in columns]
    lines = [f"| {head} | {' | '.join(shown)} |", "|---|" + "---:|" * len(columns)]
    for title, found in cells.items():
        row = " | ".join(found.get(column, _NONE) for column in columns)
        lines.append(f"| {title} | {row} |")
    return "\n".join(lines)


def _cells(keys: Keys, results: Results, dim: int) -> dict[str, str]:
    """What each column that has a figure shows."""
    found = {}
    for column in titles(results):
        width = _width(column, results, dim)
        figures = [figure for key in keys if (figure := _find(results, (*key, width, column)))]
        if figures:
            found[column] = " / ".join(map(_cell, figures))
    return found


def _width(column: str, results: Results, dim: int) -> int:
    """Width of a column's vectors: a peer has one of its own, spelling and words none."""
    if column in ("lexical", "bm25"):
        return 0
    own = (f.dim for f in results.figures if f.precision == column and column.startswith(PEER))
    return next(own, dim)


def _find(results: Results, place: tuple[str, str, str, int, str]) -> Figure | None:
    return next((figure for figure in results.figures if figure.place == place), None)


def _cell(figure: Figure) -> str:
    return f"{_hundred(figure.value)} ({_hundred(figure.low)}–{_hundred(figure.high)})"


def _hundred(value: float) -> str:
    # Adding 0.0 turns a rounded minus zero into zero.
    return f"{round(100 * value, 1) + 0.0:.1f}".replace("-", "−")


def _gaps(results: Results) -> str:
    """What the encoder adds to its start, and what int8 costs, as one list."""
    lines, columns = [], titles(results)
    for one, other in dict.fromkeys((gap.precision, gap.baseline) for gap in results.differences):
        found = {
            (gap.suite, gap.language, gap.metric): gap
            for gap in results.differences
            if (gap.precision, gap.baseline) == (one, other)
        }
        parts = [
            f"{title} {' / '.join(_gap(found[key]) for key in keys if key in found)}"
            for title, keys in _SUMMARY
            if any(key in found for key in keys)
        ]
        if parts:
            lines.append(f"- {columns[one]} minus {columns[other]}: {'; '.join(parts)}")
    head = "Differences on the same resamples (paired bootstrap):\n\n"
    return head + "\n".join(lines) if lines else ""


def _gap(gap: Difference) -> str:
    return f"{_signed(gap.value)} ({_signed(gap.low)} to {_signed(gap.high)})"


def _signed(value: float) -> str:
    text = _hundred(value)
    return text if text.startswith("−") or text == "0.0" else f"+{text}"


def _sources(results: Results) -> str:
    """Each command with the suites that it measured, its date and its processor."""
    suites: dict[tuple[str, str, str], dict[str, None]] = {}
    for figure in results.figures:
        stamp = (figure.command, figure.date, figure.processor)
        suites.setdefault(stamp, {})[root(figure.suite)] = None
    return "\n\n".join(
        f"{', '.join(names)}: `{command}`, {date[:10]}, {processor}."
        for (command, date, processor), names in suites.items()
    )
