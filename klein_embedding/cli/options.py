"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path

import click

PATH = click.Path(path_type=Path)
MODEL = click.option(
    "--model", type=PATH, help="Model folder (default: KLEIN_MODEL, else the one that is there)."
)
DIM = click.option(
    "--dim", type=int, default=512, show_default=True, help="Width of the vectors: 512, 256 or 128."
)
BY = click.option(
    "--by",
    type=click.Choice(["passage", "line"]),
    default="passage",
    show_default=True,
    help="What is ranked.",
)
TOP = click.option("--top", type=int, default=5, show_default=True, help="Most passages to print.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
