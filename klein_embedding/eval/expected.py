"""Promised figures: ``recipes/expected.toml``, and whether a model still gives them.

A figure is OK where it is the promised one but for rounding, near where it lies in the interval of
the promised one, and FAIL elsewhere: vectors differ a little between processors, so the nearest of
two like candidates may change.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from klein_embedding.errors import KleinError
from klein_embedding.eval.baselines import encoder_systems
from klein_embedding.eval.figures import Figure, Results, root
from klein_embedding.eval.report import promised
from klein_embedding.eval.run import OF_CORPUS, measure, suite_of
from klein_embedding.files import write_text
from klein_embedding.infer.embedder import WIDTH
from klein_embedding.recipe import parse_table

OK, NEAR, FAIL = "OK", "near", "FAIL"
_PRECISION = "int8"
_ROUNDING = 0.0005


@dataclass(frozen=True, slots=True)
class Expected:
    """One promised figure of the int8 model at 512 dimensions.

    Attributes:
        suite: As in `Figure`.
        language: As in `Figure`.
        metric: As in `Figure`.
        value: The figure.
        low: Lower end of its 95 % interval.
        high: Upper end of its 95 % interval.
    """

    suite: str
    language: str
    metric: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Promise:
    """Content of ``expected.toml``.

    Attributes:
        model: Name of the model.
        model_digest: Digest of the files that make its vectors.
        command: Command that measured the figures.
        date: When, in UTC.
        processor: On what.
        figure: The figures.
    """

    model: str
    model_digest: str
    command: str
    date: str
    processor: str
    figure: list[Expected]


def read_promise(path: Path) -> Promise:
    """Read ``expected.toml``.

    Raises:
        KleinError: If it is missing, not TOML, or holds a wrong or no figure.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise KleinError(f"{path}: no such file; write it with --write") from None
    except ValueError as error:
        raise KleinError(f"{path}: not TOML ({error})") from None
    promise = parse_table(Promise, table, str(path))
    if not promise.figure:
        raise KleinError(f"{path}: promises no figure; write it with --write")
    return promise


def write_promise(path: Path, results: Results) -> int:
    """Promise the summary figures of a results file, but those that need the corpus.

    Returns:
        How many figures.

    Raises:
        KleinError: If the results hold none of them.
    """
    places = {(*key, WIDTH, _PRECISION) for key in promised()}
    found = [f for f in results.figures if f.place in places and root(f.suite) not in OF_CORPUS]
    if not found:
        raise KleinError(f"{results.model}: no figure to promise; run: klein eval")
    first = found[0]
    head = {
        "model": results.model,
        "model_digest": first.model_digest,
        "command": first.command,
        "date": first.date,
        "processor": first.processor,
    }
    lines = [f"{key} = {_quoted(value)}" for key, value in head.items()]
    lines += [_written(figure) for figure in sorted(found, key=lambda figure: figure.place)]
    write_text(path, "\n".join(lines) + "\n")
    return len(found)


def _written(figure: Figure) -> str:
    names = {"suite": figure.suite, "language": figure.language, "metric": figure.metric}
    numbers = {"value": figure.value, "low": figure.low, "high": figure.high}
    lines = [f"{key} = {_quoted(value)}" for key, value in names.items()]
    lines += [f"{key} = {value:.4f}" for key, value in numbers.items()]
    return "\n[[figure]]\n" + "\n".join(lines)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def reproduced(promise: Promise, model: Path, data: Path) -> list[tuple[str, Expected, float]]:
    """Measure a model anew and judge every promised figure.

    Args:
        promise: The promised figures.
        model: Model folder.
        data: ``data/eval``.

    Returns:
        Verdict (`OK`, `NEAR` or `FAIL`), promised figure and measured value of each.

    Raises:
        KleinError: If text or model is missing or altered, or a figure is of an unknown suite.
    """
    systems = [s for s in encoder_systems(model) if s.precision == _PRECISION]
    names = dict.fromkeys(root(figure.suite) for figure in promise.figure)
    results = measure(systems, [suite_of(name, data) for name in names])
    values = {figure.place: figure.value for figure in results.figures}
    return [judged(figure, values) for figure in promise.figure]


def judged(
    figure: Expected, values: dict[tuple[str, str, str, int, str], float]
) -> tuple[str, Expected, float]:
    """Verdict on one figure.

    Raises:
        KleinError: If nothing of that name was measured.
    """
    place = (figure.suite, figure.language, figure.metric, WIDTH, _PRECISION)
    if place not in values:
        raise KleinError(f"{figure.suite} {figure.language} {figure.metric}: no such figure")
    value = values[place]
    if abs(value - figure.value) <= _ROUNDING:
        return OK, figure, value
    return (NEAR if figure.low <= value <= figure.high else FAIL), figure, value


def table_of(verdicts: Sequence[tuple[str, Expected, float]]) -> str:
    """One line a figure: verdict, name, measured and promised value, times 100."""
    return "\n".join(
        f"{verdict:4}  {f.suite} {f.language} {f.metric}: {100 * value:.1f}, promised "
        f"{100 * f.value:.1f} ({100 * f.low:.1f}-{100 * f.high:.1f})"
        for verdict, f, value in verdicts
    )
