"""``klein info``, ``klein export`` and ``klein card``: looking after a model folder."""

from __future__ import annotations

import json
from pathlib import Path

import click

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("folder", type=_PATH, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(folder: Path | None, as_json: bool) -> None:
    """Describe the model in FOLDER (default: the one that `klein embed` uses) and check it.

    Example: klein info release
    """
    from klein_embedding.infer.folder import default_folder, describe

    facts = describe(folder or default_folder())
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    for key, value in facts.items():
        if isinstance(value, dict):
            click.echo(f"{key}:")
            for name, fact in value.items():
                click.echo(f"  {name}: {fact}")
        else:
            click.echo(f"{key}: {value}")


@click.command()
@click.argument("folder", type=_PATH)
@click.option(
    "--to",
    "form",
    type=click.Choice(["safetensors"]),
    required=True,
    help="safetensors: model.safetensors and onnx/model.onnx, float32.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def export(folder: Path, form: str, as_json: bool) -> None:
    """Make the float32 files of the model in FOLDER from its int8 file.

    Example: klein export release --to safetensors
    """
    from klein_embedding.export.dequantise import dequantise_folder

    names = dequantise_folder(folder)
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "to": form, "files": names}))
    else:
        for name in names:
            click.echo(folder / name)


@click.command()
@click.argument("recipe", type=_PATH)
@click.option(
    "--results",
    type=_PATH,
    default=Path("docs/results/klein-embedding.json"),
    show_default=True,
    help="Results file of klein eval.",
)
def card(recipe: Path, results: Path) -> None:
    """Write the card of the model that RECIPE released, with its measured figures.

    Example: klein card recipes/v0.2.toml
    """
    from klein_embedding.cli import pipeline
    from klein_embedding.cli.make import say
    from klein_embedding.cli.plan import read_plan

    click.echo(str(pipeline.card(read_plan(recipe, None, say), results)))
