"""Near duplicates: MinHash sketches of texts, and which earlier text each one repeats."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence

import numpy as np
from rensa import RMinHash  # pyright: ignore[reportAttributeAccessIssue]

from klein_embedding.corpus.ngrams import gram_hashes, mixed
from klein_embedding.text import fingerprint

SKETCH = 64
"""Bytes a sketch: one of each of as many permutations."""
MIN_LETTERS = 24
"""Letters and digits below which only equal texts are duplicates: one letter counts too much."""
_GRAM = 4
_BAND = 8
_AGREEING = 56
_BATCH = 20_000
# A number or a negation makes two otherwise equal sentences say different things.
# The first letter is looked for alone, which takes a sixth of the time of trying every word.
_DISTINGUISHING = re.compile(
    r"[\dnwc](?:(?<=\d)\d*|(?<=\bn)(?:ot|o|ever|one|othing|obody|either|or)\b"
    r"|(?<=\bw)ithout\b|(?<=\bc)annot\b|(?<=n)['’]t\b)",
    re.IGNORECASE,
)


_STARTED = threading.Event()


def survives_fork() -> bool:
    """Whether a forked copy of this process could make sketches.

    The first sketches of a process start a pool of threads; a copy has the pool without the
    threads, and would wait for them for ever.
    """
    return not _STARTED.is_set()


def sketches(texts: Sequence[str], normal: Sequence[str]) -> np.ndarray:
    """MinHash sketches over the four-letter runs of normalised texts.

    Texts with different numbers or English negations get unrelated sketches.

    Args:
        texts: Cleaned texts.
        normal: The same, normalised.

    Returns:
        (texts, SKETCH) uint8; all zero where a text is too short to have near duplicates.

    Source: Broder 1997 (resemblance); Li and Koenig 2010 (b-bit minwise hashing).
    """
    out = np.zeros((len(texts), SKETCH), dtype=np.uint8)
    _STARTED.set()
    for start in range(0, len(texts), _BATCH):
        part = range(start, min(start + _BATCH, len(texts)))
        rows = [row for row in part if len(normal[row]) >= MIN_LETTERS]
        if rows:
            hashes, offsets = gram_hashes([normal[row] for row in rows], _GRAM)
            salts = np.array([_salt(texts[row]) for row in rows], dtype=np.uint64)
            hashes = mixed(hashes ^ np.repeat(salts, np.diff(offsets)))
            matrix = RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, SKETCH, 1)
            digests = np.array(matrix.to_rows(), dtype=np.uint32) & 0xFF
            out[rows] = digests.astype(np.uint8)
    return out


def _salt(text: str) -> int:
    found = _DISTINGUISHING.findall(text)
    return fingerprint("\0".join(found).lower()) if found else 0


def first_alike(sketch: np.ndarray) -> np.ndarray:
    """For each text, the number of the earliest text that it nearly repeats, else its own.

    Args:
        sketch: (texts, SKETCH) uint8 rows of `sketches`, in order of precedence.

    Returns:
        (texts,) int64; an entry never exceeds its own position.
    """
    first = np.arange(len(sketch), dtype=np.int64)
    long = np.flatnonzero(sketch.any(axis=1))
    if not len(long):
        return first
    bands = np.ascontiguousarray(sketch).view(np.uint64)
    for band in range(SKETCH // _BAND):
        keys = bands[long, band]
        order = long[np.argsort(keys, kind="stable")]
        keys = bands[order, band]
        starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        heads = np.repeat(order[starts], np.diff(np.append(starts, len(order))))
        for left, right in ((heads, order), (order[:-1], order[1:])):
            _join(first, sketch, left, right)
    while True:
        jumped = first[first]
        if np.array_equal(jumped, first):
            return first
        first = jumped


def _join(first: np.ndarray, sketch: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    """Point each text on the right to the one on its left where their sketches agree."""
    found = np.flatnonzero(left < right)
    for start in range(0, len(found), 1 << 20):
        rows = found[start : start + (1 << 20)]
        same = (sketch[left[rows]] == sketch[right[rows]]).sum(axis=1)
        rows = rows[same >= _AGREEING]
        np.minimum.at(first, right[rows], left[rows])
