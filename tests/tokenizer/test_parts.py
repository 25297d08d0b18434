"""Parts: indexed like the array that they were cut from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from klein_embedding.tokenizer import parts
from klein_embedding.tokenizer.parts import Parts, open_parts, save_parts

FLAT = np.arange(23, dtype=np.uint16) * 7
TABLE = np.arange(46, dtype=np.int32).reshape(23, 2)
CUTS = [[], [5], [5, 10, 22], [1, 2, 3]]


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("whole", [FLAT, TABLE], ids=["flat", "table"])
@pytest.mark.parametrize(
    "rows",
    [
        0, 4, 5, -1, np.int32(22), slice(None), slice(3, 3), slice(23, 30), slice(2, 4),
        slice(4, 6), slice(0, 23), slice(9, 23), slice(-3, None), slice(1, 20, 4), slice(8, 2),
        np.array([22, 0, 5, 4, 5]), np.array([], dtype=np.int64), np.array([[1, 9], [22, 3]]),
    ],
    ids=str,
)  # fmt: skip
def test_parts_are_indexed_as_their_whole(cuts: list[int], whole: np.ndarray, rows: Any) -> None:
    found = Parts(np.split(whole, cuts))[rows]
    assert found.dtype == whole.dtype
    assert np.array_equal(found, whole[rows])


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("rows", [23, -24, np.array([3, 23])], ids=str)
def test_rows_that_are_not_there_are_an_error(cuts: list[int], rows: Any) -> None:
    with pytest.raises(IndexError):
        Parts(np.split(FLAT, cuts))[rows]


def test_files_stay_below_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 300)
    save_parts(tmp_path, "table", TABLE)
    paths = sorted(tmp_path.iterdir())
    assert [path.name for path in paths] == [f"table-{at:03d}.npy" for at in range(5)]
    assert max(path.stat().st_size for path in paths) <= 300
    found = open_parts(paths)
    assert len(found) == 23
    assert np.array_equal(found[:], TABLE)


def test_limit_of_a_part_is_sixty_mebibytes() -> None:
    assert parts.PART_BYTES == 60 * 2**20
