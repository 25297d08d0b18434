"""Curves of one or several runs, from their logs: a picture, or a page that needs no other file.

Shapes: N steps, P points.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from klein_embedding.errors import KleinError
from klein_embedding.files import write_text
from klein_embedding.train.telling import LOG, read_log
from klein_embedding.train.validation import MEAN

# Okabe and Ito's palette without its yellow, which is too pale on white.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_DASHES = ("-", "--", ":", "-.")
_SMOOTH = 0.02
"""Share of a run's steps over which its loss is smoothed."""
_POINTS = 1000
"""Most points of a curve; a page of every step of a long run would weigh megabytes."""
_WIDTH, _ROW, _HEAD = 11.0, 2.3, 0.25
_STYLE: dict[Any, Any] = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9,
    "grid.alpha": 0.25,
    "svg.fonttype": "none",  # text stays text, to be searched and read aloud
    "svg.hashsalt": "klein",  # equal logs give equal pages
}


@dataclass(frozen=True, slots=True)
class Curves:
    """What a run logged.

    Attributes:
        name: Name of the run in the legend.
        steps: (N, 4) number, tokens read so far, seconds so far and loss in nats of each step.
        valid: (P, 3) tokens, seconds and held-out accuracy of each validation, by kind of pair.
    """

    name: str
    steps: np.ndarray
    valid: dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class _Axis:
    """What a column of panels shows: a column of `Curves`, its divisor and its label."""

    column: int
    unit: float
    label: str


def plot_runs(runs: Sequence[Path], out: Path) -> list[dict[str, Any]]:
    """Draw runs into one file.

    Args:
        runs: Folders that hold a ``log.jsonl``, or such logs themselves.
        out: File to write, ``.png`` or ``.html``.

    Returns:
        Last figures of each run.

    Raises:
        KleinError: If a log is missing, empty or none, or the file is to be neither form.
    """
    if out.suffix.lower() not in (".png", ".html"):
        raise KleinError(f"{out}: its name must end in .png or .html")
    curves = _distinct([read_curves(path) for path in runs], runs)
    facts = [_facts(run) for run in curves]
    if out.suffix.lower() == ".html":
        write_text(out, _page(curves, facts))
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(_drawn(curves, "png"))
    return facts


def read_curves(path: Path) -> Curves:
    """Read the log of a run.

    Args:
        path: Folder that holds it, or the log itself.

    Raises:
        KleinError: If there is no log, or no step in it.
    """
    log = _log_of(path)
    steps: list[list[float]] = []
    valid: dict[str, list[list[float]]] = {}
    try:
        for row in read_log(log):
            if "loss" in row:
                steps.append([row["step"], row["tokens"], row["seconds"], row["loss"]])
            for kind, value in row.get("valid", {}).items():
                valid.setdefault(kind, []).append([row["tokens"], row["seconds"], value])
    except (AttributeError, KeyError, TypeError, UnicodeDecodeError):
        raise KleinError(f"{log}: not the log of a run; name a {LOG} or its folder") from None
    if not steps:
        raise KleinError(f"{log}: holds no step yet; wait for the run's first")
    folder = log.resolve().parent
    name = f"{folder.parent.name} {folder.name.removesuffix('-work')}".strip()
    arrays = {kind: np.array(rows, dtype=np.float64) for kind, rows in valid.items()}
    table = np.array(steps, dtype=np.float64)
    # A step in which the process was held is logged before its clock is set right.
    table[:, 2] = np.minimum.accumulate(table[::-1, 2])[::-1]
    return Curves(name, table, arrays)


