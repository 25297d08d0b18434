"""Results as records: one figure, one comparison, and the file that holds them all."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from klein_embedding.errors import KleinError
from klein_embedding.files import read_json, write_text
from klein_embedding.recipe import parse_table

# Columns of every table. The first two are number formats of the encoder.
COLUMNS = {
    "float32": "float32",
    "int8": "int8",
    "static": "static start",
    "lexical": "lexical floor",
    "bm25": "BM25",
    "hybrid": "int8 and BM25",
}
PEER = "peer "
"""What the column of another people's model begins with, before its name."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number and all that is needed to measure it again.

    Attributes:
        suite: Suite, with its part behind a slash, as in "held-out/gloss".
        language: Language code, or "mean" or "all".
        metric: Name of the metric.
        dim: Width of the vectors, a peer's own; 0 for the lexical floor and BM25, which have none.
        precision: Key of `COLUMNS`: number format of the encoder, or the kind of baseline; or
            `PEER` and the name of another model.
        value: The figure, an accuracy from 0 to 1 or a correlation from -1 to 1.
        low: Lower end of the 95 % bootstrap interval.
        high: Upper end of the 95 % bootstrap interval.
        n: Items measured.
        model: Name of the model.
        model_digest: SHA-256 over the digests of the files that make its vectors.
        command: Command that measured it.
        date: When, in UTC.
        processor: On what.
    """

    suite: str
    language: str
    metric: str
    dim: int
    precision: str
    value: float
    low: float
    high: float
    n: int
    model: str
    model_digest: str
    command: str
    date: str
    processor: str

    @property
    def place(self) -> tuple[str, str, str, int, str]:
        """What tells it from the other figures of one results file."""
        return (self.suite, self.language, self.metric, self.dim, self.precision)


@dataclass(frozen=True, slots=True)
class Difference:
    """Paired bootstrap of one column of a results file against another.

    Attributes:
        suite: As in `Figure`.
        language: As in `Figure`.
        metric: As in `Figure`.
        dim: Width of the vectors of both.
        precision: Column measured.
        baseline: Column that is subtracted.
        value: Difference of the two figures.
        low: Lower end of its 95 % interval.
        high: Upper end of its 95 % interval.
        p: Two-sided p-value of "no difference".
    """

    suite: str
    language: str
    metric: str
    dim: int
    precision: str
    baseline: str
    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class SetFacts:
    """What an evaluation set is.

    Attributes:
        digest: SHA-256 over its files' digests.
        licence: Licence of the text.
        citation: What to cite.
        metric: Its main metric.
    """

    digest: str
    licence: str
    citation: str
    metric: str


@dataclass(frozen=True, slots=True)
class Results:
    """All figures of one model.

    Attributes:
        model: Name of the model.
        command: Last command that added figures.
        date: When, in UTC.
        processor: On what.
        versions: Versions of Python and of the packages that matter.
        data: Evaluation sets by name.
        figures: All figures.
        differences: Columns compared with each other.
    """

    model: str
    command: str
    date: str
    processor: str
    versions: dict[str, str]
    data: dict[str, SetFacts]
    figures: list[Figure]
    differences: list[Difference]


def write_results(path: Path, results: Results) -> None:
    """Write a results file, one figure a line and in a fixed order so that changes can be read."""
    table = dataclasses.asdict(
        dataclasses.replace(
            results,
            figures=sorted(results.figures, key=lambda figure: figure.place),
            differences=sorted(results.differences, key=dataclasses.astuple),
        )
    )
    lists = {name: table.pop(name) for name in ("differences", "figures")}
    blocks = [f" {json.dumps(key)}: {_dump(value)}" for key, value in sorted(table.items())]
    for name, records in lists.items():
        rows = ",\n".join(f"  {_dump(record)}" for record in records)
        blocks.append(f" {json.dumps(name)}: [\n{rows}\n ]" if rows else f' "{name}": []')
    write_text(path, "{\n" + ",\n".join(blocks) + "\n}\n")


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def read_results(path: Path) -> Results:
    """Read a results file.

    Raises:
        KleinError: If it is missing, is not JSON, or a field is missing or of the wrong type.
    """
    results = parse_table(Results, read_json(path), str(path))
    strange = {f.precision for f in results.figures if not f.precision.startswith(PEER)}
    strange -= COLUMNS.keys()
    if strange:
        raise KleinError(f"{path}: unknown precision {min(strange)}; run klein eval again")
    return results


def merged(new: Results, old: Results) -> Results:
    """New results, completed by the old figures of suites that the new run left out.

    Old figures stay only if every model of the new run is the one that the old figures were
    measured with; mixed tables would compare different models. Peers, float32, the static start,
    BM25 and what is fused with it may come and go. A peer that is another one now loses its old
    figures alone.

    Args:
        new: Results of this run.
        old: Results that stood in the file before.
    """
    ran = {root(figure.suite) for figure in new.figures}
    kept = [figure for figure in old.figures if root(figure.suite) not in ran]
    now, before = _models(new.figures), _models(kept)
    columns = {column for column in (*now, *before) if not _may_lack(column)}
    # These may be missing from either; no column may be two models.
    columns |= now.keys() & before.keys()
    changed = {column for column in columns if now.get(column) != before.get(column)}
    if any(not column.startswith(PEER) for column in changed):
        return new
    kept = [figure for figure in kept if figure.precision not in changed]
    gaps = [
        gap
        for gap in old.differences
        if root(gap.suite) not in ran and changed.isdisjoint((gap.precision, gap.baseline))
    ]
    return dataclasses.replace(
        new,
        data={**{name: facts for name, facts in old.data.items() if name not in ran}, **new.data},
        figures=[*kept, *new.figures],
        differences=[*gaps, *new.differences],
    )


def _may_lack(column: str) -> bool:
    """Whether a column need not have figures of every suite.

    Such are peers, what only ranks, and float32 and the static start, whose files only the trainer
    of a model has.
    """
    return column.startswith(PEER) or column in ("float32", "static", "bm25", "hybrid")


def root(suite: str) -> str:
    """Name of a figure's suite without its part."""
    return suite.partition("/")[0]


def titles(results: Results) -> dict[str, str]:
    """Title of each column of its tables: ours, then the peers that were measured."""
    found = sorted({f.precision for f in results.figures if f.precision.startswith(PEER)})
    return {**COLUMNS, **{column: column.removeprefix(PEER) for column in found}}


def _models(figures: list[Figure]) -> dict[str, tuple[str, str]]:
    return {figure.precision: (figure.model, figure.model_digest) for figure in figures}
