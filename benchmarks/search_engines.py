"""Four vector engines behind one face, each with the settings nearest to those of our index."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

TOP = 10
CONNECTIVITY, EFFORT_ADD, EFFORT_SEARCH = 32, 128, 512
_CHUNK = 10_000


class Engine(Protocol):
    """What the benchmark asks of an engine."""

    name: str

    def build(self, vectors: np.ndarray) -> None:
        """Write an index of float32 (n, 512), over an older one if there is one."""
        ...

    def open(self) -> None:
        """Open it."""
        ...

    def search(self, query: np.ndarray) -> list[int]:
        """Rows of the ten nearest vectors."""
        ...

    def count(self) -> int:
        """Vectors that can be searched."""
        ...

    def files(self) -> Path:
        """File or folder that it lies in."""
        ...


class Usearch:
    """HNSW, float16, memory-mapped."""

    name = "usearch"

    def __init__(self, home: Path) -> None:
        self._path = home / "engine.usearch"
        self._index: Any = None

    def _empty(self) -> Any:
        from usearch.index import Index

        return Index(
            ndim=512,
            metric="cos",
            dtype="f16",
            connectivity=CONNECTIVITY,
            expansion_add=EFFORT_ADD,
            expansion_search=EFFORT_SEARCH,
        )

    def build(self, vectors: np.ndarray) -> None:
        """Write the index, over an older one."""
        index = self._empty()
        for start in range(0, len(vectors), _CHUNK):
            part = np.array(vectors[start : start + _CHUNK])
            index.add(np.arange(start, start + len(part), dtype=np.uint64), part)
        index.save(str(self._path))

    def open(self) -> None:
        """Open it."""
        self._index = self._empty()
        self._index.view(str(self._path))

    def search(self, query: np.ndarray) -> list[int]:
        """Rows of the ten nearest."""
        return [int(key) for key in self._index.search(query, TOP).keys]

    def count(self) -> int:
        """Vectors in it."""
        return len(self._index)

    def files(self) -> Path:
        """Where it lies."""
        return self._path


class Hnswlib:
    """HNSW, float32, loaded into memory."""

    name = "hnswlib"

    def __init__(self, home: Path) -> None:
        self._path = home / "engine.hnswlib"
        self._index: Any = None

    def build(self, vectors: np.ndarray) -> None:
        """Write the index, over an older one."""
        import hnswlib

        index = hnswlib.Index(space="ip", dim=512)
        index.init_index(len(vectors), ef_construction=EFFORT_ADD, M=CONNECTIVITY)
        for start in range(0, len(vectors), _CHUNK):
            part = np.array(vectors[start : start + _CHUNK])
            index.add_items(part, np.arange(start, start + len(part)))
        index.save_index(str(self._path))

    def open(self) -> None:
        """Open it."""
        import hnswlib

        self._index = hnswlib.Index(space="ip", dim=512)
        self._index.load_index(str(self._path))
        self._index.set_ef(EFFORT_SEARCH)

    def search(self, query: np.ndarray) -> list[int]:
        """Rows of the ten nearest."""
        return [int(key) for key in self._index.knn_query(query, TOP)[0][0]]

    def count(self) -> int:
        """Vectors in it."""
        return self._index.get_current_count()

    def files(self) -> Path:
        """Where it lies."""
        return self._path


class SqliteVec:
    """Exact, float32, in SQLite; needs the package apsw besides."""

    name = "sqlite-vec"

    def __init__(self, home: Path) -> None:
        self._path = home / "engine.sqlite"
        self._sql: Any = None

    def _connect(self) -> Any:
        # Many a Python's own sqlite3 is built without the right to load extensions.
        import apsw
        import sqlite_vec

        sql = apsw.Connection(str(self._path))
        sql.enable_load_extension(True)
        sql.load_extension(sqlite_vec.loadable_path())
        return sql

    def build(self, vectors: np.ndarray) -> None:
        """Write the index, over an older one."""
        sql = self._connect()
        sql.execute("BEGIN")
        sql.execute("DROP TABLE IF EXISTS vectors")
        sql.execute(
            "CREATE VIRTUAL TABLE vectors USING vec0(vector float[512] distance_metric=cosine)"
        )
        rows = ((number, row.tobytes()) for number, row in enumerate(vectors))
        sql.executemany("INSERT INTO vectors (rowid, vector) VALUES (?, ?)", rows)
        sql.execute("COMMIT")
        sql.close()

    def open(self) -> None:
        """Open it."""
        self._sql = self._connect()

    def search(self, query: np.ndarray) -> list[int]:
        """Rows of the ten nearest."""
        rows = self._sql.execute(
            "SELECT rowid FROM vectors WHERE vector MATCH ? AND k = ?", (query.tobytes(), TOP)
        )
        return [row[0] for row in rows]

    def count(self) -> int:
        """Vectors in it."""
        return next(self._sql.execute("SELECT count(*) FROM vectors"))[0]

    def files(self) -> Path:
        """Where it lies."""
        return self._path


class LanceDB:
    """HNSW over scalar-quantised float32 in one partition, with the best 40 compared exactly."""

    name = "lancedb"

    def __init__(self, home: Path) -> None:
        self._path = home / "engine.lance"
        self._table: Any = None

    def build(self, vectors: np.ndarray) -> None:
        """Write the index, over an older one."""
        import lancedb
        import pyarrow as pa

        flat = pa.array(np.asarray(vectors).reshape(-1))
        column = pa.FixedSizeListArray.from_arrays(flat, 512)
        data = pa.table({"id": pa.array(range(len(vectors))), "vector": column})
        table = lancedb.connect(str(self._path)).create_table("vectors", data, mode="overwrite")
        table.create_index(
            metric="cosine",
            index_type="IVF_HNSW_SQ",
            num_partitions=1,
            m=CONNECTIVITY,
            ef_construction=EFFORT_ADD,
        )

    def open(self) -> None:
        """Open it."""
        import lancedb

        self._table = lancedb.connect(str(self._path)).open_table("vectors")

    def search(self, query: np.ndarray) -> list[int]:
        """Rows of the ten nearest."""
        found = self._table.search(query).distance_type("cosine").ef(EFFORT_SEARCH)
        rows = found.nprobes(1).refine_factor(4).limit(TOP).select(["id"]).to_arrow()
        return rows.column("id").to_pylist()

    def count(self) -> int:
        """Vectors in it."""
        return self._table.count_rows()

    def files(self) -> Path:
        """Where it lies."""
        return self._path


ENGINES: dict[str, type[Usearch] | type[Hnswlib] | type[SqliteVec] | type[LanceDB]] = {
    engine.name: engine for engine in (Usearch, Hnswlib, SqliteVec, LanceDB)
}
