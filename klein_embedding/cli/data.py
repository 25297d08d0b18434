"""``klein data``: fetching sources, building the corpus, and looking at it again."""

from __future__ import annotations

import json
from pathlib import Path

import click

from klein_embedding.cli.make import MIRROR, STRICT, say


@click.group()
def data() -> None:
    """Fetch public text and build the corpus from it."""


@data.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@MIRROR
@STRICT
def fetch(recipe: Path, mirror: str | None, strict: bool) -> None:
    """Bring every source and evaluation set of RECIPE into data/raw and data/eval.

    Example: klein data fetch recipes/first-light.toml
    """
    from klein_embedding.cli import pipeline

    pipeline.fetch(pipeline.plan(recipe, mirror, say, strict=strict))


@data.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def build(recipe: Path, as_json: bool) -> None:
    """Build data/processed from what was fetched for RECIPE.

    Example: klein data build recipes/first-light.toml
    """
    from klein_embedding.cli import pipeline
    from klein_embedding.files import read_manifest

    plan = pipeline.plan(recipe, None, say)
    pipeline.run_stage(plan, "corpus")
    counts = read_manifest(plan.places.processed)["counts"]
    if as_json:
        click.echo(json.dumps(counts, ensure_ascii=False, indent=1))
    else:
        click.echo(
            f"{counts['pairs']:,} training pairs, {counts['pairs_english_indic']:,} of them "
            f"English-Indic, {counts['pairs_valid']:,} held out"
        )


@data.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def audit(recipe: Path, as_json: bool) -> None:
    """Look in the built corpus of RECIPE for evaluation text, by another method than the guard's.

    Every evaluation set that was fetched is looked for, whether RECIPE names it or not. Exit
    code 1 says that a text is too near.

    Example: klein data audit recipes/first-light.toml
    """
    from klein_embedding.cli import pipeline
    from klein_embedding.corpus.audit import audit as run_audit
    from klein_embedding.files import MANIFEST, read_json

    places = pipeline.plan(recipe, None, say).places
    sets = sorted(path.parent.name for path in places.evaluation.glob(f"*/{MANIFEST}"))
    found = run_audit(places.processed, places.evaluation, sets, say)
    if as_json:
        report = read_json(places.processed / "audit.json")
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        for name, nears in found.closest.items():
            click.echo(f"{name}: {len(nears)} closest")
            for near in nears:
                place = f"{near.file}:{near.row} {near.source}"
                click.echo(f"  {near.score:.2f} {place}: {near.text[:120]}")
        click.echo(f"{len(found.hits):,} rows of {found.texts:,} texts are too near")
    if found.hits:
        raise SystemExit(1)


@data.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/data.md"))
def card(recipe: Path, out: Path) -> None:
    """Write the page on the data of RECIPE from its built corpus.

    Example: klein data card recipes/first-light.toml
    """
    from klein_embedding.cli import pipeline
    from klein_embedding.corpus.card import card_text
    from klein_embedding.files import read_manifest, write_text

    plan = pipeline.plan(recipe, None, say)
    manifest = read_manifest(plan.places.processed)
    write_text(out, card_text(manifest, plan.sources, str(recipe)))
    click.echo(str(out))
