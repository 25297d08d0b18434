"""The truth of an index: one SQLite file with the files, their passages, vectors and words.

SQLite keeps a transaction whole through a kill, and its rollback journal, unlike a write-ahead log,
leaves one file that can be read from a folder without the right to write.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.infer.index.pieces import Passage
from klein_embedding.infer.index.scripts import script_of
from klein_embedding.infer.index.words import TOKENIZER, searchable

DATABASE = "index.sqlite"
FORMAT = 1
# How long a reader and a writer wait for each other; a commit takes milliseconds.
_PATIENCE = 30.0
_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
    modified INTEGER NOT NULL, sha256 TEXT NOT NULL, skipped TEXT);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, file INTEGER NOT NULL, place TEXT NOT NULL,
    line INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
    script TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX passages_of_file ON passages (file);
CREATE INDEX passages_of_script ON passages (script);
CREATE TABLE vectors (id INTEGER PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE pending (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize="{TOKENIZER}");
"""
_IN_ONE_QUERY = 500


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was when it was read.

    Attributes:
        path: Absolute path.
        size: Bytes.
        modified: Time of the last change in nanoseconds, 0 when it was too fresh to trust.
        sha256: Digest of its bytes.
        skipped: Why it has no passages, "" if it has.
    """

    path: str
    size: int
    modified: int
    sha256: str
    skipped: str = ""


class Store:
    """An open index database."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open a database, or make an empty one.

        Args:
            path: The file.
            create: Make it if it is not there.

        Raises:
            KleinError: If it is missing, damaged or of another version.
        """
        self.path = path
        # Not read-only even to read: a journal that a killed writer left has to be rolled back.
        address = f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
        try:
            self.sql = sqlite3.connect(address, _PATIENCE, isolation_level=None, uri=True)
            if create and not self._has_tables():
                self.sql.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
                self.set("format", FORMAT)
            found = self.get("format")
        except sqlite3.Error as error:
            raise KleinError(
                f"{path}: not readable as an index ({error}); build it again"
            ) from None
        if found != FORMAT:
            raise KleinError(
                f"{path}: an index of format {found}, this version reads {FORMAT}; build it again"
            )

    def _has_tables(self) -> bool:
        return bool(self.sql.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self.sql.close()

    @contextmanager
    def transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        """Do all of a block or nothing of it; DEFERRED is for blocks that only read."""
        self.sql.execute(f"BEGIN {kind}")
        try:
            yield
        except BaseException:
            # A full disk has rolled it back already.
            if self.sql.in_transaction:
                self.sql.execute("ROLLBACK")
            raise
        self.sql.execute("COMMIT")

    def get(self, key: str) -> Any:
        """A fact of the table ``meta``, None if it is not there."""
        row = self.sql.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def set(self, key: str, value: object) -> None:
        """Write a fact."""
        text = json.dumps(value, ensure_ascii=False)
        self.sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, text))

    def count(self) -> int:
        """Number of passages."""
        return self.sql.execute("SELECT count(*) FROM passages").fetchone()[0]

    def files(self) -> dict[str, FileState]:
        """Every file that was read, by its path."""
        rows = self.sql.execute("SELECT path, size, modified, sha256, skipped FROM files")
        return {row[0]: FileState(*row) for row in rows}

    def vectors(self, ids: Sequence[int], dim: int) -> tuple[np.ndarray, np.ndarray]:
        """Vectors of passages that are still there.

        Returns:
            Their ids, int64 (n,), ascending, and vectors, float16 (n, dim).
        """
        rows: list[tuple[int, bytes]] = []
        for start in range(0, len(ids), _IN_ONE_QUERY):
            some = [int(number) for number in ids[start : start + _IN_ONE_QUERY]]
            marks = ",".join("?" * len(some))
            rows += self.sql.execute(f"SELECT id, vector FROM vectors WHERE id IN ({marks})", some)
        rows.sort()
        return as_arrays(rows, dim)

    def texts_of(self, path: str) -> list[tuple[int, str]]:
        """Ids and texts of a file's passages in their order."""
        return self.sql.execute(
            "SELECT p.id, p.text FROM passages p JOIN files f ON f.id = p.file "
            "WHERE f.path = ? ORDER BY p.id",
            (path,),
        ).fetchall()

    def pending(self, key: bytes) -> bytes:
        """Vector of a text whose file is not written yet, empty if it has none."""
        row = self.sql.execute("SELECT vector FROM pending WHERE key = ?", (key,)).fetchone()
        return row[0] if row else b""

    def keep_pending(self, vectors: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep vectors until their file is written, so that a killed build need not repeat them.

        Args:
            vectors: Keys of texts, and their vectors.
        """
        with self.transaction():
            self.sql.executemany("INSERT OR REPLACE INTO pending VALUES (?, ?)", vectors)

    def drop_pending(self) -> None:
        """Forget the vectors of unfinished files."""
        self.sql.execute("DELETE FROM pending")

    def put_file(self, state: FileState) -> int:
        """Write what is known of a file and return its number."""
        self.sql.execute(
            "INSERT INTO files (path, size, modified, sha256, skipped) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (path) DO UPDATE SET size = excluded.size, modified = excluded.modified, "
            "sha256 = excluded.sha256, skipped = excluded.skipped",
            (state.path, state.size, state.modified, state.sha256, state.skipped),
        )
        query = "SELECT id FROM files WHERE path = ?"
        return self.sql.execute(query, (state.path,)).fetchone()[0]

    def put_passage(self, file: int, passage: Passage, vector: bytes) -> None:
        """Write a passage of a file with its vector and its words."""
        number = self.sql.execute(
            "INSERT INTO passages (file, place, line, start, stop, script, text) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (file, *_position(passage), script_of(passage.text), passage.text),
        ).lastrowid
        self.sql.execute("INSERT INTO vectors VALUES (?, ?)", (number, vector))
        words = (number, searchable(passage.text))
        self.sql.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", words)

    def move_passage(self, number: int, passage: Passage) -> None:
        """Write where a passage stands now whose text is what it was."""
        self.sql.execute(
            "UPDATE passages SET place = ?, line = ?, start = ?, stop = ? WHERE id = ?",
            (*_position(passage), number),
        )

    def drop_passages(self, passages: Sequence[tuple[int, str]]) -> None:
        """Remove passages.

        Args:
            passages: Ids and texts.
        """
        numbers = [(number,) for number, _ in passages]
        self.sql.executemany("DELETE FROM passages WHERE id = ?", numbers)
        self.sql.executemany("DELETE FROM vectors WHERE id = ?", numbers)
        self.sql.executemany(
            "INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)",
            [(number, searchable(text)) for number, text in passages],
        )

    def drop_file(self, path: str) -> None:
        """Remove a file and all that was read from it."""
        self.drop_passages(self.texts_of(path))
        self.sql.execute("DELETE FROM files WHERE path = ?", (path,))


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Say in one line what SQLite could not do, such as writing to a full disk."""
    try:
        yield
    except sqlite3.Error as error:
        raise KleinError(f"{folder}: the index could not be used ({error})") from None


def as_arrays(rows: Sequence[tuple[int, bytes]], dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of ids and vectors as an int64 and a float16 array."""
    ids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
    vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f2")
    return ids, vectors.reshape(len(rows), dim)


def _position(passage: Passage) -> tuple[str, int, int, int]:
    return passage.place, passage.line, passage.start, passage.stop
