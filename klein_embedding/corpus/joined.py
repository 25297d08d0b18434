"""Rows of the pairs that a build makes itself: those that follow from others, and mined ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from klein_embedding.corpus.derive import Derived
from klein_embedding.corpus.harvest import CODES
from klein_embedding.corpus.key_lists import KeyLists, leading, listed
from klein_embedding.corpus.rows import Rows
from klein_embedding.corpus.sources import Source
from klein_embedding.text import pair_key

PAIR_SCHEMA = pa.schema(
    [
        ("anchor", pa.string()),
        ("positive", pa.string()),
        ("anchor_lang", pa.string()),
        ("positive_lang", pa.string()),
        ("source", pa.string()),
        ("kind", pa.string()),
        ("negatives", pa.list_(pa.string())),
        ("text_class", pa.string()),
        ("licence", pa.string()),
        ("key", pa.uint64()),
        ("derived", pa.bool_()),
    ]
)
_NAMES = pa.array(CODES)
_ENGLISH = CODES.index("en")


@dataclass(frozen=True, slots=True)
class _Made:
    """Pairs that no source holds, as columns.

    Attributes:
        anchors: (m,) strings.
        positives: (m,) strings.
        langs: (m, 2) languages of both, as places in `harvest.CODES`.
        origins: (m, 2) numbers of the sources of both; a pair goes by the one of less weight.
        derived: Whether they follow from other pairs.
    """

    anchors: pa.ChunkedArray | pa.Array
    positives: pa.ChunkedArray | pa.Array
    langs: np.ndarray
    origins: np.ndarray
    derived: bool


def derived_table(
    sources: Sequence[Source], rows: Rows, derived: Derived, texts: tuple[np.ndarray, pa.Array]
) -> pa.Table:
    """Rows of the derived pairs.

    Args:
        sources: All sources.
        rows: Keys of all pairs.
        derived: Which texts are joined.
        texts: Numbers of the texts, rising, and the texts.
    """
    needed, found = texts
    both = (derived.left, derived.right)
    anchors, positives = (
        found.take(pa.array(np.searchsorted(needed, numbers))) for numbers in both
    )
    langs = np.stack([rows.langs[side // 2, side % 2] for side in both], axis=1)
    origins = np.stack([rows.source[side // 2] for side in both], axis=1)
    return _table(sources, rows, _Made(anchors, positives, langs, origins, derived=True))


def mined_table(
    sources: Sequence[Source],
    folders: Sequence[Path],
    names: Sequence[str],
    rows: Rows,
    lists: tuple[KeyLists, np.ndarray],
) -> pa.Table:
    """Rows of the pairs of lines that a model of ours took for translations.

    A pair stays only if both lines are there, in one source, and neither is held out or struck.

    Args:
        sources: All sources.
        folders: Their harvests.
        names: Sources whose lines are paired.
        rows: Keys of all pairs.
        lists: The lists of the build, and keys of held-out texts.
    """
    lines: list[tuple[str, str, int, int]] = []
    for number, (source, folder) in enumerate(zip(sources, folders, strict=True)):
        if source.name in names:
            found = _lines(folder, *lists)
            for one, other in lists[0].mined.tolist():
                if (one, True) in found and (other, False) in found:
                    (english, _), (text, lang) = found[one, True], found[other, False]
                    lines.append((english, text, lang, number))
    langs = np.array([(_ENGLISH, lang) for _, _, lang, _ in lines], dtype=np.int8).reshape(-1, 2)
    origins = np.array([(at, at) for _, _, _, at in lines], dtype=np.int64).reshape(-1, 2)
    anchors, positives = (pa.array([line[side] for line in lines], pa.string()) for side in (0, 1))
    return _table(sources, rows, _Made(anchors, positives, langs, origins, derived=False))


def _lines(
    folder: Path, lists: KeyLists, held: np.ndarray
) -> dict[tuple[int, bool], tuple[str, int]]:
    """Text and language of the listed lines of a harvest, by leading key and whether English."""
    table = pq.read_table(folder / "lines.parquet", columns=["text", "lang", "key"])
    key, lang = table["key"].to_numpy(), table["lang"].to_numpy()
    wanted = listed(key, lists.mined) & ~listed(key, lists.struck) & ~np.isin(key, held)
    at = np.flatnonzero(wanted)
    texts = table["text"].take(pa.array(at)).to_pylist()
    found: dict[tuple[int, bool], tuple[str, int]] = {}
    for first, code, text in zip(leading(key[at]).tolist(), lang[at].tolist(), texts, strict=True):
        found.setdefault((first, code == _ENGLISH), (text, code))
    return found


def _table(sources: Sequence[Source], rows: Rows, made: _Made) -> pa.Table:
    """The pairs that no source holds and that are no repeats, in their order."""
    weights = np.array([source.weight for source in sources])
    origins = made.origins
    lighter = origins[np.arange(len(origins)), weights[origins].argmin(axis=1)]
    keys = _pair_keys(made)
    kinds = np.where(made.langs[:, 0] == made.langs[:, 1], "paraphrase", "translation")
    licences = [
        " + ".join(sorted({sources[a].licence, sources[b].licence})) for a, b in origins.tolist()
    ]
    columns = {
        "anchor": made.anchors,
        "positive": made.positives,
        "anchor_lang": _NAMES.take(pa.array(made.langs[:, 0])),
        "positive_lang": _NAMES.take(pa.array(made.langs[:, 1])),
        "source": pa.array([source.name for source in sources]).take(pa.array(lighter)),
        "kind": pa.array(kinds, pa.string()),
        "negatives": pa.array([[]] * len(keys), pa.list_(pa.string())),
        "text_class": pa.array([source.text_class for source in sources]).take(pa.array(lighter)),
        "licence": pa.array(licences, pa.string()),
        "key": pa.array(keys),
        "derived": pa.array([made.derived] * len(keys), pa.bool_()),
    }
    fresh = np.unique(keys, return_index=True)[1]
    fresh = np.sort(fresh[~np.isin(keys[fresh], rows.key)])
    return pa.table(columns, schema=PAIR_SCHEMA).take(pa.array(fresh))


def _pair_keys(made: _Made) -> np.ndarray:
    sides = zip(made.anchors.to_pylist(), made.positives.to_pylist(), strict=True)
    keys = [pair_key(left, right) for left, right in sides]
    return np.array(keys, dtype=np.uint64)
