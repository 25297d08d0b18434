"""Shards: the corpus as token ids and pairs of text numbers, memory-mapped, in parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
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
    read_json,
    read_manifest,
    sha256,
    write_json,
    write_manifest,
)
from klein_embedding.tokenizer.pair_columns import PairColumns, read_pairs, text_batches
from klein_embedding.tokenizer.parts import Parts, PartsWriter, open_parts, save_parts

SPLITS = ("train", "valid")
_FORMAT = 2
_VOCABULARY = 2**16
"""Most entries that ids of 16 bits can number."""
_AGAIN = "copy the folder again, or delete it and run `klein make RECIPE --until shards`"


@dataclass(frozen=True, slots=True)
class Group:
    """Pairs of one source and one language pair: what a batch is drawn from.

    Attributes:
        source: Name of the source, or of the pool of its class.
        anchor_lang: Language of the anchors.
        positive_lang: Language of the positives.
        kind: How the two sides belong together.
        weight: Mean weight of its pairs' sources, a factor on its share of the batches.
        start: First row of the group in its split.
        stop: One past its last row.
    """

    source: str
    anchor_lang: str
    positive_lang: str
    kind: str
    weight: float
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Shards:
    """One split of the token shards.

    Attributes:
        ids: (tokens,) uint16 ids of all texts, without special tokens.
        offsets: (texts + 1,) int64 start of each text in ``ids``.
        pairs: (pairs, 2) int32 text numbers of anchor and positive.
        negatives: (pairs,) int32 text number of a hard negative, -1 where there is none.
        groups: Row ranges of ``pairs`` by source and language pair.
    """

    ids: Parts
    offsets: Parts
    pairs: Parts
    negatives: Parts
    groups: list[Group]

    def text(self, number: int) -> np.ndarray:
        """Token ids (T,) of a text."""
        return self.ids[int(self.offsets[number]) : int(self.offsets[number + 1])]


def shards_key(processed: Path, tokenizer: Path, max_tokens: int) -> str:
    """Digest of everything the shards depend on."""
    return digest_of(
        {
            "format": _FORMAT,
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
    """Write ids and offsets of each distinct text, cut to the longest; return the counts."""
    tokenizer, longest = cutter
    writer, lengths = PartsWriter(part, "ids"), [np.zeros(1, dtype=np.int64)]
    for parquet, there in zip(parquets.values(), first, strict=True):
        for texts in _first_uses(parquet, there):
            # The library encodes a batch on all cores.
            encoded = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
            rows = [encoding.ids[:longest] for encoding in encoded]
            lengths.append(np.fromiter(map(len, rows), dtype=np.int64))
            writer.append(np.fromiter(chain.from_iterable(rows), dtype=np.uint16))
    writer.close()
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


def check_shards(folder: Path, tokenizer: Path) -> dict[str, Any]:
    """Read a shards folder's manifest and compare every file with its SHA-256.

    Args:
        folder: Shards folder.
        tokenizer: ``tokenizer.json`` that the model to be trained uses.

    Raises:
        KleinError: If a part is missing or altered, or the shards were made with another
            tokenizer.
    """
    if sha256(tokenizer) != read_manifest(folder).get("tokenizer"):
        raise KleinError(f"{folder}: made with another tokenizer than {tokenizer}; {_AGAIN}")
    return check_files(folder, _AGAIN)


def open_shards(folder: Path, split: str) -> Shards:
    """Memory-map one split of a shards folder, whose files are compared by size only.

    Raises:
        KleinError: If the folder is unfinished, carries no guard digest, or lacks a part.
    """
    manifest = read_manifest(folder)
    if not manifest.get("guard"):
        raise KleinError(f"{folder}: carries no guard digest; build the shards again")
    if "bytes" not in manifest:
        raise KleinError(f"{folder}: written by an earlier version; build the shards again")
    for name, size in manifest["bytes"].items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            raise KleinError(f"{path}: missing or not of {size:,} bytes; {_AGAIN}")
    names = ("ids", "offsets", f"pairs-{split}", f"negatives-{split}")
    return Shards(
        *(_mapped(folder, name, manifest["bytes"]) for name in names),
        groups=[Group(**row) for row in read_json(folder / f"groups-{split}.json")],
    )


def _mapped(folder: Path, array: str, files: Iterable[str]) -> Parts:
    paths = [folder / name for name in sorted(files) if name.rpartition("-")[0] == array]
    try:
        return open_parts(paths)
    except ValueError as error:
        raise KleinError(f"{folder}: {array} is altered ({error}); {_AGAIN}") from None
