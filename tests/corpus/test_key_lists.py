"""Lists of what a build leaves out: written, added to, read, refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from klein_embedding.corpus.key_lists import (
    leading,
    listed,
    load_lists,
    read_keys,
    read_pairs,
    write_keys,
    write_pairs,
)
from klein_embedding.errors import KleinError
from klein_embedding.text import pair_key


def test_a_list_is_read_as_it_was_written_and_added_to(tmp_path: Path) -> None:
    keys = np.array([pair_key("a", "b"), pair_key("c", "d")], dtype=np.uint64)
    path = tmp_path / "apart.txt"
    write_keys(path, np.zeros(0, dtype=np.uint64), keys[:1], "how")
    write_keys(path, read_keys(path), keys[1:], "how again")
    assert path.read_text().splitlines()[0] == "# how again"
    others = np.array([pair_key("a", "d"), *keys], dtype=np.uint64)
    assert listed(others, read_keys(path)).tolist() == [False, True, True]


def test_what_is_no_list_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "apart.txt"
    with pytest.raises(KleinError, match="not readable"):
        read_keys(path)
    path.write_text("# a note\n0123456789\nno key\n")
    with pytest.raises(KleinError, match="'no key' is no key of 10 hexadecimal digits"):
        read_keys(path)


def test_a_recipe_may_name_no_list(tmp_path: Path) -> None:
    (tmp_path / "struck.txt").write_text("# none yet\n0123456789\n")
    lists = load_lists(tmp_path, "", "struck.txt")
    assert (lists.disagreeing.tolist(), lists.struck.tolist()) == ([], [0x0123456789])


def test_a_list_of_pairs_is_read_as_it_was_written(tmp_path: Path) -> None:
    keys = np.array([[3 << 60, 1], [1 << 60, (1 << 64) - 1], [3 << 60, 2]], dtype=np.uint64)
    path = tmp_path / "mined.txt"
    write_pairs(path, keys, "how")
    assert path.read_text().splitlines()[0] == "# how"
    # The first and the last pair differ in bits that are not kept.
    assert read_pairs(path).tolist() == leading(keys[[1, 0]]).tolist()
    assert load_lists(tmp_path, "", "", "mined.txt").mined.shape == (2, 2)
    assert load_lists(tmp_path, "", "").mined.shape == (0, 2)
    path.write_text("# none\n")
    assert read_pairs(path).shape == (0, 2)
    path.write_text("0123456789\n")
    with pytest.raises(KleinError, match="'0123456789' is not 2 keys of 10 hexadecimal digits"):
        read_pairs(path)
