"""A second look at a built corpus for evaluation text, by another method than the guard's.

The guard hashes character seeds; here shared words and word pairs choose what to compare, and
plain sets of character n-grams say how near it is. A fault of one is no fault of the other.
"""

from __future__ import annotations

import heapq
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer

from klein_embedding.corpus.evaluation_text import texts_of
from klein_embedding.corpus.near import Match
from klein_embedding.errors import KleinError
from klein_embedding.files import MANIFEST, read_manifest, sha256, write_json
from klein_embedding.text import fingerprint, text_key

AUDIT = "audit.json"
"""File of the findings, beside the corpus that was audited."""
HIT = 0.8
"""Similarity from which a corpus text is too near to an evaluation text."""
CLOSEST = 20
"""Closest texts that are shown of each evaluation set."""
_COMMON = 300  # words and word pairs of more evaluation texts say nothing
_SHARE = 0.4  # least share of the telling words that a compared text has
_FEATURES = 1 << 22
_TRIED = 3  # evaluation texts compared with each text
_BATCH = 2048
_PARTS = 2  # processes
_GRAM = 4
_WORD = r"[^\W_](?:[\w\u0900-\u0963\u0966-\u0dff\u064b-\u065f])*"
_TABLES = (
    ("pairs-train.parquet", ("anchor", "positive", "negatives")),
    ("pairs-valid.parquet", ("anchor", "positive", "negatives")),
    ("mono.parquet", ("text",)),
)

Row = tuple[str, int, str, str]


@dataclass(frozen=True, slots=True, order=True)
class Near:
    """A corpus text near an evaluation text.

    Attributes:
        score: Jaccard similarity or containment of character n-grams, the larger.
        file: Table of the corpus.
        row: Row of the table, from 0.
        source: Source of the row.
        text: The corpus's text.
    """

    score: float
    file: str
    row: int
    source: str
    text: str


@dataclass(slots=True)
class Audit:
    """What an audit found.

    Attributes:
        corpus: SHA-256 of the manifest of the corpus that was audited.
        texts: Corpus texts looked at.
        closest: The closest texts of each evaluation set, closest first.
        hits: Rows of the corpus at or above the threshold.
        keys: Keys of the texts in these rows that are too near, see `klein_embedding.text`.
    """

    corpus: str
    texts: int = 0
    closest: dict[str, list[Near]] = field(default_factory=dict)
    hits: set[tuple[str, int]] = field(default_factory=set)
    keys: set[int] = field(default_factory=set)


class _Secrets:
    """Evaluation texts with their words, in memory only while an audit runs."""

    def __init__(self, evaluation: Path, names: Sequence[str], match: Match) -> None:
        self.match = match
        self.sets: list[str] = []
        self.texts: list[str] = []
        for name in names:
            read_manifest(evaluation / name)
            for text in sorted(set(texts_of(evaluation / name / "files"))):
                if len(text.split()) >= match.least_words and len(_letters(text)) >= (
                    match.least_letters
                ):
                    self.sets.append(name)
                    self.texts.append(text)
        if not self.texts:
            raise KleinError(f"{evaluation}: no evaluation text; run: klein data fetch RECIPE")
        self._words = HashingVectorizer(
            token_pattern=_WORD,
            ngram_range=(1, 2),
            n_features=_FEATURES,
            alternate_sign=False,
        )
        matrix = self._present(self.texts)
        frequency = np.bincount(matrix.indices, minlength=_FEATURES)
        self._telling: NDArray[np.float64] = (frequency <= _COMMON).astype(np.float64)
        self._sizes: NDArray[np.float64] = matrix @ self._telling
        matrix.data *= self._telling[matrix.indices]
        matrix.eliminate_zeros()
        self._columns = matrix.T.tocsr()

    def _present(self, texts: Sequence[str]) -> csr_matrix:
        """One row a text: 1 where it has a word or word pair."""
        matrix = csr_matrix(self._words.transform(texts))
        matrix.data[:] = 1.0
        return matrix

    def near(self, texts: Sequence[str]) -> Iterator[tuple[int, int, float]]:
        """Yield number of a text, number of an evaluation text, and how near they are."""
        words = self._present(texts)
        sizes: NDArray[np.float64] = words @ self._telling
        shared = csr_matrix(words @ self._columns)
        for row in range(len(texts)):
            part = slice(shared.indptr[row], shared.indptr[row + 1])
            theirs, counts = shared.indices[part], shared.data[part]
            least = np.minimum(self._sizes[theirs], sizes[row])
            keep = np.flatnonzero(counts >= _SHARE * least)
            order = np.argsort(counts[keep] / self._sizes[theirs[keep]])[::-1]
            best = keep[order[:_TRIED]]
            for secret in theirs[best].tolist():
                yield row, secret, closeness(texts[row], self.texts[secret], self.match)


