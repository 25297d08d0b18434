"""`klein eval`: measure a model, write its results file, and hold it against an older one."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("eval")
@click.argument("model", type=_FOLDER, default=Path("release"))
@click.option("--suite", default="all", show_default=True, help="tatoeba, stsb, held-out or all.")
@click.option("--static", type=_FOLDER, help="Static model the encoder started from.")
@click.option("--processed", type=_FOLDER, help="Built corpus with the held-out pairs.")
@click.option(
    "--data", type=_FOLDER, default=Path("data/eval"), show_default=True, help="Fetched sets."
)
@click.option(
    "--out", type=_FOLDER, default=Path("docs/results"), show_default=True, help="Results folder."
)
@click.option("--compare", type=_FILE, help="Older results; exit 1 if a figure fell below them.")
@click.option("--readme", type=_FILE, help="README whose table is written anew.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def evaluate(
    model: Path,
    suite: str,
    static: Path | None,
    processed: Path | None,
    data: Path,
    out: Path,
    compare: Path | None,
    readme: Path | None,
    as_json: bool,
) -> None:
    """Measure MODEL (default: release) and write docs/results/NAME.json.

    Example: klein eval release --suite stsb
    """
