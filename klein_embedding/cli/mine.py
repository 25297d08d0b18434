"""``klein mine``: hard negatives, found and shown."""

from __future__ import annotations

from pathlib import Path

import click

from klein_embedding.cli.make import say


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "--round", "number", type=click.IntRange(min=1), default=1, help="Round of the recipe."
)
@click.option("--show", type=click.IntRange(min=0), default=10, help="Negatives to print.")
@click.option("--json", "as_json", is_flag=True, help="Print counts and negatives as JSON.")
def mine(recipe: Path, number: int, show: int, as_json: bool) -> None:
    """Search the training side of RECIPE for hard negatives with its own model, and show some.

    A round that is done is only shown; klein train runs the rounds of a recipe in their order.

    Example: klein mine recipes/tiny.toml --show 20
    """
    import json

    from klein_embedding.cli import pipeline
    from klein_embedding.cli.plan import read_plan
    from klein_embedding.files import read_manifest
    from klein_embedding.train.stages import SAMPLE

    plan, name = read_plan(recipe, None, say), f"mine-{number}"
    pipeline.run_stage(plan, name)
    folder = plan.places.runs / name
    counts = read_manifest(folder)["counts"]
    rows = [json.loads(line) for line in (folder / SAMPLE).read_text("utf-8").splitlines()][:show]
    if as_json:
        click.echo(json.dumps({"counts": counts, "sample": rows}, ensure_ascii=False))
        return
    for row in rows:
        own, wrong = row["scores"]
        click.echo(f"{row['kind']}, {row['source']}")
        click.echo(f"    anchor         {row['anchor']}")
        click.echo(f"    positive {own:.2f}  {row['positive']}")
        click.echo(f"    negative {wrong:.2f}  {row['negative']}")
    for kind, found in counts.items():
        click.echo(
            f"{kind}: {found['found']:,} found for {found['searched']:,} of {found['pairs']:,}"
        )
