"""The approximate half of a search: a graph of near neighbours in a file beside the database.

The graph is derived. It holds the passages up to a certain number; a passage's number is never
given again and its vector never changes, so that a graph grows old only by passages it lacks, which
are compared one by one, and by passages that are gone, which the database no longer knows.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.infer.index.store import Store, as_arrays
from klein_embedding.infer.numbers import stored
from klein_embedding.progress import Progress

# Up to here comparing with every vector takes no longer than the rest of a search.
EXACT = 20_000
# A graph with more than this share of passages that are gone is made again.
_GONE = 0.25
_CONNECTIVITY = 32
_EFFORT_ADD = 128
_EFFORT_SEARCH = 512
_CHUNK = 8192
_MOST = 2**63 - 1
PATTERN = "graph-*.usearch*"


@dataclass(frozen=True, slots=True)
class GraphFile:
    """What the database knows of its graph.

    Attributes:
        name: File beside the database.
        size: Its bytes.
        last: Highest passage number in it.
        rows: Passages in it when it was made.
    """

    name: str
    size: int
    last: int
    rows: int


class Graph:
    """An open graph, mapped into memory."""

    def __init__(self, path: Path, dim: int) -> None:
        self._index = _empty(dim)
        self._index.view(str(path))

    def nearest(self, vector: np.ndarray, count: int) -> list[int]:
        """Numbers of the passages that are probably nearest.

        Args:
            vector: float32 (dim,).
            count: How many.
        """
        found = self._index.search(stored(vector[None], "int8")[0], count)
        return [int(key) for key in found.keys]


def recorded(store: Store) -> GraphFile | None:
    """The graph that the database names, None if it names none."""
    facts = store.get("graph")
    return GraphFile(**facts) if facts else None


def open_graph(store: Store, dim: int) -> tuple[Graph, GraphFile] | None:
    """Open the graph of a database.

    Returns:
        The graph and what is known of it; None without a graph, without the package that reads
        it, or when its file is not the one that was recorded: then every vector is compared.
    """
    known = recorded(store)
    if known is None or not _intact(store, known):
        return None
    try:
        return Graph(store.path.with_name(known.name), dim), known
    except ModuleNotFoundError:
        return None


def refresh(store: Store, dim: int) -> None:
    """Make the graph of a database, or make it again where it no longer serves.

    Does nothing where comparing with every vector is quick enough, or without usearch.

    Args:
        store: The database; no other process may write to it.
        dim: Width of the vectors.

    Raises:
        KleinError: If the file cannot be written.
    """
    known = recorded(store)
    if known is not None and not _intact(store, known):
        known = None
    covered = known.last if known else 0
    rest = _count(store, covered)
    gone = known.rows - _count(store, 0, covered) if known else 0
    stale = known is not None and gone > _GONE * known.rows
    if rest <= EXACT and not stale:
        return
    try:
        small = _count(store, 0) <= EXACT
        made = None if small else _made(store, dim, None if stale else known)
    except ModuleNotFoundError:
        return
    with store.transaction():
        store.set("graph", asdict(made) if made else None)


def _made(store: Store, dim: int, old: GraphFile | None) -> GraphFile:
    index = _empty(dim)
    if old is not None:
        index.load(str(store.path.with_name(old.name)))
    covered = old.last if old else 0
    rows = old.rows if old else 0
    progress = Progress("graph", _count(store, covered), "passages")
    last = covered
    for ids, vectors in chunks(store, dim, covered):
        index.add(ids.astype(np.uint64), stored(vectors.astype(np.float32), "int8"))
        last, rows = int(ids[-1]), rows + len(ids)
        progress.add(len(ids))
    progress.close()
    name = f"graph-{secrets.token_hex(4)}.usearch"
    part = store.path.with_name(f"{name}.part")
    try:
        index.save(str(part))
        with part.open("rb+") as file:
            os.fsync(file.fileno())
    except (OSError, RuntimeError) as error:
        part.unlink(missing_ok=True)
        reason = f"could not be written ({error}); make room and run the command again"
        raise KleinError(f"{part}: {reason}") from None
    size = part.stat().st_size
    part.replace(store.path.with_name(name))
    return GraphFile(name, size, last, rows)


def chunks(store: Store, dim: int, after: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Read vectors in the order of their passages.

    Args:
        store: The database.
        dim: Width of the vectors.
        after: Passages up to this number are left out.

    Yields:
        Ids, int64 (n,), and vectors, float16 (n, dim); n is at least 1.
    """
    query = "SELECT id, vector FROM vectors WHERE id > ? ORDER BY id"
    rows = store.sql.execute(query, (after,))
    while chunk := rows.fetchmany(_CHUNK):
        yield as_arrays(chunk, dim)


def _intact(store: Store, known: GraphFile) -> bool:
    path = store.path.with_name(known.name)
    return path.is_file() and path.stat().st_size == known.size


def _count(store: Store, after: int, last: int = _MOST) -> int:
    query = "SELECT count(*) FROM vectors WHERE id > ? AND id <= ?"
    return store.sql.execute(query, (after, last)).fetchone()[0]


def _empty(dim: int):  # noqa: ANN202 - the type belongs to an optional package
    from usearch.index import Index

    return Index(
        ndim=dim,
        metric="cos",
        dtype="i8",
        connectivity=_CONNECTIVITY,
        expansion_add=_EFFORT_ADD,
        expansion_search=_EFFORT_SEARCH,
        enable_key_lookups=False,
    )
