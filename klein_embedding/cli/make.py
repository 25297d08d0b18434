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


def say(line: str) -> None:
    """Write one line of progress to standard error."""
    click.echo(line, err=True)


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--until", metavar="STAGE", help="Last stage to run; without it all are.")
@click.option("--dry-run", is_flag=True, help="Say what would run, and run nothing.")
@MIRROR
@STRICT
def make(recipe: Path, until: str | None, dry_run: bool, mirror: str | None, strict: bool) -> None:
    """Run every stage of RECIPE whose result is missing or stale.

    The stages are corpus, tokenizer, shards, static, twin where the recipe names a folder for the
    static vectors, those that it gives a budget (bigrams, distil, mlm, contrastive, mine-1,
    refine-1, …), and export.

    Example: klein make recipes/tiny.toml
    """
    from klein_embedding.cli import pipeline
    from klein_embedding.cli.plan import read_plan

    plan = read_plan(recipe, mirror, say, strict=strict)
    until = until or pipeline.stages_of(plan)[-1].name
    if dry_run:
        for name, state in pipeline.states(plan, until):
            click.echo(f"{name}: {state}")
        return
    pipeline.make(plan, until)
    click.echo(f"{until}: finished")
