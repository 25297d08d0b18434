"""``klein train``: the stages that need torch, their curves, and training on another machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from klein_embedding.cli.make import say

if TYPE_CHECKING:
    from klein_embedding.train.order import Workshop


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

    Example: klein train recipes/v0.2.toml --stage contrastive --seconds 5400
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

    Example: klein train recipes/v0.2.toml --stage contrastive --seconds 5400
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

    Example: klein train plot runs/v0.2/contrastive-work --out curves.png
    """
    import json

    from klein_embedding.train.plot import plot_runs

    facts = plot_runs(runs, out)
    click.echo(json.dumps({"file": str(out), "runs": facts}) if as_json else str(out))


@train.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder to write."
)
@click.option(
    "--stage", "stages", multiple=True, metavar="STAGE", help="Stage to train there; repeatable."
)
@click.option(
    "--megabytes",
    type=click.IntRange(min=4),
    default=60,
    show_default=True,
    help="Most that is carried over at once, in MiB.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what to carry, call by call, as JSON.")
def bundle(recipe: Path, out: Path, stages: tuple[str, ...], megabytes: int, as_json: bool) -> None:
    """Write all that another machine needs to train stages of RECIPE, in loads to carry over.

    Without --stage, the stages that are not finished here. What to do there: docs/gpu.md.

    Example: klein train bundle recipes/gpu-30min.toml --out runs/bundle
    """
    import json
    from dataclasses import asdict

    from klein_embedding.train.bundle import write_bundle

    calls = write_bundle(_workshop(recipe), stages, out, megabytes << 20)
    if as_json:
        click.echo(json.dumps([asdict(call) for call in calls]))
        return
    for number, call in enumerate(calls, start=1):
        click.echo(f"call {number}: {call.bytes / 2**20:.1f} MiB  {' '.join(call.paths)}")


@train.command()
@click.argument(
    "folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER..."
)
@click.option("--recipe", required=True, type=click.Path(path_type=Path), help="Its recipe.")
def unbundle(folders: tuple[Path, ...], recipe: Path) -> None:
    """Take in weights that another machine trained: each FOLDER holds what one call gave back.

    Example: klein train unbundle back/1 back/2 --recipe recipes/gpu-30min.toml
    """
    from klein_embedding.train.unbundle import unbundle as take_in

    click.echo(f"{take_in(_workshop(recipe), folders)}: finished")


def _workshop(recipe: Path) -> Workshop:
    from klein_embedding.cli import pipeline
    from klein_embedding.cli.plan import read_plan

    return pipeline.workshop(read_plan(recipe, None, say))
