"""Bigrams of the static stage: which are counted, where they stand, and which are kept."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from klein_embedding.recipe import Recipe
from klein_embedding.tokenizer.shards import open_shards
from klein_embedding.train import bigrams
from klein_embedding.train.batches import BatchStream
from klein_embedding.train.bigrams import (
    BigramEntries,
    entries_of,
    frequent,
    read_bigrams_of,
    write_bigrams_of,
)
from klein_embedding.train.drawn import DrawnPairs
from klein_embedding.train.rows import gather, joined

VOCABULARY = 2000
ENTRIES = BigramEntries(
    np.array([3 * VOCABULARY + 4, 4 * VOCABULARY + 4, 9 * VOCABULARY + 3]),
    np.array([10, 4, 1]),
    VOCABULARY,
)


def test_entries_stand_behind_their_second_token_and_never_cross_texts() -> None:
    rows = joined([np.array(ids, dtype=np.int64) for ids in ([3, 4, 4], [9], [3, 4], [5, 6])])
    found = ENTRIES.extended(rows)
    assert [found.text(at).tolist() for at in range(len(found))] == [
        [3, 4, VOCABULARY, 4, VOCABULARY + 1],
        [9],
        [3, 4, VOCABULARY],
        [5, 6],
    ]


def test_the_most_frequent_pairs_of_the_batches_are_found(
    made: Path, tiny_recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bigrams, "_COUNTED_STEPS", 5)
    shards = open_shards(made / "shards", "train")
    draw, vocabulary = tiny_recipe.stages.static.draw, tiny_recipe.tokenizer.vocabulary
    stream, drawn = BatchStream(shards, draw, 3), DrawnPairs(shards, draw, 3)
    counts: Counter[tuple[int, int]] = Counter()
    for step in range(5):
        for batch in stream.step(step):
            rows = gather(shards, batch.pairs.reshape(-1), draw.pair_tokens)
            for at in range(len(rows)):
                text = rows.text(at).tolist()
                counts.update(pairwise(text))
    found = frequent(drawn, vocabulary, 40)
    assert len(found) == 40
    assert np.all(np.diff(found.keys) > 0)
    for key, count in zip(found.keys.tolist(), found.counts.tolist(), strict=True):
        assert counts[divmod(key, vocabulary)] == count
    assert sorted(found.counts.tolist(), reverse=True) == sorted(counts.values(), reverse=True)[:40]
    assert len(frequent(drawn, vocabulary, 0)) == 0


def test_what_moves_sentences_most_comes_first_and_comes_back_from_disk(tmp_path: Path) -> None:
    vectors = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
    kept = ENTRIES.kept(vectors)
    assert kept.pairs.tolist() == [[9, 3], [4, 4], [3, 4]]
    assert read_bigrams_of(tmp_path) is None
    write_bigrams_of(tmp_path, kept)
    again = read_bigrams_of(tmp_path)
    assert again is not None
    entries, back = entries_of(again, VOCABULARY)
    assert np.array_equal(entries.keys, ENTRIES.keys)
    assert np.array_equal(back, vectors)