def closeness(text: str, secret: str, match: Match) -> float:
    """Larger of Jaccard similarity and containment of two texts' character n-grams.

    Args:
        text: Text of the corpus.
        secret: Evaluation text.
        match: From how many letters on a text inside a longer one counts.
    """
    mine, theirs = _letters(text), _letters(secret)
    left, right = _grams(mine), _grams(theirs)
    common = len(left & right)
    jaccard = common / max(len(left | right), 1)
    if min(len(mine), len(theirs)) < match.least_contained:
        return jaccard
    if len(left) <= len(right):
        near = len(theirs) <= match.longest * len(mine)
        return max(jaccard, common / len(left)) if near else jaccard
    if common < HIT * len(right):
        return jaccard
    width = len(theirs) * 5 // 4 + 8
    pieces = (mine[at : at + width] for at in range(0, max(len(mine) - width, 0) + 8, 8))
    return max(jaccard, *(len(_grams(piece) & right) / len(right) for piece in pieces))


@lru_cache(maxsize=4096)
def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if unicodedata.category(char)[0] in "LMN")


def _grams(letters: str) -> set[str]:
    return {letters[at : at + _GRAM] for at in range(max(len(letters) - _GRAM + 1, 0))}


def audit(
    processed: Path, evaluation: Path, names: Sequence[str], say: Callable[[str], None]
) -> Audit:
    """Look for evaluation text in a built corpus, and write ``audit.json`` into its folder.

    Args:
        processed: Folder of the corpus; its manifest and tables stay as they are.
        evaluation: Folder of the fetched evaluation sets.
        names: Sets to look for.
        say: Called with one line a table.

    Raises:
        KleinError: If the corpus is not finished or an evaluation set is missing.
    """
    read_manifest(processed)
    for file, _ in _TABLES:
        if not (processed / file).is_file():
            raise KleinError(f"{processed / file}: missing; build the corpus again")
    found = Audit(sha256(processed / MANIFEST), closest={name: [] for name in names})
    # A copy of a process with threads may wait for one for ever; the server has none.
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(_PARTS, mp_context=context) as pool:
        jobs = [
            pool.submit(_part, processed, evaluation, tuple(names), number)
            for number in range(_PARTS)
        ]
        for job in jobs:
            part = job.result()
            found.texts += part.texts
            found.hits |= part.hits
            found.keys |= part.keys
            for name, nears in part.closest.items():
                found.closest[name] += nears
    for name, nears in found.closest.items():
        found.closest[name] = sorted(nears, reverse=True)[:CLOSEST]
    say(f"{found.texts:,} texts looked at, {len(found.hits):,} rows too near")
    write_json(processed / AUDIT, _report(found))
    return found


def _part(processed: Path, evaluation: Path, names: tuple[str, ...], number: int) -> Audit:
    """Audit one of the `_PARTS` shares of all batches; a text that came before is passed over."""
    secrets = _Secrets(evaluation, names, Match())
    found, seen = Audit("", closest={name: [] for name in names}), set[int]()
    for file, columns in _TABLES:
        for place, rows in enumerate(_batches(processed / file, columns)):
            if place % _PARTS == number:
                keys = [fingerprint(text) for *_, text in rows]
                fresh = [row for row, key in zip(rows, keys, strict=True) if key not in seen]
                seen.update(keys)
                if fresh:
                    _look(fresh, secrets, found)
    return found


def _batches(path: Path, columns: Sequence[str]) -> Iterator[list[Row]]:
    """Texts of a table with file, row and source; sides repeated as monolingual are left out."""
    table, row = pq.ParquetFile(path), 0
    extra = ["side"] if "side" in table.schema_arrow.names else []
    for batch in table.iter_batches(_BATCH, columns=[*columns, "source", *extra]):
        rows: list[Row] = []
        for record in batch.to_pylist():
            for column in columns if not record.get("side") else ():
                value = record[column]
                texts = value if isinstance(value, list) else [value]
                rows += [(path.name, row, record["source"], text) for text in texts if text]
            row += 1
        if rows:
            yield rows


def _look(rows: list[Row], secrets: _Secrets, found: Audit) -> None:
    found.texts += len(rows)
    for number, secret, score in secrets.near([text for *_, text in rows]):
        near = Near(round(score, 4), *rows[number])
        heap = found.closest[secrets.sets[secret]]
        if score >= HIT:
            found.hits.add((near.file, near.row))
            found.keys.add(text_key(near.text))
        if near in heap:
            continue
        if len(heap) < CLOSEST:
            heapq.heappush(heap, near)
        else:
            heapq.heappushpop(heap, near)


def _report(found: Audit) -> dict[str, Any]:
    """The findings without any text: what is near evaluation text must not be kept in a file."""
    return {
        "corpus": found.corpus,
        "texts": found.texts,
        "threshold": HIT,
        "hits": len(found.hits),
        "closest": {
            name: [{k: v for k, v in asdict(near).items() if k != "text"} for near in nears]
            for name, nears in found.closest.items()
        },
    }