def _log_of(path: Path) -> Path:
    """The log in a folder, or the log that is named itself."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise KleinError(f"{path}: no such folder or log")
    if not (path / LOG).is_file():
        inner = next((found.parent for found in sorted(path.glob(f"*/{LOG}"))), None)
        hint = f"did you mean {inner}?" if inner else "give the folder of a stage's run"
        raise KleinError(f"{path}: no {LOG} in it; {hint}")
    return path / LOG


def _distinct(curves: list[Curves], paths: Sequence[Path]) -> list[Curves]:
    """The same curves, those that share a name named by their paths."""
    names = [run.name for run in curves]
    return [
        Curves(str(path), run.steps, run.valid) if names.count(run.name) > 1 else run
        for run, path in zip(curves, paths, strict=True)
    ]


def smoothed(values: np.ndarray, window: float) -> np.ndarray:
    """Mean (N,) of about so many values around each, of fewer near the ends."""
    reach, places = int(window / 2), np.arange(len(values))
    firsts, stops = np.maximum(places - reach, 0), np.minimum(places + reach + 1, len(values))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return (sums[stops] - sums[firsts]) / (stops - firsts)


def thinned(values: np.ndarray, most: int) -> np.ndarray:
    """Places (P,) of about so many values (N,) that draw the same curve.

    The lowest and the highest of each stretch, so that no peak is lost.
    """
    if len(values) <= most:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), most // 2 + 1).astype(int)
    stretches = [slice(a, b) for a, b in pairwise(edges)]
    lowest = [stretch.start + int(values[stretch].argmin()) for stretch in stretches]
    highest = [stretch.start + int(values[stretch].argmax()) for stretch in stretches]
    return np.unique([*lowest, *highest])


def _axes_of(curves: Sequence[Curves]) -> tuple[_Axis, _Axis]:
    tokens = max(run.steps[-1, 1] for run in curves)
    seconds = max(run.steps[-1, 2] for run in curves)
    size, word = next(
        pair
        for pair in ((1e9, "billions"), (1e6, "millions"), (1e3, "thousands"), (1, ""))
        if tokens >= pair[0] or pair[0] == 1
    )
    told = f"tokens read ({word})" if word else "tokens read"
    clock = (3600.0, "hours") if seconds >= 1800 else (60.0, "minutes")
    return _Axis(0, size, told), _Axis(1, clock[0], f"training time ({clock[1]})")


def _drawn(curves: Sequence[Curves], form: str) -> bytes:
    """The picture: a row of panels for the loss and each kind of pair, by tokens and by time."""
    kinds = sorted({kind for run in curves for kind in run.valid} - {MEAN})
    if any(MEAN in run.valid for run in curves):
        kinds.insert(0, MEAN)
    rows = 1 + len(kinds)
    with matplotlib.rc_context(_STYLE):
        height = _ROW * rows + _HEAD * len(curves) + 0.4
        figure = Figure(figsize=(_WIDTH, height), layout="constrained", facecolor="white")
        grid = figure.subplots(rows, 2, sharex="col", squeeze=False)
        for at, axis in enumerate(_axes_of(curves)):
            _draw_loss(grid[0][at], curves, axis)
            for panel, kind in zip(grid[1:, at], kinds, strict=True):
                _draw_accuracy(panel, curves, axis, kind)
            grid[-1][at].set_xlabel(axis.label)
            grid[-1][at].set_xlim(left=0)
        lines = [Line2D([], [], label=_label(run), **_line(at)) for at, run in enumerate(curves)]
        figure.legend(handles=lines, loc="outside upper left", frameon=False)
        into = io.BytesIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        extra: dict[str, Any] = {"metadata": nothing} if form == "svg" else {"dpi": 120}
        figure.savefig(into, format=form, **extra)
    return into.getvalue()


def _label(run: Curves) -> str:
    """Name of a run such that no sign of it means something to matplotlib."""
    return " " + run.name.replace("$", r"\$")


def _line(number: int) -> dict[str, Any]:
    """How the curve of a run is drawn."""
    dashes = _DASHES[number // len(_COLOURS) % len(_DASHES)]
    return {"color": _COLOURS[number % len(_COLOURS)], "linestyle": dashes, "linewidth": 1.6}


def _draw_loss(panel: Axes, curves: Sequence[Curves], axis: _Axis) -> None:
    low, high = np.inf, -np.inf
    for number, run in enumerate(curves):
        x, losses = run.steps[:, 1 + axis.column] / axis.unit, run.steps[:, 3]
        mean = smoothed(losses, _SMOOTH * len(losses))
        raw, kept = thinned(losses, _POINTS), thinned(mean, _POINTS)
        colour = _COLOURS[number % len(_COLOURS)]
        panel.plot(x[raw], losses[raw], color=colour, alpha=0.2, linewidth=0.6)
        panel.plot(x[kept], mean[kept], **_line(number))
        low, high = min(low, mean.min()), max(high, mean.max())
    # Single steps that leave the picture would press the curves flat.
    room = 0.15 * (high - low) or 0.1
    panel.set_ylim(low - room, high + room)
    panel.set_ylabel("loss (nats)")
    panel.set_title(f"training loss, smoothed over {_SMOOTH:.0%} of the steps; faint: each step")


def _draw_accuracy(panel: Axes, curves: Sequence[Curves], axis: _Axis, kind: str) -> None:
    for number, run in enumerate(curves):
        if kind in run.valid:
            points = run.valid[kind]
            x = points[:, axis.column] / axis.unit
            panel.plot(x, points[:, 2], marker="o", markersize=3, **_line(number))
    panel.yaxis.set_major_formatter(PercentFormatter(1.0))
    panel.set_ylabel("accuracy (%)")
    panel.set_title(f"held-out accuracy, {'mean of all kinds' if kind == MEAN else kind}")


def _facts(run: Curves) -> dict[str, Any]:
    """Last figures of a run."""
    step, tokens, seconds, _ = run.steps[-1].tolist()
    facts: dict[str, Any] = {
        "run": run.name,
        "steps": int(step),
        "tokens": int(tokens),
        "hours": round(seconds / 3600, 3),
        "tokens a second": round(tokens / seconds) if seconds else 0,
        "loss": round(float(smoothed(run.steps[:, 3], _SMOOTH * len(run.steps))[-1]), 4),
    }
    for kind, points in sorted(run.valid.items(), key=lambda item: (item[0] != MEAN, item[0])):
        facts[f"{kind}, last"] = round(float(points[-1, 2]), 4)
        facts[f"{kind}, best"] = round(float(points[:, 2].max()), 4)
    return facts


def _page(curves: Sequence[Curves], facts: Sequence[dict[str, Any]]) -> str:
    """The page: the picture as SVG and the last figures as a table, one column a run."""
    picture = _drawn(curves, "svg").decode("utf-8")
    picture = picture[picture.index("<svg") :]
    names = list(dict.fromkeys(name for row in facts for name in row if name != "run"))
    head = "".join(f"<th>{escape(row['run'])}</th>" for row in facts)
    cells = ["".join(f"<td>{_cell(row.get(name))}</td>" for row in facts) for name in names]
    rows = zip(names, cells, strict=True)
    body = "\n".join(f"<tr><th>{escape(name)}</th>{row}</tr>" for name, row in rows)
    title = escape(", ".join(run.name for run in curves))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f"<title>Training curves: {title}</title>\n<style>\n"
        "body{background:#fff;color:#24292f;font:15px sans-serif;margin:2em auto;max-width:70em}\n"
        "svg{max-width:100%;height:auto}table{border-collapse:collapse}\n"
        "th,td{padding:.2em .8em;text-align:right;border-bottom:1px solid #d0d7de}\n"
        "th:first-child{text-align:left;font-weight:normal}\n</style></head><body>\n"
        f"<h1>Training curves</h1>\n{picture}\n"
        f"<table>\n<tr><th></th>{head}</tr>\n{body}\n</table>\n</body></html>\n"
    )


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:,}"
