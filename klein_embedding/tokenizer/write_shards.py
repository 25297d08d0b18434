"""The stage that writes token shards from the pairs of a processed corpus, in parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from tokenizers import Tokenizer

from klein_embedding.errors import KleinError
from klein_embedding.files import (
    check_files,
    digest_of,
    fresh_folder,
    read_manifest,
    write_json,
    write_manifest,
)
from klein_embedding.text import text_key
from klein_embedding.tokenizer.pair_columns import PairColumns, read_pairs, text_batches
from klein_embedding.tokenizer.parts import PartsWriter, save_parts
from klein_embedding.tokenizer.shards import FORMAT, SPLITS, Group

_VOCABULARY = 2**16
"""Most entries that ids of 16 bits can number."""


def shards_key(processed: Path, tokenizer: Path, max_tokens: int) -> str:
    """Digest of everything the shards depend on."""
    return digest_of(
        {
            "format": FORMAT,
            "corpus": read_manifest(processed)["files"],
            "weights": read_manifest(processed)["weights"],
            "tokenizer": read_manifest(tokenizer)["files"]["tokenizer.json"],
            "max_tokens": max_tokens,
        }
    )


def make_shards(processed: Path, tokenizer: Path, target: Path, max_tokens: int) -> None:
    """Tokenise the pairs of a processed corpus; equal input gives equal arrays.

    Each distinct text is tokenised once and numbered by its first use in the corpus, so texts of
    one source lie side by side.

    Args:
        processed: Folder of the corpus.
        tokenizer: Folder of the tokenizer.
        target: Folder to write.
        max_tokens: Longest text, its two special tokens included.

    Raises:
        KleinError: If the corpus was built without the guard or holds no training pairs, the
            tokenizer belongs to another guard or has too many entries, or a file is altered.
    """
    corpus, model = _inputs(processed, tokenizer)
    key = shards_key(processed, tokenizer, max_tokens)
    parquets = {split: processed / f"pairs-{split}.parquet" for split in SPLITS}
    with fresh_folder(target) as part:
        splits = {split: read_pairs(parquet, corpus) for split, parquet in parquets.items()}
        numbers, first = number_texts([columns.keys for columns in splits.values()])
        counts = _write_texts(part, parquets, first, (model, max_tokens - 2))
        for (split, columns), numbered in zip(splits.items(), numbers, strict=True):
            _write_split(part, split, columns, numbered)
        # The texts are read twice, so a corpus that is built anew meanwhile would be mixed.
        if read_manifest(processed) != corpus:
            raise KleinError(f"{processed}: built again while it was read; run the stage again")
        facts = {
            "stage": "shards",
            "format": FORMAT,
            "key": key,
            "guard": corpus["guard"],
            "tokenizer": read_manifest(tokenizer)["files"]["tokenizer.json"],
            "vocabulary": model.get_vocab_size(),
            "counts": counts,
            "bytes": {path.name: path.stat().st_size for path in sorted(part.iterdir())},
        }
        write_manifest(part, facts)


def _inputs(processed: Path, tokenizer: Path) -> tuple[dict[str, Any], Tokenizer]:
    """Manifest of the corpus and the tokenizer, both checked."""
    guard = read_manifest(processed).get("guard")
    if not guard:
        raise KleinError(f"{processed}: built without the evaluation guard; build it again")
    if read_manifest(tokenizer).get("guard") != guard:
        raise KleinError(f"{tokenizer}: trained under another guard than {processed}; train again")
    check_files(tokenizer)
    model = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    if model.get_vocab_size() > _VOCABULARY:
        raise KleinError(
            f"{tokenizer}: {model.get_vocab_size():,} entries do not fit ids of 16 bits; "
            f"train one of at most {_VOCABULARY:,}"
        )
    corpus = check_files(processed)
    if not pq.read_metadata(processed / "pairs-train.parquet").num_rows:
        raise KleinError(f"{processed}: holds no training pairs; add a source of pairs")
    return corpus, model


def number_texts(keys: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Number distinct texts by their first use.

    Args:
        keys: (P, 3) uint64 keys of each split's texts, equal for equal texts.

    Returns:
        For each split, the (P, 3) int32 numbers and whether (P, 3) a text stands there first.
    """
    joined = np.concatenate([part.ravel() for part in keys])
    _, at, inverse = np.unique(joined, return_index=True, return_inverse=True)
    first = np.zeros(len(joined), dtype=bool)
    first[at] = True
    # The number of a text is the number of first uses before its own.
    numbers = (np.cumsum(first, dtype=np.int32) - 1)[at][inverse]
    cuts = np.cumsum([part.size for part in keys])[:-1]
    return (
        [rows.reshape(-1, 3) for rows in np.split(numbers, cuts)],
        [rows.reshape(-1, 3) for rows in np.split(first, cuts)],
    )


def _first_uses(parquet: Path, first: np.ndarray) -> Iterator[list[str]]:
    """The texts of each batch of pairs that stand in the corpus for the first time."""
    start = 0
    for sides in text_batches(parquet):
        rows, side = np.nonzero(first[start : start + len(sides[0])])
        yield [sides[s][r] for r, s in zip(rows.tolist(), side.tolist(), strict=True)]
        start += len(sides[0])


def _write_texts(
    part: Path,
    parquets: Mapping[str, Path],
    first: Sequence[np.ndarray],
    cutter: tuple[Tokenizer, int],
) -> dict[str, int]:
    """Write ids, offsets and keys of each distinct text, cut to the longest; return the counts."""
    tokenizer, longest = cutter
    writer, lengths, keys = PartsWriter(part, "ids"), [np.zeros(1, dtype=np.int64)], []
    for parquet, there in zip(parquets.values(), first, strict=True):
        for texts in _first_uses(parquet, there):
            # The library encodes a batch on all cores.
            encoded = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
            rows = [encoding.ids[:longest] for encoding in encoded]
            lengths.append(np.fromiter(map(len, rows), dtype=np.int64))
            writer.append(np.fromiter(chain.from_iterable(rows), dtype=np.uint16))
            keys.append(np.fromiter(map(text_key, texts), dtype=np.uint64))
    writer.close()
    save_parts(part, "keys", np.concatenate(keys))
    offsets = np.cumsum(np.concatenate(lengths))
    save_parts(part, "offsets", offsets)
    return {"texts": len(offsets) - 1, "tokens": int(offsets[-1])}


def _write_split(part: Path, split: str, columns: PairColumns, numbers: np.ndarray) -> None:
    """Write the pair numbers and groups of one split, rows ordered by group."""
    # The last key of a lexsort decides first; rows of a group keep the order of the corpus.
    order = np.lexsort(columns.groups.T[::-1])
    groups, weights = columns.groups[order], columns.weights[order]
    save_parts(part, f"pairs-{split}", numbers[order, :2])
    negatives = np.where(columns.negative, numbers[:, 2], np.int32(-1))[order]
    save_parts(part, f"negatives-{split}", negatives)
    starts = np.flatnonzero(np.any(groups[1:] != groups[:-1], axis=1)) + 1
    edges = [0, *starts.tolist(), len(groups)] if len(groups) else []
    found = []
    for start, stop in pairwise(edges):
        source, left, right, kind = (
            names[at] for names, at in zip(columns.names, groups[start], strict=True)
        )
        weight = float(weights[start:stop].mean())
        found.append(Group(source, left, right, kind, weight, start, stop))
    write_json(part / f"groups-{split}.json", [asdict(group) for group in found])
