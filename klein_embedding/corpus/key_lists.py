"""Lists of what a build leaves out or joins, as keys: files of a recipe that hold no text."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.files import write_text

# Forty bits of a key: among ten million texts and a hundred thousand listed ones, one text is taken
# for another.
_KEPT_BITS = 40
_DIGITS = _KEPT_BITS // 4
NONE = np.zeros(0, dtype=np.uint64)
NO_PAIRS = np.zeros((0, 2), dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class KeyLists:
    """What a build leaves out or joins besides what it finds itself.

    Attributes:
        disagreeing: (n,) uint64 keys of pairs that `judge` found apart, as `read_keys` gives them.
        struck: (m,) uint64 keys of texts that `audit` found too near to an evaluation text.
        mined: (p, 2) uint64 keys of English and other lines that `mined` found to be translations.
    """

    disagreeing: np.ndarray
    struck: np.ndarray
    mined: np.ndarray = field(default_factory=NO_PAIRS.copy)


EMPTY = KeyLists(NONE, NONE)


def load_lists(folder: Path, disagreeing: str, struck: str, mined: str = "") -> KeyLists:
    """Read the lists that a recipe names.

    Args:
        folder: Folder of the recipe.
        disagreeing: Name of the file of pairs, "" for none.
        struck: Name of the file of texts, "" for none.
        mined: Name of the file of pairs of lines, "" for none.

    Raises:
        KleinError: If a file is missing or holds anything but keys.
    """
    apart, gone = (read_keys(folder / name) if name else NONE for name in (disagreeing, struck))
    return KeyLists(apart, gone, read_pairs(folder / mined) if mined else NO_PAIRS)


def write_keys(path: Path, before: np.ndarray, keys: np.ndarray, note: str) -> None:
    """Write a list.

    Args:
        path: File to write.
        before: (n,) uint64 entries of an earlier list.
        keys: (m,) uint64 keys to add; the leading bits of each are kept.
        note: Line that says how the list was made.
    """
    kept = np.union1d(before, leading(keys))
    rows = [f"# {note}", *(f"{key:0{_DIGITS}x}" for key in kept.tolist())]
    write_text(path, "".join(f"{row}\n" for row in rows))


def write_pairs(path: Path, keys: np.ndarray, note: str) -> None:
    """Write a list of pairs of texts.

    Args:
        path: File to write; an earlier list goes.
        keys: (p, 2) uint64 keys of the texts; the leading bits of each are kept.
        note: Line that says how the list was made.
    """
    kept = np.unique(leading(keys), axis=0).tolist()
    rows = [f"# {note}", *(f"{one:0{_DIGITS}x} {other:0{_DIGITS}x}" for one, other in kept)]
    write_text(path, "".join(f"{row}\n" for row in rows))


def read_keys(path: Path) -> np.ndarray:
    """Read a list.

    Returns:
        (n,) uint64, the leading bits of the keys, sorted; see `listed`.

    Raises:
        KleinError: If the file is missing or holds anything but keys.
    """
    return np.unique(np.array([row[0] for row in _rows(path, 1)], dtype=np.uint64))


def read_pairs(path: Path) -> np.ndarray:
    """Read a list of pairs of texts.

    Returns:
        (p, 2) uint64, the leading bits of the keys.

    Raises:
        KleinError: If the file is missing or holds anything but pairs of keys.
    """
    return np.array(_rows(path, 2), dtype=np.uint64).reshape(-1, 2)


def _rows(path: Path, many: int) -> list[list[int]]:
    """The keys of each row, of which there must be so many."""
    try:
        rows = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KleinError(f"{path}: not readable ({error}); name a list of keys or none") from None
    found = []
    for row in rows:
        if row.startswith("#"):
            continue
        keys = row.split(" ")
        if len(keys) != many or not all(_is_key(key) for key in keys):
            wanted = f"no key of {_DIGITS}" if many == 1 else f"not {many} keys of {_DIGITS}"
            raise KleinError(f"{path}: '{row[:40]}' is {wanted} hexadecimal digits")
        found.append([int(key, 16) for key in keys])
    return found


def _is_key(word: str) -> bool:
    return len(word) == _DIGITS and set(word) <= set("0123456789abcdef")


def leading(keys: np.ndarray) -> np.ndarray:
    """The bits of keys (of any shape) that lists keep."""
    return keys >> np.uint64(64 - _KEPT_BITS)


def listed(keys: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Bool array of the shape of keys: which of them stand in a list."""
    return np.isin(leading(keys), kept)
