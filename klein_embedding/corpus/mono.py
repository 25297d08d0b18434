"""Monolingual text of the merged corpus: lines of all harvests, then the sides of its pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from klein_embedding.corpus.drops import Drops
from klein_embedding.corpus.harvest import CODES, ROW_GROUP
from klein_embedding.corpus.key_lists import listed
from klein_embedding.corpus.rows import Rows, first_of, roots_of
from klein_embedding.corpus.split import Split

MONO_SCHEMA = pa.schema(
    [("text", pa.string()), ("lang", pa.string()), ("source", pa.string()), ("side", pa.bool_())]
)
_NAMES = pa.array(CODES)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Which lines and which sides of pairs stay, and the words of each language."""

    lines: np.ndarray
    sides: np.ndarray
    words: np.ndarray


STRUCK = "evaluation text, by the audit"


def merge_mono(
    path: Path,
    harvests: Sequence[tuple[str, Path]],
    pairs: tuple[Rows, Split, np.ndarray],
    drops: Drops,
    cap: int,
) -> dict[str, int]:
    """Write ``mono.parquet`` and return the words of each language.

    Args:
        path: File to write.
        harvests: Name and harvest of each source, in order of precedence.
        pairs: Keys of all pairs, their split, and keys of texts to leave out.
        drops: Takes what is left out.
        cap: Words after which a language takes no more.
    """
    chosen = _choose(harvests, pairs, drops, cap)
    rows = pairs[0]
    with pq.ParquetWriter(path, MONO_SCHEMA, compression="zstd") as writer:
        start = 0
        for name, folder in harvests:
            for batch in batches(folder / "lines.parquet", ["text", "lang"]):
                mask = chosen.lines[start : start + len(batch)]
                start += len(batch)
                _write(writer, (batch["text"], batch["lang"].to_numpy()), mask, (name, False))
        start = 0
        for name, folder in harvests:
            for batch in batches(folder / "pairs.parquet", ["anchor", "positive"]):
                stop = start + len(batch)
                both = pa.concat_arrays([batch["anchor"], batch["positive"]])
                order = np.arange(2 * len(batch)).reshape(2, -1).T.reshape(-1)
                langs = rows.langs[start:stop].reshape(-1)
                mask = chosen.sides[start:stop].reshape(-1)
                _write(writer, (both.take(pa.array(order)), langs), mask, (name, True))
                start = stop
    return {code: int(n) for code, n in sorted(zip(CODES, chosen.words, strict=True)) if n}


def batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Record batches of some columns of a harvest, in order."""
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(ROW_GROUP, columns=columns)


def _write(
    writer: pq.ParquetWriter,
    texts: tuple[pa.Array, np.ndarray],
    mask: np.ndarray,
    origin: tuple[str, bool],
) -> None:
    """Append the chosen texts of a batch with their languages, source and mark of a side."""
    count = int(mask.sum())
    if count:
        columns = [
            texts[0].filter(pa.array(mask)),
            _NAMES.take(pa.array(texts[1][mask])),
            pa.array([origin[0]] * count),
            pa.array([origin[1]] * count),
        ]
        writer.write_table(pa.Table.from_arrays(columns, schema=MONO_SCHEMA))


def _choose(
    harvests: Sequence[tuple[str, Path]],
    pairs: tuple[Rows, Split, np.ndarray],
    drops: Drops,
    cap: int,
) -> _Chosen:
    rows, split, struck = pairs
    files = [folder / "lines.parquet" for _, folder in harvests]
    tables = [pq.read_table(file, columns=["lang", "key", "words"]) for file in files]
    lang, key, words = (
        np.concatenate([table[name].to_numpy() for table in tables])
        for name in ("lang", "key", "words")
    )
    source = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    own = np.arange(len(key))
    roots = roots_of(key, files, "sketch")
    kept = np.ones(len(key), dtype=bool)
    for reason, found in (
        ("duplicate line", first_of(key) != own),
        ("near duplicate line", roots != own),
        (STRUCK, listed(key, struck)),
        ("text of the validation split", np.isin(key, split.held)),
    ):
        drops.count(reason, source[kept & found], lang[kept & found, None])
        kept &= ~found
    total = np.zeros(len(CODES), dtype=np.int64)
    within = kept & _within(lang, np.where(kept, words, 0), total, cap)
    drops.count("cap: words", source[kept & ~within], lang[kept & ~within, None])
    flat = rows.sides.reshape(-1)
    fresh = np.repeat(split.train, 2) & ~np.isin(flat, key[within])
    first = np.zeros(len(flat), dtype=bool)
    at = np.flatnonzero(fresh)
    first[at[np.unique(flat[at], return_index=True)[1]]] = True
    counts = np.where(first, rows.words.reshape(-1), 0)
    sides = first & _within(rows.langs.reshape(-1), counts, total, cap)
    return _Chosen(within, sides.reshape(-1, 2), total)


def _within(lang: np.ndarray, words: np.ndarray, total: np.ndarray, cap: int) -> np.ndarray:
    """Texts that come before their language's cap is passed; adds their words to the totals."""
    mask = np.zeros(len(lang), dtype=bool)
    for code in range(len(CODES)):
        rows = np.flatnonzero(lang == code)
        own = words[rows].astype(np.int64)
        before = np.cumsum(own) - own + total[code]
        mask[rows] = before <= cap
        total[code] += int(own[before <= cap].sum())
    return mask
