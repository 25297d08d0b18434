"""An open index, and the passages in it that answer a query."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from klein_embedding.infer.embedder import check_dim
from klein_embedding.infer.index.build import check_built, facts_of
from klein_embedding.infer.index.compare import CHUNK, best
from klein_embedding.infer.index.fusion import reciprocal_rank_fusion
from klein_embedding.infer.index.graph import EXACT, Graph, GraphFile, chunks, open_graph, recorded
from klein_embedding.infer.index.identity import Maker
from klein_embedding.infer.index.store import DATABASE, Store, as_arrays, told
from klein_embedding.infer.index.wanted import Filter, Wanted, filter_of
from klein_embedding.infer.index.words import any_of, query_words
from klein_embedding.infer.search import Hit, check_query

__all__ = ["Index", "Wanted", "width_of"]

# Candidates of each ranking that are fused.
_FUSED = 100
# Candidates that the graph is asked for, at least and as a multiple of the hits that are wanted.
_LEAST, _TIMES = 64, 4
# Words that stand in more than this share of the passages tell nothing, and take longest.
_COMMON = 0.1
_COMMON_FROM = 1000
_ALL = Filter("1", ())


@dataclass(frozen=True, slots=True)
class _State:
    """What is kept in memory between searches, as long as nothing is written.

    Attributes:
        version: SQLite's number of the state of the file.
        graph: The graph and what is known of it.
        ids: Passages that the graph lacks, int64 (n,).
        vectors: Their vectors, float16 (n, dim).
    """

    version: int
    graph: tuple[Graph, GraphFile] | None
    ids: np.ndarray
    vectors: np.ndarray


class Index:
    """An index opened to be searched, by one thread.

    Example:
        >>> index = Index(Path("notes.index"))
        >>> hits = index.search(maker_of(KleinEmbedding()), Wanted("when does the train leave"))
    """

    def __init__(self, folder: Path) -> None:
        """Open an index.

        Raises:
            KleinError: If there is none, or it is damaged or of another version.
        """
        self.folder = check_built(folder)
        self._store = Store(folder / DATABASE)
        self.facts = facts_of(self._store)
        self.dim: int = self.facts["dim"]
        self._state: _State | None = None

    def close(self) -> None:
        """Close its files."""
        self._store.close()

    def search(self, maker: Maker, wanted: Wanted) -> list[Hit]:
        """Rank passages by the cosine of their vectors to the query's, or by that and by words.

        Args:
            maker: The model that made the index.
            wanted: Query, filters and number of hits.

        Returns:
            The best passages, best first. Their score is the cosine; in a hybrid search the order
            is that of both rankings fused, and the score still the cosine.

        Raises:
            KleinError: If the query is blank, the language unknown, or another model made the
                index.
        """
        check_query(wanted.query, wanted.top)
        maker.check(self.folder, self.facts["model"], self.facts["digest"], self.dim)
        vector = maker.embedder.encode([wanted.query], self.dim)[0]
        chosen = filter_of(wanted)
        with told(self.folder), self._store.transaction("DEFERRED"):
            count = max(wanted.top, _FUSED) if wanted.hybrid else wanted.top
            ranked = self.nearest(vector, count, chosen)
            if wanted.hybrid:
                ranked = self._fused(ranked, vector, wanted, chosen)
            return self._hits(ranked[: wanted.top])

    def nearest(
        self, vector: np.ndarray, count: int, chosen: Filter | None = None
    ) -> list[tuple[int, float]]:
        """Passages by cosine: from all of them, or from those of the graph and those it lacks.

        Args:
            vector: float32 (dim,), of length one.
            count: Most passages.
            chosen: Condition that they meet.

        Returns:
            Numbers of passages and cosines, best first.
        """
        state = self._current()
        if chosen is not None:
            some = self._passing(chosen, EXACT + 1)
            if len(some) <= EXACT or state.graph is None:
                return self._compared(vector, count, chosen)
        found = best(state.ids, state.vectors, vector, count)
        if chosen is not None:
            found = self._kept(found, chosen)
        if state.graph is None:
            return found
        asked = max(_LEAST, _TIMES * count)
        while True:
            near = state.graph[0].nearest(vector, asked)
            close = best(*self._store.vectors(near, self.dim), vector, asked)
            close = close if chosen is None else self._kept(close, chosen)
            if len(close) >= count:
                return sorted([*found, *close], key=lambda pair: (-pair[1], pair[0]))[:count]
            if asked >= state.graph[1].rows:
                # A graph may hold passages that no path leads to.
                return self._compared(vector, count, chosen or _ALL)
            asked *= 8

    def lexical(self, query: str, count: int, chosen: Filter | None = None) -> list[int]:
        """Numbers of the passages that share words with a query, by BM25, best first.

        Args:
            query: Words; those that stand in a tenth of the passages are left out.
            count: Most passages.
            chosen: Condition that they meet.
        """
        words = self._telling(query_words(query))
        if not words:
            return []
        joins = "" if chosen is None else f"JOIN passages p ON p.id = w.rowid {chosen.joins} AND"
        rows = self._store.sql.execute(
            f"SELECT w.rowid FROM words w {joins or 'WHERE'} w.words MATCH ? "
            "ORDER BY w.rank LIMIT ?",
            (*(chosen.values if chosen else ()), any_of(words), count),
        )
        return [row[0] for row in rows]

    def describe(self) -> dict[str, Any]:
        """Say what the index holds, and how it is searched."""
        sql = self._store.sql
        scripts = sql.execute("SELECT script, count(*) FROM passages GROUP BY script").fetchall()
        skipped = Counter(state.skipped for state in self._store.files().values())
        files = skipped.pop("", 0)
        opened, known = open_graph(self._store, self.dim), recorded(self._store)
        sizes = [path.stat().st_size for path in self.folder.iterdir() if path.is_file()]
        return {
            "folder": str(self.folder),
            **self.facts,
            "files": files,
            "passages": self._store.count(),
            "languages": {script or "other": count for script, count in sorted(scripts)},
            "skipped": dict(skipped),
            "search": "approximate" if opened else "exact",
            "graph": known.rows if known and opened else 0,
            "bytes": sum(sizes),
        }

    def _current(self) -> _State:
        version = self._store.sql.execute("PRAGMA data_version").fetchone()[0]
        if self._state is None or self._state.version != version:
            graph = open_graph(self._store, self.dim)
            parts = list(chunks(self._store, self.dim, graph[1].last if graph else 0))
            ids = np.concatenate([part[0] for part in parts] or [np.empty(0, np.int64)])
            empty = np.empty((0, self.dim), np.float16)
            vectors = np.concatenate([part[1] for part in parts] or [empty])
            self._state = _State(version, graph, ids, vectors)
        return self._state

    def _passing(self, chosen: Filter, most: int) -> list[int]:
        query = f"SELECT p.id FROM passages p {chosen.joins} LIMIT ?"
        return [row[0] for row in self._store.sql.execute(query, (*chosen.values, most))]

    def _compared(self, vector: np.ndarray, count: int, chosen: Filter) -> list[tuple[int, float]]:
        """Every passage that meets a condition, compared."""
        query = (
            f"SELECT v.id, v.vector FROM passages p JOIN vectors v ON v.id = p.id {chosen.joins}"
        )
        rows = self._store.sql.execute(query, chosen.values)
        found: list[tuple[int, float]] = []
        while chunk := rows.fetchmany(CHUNK):
            found += best(*as_arrays(chunk, self.dim), vector, count)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:count]

    def _kept(self, found: list[tuple[int, float]], chosen: Filter) -> list[tuple[int, float]]:
        marks = ",".join(str(number) for number, _ in found)
        query = f"SELECT p.id FROM passages p {chosen.joins} AND p.id IN ({marks})"
        good = {row[0] for row in self._store.sql.execute(query, chosen.values)}
        return [pair for pair in found if pair[0] in good]

    def _telling(self, words: list[str]) -> list[str]:
        """Words that few passages hold; all of them where every one is common."""
        total = self._store.count()
        if total < _COMMON_FROM:
            return words
        most = int(total * _COMMON)
        query = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"
        rare = [
            word
            for word in words
            if self._store.sql.execute(query, (any_of([word]), most + 1)).fetchone()[0] <= most
        ]
        return rare or words

    def _fused(
        self,
        ranked: list[tuple[int, float]],
        vector: np.ndarray,
        wanted: Wanted,
        chosen: Filter | None,
    ) -> list[tuple[int, float]]:
        lexical = self.lexical(wanted.query, _FUSED, chosen)
        cosines = dict(ranked)
        others = [number for number in lexical if number not in cosines]
        cosines.update(best(*self._store.vectors(others, self.dim), vector, len(others)))
        fused = reciprocal_rank_fusion([[number for number, _ in ranked], lexical])
        return [(number, cosines[number]) for number, _ in fused]

    def _hits(self, ranked: list[tuple[int, float]]) -> list[Hit]:
        query = (
            "SELECT f.path, p.line, p.text, p.start, p.stop, p.place, p.script FROM passages p "
            "JOIN files f ON f.id = p.file WHERE p.id = ?"
        )
        rows = [
            (score, self._store.sql.execute(query, (number,)).fetchone())
            for number, score in ranked
        ]
        return [Hit(score, *row[:-1], languages=row[-1].split()) for score, row in rows]


def width_of(folder: Path, dim: int | None) -> int:
    """Width of the vectors that a model must give: the one named, else the index's.

    Raises:
        KleinError: If there is no index, or a named width is none of the model's.
    """
    if dim is not None:
        return check_dim(dim)
    index = Index(folder)
    index.close()
    return index.dim
