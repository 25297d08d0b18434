"""Lists of what a build leaves out, as keys: files of a recipe that hold no text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.files import write_text

# Forty bits of a key: among ten million texts and a hundred thousand listed ones, one text is taken
# for another.
_KEPT_BITS = 40
_DIGITS = _KEPT_BITS // 4
NONE = np.zeros(0, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class KeyLists:
    """What a build leaves out besides what it finds itself.

    Attributes:
        disagreeing: (n,) uint64 keys of pairs that `judge` found apart, as `read_keys` gives them.
        struck: (m,) uint64 keys of texts that `audit` found too near to an evaluation text.
    """

    disagreeing: np.ndarray
    struck: np.ndarray


EMPTY = KeyLists(NONE, NONE)


def load_lists(folder: Path, disagreeing: str, struck: str) -> KeyLists:
    """Read the lists that a recipe names.

    Args:
        folder: Folder of the recipe.
        disagreeing: Name of the file of pairs, "" for none.
        struck: Name of the file of texts, "" for none.

    Raises:
        KleinError: If a file is missing or holds anything but keys.
    """
    return KeyLists(*(read_keys(folder / name) if name else NONE for name in (disagreeing, struck)))


def write_keys(path: Path, before: np.ndarray, keys: np.ndarray, note: str) -> None:
    """Write a list.

    Args:
        path: File to write.
        before: (n,) uint64 entries of an earlier list.
        keys: (m,) uint64 keys to add; the leading bits of each are kept.
        note: Line that says how the list was made.
    """
    kept = np.union1d(before, keys >> np.uint64(64 - _KEPT_BITS))
    rows = [f"# {note}", *(f"{key:0{_DIGITS}x}" for key in kept.tolist())]
    write_text(path, "".join(f"{row}\n" for row in rows))


def read_keys(path: Path) -> np.ndarray:
    """Read a list.

    Returns:
        (n,) uint64, the leading bits of the keys, sorted; see `listed`.

    Raises:
        KleinError: If the file is missing or holds anything but keys.
    """
    try:
        rows = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KleinError(f"{path}: not readable ({error}); name a list of keys or none") from None
    wanted = [row for row in rows if not row.startswith("#")]
    wrong = [
        row for row in wanted if len(row) != _DIGITS or not set(row) <= set("0123456789abcdef")
    ]
    if wrong:
        raise KleinError(f"{path}: '{wrong[0][:40]}' is no key of {_DIGITS} hexadecimal digits")
    return np.unique(np.array([int(row, 16) for row in wanted], dtype=np.uint64))


def listed(keys: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Bool array of the shape of keys: which of them stand in a list."""
    return np.isin(keys >> np.uint64(64 - _KEPT_BITS), kept)
