"""Arrays split by rows into files small enough to be copied in pieces, and read back as one."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from pathlib import Path

import numpy as np

PART_BYTES = 60 * 2**20
"""Largest file of a split array."""
_HEADER = 256
"""More than a .npy header of one or two dimensions takes (128 bytes)."""


class Parts:
    """Arrays that follow one another, indexed as the one array that they were cut from."""

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        """Line up arrays of one dtype and one shape of row; there is at least one."""
        # Plain views: indexing a np.memmap makes a np.memmap again, which costs more than the read.
        self._arrays = [np.asarray(array) for array in arrays]
        self._starts = np.concatenate([[0], np.cumsum([len(array) for array in arrays])])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def followed_by(self, array: np.ndarray) -> Parts:
        """These rows, and those of an array of the same dtype and shape of row behind them."""
        return Parts([*self._arrays, array])

    def __getitem__(self, rows: int | np.integer | slice | np.ndarray) -> np.ndarray:
        """Rows by number, by stretch or by array of numbers; a view where one part holds them."""
        if isinstance(rows, slice):
            return self._stretch(rows)
        if isinstance(rows, np.ndarray):
            return self._many(rows)
        row = operator.index(rows)
        row += len(self) if row < 0 else 0
        if not 0 <= row < len(self):
            raise IndexError(f"row {rows} of {len(self)}")
        part = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self._arrays[part][row - self._starts[part]]

    def _stretch(self, rows: slice) -> np.ndarray:
        start, stop, step = rows.indices(len(self))
        if step != 1:
            return self._many(np.arange(start, stop, step))
        stop = max(start, stop)
        ends = np.searchsorted(self._starts, (start, max(start, stop - 1)), side="right") - 1
        # An empty stretch at the very end lies behind the last part.
        first, last = np.minimum(ends, len(self._arrays) - 1)
        pieces = [
            self._arrays[part][max(start - self._starts[part], 0) : stop - self._starts[part]]
            for part in range(first, last + 1)
        ]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _many(self, rows: np.ndarray) -> np.ndarray:
        if len(self._arrays) == 1:
            return self._arrays[0][rows]
        if rows.size and (rows.min() < 0 or rows.max() >= len(self)):
            raise IndexError(f"rows {rows.min()} to {rows.max()} of {len(self)}")
        found = np.empty((*rows.shape, *self._arrays[0].shape[1:]), self._arrays[0].dtype)
        for array, start in zip(self._arrays, self._starts, strict=False):
            mine = (rows >= start) & (rows < start + len(array))
            found[mine] = array[rows[mine] - start]
        return found


class PartsWriter:
    """Writes an array that comes piece by piece as files of at most `PART_BYTES`."""

    def __init__(self, folder: Path, name: str) -> None:
        """Begin ``NAME-000.npy`` in a folder."""
        self._folder, self._name = folder, name
        self._waiting: list[np.ndarray] = []
        self._written = 0

    def append(self, rows: np.ndarray) -> None:
        """Add rows, all of one dtype and one shape, and write what fills a part."""
        most = (PART_BYTES - _HEADER) // (rows.itemsize * int(np.prod(rows.shape[1:])))
        self._waiting.append(rows)
        while sum(map(len, self._waiting)) > most:
            joined = np.concatenate(self._waiting)
            self._save(joined[:most])
            self._waiting = [joined[most:].copy()]

    def close(self) -> None:
        """Write what is left; at least one piece, which may be empty, has been added."""
        self._save(np.concatenate(self._waiting))

    def _save(self, rows: np.ndarray) -> None:
        np.save(self._folder / f"{self._name}-{self._written:03d}.npy", rows)
        self._written += 1


def save_parts(folder: Path, name: str, array: np.ndarray) -> None:
    """Write an array as files of at most `PART_BYTES`."""
    writer = PartsWriter(folder, name)
    writer.append(array)
    writer.close()


def open_parts(paths: Sequence[Path]) -> Parts:
    """Memory-map the parts of an array, given in their order.

    Raises:
        ValueError: If one is no .npy file, or is shorter than its header says.
    """
    return Parts([np.load(path, mmap_mode="r") for path in paths])
