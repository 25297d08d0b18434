"""Shards in memory, for tests that need a few texts of a known kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from klein_embedding.tokenizer.parts import Parts
from klein_embedding.tokenizer.shards import Group, Shards
from klein_embedding.train.rows import Rows


def shards_from(texts: Rows, groups: Sequence[tuple[str, str, str, int]]) -> Shards:
    """Shards of texts, two of which make a pair, in groups: kind, both languages, pairs."""
    found, start = [], 0
    for kind, left, right, count in groups:
        found.append(Group("made", left, right, kind, 1.0, start, start + count))
        start += count
    arrays = {
        "ids": texts.ids.astype(np.uint16),
        "offsets": np.append(texts.firsts, len(texts.ids)).astype(np.int64),
        "keys": np.arange(len(texts), dtype=np.uint64),
        "pairs": np.arange(len(texts), dtype=np.int32).reshape(-1, 2),
        "negatives": np.full(start, -1, dtype=np.int32),
    }
    return Shards(**{name: Parts([array]) for name, array in arrays.items()}, groups=found)
