"""Shards: the corpus as token ids and pairs of text numbers, memory-mapped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from tokenizers import Tokenizer

from klein_embedding.errors import KleinError
from klein_embedding.files import (
    digest_of,
    fresh_folder,
    read_json,
    read_manifest,
    write_json,
    write_manifest,
)
from klein_embedding.text import fingerprint

SPLITS = ("train", "valid")
_BATCH = 20_000
_COLUMNS = (
    "anchor",
    "positive",
    "anchor_lang",
    "positive_lang",
    "source",
    "kind",
    "negatives",
    "text_class",
    "derived",
)
_DERIVED = 0.2
"""Factor on the weight of derived pairs. They join texts that are trained on in their own pairs
anyway, and at full weight their ninety language pairs took a fifth of the batches with a
twenty-fifth of the pairs."""
_POOLS = {"U": "interface", "H": "prose"}
"""Interface strings come from a hundred sources, and so do lessons and manuals, most of them too
small for batches of their own; one group a language pair holds the pairs of all."""
_LARGE = 3000
"""Pairs from which a source of human sentences has groups of its own."""

_Row = tuple[tuple[str, str, str, str], str, str, str, str, bool]
"""Group, source, anchor, positive, hard negative of a pair, and whether it is derived."""


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

    ids: np.ndarray
    offsets: np.ndarray
    pairs: np.ndarray
    negatives: np.ndarray
    groups: list[Group]

    def text(self, number: int) -> np.ndarray:
        """Token ids (T,) of a text."""
        return self.ids[self.offsets[number] : self.offsets[number + 1]]


def shards_key(processed: Path, tokenizer: Path, max_tokens: int) -> str:
    """Digest of everything the shards depend on."""
    return digest_of(
        {
            "corpus": read_manifest(processed)["files"],
            "weights": read_manifest(processed)["weights"],
            "tokenizer": read_manifest(tokenizer)["files"]["tokenizer.json"],
            "max_tokens": max_tokens,
        }
    )


def make_shards(processed: Path, tokenizer: Path, target: Path, max_tokens: int) -> None:
    """Tokenise the pairs of a processed corpus.

    Args:
        processed: Folder of the corpus.
        tokenizer: Folder of the tokenizer.
        target: Folder to write.
        max_tokens: Longest text, its two special tokens included.

    Raises:
        KleinError: If the corpus was built without the guard, or the tokenizer belongs to
            another guard.
    """
    guard = read_manifest(processed).get("guard")
    if not guard:
        raise KleinError(f"{processed}: built without the evaluation guard; build it again")
    if read_manifest(tokenizer).get("guard") != guard:
        raise KleinError(f"{tokenizer}: trained under another guard than {processed}; train again")
    model = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    with fresh_folder(target) as part:
        writer = _Writer(part, model, max_tokens - 2)
        corpus = read_manifest(processed)
        small = _small(corpus["counts"]["pairs_by_source"])
        for split in SPLITS:
            rows = _rows(processed / f"pairs-{split}.parquet", small)
            writer.add_split(split, rows, corpus["weights"])
        counts = writer.close()
        facts = {
            "stage": "shards",
            "key": shards_key(processed, tokenizer, max_tokens),
            "guard": guard,
            "tokenizer": read_manifest(tokenizer)["files"]["tokenizer.json"],
            "counts": counts,
        }
        write_manifest(part, facts)


class _Writer:
    """Numbers each distinct text once and appends its ids to one flat file."""

    def __init__(self, part: Path, tokenizer: Tokenizer, longest: int) -> None:
        self._part, self._tokenizer, self._longest = part, tokenizer, longest
        self._numbers: dict[int, int] = {}
        self._lengths: list[int] = []
        self._waiting: list[str] = []
        self._file = (part / "ids.u16").open("wb")

    def _number(self, text: str) -> int:
        key = fingerprint(text)
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers)
            self._waiting.append(text)
            if len(self._waiting) >= _BATCH:
                self._flush()
        return self._numbers[key]

    def _flush(self) -> None:
        for encoding in self._tokenizer.encode_batch_fast(self._waiting, add_special_tokens=False):
            ids = encoding.ids[: self._longest]
            self._lengths.append(len(ids))
            self._file.write(np.asarray(ids, dtype=np.uint16).tobytes())
        self._waiting = []

    def add_split(self, split: str, found: Iterable[_Row], weights: dict[str, float]) -> None:
        """Write the pair numbers and groups of one split, rows ordered by group."""
        rows = sorted(found, key=lambda row: row[0])
        pairs = np.empty((len(rows), 2), dtype=np.int32)
        negatives = np.full(len(rows), -1, dtype=np.int32)
        weight_of = np.empty(len(rows))
        starts: dict[tuple[str, str, str, str], int] = {}
        for at, (group, source, anchor, positive, negative, derived) in enumerate(rows):
            pairs[at] = self._number(anchor), self._number(positive)
            weight_of[at] = weights[source] * (_DERIVED if derived else 1.0)
            if negative:
                negatives[at] = self._number(negative)
            starts.setdefault(group, at)
        np.save(self._part / f"pairs-{split}.npy", pairs)
        np.save(self._part / f"negatives-{split}.npy", negatives)
        stops = [*list(starts.values())[1:], len(rows)]
        groups = [
            Group(*name, float(weight_of[start:stop].mean()), start, stop)
            for (name, start), stop in zip(starts.items(), stops, strict=True)
        ]
        write_json(self._part / f"groups-{split}.json", [asdict(group) for group in groups])

    def close(self) -> dict[str, int]:
        """Write what is waiting and the offsets; return the counts."""
        self._flush()
        self._file.close()
        offsets = np.concatenate([[0], np.cumsum(self._lengths, dtype=np.int64)])
        np.save(self._part / "offsets.npy", offsets.astype(np.int64))
        return {"texts": len(self._lengths), "tokens": int(offsets[-1])}


def _small(counts: dict[str, int]) -> set[str]:
    """Sources of human sentences that are too small for groups of their own."""
    return {source for source, count in counts.items() if count < _LARGE}


def _rows(parquet: Path, small: set[str]) -> Iterator[_Row]:
    """Rows of a split; interface strings and the small sources of sentences stand in pools."""
    for batch in pq.ParquetFile(parquet).iter_batches(_BATCH, columns=list(_COLUMNS)):
        columns: dict[str, list[Any]] = batch.to_pydict()
        for anchor, positive, left, right, source, kind, wrong, text_class, derived in zip(
            *(columns[name] for name in _COLUMNS), strict=True
        ):
            pooled = text_class == "U" or (text_class == "H" and source in small)
            group = (_POOLS[text_class] if pooled else source, left, right, kind)
            yield group, source, anchor, positive, wrong[0] if wrong else "", derived


def open_shards(folder: Path, split: str) -> Shards:
    """Memory-map one split of a shards folder.

    Raises:
        KleinError: If the folder is unfinished or carries no guard digest.
    """
    if not read_manifest(folder).get("guard"):
        raise KleinError(f"{folder}: carries no guard digest; build the shards again")
    return Shards(
        ids=np.memmap(folder / "ids.u16", dtype=np.uint16, mode="r"),
        offsets=np.load(folder / "offsets.npy", mmap_mode="r"),
        pairs=np.load(folder / f"pairs-{split}.npy", mmap_mode="r"),
        negatives=np.load(folder / f"negatives-{split}.npy", mmap_mode="r"),
        groups=[Group(**row) for row in read_json(folder / f"groups-{split}.json")],
    )
