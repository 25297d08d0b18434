"""``klein serve``: a model behind HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import click

from klein_embedding.errors import KleinError

_PATH = click.Path(path_type=Path)


@click.command()
@click.option(
    "--model", type=_PATH, help="Model folder (default: KLEIN_MODEL, else the one that is there)."
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on: 0.0.0.0 for all."
)
@click.option("--port", type=int, default=8080, show_default=True, help="0 takes a free one.")
@click.option("--key-file", type=_PATH, help="File with the key that clients must send.")
@click.option(
    "--allow-host", multiple=True, help="Further name under which the server may be asked."
)
@click.option("--index", type=_PATH, help="Index that /search looks in (see klein index).")
@click.option("--web", type=_PATH, help="Folder of the built page, to be served under /.")
@click.option("--threads", type=click.IntRange(0), default=0, help="0 takes every core.")
@click.option(
    "--max-texts", type=click.IntRange(1), default=2048, show_default=True, help="Of one request."
)
@click.option(
    "--max-characters",
    type=click.IntRange(1),
    default=65_536,
    show_default=True,
    help="Of one text.",
)
@click.option(
    "--max-body",
    type=click.IntRange(1),
    default=8 << 20,
    show_default=True,
    help="Bytes of one request.",
)
@click.option(
    "--queue",
    type=click.IntRange(1),
    default=65_536,
    show_default=True,
    help="Tokens that may wait.",
)
@click.option(
    "--patience",
    type=click.FloatRange(0.1),
    default=20.0,
    show_default=True,
    help="Seconds for a request to arrive.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the address as JSON.")
def serve(  # noqa: PLR0913 - click hands over one argument an option
    *,
    model: Path | None,
    host: str,
    port: int,
    key_file: Path | None,
    allow_host: tuple[str, ...],
    index: Path | None,
    web: Path | None,
    threads: int,
    max_texts: int,
    max_characters: int,
    max_body: int,
    queue: int,
    patience: float,
    as_json: bool,
) -> None:
    """Answer requests for vectors over HTTP until it is stopped.

    Speaks OpenAI's /v1/embeddings, text-embeddings-inference's /embed and /info, and /search. A key
    for clients comes from --key-file or from KLEIN_KEY.

    Example: klein serve --port 8080
    """
    try:
        from klein_embedding.infer.server import run as serving
        from klein_embedding.infer.server.app import Service, create_app
        from klein_embedding.infer.server.limits import Limits
        from klein_embedding.infer.server.page import check_page
        from klein_embedding.infer.server.searching import Searcher
    except ModuleNotFoundError as error:
        raise KleinError(f"needs {error.name}; install klein-embedding[serve]") from None
    from klein_embedding.infer.embedding import KleinEmbedding

    limits = Limits(
        texts=max_texts,
        characters=max_characters,
        body=max_body,
        held=max(8 * max_body, Limits().held),
        queue=queue,
        seconds=patience,
    )
    key = serving.read_key(key_file)
    page = None if web is None else check_page(web)
    taken = serving.bound(host, port)
    try:
        loaded = KleinEmbedding(model, threads=threads)
        hosts = serving.allowed_hosts(host, allow_host)
        searcher = None if index is None else Searcher(index, loaded)
        app = create_app(
            Service(loaded, loaded.manifest, limits, key, hosts, searcher=searcher, page=page)
        )
        serving.run(
            app,
            taken,
            limits,
            lambda: _say(serving.address_of(taken), loaded.manifest["name"], as_json),
        )
    finally:
        taken.close()


def _say(address: str, name: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"address": address, "model": name}))
    else:
        click.echo(f"{name} at {address} (Ctrl-C stops it)")
