"""Batches: the same for every asker, one group each, no text twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from klein_embedding.errors import KleinError
from klein_embedding.recipe import StageRecipe
from klein_embedding.tokenizer.parts import Parts
from klein_embedding.tokenizer.shards import Group, Shards
from klein_embedding.train.batches import BatchStream, gather, locality_order

STAGE = StageRecipe(
    seconds=10, max_steps=5, batch=64, groups=2, rate=1e-3, table_rate=1e-3, warmup=0.1,
    cooldown=0.4, scale=20.0, dims=[16, 8], language_exponent=0.5, pair_tokens=8, memory=40,
    pull=1.0, static_steps=0, static_batch=0, hard=0.5, valid_every=5, checkpoint_seconds=100,
    seed=3,
)  # fmt: skip


def _shards(cuts: int = 1) -> Shards:
    """Random shards of 900 texts and 590 pairs, each array in as many parts."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 12, 900)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    groups = [
        Group("a", "en", "hi", "translation", 1.0, 0, 300),
        Group("a", "en", "bn", "translation", 1.0, 300, 400),
        Group("b", "en", "en", "paraphrase", 2.0, 400, 580),
        Group("c", "en", "ur", "translation", 1.0, 580, 590),
    ]
    pairs = rng.integers(0, 900, (590, 2)).astype(np.int32)
    ids = rng.integers(260, 2000, int(offsets[-1])).astype(np.uint16)
    arrays = (ids, offsets, pairs, np.full(590, -1, np.int32))
    return Shards(*(Parts(np.array_split(array, cuts)) for array in arrays), groups)


@pytest.mark.parametrize("ordered", [False, True])
def test_steps_are_a_function_of_seed_and_step(ordered: bool) -> None:
    shards = _shards()
    order = np.arange(590) if ordered else None
    first, second = (BatchStream(shards, STAGE, order) for _ in range(2))
    _ = first.step(0)
    for left, right in zip(first.step(7), second.step(7), strict=True):
        assert left.group == right.group
        assert np.array_equal(left.pairs, right.pairs)
        assert np.array_equal(left.memory, right.memory)
    other = BatchStream(shards, replace(STAGE, seed=4), order).step(7)
    pairs = zip(second.step(7), other, strict=True)
    assert any(not np.array_equal(left.pairs, right.pairs) for left, right in pairs)


def test_no_text_stands_twice_and_groups_do_not_mix() -> None:
    shards = _shards()
    stream = BatchStream(shards, STAGE, np.arange(590))
    for step in range(50):
        for batch in stream.step(step):
            group = shards.groups[batch.group]
            assert group.source != "c"  # too small to fill a batch
            both = np.concatenate([batch.pairs, batch.memory])
            rows = set(map(tuple, shards.pairs[group.start : group.stop].tolist()))
            assert all(tuple(row) in rows for row in both.tolist())
            for side in (0, 1):
                assert len(set(both[:, side].tolist())) == len(both)
            assert 0 < len(batch.pairs) <= 32


def test_too_few_groups_is_an_error() -> None:
    with pytest.raises(KleinError, match="fewer than the 4 groups"):
        BatchStream(_shards(), replace(STAGE, groups=4), None)


@pytest.mark.parametrize("cuts", [2, 7])
def test_parts_change_neither_order_nor_texts(cuts: int) -> None:
    whole, split = _shards(), _shards(cuts)
    for step in (0, 3, 11):
        steps = (BatchStream(shards, STAGE, np.arange(590)).step(step) for shards in (whole, split))
        for left, right in zip(*steps, strict=True):
            assert left.group == right.group
            assert np.array_equal(left.memory, right.memory)
            assert np.array_equal(left.pairs, right.pairs)
            for one, other in zip(
                gather(whole, left.pairs[:, 0], 8), gather(split, right.pairs[:, 0], 8), strict=True
            ):
                assert np.array_equal(one, other)


@pytest.mark.parametrize("cuts", [1, 2, 7])
def test_gather_cuts_and_concatenates(cuts: int) -> None:
    shards = _shards(cuts)
    numbers = np.array([5, 0, 5, 899])
    ids, firsts = gather(shards, numbers, 4)
    expected = [shards.text(n)[:4] for n in numbers]
    assert np.array_equal(ids, np.concatenate(expected))
    assert firsts.tolist() == [0, *np.cumsum([len(e) for e in expected])[:-1].tolist()]


def test_locality_order_puts_neighbours_together() -> None:
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((8, 16)) * 5
    label = rng.integers(0, 8, 2000)
    vectors = (centres[label] + rng.standard_normal((2000, 16))).astype(np.float32)
    order = locality_order(vectors, 1)
    assert sorted(order.tolist()) == list(range(2000))
    same = np.mean(label[order[1:]] == label[order[:-1]])
    assert same > 0.8  # 1/8 by chance
    assert np.array_equal(order, locality_order(vectors, 1))
