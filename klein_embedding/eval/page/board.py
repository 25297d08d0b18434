"""Figures of a results file as the page arranges and names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from klein_embedding.eval.alignment import AMONG_ALL, BETWEEN, FROM_ENGLISH, INTO_ENGLISH
from klein_embedding.eval.figures import Figure, Results, root, titles
from klein_embedding.eval.geometry import METRICS as GEOMETRY
from klein_embedding.eval.page.markup import decimal
from klein_embedding.eval.scored import SPEARMAN
from klein_embedding.infer.embedder import WIDTH

NAMES = {
    "tatoeba": "Tatoeba",
    "stsb": "STS-B",
    "held-out": "Held-out pairs",
    "tico19": "TICO-19",
    "romanised": "Romanised",
    "changes": "Small changes",
    "flores": "FLoRes v1 devtest",
    "indicmt": "IndicMT-Eval",
    "odia": "OdiaNLP",
    "mgsm": "MGSM",
    "indicxnli": "IndicXNLI",
    "governance": "IL-ILGOV",
    "reviews": "STAR-IL reviews",
    "hinglish": "Hinglish as typed",
    "sts12-16": "STS 2012–2016",
    "semrel": "SemRel",
    "mahasts": "MahaSTS",
    "short-sts": "Short sentences, scored",
    "cranfield": "Cranfield",
    "npl": "NPL",
    "milpac": "MILPaC",
    "questions": "Held-out questions",
    "banking77": "BANKING77",
}
"""Names of suites in the order of the page; others follow under their own."""
METRICS = {
    INTO_ENGLISH: "accuracy into English",
    FROM_ENGLISH: "accuracy from English",
    AMONG_ALL: "accuracy among all languages",
    SPEARMAN: "Spearman",
    BETWEEN: "accuracy between Indic languages",
}
_OURS = "int8"

Place = tuple[str, str, str]
"""Suite, language and metric."""
HEADLINES: tuple[Place, ...] = (
    ("tatoeba", "mean", INTO_ENGLISH),
    ("tico19", "mean", INTO_ENGLISH),
    ("flores", "mean", INTO_ENGLISH),
    ("indicmt", "mean", INTO_ENGLISH),
    ("stsb/test", "en", SPEARMAN),
    ("held-out", "mean", "accuracy"),
)
"""Figures of the cards and the curves, those that were measured."""


@dataclass(frozen=True, slots=True)
class Board:
    """Figures by place and column, at the full width.

    Attributes:
        columns: Title of each column that has a figure.
        cells: Figures by place, then by column.
        results: All of the results file.
    """

    columns: Mapping[str, str]
    cells: Mapping[Place, Mapping[str, Figure]]
    results: Results

    def names(self) -> list[str]:
        """Suites without their parts, the better known first."""
        found = dict.fromkeys(root(suite) for suite, _, _ in self.cells)
        known = [name for name in NAMES if name in found]
        return known + [name for name in found if name not in NAMES]


def board(results: Results) -> Board:
    """Arrange the figures; columns without a width of ours keep theirs."""
    cells: dict[Place, dict[str, Figure]] = {}
    for figure in results.figures:
        if figure.dim == WIDTH or not _has_widths(figure.precision):
            place = (figure.suite, figure.language, figure.metric)
            cells.setdefault(place, {})[figure.precision] = figure
    used = {column for found in cells.values() for column in found}
    columns = {key: title for key, title in titles(results).items() if key in used}
    return Board(columns, cells, results)


def _has_widths(column: str) -> bool:
    return column in ("float32", "int8", "static")


def suite_name(suite: str) -> str:
    """Name of a suite with its part."""
    name, _, part = suite.partition("/")
    return f"{NAMES.get(name, name)} {part}".strip()


def metric_name(metric: str) -> str:
    """Name of a metric as the page says it."""
    return METRICS.get(metric, metric)


def main_figure(cells: Mapping[str, Figure]) -> Figure:
    """What the cards show: int8, which users run, or else the first column."""
    return cells[_OURS] if _OURS in cells else next(iter(cells.values()))


def hundred(value: float) -> str:
    """A figure times 100."""
    return decimal(100 * value, 1)


def value_of(figure: Figure) -> str:
    """Its value in the page's unit."""
    return _said(figure.value, figure.metric)


def interval(figure: Figure) -> str:
    """Its 95 % interval in the same unit."""
    between = " to " if figure.low < 0 else "–"
    return between.join(_said(end, figure.metric) for end in (figure.low, figure.high))


def _said(value: float, metric: str) -> str:
    # Skewness and uniformity are no shares: a hundred times them would mean nothing.
    return decimal(value) if metric in GEOMETRY else hundred(value)
