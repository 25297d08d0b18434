"""``klein ledger``: what was tried, newest first."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

_LEDGER = click.option(
    "--ledger",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("docs/experiments.md"),
    show_default=True,
    help="The ledger.",
)


@click.group()
def ledger() -> None:
    """Show what was tried, or add to it.

    Example: klein ledger show bigrams
    """


@ledger.command()
@click.argument("word", required=False)
@click.option("--negative", is_flag=True, help="Only what did not work.")
@click.option("--whole", is_flag=True, help="Print whole entries, not a line each.")
@click.option("--json", "as_json", is_flag=True, help="Print the entries as JSON.")
@_LEDGER
def show(*, word: str | None, negative: bool, whole: bool, as_json: bool, ledger: Path) -> None:
    """List entries, or those that hold WORD; exit 1 when there is none.

    Example: klein ledger show --negative
    """
    from klein_embedding.ledger import read_ledger

    found = [
        entry
        for entry in read_ledger(ledger)
        if (entry.negative or not negative) and (word or "").lower() in entry.text.lower()
    ]
    if as_json:
        rows = [{"date": str(e.day), "title": e.title, **e.fields} for e in found]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        for entry in found:
            click.echo(entry.text if whole else f"{entry.day}  {entry.title}")
    click.get_current_context().exit(0 if found else 1)


@ledger.command()
@click.argument("entry", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@_LEDGER
def add(*, entry: Path, ledger: Path) -> None:
    """Put ENTRY, a file or - for standard input, at the top of the ledger.

    It is a heading '## YYYY-MM-DD: what came out' and the paragraphs Question, Command, Processor,
    Result, Noise and Verdict, each begun by its name in bold. A result that did not hold is called
    NEGATIVE in the heading.

    Example: klein ledger add entry.md
    """
    from klein_embedding.errors import KleinError
    from klein_embedding.ledger import add_entry, parse_entry

    try:
        piped = str(entry) == "-"
        text = sys.stdin.read() if piped else entry.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KleinError(f"{entry}: not readable ({error}); name a Markdown file") from None
    made = parse_entry(text, str(entry))
    add_entry(ledger, made)
    click.echo(f"{ledger}: {made.day} {made.title}")
