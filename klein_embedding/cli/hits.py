"""Passages that were found, as a table, as JSON lines or as places for an editor."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from klein_embedding.infer.search import Hit

Form = Literal["table", "jsonl", "lines"]
FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl", "lines"]),
    default="table",
    show_default=True,
    help="table: score, place, passage; jsonl: all that is known of each; lines: file:line: for "
    "editors.",
)
_SHOWN = 160


def told_hits(query: str, hits: Sequence[Hit], how: tuple[Form, bool], nothing: str) -> None:
    """Print what a search found, and end with code 1 when that is nothing.

    Args:
        query: What was looked for.
        hits: Best first.
        how: Form of the passages, and whether all of it is one JSON object instead.
        nothing: Why there may be none.
    """
    form, as_json = how
    if as_json:
        record = {"query": query, "hits": [asdict(hit) for hit in hits]}
        click.echo(json.dumps(record, ensure_ascii=False))
    else:
        _print_hits(hits, form)
    if not hits:
        click.echo(f"klein: nothing found: {nothing}", err=True)
        sys.exit(1)


def _print_hits(hits: Sequence[Hit], form: Form) -> None:
    """Print passages, the best sentence of each in bold on a terminal.

    Args:
        hits: Best first.
        form: How.
    """
    for hit in hits:
        if form == "jsonl":
            click.echo(json.dumps(asdict(hit), ensure_ascii=False))
        elif form == "lines":
            click.echo(f"{_near(hit.path)}:{hit.line}: {_shortened(hit, bold=False)}")
        else:
            place = f":{hit.line}" if hit.place == "line" else f" {hit.place} {hit.line}"
            click.echo(f"{hit.score:.4f}  {_near(hit.path)}{place}  {_shortened(hit, bold=True)}")


def _near(path: str) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if here in Path(path).parents else path


def _shortened(hit: Hit, *, bold: bool) -> str:
    """The part of a passage that holds its best sentence, on one line."""
    first, last = hit.best
    start = first if last > _SHOWN else 0
    stop = min(start + _SHOWN, len(hit.text))
    middle = hit.text[first : min(last, stop)]
    if bold and (first, last) != (0, len(hit.text)):
        middle = click.style(middle, bold=True)
    before, after = hit.text[start:first], hit.text[min(last, stop) : stop]
    text = f"{'…' * (start > 0)}{before}{middle}{after}{'…' * (stop < len(hit.text))}"
    return " ".join(text.split())
