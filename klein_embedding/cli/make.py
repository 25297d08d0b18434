"""``klein make``: the whole way from sources to a released model."""

from __future__ import annotations

from pathlib import Path

import click

MIRROR = click.option(
    "--mirror",
    envvar="KLEIN_MIRROR",
    metavar="TEMPLATE",
    help="Read git sources from local copies, such as /mirrors/{owner}/{name}.git.",
)
STRICT = click.option("--strict", is_flag=True, help="Stop when a source cannot be had.")
_STAGES = ("corpus", "tokenizer", "shards", "static", "contrastive", "export")


def say(line: str) -> None:
    """Write one line of progress to standard error."""
    click.echo(line, err=True)


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--until", type=click.Choice(_STAGES), default="export", help="Last stage to run.")
@click.option("--dry-run", is_flag=True, help="Say what would run, and run nothing.")
@MIRROR
@STRICT
def make(recipe: Path, until: str, dry_run: bool, mirror: str | None, strict: bool) -> None:
    """Run every stage of RECIPE whose result is missing or stale.

    Example: klein make recipes/tiny.toml
    """
    from klein_embedding.cli import pipeline

    plan = pipeline.plan(recipe, mirror, say, strict=strict)
    if dry_run:
        for name, state in pipeline.states(plan, until):
            click.echo(f"{name}: {state}")
        return
    pipeline.make(plan, until)
    click.echo(f"{until}: finished")
