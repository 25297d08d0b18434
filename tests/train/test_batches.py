"""Batches: the same for every asker, one group each, no text twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from klein_embedding.errors import KleinError
from klein_embedding.recipe_stages import DrawRecipe
from klein_embedding.tokenizer.parts import Parts
from klein_embedding.tokenizer.shards import Group, Shards
from klein_embedding.train.ahead import Ahead
from klein_embedding.train.batches import BatchStream, Guide, locality_order, shares
from klein_embedding.train.rows import Rows, gather, joined

DRAW = DrawRecipe(
    batch=64,
    groups=2,
    exponent=0.5,
    kinds={},
    repeats=100.0,
    by_loss=0.0,
    hard=0.5,
    pair_tokens=8,
)
MEMORY = 40
SEED = 3


def random_shards(cuts: int = 1) -> Shards:
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
    arrays = {
        "ids": rng.integers(260, 2000, int(offsets[-1])).astype(np.uint16),
        "offsets": offsets,
        # Text 899 differs from text 898 in case or marks only.
        "keys": np.append(np.arange(899), 898).astype(np.uint64) + 7,
        "pairs": rng.integers(0, 900, (590, 2)).astype(np.int32),
        "negatives": np.where(rng.random(590) < 0.3, rng.integers(0, 900, 590), -1).astype(
            np.int32
        ),
    }
    return Shards(**{k: Parts(np.array_split(v, cuts)) for k, v in arrays.items()}, groups=groups)


def _stream(shards: Shards, draw: DrawRecipe = DRAW, seed: int = SEED, *, ordered: bool = True):
    guide = Guide(order=np.arange(590)) if ordered else Guide()
    return BatchStream(shards, draw, seed, MEMORY, guide)


@pytest.mark.parametrize("ordered", [False, True])
def test_steps_are_a_function_of_seed_and_step(ordered: bool) -> None:
    shards = random_shards()
    first, second = (_stream(shards, ordered=ordered) for _ in range(2))
    _ = first.step(0)
    for left, right in zip(first.step(7), second.step(7), strict=True):
        assert left.group == right.group
        assert np.array_equal(left.pairs, right.pairs)
        assert np.array_equal(left.memory, right.memory)
        assert np.array_equal(left.negatives, right.negatives)
    other = _stream(shards, seed=4, ordered=ordered).step(7)
    pairs = zip(second.step(7), other, strict=True)
    assert any(not np.array_equal(left.pairs, right.pairs) for left, right in pairs)


def test_no_text_stands_twice_and_groups_do_not_mix() -> None:
    shards = random_shards()
    stream = _stream(shards)
    for step in range(50):
        for batch in stream.step(step):
            group = shards.groups[batch.group]
            assert group.source != "c"  # too small to fill a batch
            both = np.concatenate([batch.pairs, batch.memory])
            rows = set(map(tuple, shards.pairs[group.start : group.stop].tolist()))
            assert all(tuple(row) in rows for row in both.tolist())
            for side in (0, 1):
                assert len(set(shards.keys[both[:, side]].tolist())) == len(both)
            own = {
                tuple(p): int(n) for p, n in zip(shards.pairs[:], shards.negatives[:], strict=True)
            }
            found = zip(batch.pairs, batch.negatives, strict=True)
            assert all(own[tuple(pair)] == negative for pair, negative in found)
            assert 0 < len(batch.pairs) <= 32


def test_too_few_groups_is_an_error() -> None:
    with pytest.raises(KleinError, match="fewer than the 4 groups"):
        _stream(random_shards(), replace(DRAW, groups=4))


@pytest.mark.parametrize("cuts", [2, 7])
def test_parts_change_neither_order_nor_texts(cuts: int) -> None:
    whole, split = random_shards(), random_shards(cuts)
    for step in (0, 3, 11):
        steps = (_stream(shards).step(step) for shards in (whole, split))
        for left, right in zip(*steps, strict=True):
            assert left.group == right.group
            assert np.array_equal(left.memory, right.memory)
            assert np.array_equal(left.pairs, right.pairs)
            rows = gather(whole, left.pairs[:, 0], 8), gather(split, right.pairs[:, 0], 8)
            assert np.array_equal(rows[0].ids, rows[1].ids)
            assert np.array_equal(rows[0].firsts, rows[1].firsts)


@pytest.mark.parametrize("cuts", [1, 2, 7])
def test_gather_cuts_and_concatenates(cuts: int) -> None:
    shards = random_shards(cuts)
    numbers = np.array([5, 0, 5, 899])
    rows = gather(shards, numbers, 4)
    expected = [shards.text(n)[:4] for n in numbers]
    assert np.array_equal(rows.ids, np.concatenate(expected))
    assert rows.firsts.tolist() == [0, *np.cumsum([len(e) for e in expected])[:-1].tolist()]


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


def test_mined_negatives_take_the_place_of_those_of_the_shards() -> None:
    shards = random_shards()
    mined = np.arange(590, dtype=np.int32)
    batch = BatchStream(shards, DRAW, SEED, MEMORY, Guide(negatives=mined)).step(1)[0]
    for pair, negative in zip(batch.pairs, batch.negatives, strict=True):
        assert pair.tolist() in shards.pairs[int(negative)][None].tolist()


def test_no_group_is_repeated_more_than_the_recipe_allows() -> None:
    shards = random_shards()
    free = shares(shards, replace(DRAW, repeats=100.0), None)
    sizes = np.array([300, 100, 180, 10]) / 590
    assert free[2] / sizes[2] > 1.5
    capped = shares(shards, replace(DRAW, repeats=1.4), None)
    assert abs(capped.sum() - 1) < 1e-12
    assert capped[3] == 0
    # Ten pairs are too few for a batch, so the others share what would be theirs.
    assert np.all(capped[:3] / sizes[:3] < 1.4 + 1e-6)
    assert free[2] > capped[2]


def test_a_group_with_more_loss_is_drawn_more_often() -> None:
    shards, losses = random_shards(), np.array([1.0, 4.0, 1.0, 9.0])
    plain, tilted = (shares(shards, replace(DRAW, by_loss=p), losses) for p in (0.0, 1.0))
    assert tilted[1] / tilted[0] == pytest.approx(4 * plain[1] / plain[0])
    assert tilted[3] == 0


def test_a_kind_is_drawn_by_its_factor() -> None:
    shards = random_shards()
    plain = shares(shards, DRAW, None)
    twice = shares(shards, replace(DRAW, kinds={"translation": 2.0}), None)
    assert twice[:2] / twice[2] == pytest.approx(2 * plain[:2] / plain[2])
    alone = shares(shards, replace(DRAW, kinds={"paraphrase": 0.0}), None)
    assert alone[2] == 0
    assert alone.sum() == pytest.approx(1)


def test_chunks_hold_texts_of_like_length_up_to_their_tokens() -> None:
    rng = np.random.default_rng(1)
    rows = joined([np.arange(1, n + 1) for n in rng.integers(1, 40, 200)])
    chunks = list(rows.chunks(128))
    assert sorted(np.concatenate(chunks).tolist()) == list(range(200))
    for chunk in chunks:
        ids, mask = rows.take(chunk).padded()
        assert ids.numel() <= 128
        assert mask.sum() == rows.lengths[chunk].sum() + 2 * len(chunk)
    assert len(list(joined([np.arange(500)]).chunks(128))) == 1


def test_padded_rows_have_their_special_tokens() -> None:
    ids, mask = Rows(np.array([7, 8, 9]), np.array([0, 1])).padded()
    assert ids.tolist() == [[0, 7, 2, 1], [0, 8, 9, 2]]
    assert mask.tolist() == [[True, True, True, False], [True] * 4]


def test_steps_drawn_ahead_are_the_same_and_pass_errors_on() -> None:
    stream = _stream(random_shards())
    ahead = Ahead(stream.step, threaded=True)
    # In order, then a jump back, as a resumed run makes it.
    for number in (0, 1, 2, 9, 4, 5):
        for left, right in zip(ahead.step(number), stream.step(number), strict=True):
            assert np.array_equal(left.pairs, right.pairs)
            assert np.array_equal(left.memory, right.memory)
    broken = Ahead(lambda number: 1 // (3 - number), threaded=True)
    assert broken.step(2) == 1
    with pytest.raises(ZeroDivisionError):
        broken.step(3)
