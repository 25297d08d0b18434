"""Shards as they are read: the corpus as token ids and pairs of text numbers, memory-mapped.

Their writing stands in `write_shards`, so that training needs no Parquet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.files import check_files, read_json, read_manifest, sha256
from klein_embedding.tokenizer.parts import Parts, open_parts

SPLITS = ("train", "valid")
FORMAT = 3
"""Number of the form in which shards are written; others are refused."""
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
        keys: (texts,) uint64 key of each text, equal for texts that differ in case or marks only.
        pairs: (pairs, 2) int32 text numbers of anchor and positive.
        negatives: (pairs,) int32 text number of a hard negative, -1 where there is none.
        groups: Row ranges of ``pairs`` by source and language pair.
    """

    ids: Parts
    offsets: Parts
    keys: Parts
    pairs: Parts
    negatives: Parts
    groups: list[Group]

    def text(self, number: int) -> np.ndarray:
        """Token ids (T,) of a text."""
        return self.ids[int(self.offsets[number]) : int(self.offsets[number + 1])]


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
    if manifest.get("format") != FORMAT:
        raise KleinError(f"{folder}: written by an earlier version; build the shards again")
    for name, size in manifest["bytes"].items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            raise KleinError(f"{path}: missing or not of {size:,} bytes; {_AGAIN}")
    names = ("ids", "offsets", "keys", f"pairs-{split}", f"negatives-{split}")
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
