"""Harvests become one corpus: duplicates across them, the validation split, the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from klein_embedding.corpus.derive import Derived, derived_pairs
from klein_embedding.corpus.drops import Drops
from klein_embedding.corpus.harvest import CODES
from klein_embedding.corpus.joined import PAIR_SCHEMA, derived_table, mined_table
from klein_embedding.corpus.judge import LEAST_WORDS
from klein_embedding.corpus.key_lists import KeyLists, listed
from klein_embedding.corpus.mono import STRUCK, batches, merge_mono
from klein_embedding.corpus.rows import Rows, load_rows, repeats, roots_of
from klein_embedding.corpus.sources import Source
from klein_embedding.corpus.split import Split, split_rows
from klein_embedding.recipe import CorpusRecipe
from klein_embedding.text import KINDS, text_key

_REASONS = (
    "",
    "duplicate of another source",
    "near duplicate",
    STRUCK,
    "sides disagree",
    "text of the validation split",
)
# Words out of context and machine translations are no ground to join on.
_JOINABLE = ("H", "S", "U")
_NAMES = pa.array(CODES)


@dataclass(frozen=True, slots=True)
class _Decided:
    """What happens to each pair: its split, the reason it goes nowhere, what follows from it."""

    rows: Rows
    split: Split
    reasons: np.ndarray
    derived: Derived


def merge(
    recipe: CorpusRecipe,
    sources: Sequence[Source],
    folders: Sequence[Path],
    out: KeyLists,
    part: Path,
) -> dict[str, object]:
    """Write Parquet files and samples of drops.

    Args:
        recipe: Corpus section of a recipe.
        sources: Sources in order of precedence; the first keeps a duplicate.
        folders: Their harvests.
        out: Pairs of judged sources and texts of all sources to leave out.
        part: Folder to write into.

    Returns:
        The counts for the manifest.
    """
    names = [source.name for source in sources]
    drops = Drops(names, folders)
    decided = _decide(recipe, sources, folders, out)
    _write_pairs(part, (sources, folders), decided, drops, (recipe, out))
    rows = decided.rows
    for code in range(1, len(_REASONS)):
        found = decided.reasons == code
        drops.count(_REASONS[code], rows.source[found], rows.langs[found])
    harvests = list(zip(names, folders, strict=True))
    words = merge_mono(
        part / "mono.parquet",
        harvests,
        (rows, decided.split, out.struck),
        drops,
        recipe.mono_words_cap,
    )
    drops.write(part / "drops.jsonl")
    return {
        **_counts(part),
        "mono_words": words,
        "dropped": drops.table(0),
        "dropped_by_language": drops.table(1),
    }


def _decide(
    recipe: CorpusRecipe, sources: Sequence[Source], folders: Sequence[Path], out: KeyLists
) -> _Decided:
    rows = load_rows(sources, folders)
    files = [folder / "pairs.parquet" for folder in folders]
    sides = (rows.sides[:, side] for side in (0, 1))
    columns = ("anchor_sketch", "positive_sketch")
    roots = np.stack(
        [roots_of(keys, files, column) for keys, column in zip(sides, columns, strict=True)], axis=1
    )
    same, near = repeats(rows, roots)
    judged = np.array([source.name in recipe.judged for source in sources])[rows.source]
    judged &= rows.kind == KINDS.index("translation")
    disagreeing = judged & (listed(rows.key, out.disagreeing) | (rows.words[:, 0] < LEAST_WORDS))
    struck = listed(rows.sides, out.struck).any(axis=1)
    split = split_rows(rows, roots, ~(same | near | struck | disagreeing), recipe)
    nowhere = ~(split.train | split.valid)
    reasons = np.select([same, near, struck, disagreeing, nowhere], [1, 2, 3, 4, 5], 0)
    joinable = np.array([_is_joinable(source, recipe) for source in sources])[rows.source]
    english = rows.langs[:, 0] == CODES.index("en")
    usable = split.train & joinable & english & (rows.kind == KINDS.index("translation"))
    usable &= rows.langs[:, 1] != CODES.index("en")
    return _Decided(rows, split, reasons, derived_pairs(rows, roots, usable, recipe))


def _is_joinable(source: Source, recipe: CorpusRecipe) -> bool:
    return source.text_class in _JOINABLE and source.name not in recipe.derived_without


def _write_pairs(
    part: Path,
    harvests: tuple[Sequence[Source], Sequence[Path]],
    decided: _Decided,
    drops: Drops,
    joined: tuple[CorpusRecipe, KeyLists],
) -> None:
    """Stream the texts of all harvests into the two splits, then append what the build joins."""
    sources, folders = harvests
    rows, split = decided.rows, decided.split
    recipe, lists = joined
    needed = np.unique(np.concatenate([decided.derived.left, decided.derived.right]))
    found: list[pa.Array] = []
    start = 0
    columns = ["anchor", "positive", "negatives"]
    paths = [part / f"pairs-{name}.parquet" for name in ("train", "valid")]
    with (
        pq.ParquetWriter(paths[0], PAIR_SCHEMA, compression="zstd") as train,
        pq.ParquetWriter(paths[1], PAIR_SCHEMA, compression="zstd") as valid,
    ):
        for number, (source, folder) in enumerate(zip(sources, folders, strict=True)):
            for batch in batches(folder / "pairs.parquet", columns):
                here = slice(start, start + len(batch))
                start = here.stop
                table = _table(batch, (rows, here), source, lists.struck)
                for writer, mask in ((train, split.train), (valid, split.valid)):
                    if mask[here].any():
                        writer.write_table(table.filter(pa.array(mask[here])))
                found.append(_sides(batch, needed, here))
                _show(drops, number, table, decided.reasons[here])
        if len(needed):
            texts = needed, pa.chunked_array(found)
            train.write_table(derived_table(sources, rows, decided.derived, texts))
        if len(lists.mined):
            names = list(recipe.mined)
            train.write_table(mined_table(sources, folders, names, rows, (lists, split.held)))


def _table(
    batch: pa.RecordBatch, rows: tuple[Rows, slice], source: Source, struck: np.ndarray
) -> pa.Table:
    keys, here = rows
    count = len(batch)
    kinds = pa.array(KINDS).take(pa.array(keys.kind[here]))
    columns = {
        "anchor": batch["anchor"],
        "positive": batch["positive"],
        "anchor_lang": _NAMES.take(pa.array(keys.langs[here, 0])),
        "positive_lang": _NAMES.take(pa.array(keys.langs[here, 1])),
        "source": pa.array([source.name] * count),
        "kind": kinds,
        "negatives": _spared(batch["negatives"], struck),
        "text_class": pa.array([source.text_class] * count),
        "licence": pa.array([source.licence] * count),
        "key": pa.array(keys.key[here]),
        "derived": pa.array([False] * count),
    }
    return pa.table(columns, schema=PAIR_SCHEMA)


def _spared(negatives: pa.ListArray, struck: np.ndarray) -> pa.Array:
    """Hard negatives without those that are struck."""
    texts = negatives.flatten().to_pylist()
    if not texts or not len(struck):
        return negatives
    gone = listed(np.array([text_key(text) for text in texts], dtype=np.uint64), struck)
    if not gone.any():
        return negatives
    bad = {text for text, out in zip(texts, gone, strict=True) if out}
    kept = [[text for text in row if text not in bad] for row in negatives.to_pylist()]
    return pa.array(kept, pa.list_(pa.string()))


def _sides(batch: pa.RecordBatch, needed: np.ndarray, here: slice) -> pa.Array:
    """The texts of a batch that derived pairs need, in the order of their numbers."""
    wanted = needed[
        np.searchsorted(needed, 2 * here.start) : np.searchsorted(needed, 2 * here.stop)
    ]
    place = wanted // 2 - here.start + (wanted % 2) * len(batch)
    return pa.concat_arrays([batch["anchor"], batch["positive"]]).take(pa.array(place))


def _show(drops: Drops, source: int, table: pa.Table, reasons: np.ndarray) -> None:
    for code in range(1, len(_REASONS)):
        wanted = max(drops.wanted(source, _REASONS[code]), 0)
        for row in table.take(pa.array(np.flatnonzero(reasons == code)[:wanted])).to_pylist():
            langs = f"{row['anchor_lang']}-{row['positive_lang']}"
            drops.show(source, _REASONS[code], langs, (row["anchor"], row["positive"]))


def _counts(part: Path) -> dict[str, object]:
    names = ["anchor_lang", "positive_lang", "source", "kind", "text_class", "derived"]
    table = pq.read_table(part / "pairs-train.parquet", columns=names, read_dictionary=names[:-1])
    table = table.unify_dictionaries()
    groups = table.group_by(names[:2]).aggregate([([], "count_all")]).to_pylist()
    by_languages = {
        f"{row['anchor_lang']}-{row['positive_lang']}": row["count_all"] for row in groups
    }
    return {
        "pairs": len(table),
        "pairs_valid": pq.read_metadata(part / "pairs-valid.parquet").num_rows,
        "pairs_derived": table["derived"].to_pylist().count(True),
        "pairs_english_indic": sum(
            count for pair, count in by_languages.items() if pair.split("-").count("en") == 1
        ),
        "pairs_by_languages": dict(sorted(by_languages.items())),
        "pairs_by_kind": _tally(table["kind"]),
        "pairs_by_class": _tally(table["text_class"]),
        "pairs_by_source": _tally(table["source"]),
    }


def _tally(column: pa.ChunkedArray) -> dict[str, int]:
    counts = column.cast(pa.string()).value_counts().to_pylist()
    return dict(sorted((row["values"], row["counts"]) for row in counts))
