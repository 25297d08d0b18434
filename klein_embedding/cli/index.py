"""``klein index``: an index of files, built, kept up to date and searched."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from klein_embedding.cli.hits import FORMAT, Form, told_hits
from klein_embedding.cli.options import BY, DIM, JSON, MODEL, PATH, TOP

if TYPE_CHECKING:
    from klein_embedding.infer.index.update import Report

_SAME_DIM = click.option("--dim", type=int, help="Width of the vectors (default: the index's).")


@click.group()
def index() -> None:
    """Search many files again and again: read and embed them once.

    Example: klein index build notes.index notes/
    """


@index.command()
@click.argument("folder", metavar="INDEX", type=PATH)
@click.argument("sources", type=PATH, nargs=-1, required=True)
@DIM
@BY
@click.option(
    "--field",
    "fields",
    multiple=True,
    help="Column or key of tables to read, more than once for several (default: text, else all).",
)
@click.option(
    "--largest", type=int, default=256, show_default=True, help="Leave out larger files (MB)."
)
@JSON
@MODEL
def build(  # noqa: PLR0913 - click hands over one argument an option
    *,
    folder: Path,
    sources: tuple[Path, ...],
    dim: int,
    by: Literal["passage", "line"],
    fields: tuple[str, ...],
    largest: int,
    as_json: bool,
    model: Path | None,
) -> None:
    """Read SOURCES (files and folders) into the folder INDEX.

    Reads text, Markdown, HTML, JSON lines, CSV, PDF and Parquet; hidden files are left out. An
    index that is there answers until the new one is finished, and a build that was stopped goes on
    where it was when it is called again.

    Example: klein index build notes.index notes/ papers/ --dim 256
    """
    from klein_embedding.infer.embedder import check_dim
    from klein_embedding.infer.embedding import KleinEmbedding
    from klein_embedding.infer.index.build import build as built
    from klein_embedding.infer.index.formats import Reading
    from klein_embedding.infer.index.identity import maker_of

    maker = maker_of(KleinEmbedding(model), check_dim(dim))
    _told(built(folder, sources, maker, Reading(by, fields, largest)), as_json)


@index.command()
@click.argument("folder", metavar="INDEX", type=PATH)
@click.argument("sources", type=PATH, nargs=-1)
@_SAME_DIM
@JSON
@MODEL
def add(
    folder: Path, sources: tuple[Path, ...], dim: int | None, as_json: bool, model: Path | None
) -> None:
    """Bring INDEX up to date with its files, and read SOURCES into it besides.

    Only files that are new or have changed are read, and only passages that are new are embedded;
    what is gone from the files goes from the index.

    Example: klein index add notes.index
    """
    from klein_embedding.infer.embedding import KleinEmbedding
    from klein_embedding.infer.index.build import add as added
    from klein_embedding.infer.index.find import width_of
    from klein_embedding.infer.index.identity import maker_of

    width = width_of(folder, dim)
    _told(added(folder, sources, maker_of(KleinEmbedding(model), width)), as_json)


@index.command()
@click.argument("folder", metavar="INDEX", type=PATH)
@click.argument("query")
@TOP
@click.option(
    "--hybrid/--no-hybrid",
    default=False,
    show_default=True,
    help="Rank passages that share words with QUERY too, and fuse both rankings.",
)
@click.option("--path", default="", help="Only files whose path ends in this pattern, as docs/*.md")
@click.option(
    "--lang", default="", help="Only passages in the script of this language, as hi (Devanagari)."
)
@_SAME_DIM
@FORMAT
@JSON
@MODEL
def search(  # noqa: PLR0913 - click hands over one argument an option
    *,
    folder: Path,
    query: str,
    top: int,
    hybrid: bool,
    path: str,
    lang: str,
    dim: int | None,
    form: Form,
    as_json: bool,
    model: Path | None,
) -> None:
    """Print the passages of INDEX closest to QUERY.

    Example: klein index search notes.index "when does the train leave" --lang hi --top 3
    """
    from klein_embedding.infer.embedding import KleinEmbedding
    from klein_embedding.infer.index.find import Index, Wanted, width_of
    from klein_embedding.infer.index.identity import maker_of
    from klein_embedding.infer.search import highlighted

    width = width_of(folder, dim)
    maker = maker_of(KleinEmbedding(model), width)
    found = Index(folder).search(maker, Wanted(query, top, path, lang, hybrid))
    hits = highlighted(maker.embedder, query, found, width)
    told_hits(query, hits, (form, as_json), "no passage passes the filters")


@index.command()
@click.argument("folder", metavar="INDEX", type=PATH)
@JSON
def info(folder: Path, as_json: bool) -> None:
    """Say what INDEX holds, and which model made it.

    Example: klein index info notes.index
    """
    from klein_embedding.infer.index.find import Index

    facts = Index(folder).describe()
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for key, value in facts.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        click.echo(f"{key}: {text}")


def _told(report: Report, as_json: bool) -> None:
    for reason, count in sorted(report.skipped.items()):
        click.echo(
            f"klein: left out {count} {'file' if count == 1 else 'files'}: {reason}", err=True
        )
    if as_json:
        click.echo(json.dumps(asdict(report), ensure_ascii=False))
    else:
        click.echo(
            f"{report.passages:,} passages; files: {report.read:,} read, {report.unchanged:,} "
            f"unchanged, {report.removed:,} removed; {report.embedded:,} texts embedded"
        )
    if not report.passages:
        click.echo("klein: nothing to search: no file holds text", err=True)
        sys.exit(1)
