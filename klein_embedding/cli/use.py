"""``klein embed``, ``similarity`` and ``search``: using a model."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import click

from klein_embedding.errors import KleinError

_PATH = click.Path(path_type=Path)
_SHOWN = 160
_MODEL = click.option(
    "--model", type=_PATH, help="Model folder (default: KLEIN_MODEL, else the one that is there)."
)
_DIM = click.option(
    "--dim", type=int, default=512, show_default=True, help="Width of the vectors: 512, 256 or 128."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("file", type=_PATH, required=False)
@_DIM
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "npy"]),
    default="jsonl",
    show_default=True,
    help="jsonl: text and vector a line; npy: one float32 array.",
)
@click.option("--out", type=_PATH, help="File to write instead of standard output.")
@click.option("--jsonl-field", help="Read JSON lines, and embed the text under this key.")
@_MODEL
def embed(  # noqa: PLR0913 - click hands over one argument an option
    *,
    file: Path | None,
    dim: int,
    form: Literal["jsonl", "npy"],
    out: Path | None,
    jsonl_field: str | None,
    model: Path | None,
) -> None:
    """Turn every line of FILE (or of standard input) into a vector.

    Blank lines get a vector too, so that rows and lines agree.

    Example: klein embed sentences.txt --format npy --out vectors.npy
    """
    from klein_embedding.infer.embedding import KleinEmbedding
    from klein_embedding.infer.readers import read_jsonl, read_lines
    from klein_embedding.infer.vectors import vectors_of, write_vectors

    if form == "npy" and out is None and sys.stdout.isatty():
        raise KleinError("an npy file is no text for a terminal; name a file with --out")
    source = None if file == Path("-") else file
    texts = read_lines(source) if jsonl_field is None else read_jsonl(source, jsonl_field)
    found = vectors_of(KleinEmbedding(model), texts, dim)
    if not write_vectors(found, form, out):
        click.echo("klein: nothing to embed: the input is empty", err=True)
        sys.exit(1)


@click.command()
@click.argument("first")
@click.argument("second")
@_DIM
@_JSON
@_MODEL
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
@click.argument("sources", type=_PATH, nargs=-1)
@click.option("--top", type=int, default=5, show_default=True, help="Most passages to print.")
@click.option(
    "--by",
    type=click.Choice(["passage", "line"]),
    default="passage",
    show_default=True,
    help="What is ranked.",
)
@_DIM
@_JSON
@_MODEL
def search(  # noqa: PLR0913 - click hands over one argument an option
    *,
    query: str,
    sources: tuple[Path, ...],
    top: int,
    by: Literal["passage", "line"],
    dim: int,
    as_json: bool,
    model: Path | None,
) -> None:
    """Print the passages of SOURCES (files, folders, or standard input) closest to QUERY.

    Example: klein search "how do I reset my password" docs/ --top 3
    """
    from klein_embedding.infer.embedding import KleinEmbedding
    from klein_embedding.infer.passages import read_passages
    from klein_embedding.infer.search import search as ranked

    found = read_passages(sources, by)
    for path in found.skipped:
        click.echo(f"klein: {path}: skipped, not readable as UTF-8 text", err=True)
    hits = ranked(KleinEmbedding(model), query, found.passages, top, dim)
    if as_json:
        record = {"query": query, "hits": [asdict(hit) for hit in hits]}
        click.echo(json.dumps(record, ensure_ascii=False))
    else:
        for hit in hits:
            text = hit.text if len(hit.text) <= _SHOWN else f"{hit.text[:_SHOWN]}…"
            click.echo(f"{hit.score:.4f}  {hit.path}:{hit.line}  {text}")
    if not hits:
        click.echo("klein: nothing found: the input holds no text", err=True)
        sys.exit(1)
