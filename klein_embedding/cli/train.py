"""``klein train``: the stages that need torch, their curves, and training on another machine."""

from __future__ import annotations

from pathlib import Path

import click

from klein_embedding.cli.make import say


class _RecipeFirst(click.Group):
    """A group whose first word may be a recipe instead of a verb."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what is no verb as the recipe of ``run``."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_RecipeFirst)
def train() -> None:
    """Train the stages of a recipe: klein train RECIPE [OPTIONS], as klein train run --help says.

    Example: klein train recipes/first-light.toml --stage contrastive --seconds 5400
    """


@train.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--stage", metavar="STAGE", help="Train this stage only.")
@click.option("--seconds", type=click.IntRange(min=1), help="Wall-clock budget of the stage.")
@click.option(
    "--from",
    "begin_from",
    type=click.Path(path_type=Path),
    metavar="CHECKPOINT",
    help="Give the stage a new budget that begins at a checkpoint.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be trained, and train nothing.")
def run(
    recipe: Path,
    stage: str | None,
    seconds: int | None,
    begin_from: Path | None,
    dry_run: bool,
) -> None:
    """Train the stages of RECIPE, going on from the newest checkpoint.

    Example: klein train recipes/first-light.toml --stage contrastive --seconds 5400
    """
    from dataclasses import replace

    from klein_embedding.cli import pipeline
    from klein_embedding.cli.plan import read_plan
    from klein_embedding.errors import KleinError

    if begin_from and not (stage and seconds):
        raise KleinError("--from needs --stage and --seconds: which stage, and how much longer")
    plan = replace(read_plan(recipe, None, say), begin_from=begin_from)
    for name in (stage,) if stage else plan.recipe.stages.planned():
        chosen = pipeline.with_seconds(plan, name, seconds)
        if dry_run:
            click.echo(f"{name}: {'done' if pipeline.is_done_now(chosen, name) else 'to run'}")
        else:
            pipeline.run_stage(chosen, name)
            click.echo(f"{name}: finished")


@train.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("plot.html"),
    show_default=True,
    metavar="FILE",
    help="Picture (.png) or page (.html) to write.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the last figures of each run as JSON.")
def plot(runs: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Draw loss and held-out accuracy of each RUN, a folder with a log.jsonl or such a log.

    Example: klein train plot runs/first-light/contrastive-work --out curves.png
    """
    import json

    from klein_embedding.train.plot import plot_runs

    facts = plot_runs(runs, out)
    click.echo(json.dumps({"file": str(out), "runs": facts}) if as_json else str(out))
