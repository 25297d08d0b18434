"""``klein embed``: texts to vectors, in a stream or part by part."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from klein_embedding.cli.options import DIM, MODEL, PATH
from klein_embedding.errors import KleinError

if TYPE_CHECKING:
    from klein_embedding.infer.embedding import KleinEmbedding
    from klein_embedding.infer.numbers import Number
    from klein_embedding.infer.parts import PartJob
    from klein_embedding.infer.vectors import Item, Output


@click.command()
@click.argument("file", type=PATH, required=False)
@DIM
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
@click.option("--out", type=PATH, help="File to write instead of standard output.")
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
@click.option("--column", default="text", show_default=True, help="Of Parquet: the texts.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Of Parquet: this process, or the workers of Ray.",
)
@click.option("--threads", type=click.IntRange(min=0), default=0, help="Default: every core.")
@MODEL
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
    column: str,
    engine: Literal["local", "ray"],
    threads: int,
    model: Path | None,
) -> None:
    """Turn every line of FILE (or of standard input) into a vector.

    Blank lines get a vector too, so that rows and lines agree. Where FILE is Parquet, or a folder
    of it, --out is a folder that gets each part with a column "vector"; a run that is started again
    embeds the parts that are not there yet.

    Example: klein embed sentences.txt --format npy --out vectors.npy
    """
    if file and (file.is_dir() or file.suffix == ".parquet"):
        if file.is_dir() and not any(file.glob("*.parquet")):
            raise KleinError(f"{file}: is a folder without *.parquet files; name a file")
        if out is None:
            raise KleinError(f"{file}: Parquet becomes a folder of Parquet; name it with --out")
        from klein_embedding.infer.parts import PartJob

        _by_parts(PartJob(file, out, column, dim, numbers, model, threads), engine)
        return
    if engine == "ray":
        raise KleinError("--engine ray takes Parquet files; name one, or a folder of them")
    if form == "npy" and out is None and sys.stdout.isatty():
        raise KleinError("an npy file is no text for a terminal; name a file with --out")
    if resume and out is None:
        raise KleinError("--resume goes on with a file; name it with --out")
    if chunk is not None and form == "npy":
        raise KleinError("an npy file has no room for the places of pieces; use --format jsonl")
    from klein_embedding.infer.embedding import KleinEmbedding
    from klein_embedding.infer.folder import ONNX
    from klein_embedding.infer.vectors import Output

    embedder = KleinEmbedding(model, threads=threads)
    if sys.stderr.isatty():
        click.echo(f"klein: {embedder.precision} on {embedder.threads} threads", err=True)
    weights = embedder.manifest["files"][ONNX[embedder.precision]]
    made_with = f"{weights} {chunk} {overlap}"
    source = None if file == Path("-") else file
    cut = (chunk, overlap) if chunk is not None else None
    output = Output(out, form, dim, numbers, made_with, resume)
    _stream(embedder, (source, jsonl_field, cut), output)


def _stream(
    embedder: KleinEmbedding,
    given: tuple[Path | None, str | None, tuple[int, int] | None],
    output: Output,
) -> None:
    """Embed the texts of one file, and say what there is to say about them."""
    from klein_embedding.infer.readers import count_lines, read_jsonl, read_lines
    from klein_embedding.infer.vectors import Item, write_vectors

    source, field, cut = given
    texts = read_lines(source) if field is None else read_jsonl(source, field)
    items = _pieces(embedder, texts, *cut) if cut else (Item(text) for text in texts)
    # Counting reads the file once more, for the time that is left, which a terminal alone shows.
    total = count_lines(source) if sys.stderr.isatty() and not cut else None
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


def _by_parts(job: PartJob, engine: Literal["local", "ray"]) -> None:
    from klein_embedding.infer.parts import here, run_parts
    from klein_embedding.infer.ray_engine import by_ray
    from klein_embedding.progress import Progress

    progress = Progress("embed")
    for made in run_parts(job, by_ray if engine == "ray" else here):
        progress.add(made["rows"], made["part"])
    progress.close()


def _pieces(
    embedder: KleinEmbedding, texts: Iterable[str], size: int, overlap: int
) -> Iterator[Item]:
    from klein_embedding.infer.vectors import Item

    for row, text in enumerate(texts, start=1):
        for piece in embedder.chunks(text, size, overlap):
            yield Item(piece.text, {"row": row, "start": piece.start, "stop": piece.stop})
