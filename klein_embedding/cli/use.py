"""``klein embed``, ``similarity`` and ``search``: using a model."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from klein_embedding.errors import KleinError

if TYPE_CHECKING:
    from klein_embedding.infer.embedding import KleinEmbedding
    from klein_embedding.infer.numbers import Number
    from klein_embedding.infer.vectors import Item

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
    help="jsonl: text and vector a line; npy: one array.",
)
@click.option(
    "--numbers",
    type=click.Choice(["float32", "float16", "int8", "binary"]),
    default="float32",
    show_default=True,
    help="Number format; int8: each row's largest coordinate is 127; binary: signs, eight a byte.",
)
@click.option("--out", type=_PATH, help="File to write instead of standard output.")
@click.option("--resume", is_flag=True, help="Go on with a file whose run was killed.")
@click.option("--jsonl-field", help="Read JSON lines, and embed the text under this key.")
@click.option(
    "--chunk",
    type=int,
    metavar="TOKENS",
    help="Cut each text into pieces of at most so many tokens (32 to 254), written with their "
    "places: row from 1, start and stop in characters.",
)
@click.option(
    "--overlap",
    type=int,
    default=32,
    show_default=True,
    metavar="TOKENS",
    help="What a piece repeats of the one before.",
)
@click.option("--threads", type=click.IntRange(min=0), default=0, help="Default: every core.")
@_MODEL
def embed(  # noqa: PLR0913 - click hands over one argument an option
    *,
    file: Path | None,
    dim: int,
    form: Literal["jsonl", "npy"],
    numbers: Number,
    out: Path | None,
    resume: bool,
    jsonl_field: str | None,
    chunk: int | None,
    overlap: int,
    threads: int,
    model: Path | None,
) -> None:
    """Turn every line of FILE (or of standard input) into a vector.

    Blank lines get a vector too, so that rows and lines agree.

    Example: klein embed sentences.txt --format npy --out vectors.npy
    """
    from klein_embedding.infer.embedding import KleinEmbedding
    from klein_embedding.infer.readers import count_lines, read_jsonl, read_lines
    from klein_embedding.infer.vectors import Item, Output, write_vectors

    if form == "npy" and out is None and sys.stdout.isatty():
        raise KleinError("an npy file is no text for a terminal; name a file with --out")
    if resume and out is None:
        raise KleinError("--resume goes on with a file; name it with --out")
    if chunk is not None and form == "npy":
        raise KleinError("an npy file has no room for the places of pieces; use --format jsonl")
    source = None if file == Path("-") else file
    texts = read_lines(source) if jsonl_field is None else read_jsonl(source, jsonl_field)
    embedder = KleinEmbedding(model, threads=threads)
    items: Iterator[Item] = (Item(text) for text in texts)
    if chunk is not None:
        items = _pieces(embedder, texts, chunk, overlap)
    if sys.stderr.isatty():
        click.echo(f"klein: {embedder.precision} on {embedder.threads} threads", err=True)
    digest = embedder.manifest["files"]["onnx/model_quantized.onnx"]
    output = Output(out, form, dim, numbers, f"{digest} {chunk} {overlap}", resume)
    total = count_lines(source) if sys.stderr.isatty() and chunk is None else None
    written = write_vectors(embedder, items, output, total)
    if not written.count:
        click.echo("klein: nothing to embed: the input is empty", err=True)
        sys.exit(1)
    if written.cut:
        click.echo(
            f"klein: {written.cut:,} texts are longer than the model reads and count up to their "
            "256th token; --chunk cuts them up",
            err=True,
        )


def _pieces(
    embedder: KleinEmbedding, texts: Iterable[str], size: int, overlap: int
) -> Iterator[Item]:
    from klein_embedding.infer.vectors import Item

    for row, text in enumerate(texts, start=1):
        for piece in embedder.chunks(text, size, overlap):
            yield Item(piece.text, {"row": row, "start": piece.start, "stop": piece.stop})


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
