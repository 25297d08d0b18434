"""``klein report``: an evaluation as a page for the browser."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("model", type=_FOLDER, required=False)
@click.option(
    "--results", type=_FILE, help="Results file.  [default: docs/results/NAME.json of the model]"
)
@click.option(
    "--data", type=_FOLDER, default=Path("data/eval"), show_default=True, help="Fetched sets."
)
@click.option(
    "--out", type=_FILE, default=Path("runs/report.html"), show_default=True, help="Page to write."
)
def report(*, model: Path | None, results: Path | None, data: Path, out: Path) -> None:
    """Write the figures of MODEL (default: the released one) and its failures as one HTML file.

    Example: klein report release --out report.html
    """
    from klein_embedding.eval.page.write import write_page
    from klein_embedding.infer.folder import default_folder

    write_page(model or default_folder(), results, data, out)
    click.echo(f"written to {out}")
