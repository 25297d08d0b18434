"""``klein train``: the stages that need torch."""

from __future__ import annotations

from pathlib import Path

import click

from klein_embedding.cli.make import say


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "--stage", type=click.Choice(("static", "contrastive")), help="Train this stage only."
)
@click.option("--seconds", type=click.IntRange(min=1), help="Wall-clock budget of the stage.")
def train(recipe: Path, stage: str | None, seconds: int | None) -> None:
    """Train the stages of RECIPE, going on from the newest checkpoint.

    Example: klein train recipes/first-light.toml --stage contrastive --seconds 5400
    """
    from klein_embedding.cli import pipeline

    plan = pipeline.plan(recipe, None, say)
    names = (stage,) if stage else ("static", "contrastive")
    for name in names:
        pipeline.run_stage(pipeline.with_seconds(plan, name, seconds), name)
        click.echo(f"{name}: finished")
