"""``klein similarity`` and ``search``: using a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

from klein_embedding.cli.hits import FORMAT, Form, told_hits
from klein_embedding.cli.options import BY, DIM, JSON, MODEL, PATH, TOP


@click.command()
@click.argument("first")
@click.argument("second")
@DIM
@JSON
@MODEL
def similarity(first: str, second: str, dim: int, as_json: bool, model: Path | None) -> None:
    """Print the cosine of two texts, from -1 to 1.

    Example: klein similarity "Water is life." "पानी ही जीवन है।"
    """
    from klein_embedding.infer.embedding import KleinEmbedding

    score = float(KleinEmbedding(model).similarity(first, second, dim)[0, 0])
    if as_json:
        record = {"first": first, "second": second, "dim": dim, "similarity": round(score, 6)}
        click.echo(json.dumps(record, ensure_ascii=False))
    else:
        click.echo(f"{score:.4f}")


@click.command()
@click.argument("query")
@click.argument("sources", type=PATH, nargs=-1)
@TOP
@BY
@DIM
@FORMAT
@JSON
@MODEL
def search(  # noqa: PLR0913 - click hands over one argument an option
    *,
    query: str,
    sources: tuple[Path, ...],
    top: int,
    by: Literal["passage", "line"],
    dim: int,
    form: Form,
    as_json: bool,
    model: Path | None,
) -> None:
    """Print the passages of SOURCES (files, folders, or standard input) closest to QUERY.

    Example: klein search "how do I reset my password" docs/ --top 3
    """
    from klein_embedding.infer.embedding import KleinEmbedding
    from klein_embedding.infer.passages import read_passages
    from klein_embedding.infer.search import highlighted
    from klein_embedding.infer.search import search as ranked

    found = read_passages(sources, by)
    for skip in found.skipped:
        click.echo(f"klein: {skip.path}: skipped, {skip.reason}", err=True)
    embedder = KleinEmbedding(model)
    ranking = ranked(embedder, query, found.passages, top, dim)
    hits = highlighted(embedder, query, ranking, dim)
    told_hits(query, hits, (form, as_json), "the input holds no text")
