"""``klein tokenizer``: learning the vocabulary."""

from __future__ import annotations

from pathlib import Path

import click

from klein_embedding.cli.make import say


@click.group()
def tokenizer() -> None:
    """Learn the vocabulary from the built corpus."""


@tokenizer.command()
@click.argument("recipe", type=click.Path(path_type=Path))
def train(recipe: Path) -> None:
    """Learn the vocabulary of RECIPE from its built corpus.

    Example: klein tokenizer train recipes/first-light.toml
    """
    from klein_embedding.cli import pipeline

    plan = pipeline.plan(recipe, None, say)
    pipeline.run_stage(plan, "tokenizer")
    click.echo(str(plan.places.tokenizer / "tokenizer.json"))
