"""``klein eval`` and ``reproduce``: measure a model, and hold it to older or promised figures."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("eval")
@click.argument("model", type=_FOLDER, required=False)
@click.option(
    "--suite",
    default="all",
    show_default=True,
    help="One of docs/evaluation.md, as stsb, or all.",
)
@click.option("--static", type=_FOLDER, help="Static model the encoder started from.")
@click.option("--processed", type=_FOLDER, help="Built corpus with the held-out pairs.")
@click.option(
    "--data", type=_FOLDER, default=Path("data/eval"), show_default=True, help="Fetched sets."
)
@click.option(
    "--out", type=_FOLDER, default=Path("docs/results"), show_default=True, help="Results folder."
)
@click.option("--compare", type=_FILE, help="Older results; exit 1 if a figure fell below them.")
@click.option(
    "--peer",
    multiple=True,
    help="Another model beside it: NAME=FOLDER, of this project or of sentence-transformers, or "
    "NAME=MODULE:FUNCTION from a list of texts to unit rows.",
)
@click.option(
    "--vectors",
    type=_FOLDER,
    default=Path("runs/vectors"),
    show_default=True,
    help="Folder of kept vectors.",
)
@click.option("--readme", type=_FILE, help="README whose table is written anew.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def evaluate(  # noqa: PLR0913 - click hands over one argument an option
    *,
    model: Path | None,
    suite: str,
    static: Path | None,
    processed: Path | None,
    data: Path,
    out: Path,
    compare: Path | None,
    peer: tuple[str, ...],
    vectors: Path,
    readme: Path | None,
    as_json: bool,
) -> None:
    """Measure MODEL (default: the released one) and write docs/results/NAME.json.

    Example: klein eval release --suite stsb
    """
    from klein_embedding.eval.figures import read_results
    from klein_embedding.eval.gate import judge
    from klein_embedding.eval.report import render_table, update_readme
    from klein_embedding.eval.run import Request, run
    from klein_embedding.infer.folder import default_folder

    # Read first: the older results may stand in the file that is about to be written.
    older = read_results(compare) if compare else None
    folder = model or default_folder()
    results, path = run(Request(folder, static, suite, data, processed, out, peer, vectors))
    if readme:
        update_readme(readme, path)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(results), ensure_ascii=False, indent=1))
    else:
        click.echo(f"{render_table(results)}\nwritten to {path}")
    if older:
        verdict = judge(results, older)
        for line in (*verdict.fallen, *verdict.notes):
            click.echo(line, err=True)
        click.get_current_context().exit(1 if verdict.fallen else 0)


@click.command("reproduce")
@click.argument("model", type=_FOLDER, required=False)
@click.option(
    "--expected",
    type=_FILE,
    default=Path("recipes/expected.toml"),
    show_default=True,
    help="The promised figures.",
)
@click.option(
    "--data", type=_FOLDER, default=Path("data/eval"), show_default=True, help="Fetched sets."
)
@click.option("--write", type=_FILE, help="Results file whose figures are promised from now on.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
def reproduce(
    *, model: Path | None, expected: Path, data: Path, write: Path | None, as_json: bool
) -> None:
    """Measure MODEL (default: the released one) and hold it to the promised figures.

    Prints OK (the same but for rounding), near (inside the promised interval) or FAIL a line, and
    exits with 1 on a FAIL.

    Example: klein reproduce release
    """
    from klein_embedding.eval.expected import (
        FAIL,
        read_promise,
        reproduced,
        table_of,
        write_promise,
    )
    from klein_embedding.eval.figures import read_results
    from klein_embedding.infer.folder import default_folder

    if write:
        count = write_promise(expected, read_results(write))
        click.echo(f"{expected}: {count} figures promised")
        return
    verdicts = reproduced(read_promise(expected), model or default_folder(), data)
    if as_json:
        rows = [{"verdict": v, **dataclasses.asdict(f), "measured": x} for v, f, x in verdicts]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        click.echo(table_of(verdicts))
    click.get_current_context().exit(1 if any(v == FAIL for v, _, _ in verdicts) else 0)
