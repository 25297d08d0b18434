"""``klein data``: fetching sources, building the corpus, and looking at it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klein_embedding.cli.make import MIRROR, STRICT, say
from klein_embedding.errors import KleinError

if TYPE_CHECKING:
    import numpy as np


@click.group()
def data() -> None:
    """Fetch public text and build the corpus from it."""


@data.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@MIRROR
@STRICT
def fetch(recipe: Path, mirror: str | None, strict: bool) -> None:
    """Bring every source and evaluation set of RECIPE into data/raw and data/eval.

    Example: klein data fetch recipes/v0.2.toml
    """
    from klein_embedding.cli import pipeline
    from klein_embedding.cli.plan import read_plan

    pipeline.fetch(read_plan(recipe, mirror, say, strict=strict))


@data.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def build(recipe: Path, as_json: bool) -> None:
    """Build data/processed from what was fetched for RECIPE.

    Example: klein data build recipes/v0.2.toml
    """
    from klein_embedding.cli import pipeline
    from klein_embedding.cli.plan import read_plan
    from klein_embedding.files import read_manifest

    plan = read_plan(recipe, None, say)
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
@click.option("--strike", is_flag=True, help="List what is too near; the next build leaves it out.")
def audit(recipe: Path, as_json: bool, strike: bool) -> None:
    """Look in the built corpus of RECIPE for evaluation text, by another method than the guard's.

    Every evaluation set that was fetched is looked for, whether RECIPE names it or not. Exit
    code 1 says that a text is too near.

    Example: klein data audit recipes/v0.2.toml
    """
    import numpy as np

    from klein_embedding.cli.plan import read_plan
    from klein_embedding.corpus.audit import AUDIT
    from klein_embedding.corpus.audit import audit as run_audit
    from klein_embedding.files import MANIFEST, read_json

    plan = read_plan(recipe, None, say)
    places, corpus = plan.places, plan.recipe.corpus
    path = _list_file(recipe, places.recipes, corpus.struck, "struck") if strike else None
    sets = sorted(path.parent.name for path in places.evaluation.glob(f"*/{MANIFEST}"))
    found = run_audit(places.processed, places.evaluation, sets, say)
    if as_json:
        report = read_json(places.processed / AUDIT)
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        for name, nears in found.closest.items():
            click.echo(f"{name}: {len(nears)} closest")
            for near in nears:
                place = f"{near.file}:{near.row} {near.source}"
                click.echo(f"  {near.score:.2f} {place}: {near.text[:120]}")
        click.echo(f"{len(found.hits):,} rows of {found.texts:,} texts are too near")
    if path is not None and found.keys:
        keys = np.array(sorted(found.keys), dtype=np.uint64)
        _add(path, keys, f"klein data audit {recipe} --strike")
    if found.hits:
        raise SystemExit(1)


@data.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/data.md"))
@click.option("--permissive", type=click.Path(path_type=Path), help="Recipe of the second build.")
def card(recipe: Path, out: Path, permissive: Path | None) -> None:
    """Write the page on the data of RECIPE, its chart and its figures from the built corpus.

    Example: klein data card recipes/full.toml --permissive recipes/full-permissive.toml
    """
    from dataclasses import asdict

    from klein_embedding.cli.plan import read_plan
    from klein_embedding.corpus.card import card_text, chart_text, load_notes
    from klein_embedding.corpus.tally import tally
    from klein_embedding.files import write_json, write_text

    plan = read_plan(recipe, None, say)
    figures = tally(plan.places.processed, plan.sources)
    if permissive is not None:
        second = read_plan(permissive, None, say)
        figures["permissive"] = tally(second.places.processed, second.sources)
    notes = load_notes(recipe.with_name("left-out.toml"), out.with_name("read-by-eye.tsv"))
    chart = out.with_suffix(".svg")
    text = card_text(figures, asdict(plan.recipe.corpus), notes, (str(recipe), chart.name))
    write_text(chart, chart_text(figures))
    write_json(out.with_suffix(".json"), figures)
    write_text(out, text)
    click.echo(str(out))


@data.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language of a side, or two: hi, en-hi.")
@click.option("--class", "text_class", default="", help="Class letter such as H; every class.")
@click.option("--rows", default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a pair.")
def sample(recipe: Path, lang: str, text_class: str, rows: int, as_json: bool) -> None:
    """Print random training pairs of RECIPE's built corpus, to be read by eye.

    Example: klein data sample recipes/full.toml --lang en-or --class H --rows 20
    """
    from klein_embedding.cli.plan import read_plan
    from klein_embedding.corpus.sample import Wanted, sample_pairs

    plan = read_plan(recipe, None, say)
    for row in sample_pairs(plan.places.processed, Wanted(lang, text_class, rows)):
        if as_json:
            click.echo(json.dumps(row, ensure_ascii=False))
        else:
            click.echo("\t".join((row["source"], row["kind"], row["anchor"], row["positive"])))


@data.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path), required=True, help="Folder of ours.")
def judge(recipe: Path, model: Path) -> None:
    """List the pairs of RECIPE's judged sources whose sides MODEL finds apart.

    MODEL is a folder of a static stage or of a released model. Adds to the file that the recipe
    names under `disagreeing`; build the corpus again afterwards.

    Example: klein data judge recipes/v0.2.toml --model runs/v0.2/static
    """
    import numpy as np

    from klein_embedding.cli.plan import read_plan
    from klein_embedding.corpus.judge import disagreeing

    plan = read_plan(recipe, None, say)
    corpus = plan.recipe.corpus
    path = _list_file(recipe, plan.places.recipes, corpus.disagreeing, "disagreeing")
    found = disagreeing(plan.places.processed, corpus.judged, _encoder(model))
    for name, (keys, count) in found.items():
        click.echo(f"{name}: {len(keys):,} of {count:,} listed")
    listed = np.concatenate([keys for keys, _ in found.values()])
    _add(path, listed, f"klein data judge {recipe} --model {model}")


@data.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path), required=True, help="Folder of ours.")
def mine(recipe: Path, model: Path) -> None:
    """List the lines of RECIPE's mined sources that MODEL takes for translations of each other.

    MODEL is a folder of a static stage, of the bigrams' stage or of a released model. Writes the
    file that the recipe names under `mined_pairs`; build the corpus again afterwards.

    Example: klein data mine recipes/v0.3.toml --model runs/v0.2/bigrams
    """
    import numpy as np

    from klein_embedding.cli.plan import read_plan
    from klein_embedding.corpus.key_lists import write_pairs
    from klein_embedding.corpus.mined import mined_pairs

    plan = read_plan(recipe, None, say)
    corpus = plan.recipe.corpus
    path = _list_file(recipe, plan.places.recipes, corpus.mined_pairs, "mined_pairs")
    if not corpus.mined:
        raise KleinError(f"{recipe}: names no source under 'corpus.mined'; name one to mine")
    found = mined_pairs(plan.places.processed, corpus.mined, _encoder(model))
    for name, (keys, (english, others)) in found.items():
        click.echo(f"{name}: {len(keys):,} pairs of {english:,} and {others:,} lines")
    listed = np.concatenate([keys for keys, _ in found.values()])
    write_pairs(path, listed, f"klein data mine {recipe} --model {model}")


def _list_file(recipe: Path, folder: Path, name: str, key: str) -> Path:
    if not name:
        raise KleinError(f"{recipe}: names no file under '{key}'; name one to write to")
    return folder / name


def _add(path: Path, keys: np.ndarray, note: str) -> None:
    """Add keys to a list of what a build leaves out."""
    from klein_embedding.corpus.key_lists import NONE, read_keys, write_keys

    write_keys(path, read_keys(path) if path.is_file() else NONE, keys, note)


def _encoder(folder: Path) -> Callable[[Sequence[str]], np.ndarray]:
    """What embeds texts by a static stage's or a released model's folder."""
    from klein_embedding.infer.embedding import KleinEmbedding
    from klein_embedding.infer.static import StaticEmbedding

    return (StaticEmbedding if (folder / "table.npy").is_file() else KleinEmbedding)(folder).encode


@data.command()
@click.argument("left", type=click.Path(path_type=Path))
@click.argument("right", type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path), help="Model folder of ours to ask.")
@click.option("--threshold", default=0.4, show_default=True, help="Least cosine that is kept.")
def align(left: Path, right: Path, model: Path | None, threshold: float) -> None:
    """Pair the sentences of two documents that translate each other, one sentence a line.

    LEFT and RIGHT are files, or folders whose files of equal name belong together. Without
    --model lengths and numbers decide. Prints score, left and right, separated by tabs.

    Example: klein data align talks/en talks/gu --model release
    """
    from klein_embedding.corpus.bitext import aligned, document_pairs, read_sentences

    pairs = document_pairs(left, right)
    encode = _encoder(model) if model is not None else None
    for one, other in pairs:
        for row in aligned(read_sentences(one), read_sentences(other), encode, threshold):
            sides = (side.replace("\t", " ") for side in (row.left, row.right))
            click.echo("\t".join((f"{row.score:.3f}", *sides)))
