"""Hard negatives: within the ranks, below the ceiling, never a right answer, the same each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from klein_embedding.recipe_stages import MineRecipe
from klein_embedding.tokenizer.parts import Parts
from klein_embedding.tokenizer.shards import Group, Shards
from klein_embedding.train import nearest
from klein_embedding.train.mine import Mined, mine, sampled
from klein_embedding.train.nearest import Pool

DIALS = MineRecipe(
    rounds=1, seconds=1, max_steps=0, vectors="encoder", texts=10_000, first=3, last=40, ceiling=0.9
)  # fmt: skip
TEXTS, WIDTH, CLUSTERS = 900, 16, 12
GROUPS = [
    Group("a", "en", "hi", "translation", 1.0, 0, 300),
    Group("a", "en", "bn", "translation", 1.0, 300, 500),
    Group("b", "hi", "hi", "paraphrase", 1.0, 500, 600),
    Group("c", "en", "hi", "title-body", 1.0, 600, 680),
    Group("d", "en", "en", "entailment", 1.0, 680, 800),
]
SENTENCES, PASSAGES = [(0, 300), (500, 600)], [(600, 680)]
"""Rows of the Hindi positives, by family."""
CLOSE = 1e-5
"""Cosines nearer to each other than this may stand in either order."""

Embed = Callable[[np.ndarray], np.ndarray]


def _shards(kept: int = 20) -> Shards:
    """Pairs of texts in clusters; some texts are copies by key, some anchors have many answers."""
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 2**64, TEXTS, dtype=np.uint64)
    copies = rng.choice(TEXTS, (2, 150), replace=False)
    keys[copies[0]] = keys[copies[1]]
    pairs = rng.integers(0, TEXTS, (800, 2)).astype(np.int32)
    pairs[:60, 0] = rng.integers(0, 6, 60)
    # Most positives come from their anchor's cluster.
    pairs[:700, 1] = pairs[:700, 0] % CLUSTERS + CLUSTERS * rng.integers(0, TEXTS // CLUSTERS, 700)
    pairs[500:540] = pairs[540:580, ::-1]
    negatives = np.full(800, -1, dtype=np.int32)
    negatives[680 : 680 + kept] = rng.integers(0, TEXTS, kept)
    lengths = rng.integers(1, 9, TEXTS)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Shards(
        ids=Parts([rng.integers(261, 600, int(offsets[-1])).astype(np.uint16)]),
        offsets=Parts([offsets]),
        keys=Parts(np.array_split(keys, 3)),
        pairs=Parts(np.array_split(pairs, 4)),
        negatives=Parts(np.array_split(negatives, 4)),
        groups=GROUPS,
    )


def _vectors() -> np.ndarray:
    """Vectors (TEXTS, WIDTH) of any length, in clusters."""
    rng = np.random.default_rng(1)
    centres = rng.standard_normal((CLUSTERS, WIDTH))
    near = centres[np.arange(TEXTS) % CLUSTERS] + 0.5 * rng.standard_normal((TEXTS, WIDTH))
    return (near * rng.uniform(0.5, 4, (TEXTS, 1))).astype(np.float32)


UNIT = _vectors().astype(np.float64)
UNIT /= np.linalg.norm(UNIT, axis=1, keepdims=True)


def _embed(vectors: np.ndarray) -> Embed:
    return lambda numbers: vectors[numbers]


def _quiet(line: str) -> None:
    assert line


def _mined(shards: Shards, dials: MineRecipe = DIALS, seed: int = 5) -> Mined:
    return mine(_embed(_vectors()), shards, dials, seed, _quiet)


def _pool(shards: Shards, row: int) -> np.ndarray:
    """Text numbers that a row's negative may come from when no text is left out."""
    group = next(group for group in GROUPS if group.start <= row < group.stop)
    ranges = [(group.start, group.stop)]
    if group.positive_lang == "hi":
        ranges = PASSAGES if group.kind == "title-body" else SENTENCES
    return np.unique(np.concatenate([shards.pairs[a:b][:, 1] for a, b in ranges]))


@cache
def _answers() -> dict[int, set[int]]:
    """Keys that are no negatives of an anchor, by its key."""
    shards = _shards()
    answers: dict[int, set[int]] = {}
    for one, other in shards.keys[shards.pairs[:].reshape(-1)].reshape(-1, 2).tolist():
        answers.setdefault(one, {one}).add(other)
        answers.setdefault(other, {other}).add(one)
    return answers


def _allowed(shards: Shards, row: int, dials: MineRecipe) -> tuple[list[int], set[int]]:
    """Texts that pass for a row: for certain, nearest first, and as far as CLOSE can tell."""
    vectors = UNIT
    anchor, positive = shards.pairs[row].tolist()
    own = float(vectors[anchor] @ vectors[positive])
    answers = _answers()[int(shards.keys[anchor])]
    wrong = np.array([n for n in _pool(shards, row).tolist() if int(shards.keys[n]) not in answers])
    cosines = vectors[wrong] @ vectors[anchor]
    limit = min(dials.ceiling * own, own)
    strict, loose = [], set()
    order = np.argsort(-cosines)
    for number, cosine in zip(wrong[order].tolist(), cosines[order].tolist(), strict=True):
        soonest = 1 + np.count_nonzero(cosines > cosine + CLOSE)
        latest = np.count_nonzero(cosines > cosine - CLOSE)
        if soonest <= dials.last and latest >= dials.first and cosine < limit + CLOSE:
            loose.add(number)
            if latest <= dials.last and soonest >= dials.first and cosine < limit - CLOSE:
                strict.append(number)
    return strict, loose


@pytest.mark.parametrize(
    ("scores", "dials"),
    [
        (2**25, DIALS),
        (40_000, replace(DIALS, first=5, last=6)),
        (1, replace(DIALS, first=2, last=2, ceiling=1.0)),
    ],
)
def test_negatives_obey_ranks_ceiling_and_answers(
    scores: int, dials: MineRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "_SCORES", scores)
    shards = _shards()
    mined = _mined(shards, dials)
    assert mined.negatives.dtype == np.int32
    assert len(mined.negatives) == 800
    for row in range(800):
        if shards.negatives[row] >= 0:
            continue
        strict, loose = _allowed(shards, row, dials)
        found = int(mined.negatives[row])
        assert found in loose if found >= 0 else not strict
    assert np.count_nonzero(mined.negatives[:680] >= 0) > 60


def test_a_pair_counts_in_both_directions() -> None:
    whole = _shards()
    pairs = np.array([[0, 1], [2, 0], [3, 2], [0, 4]], dtype=np.int32)
    shards = replace(
        whole,
        keys=Parts([np.arange(5, dtype=np.uint64)]),
        pairs=Parts([pairs]),
        negatives=Parts([np.full(4, -1, dtype=np.int32)]),
        groups=[Group("b", "hi", "hi", "paraphrase", 1.0, 0, 4)],
    )
    vectors = np.array([[1, 0], [1, 0.1], [1, 0.9], [-1, 0.5], [1, 0.2]], dtype=np.float32)
    dials = replace(DIALS, first=1, last=5, ceiling=1.0)
    mined = mine(_embed(vectors), shards, dials, 5, _quiet)
    # To text 0 texts 1 and 4 are answers of its own, and 2 is one because 0 is an answer to 2.
    assert mined.negatives[[0, 3]].tolist() == [-1, -1]
    # To text 3 nothing is nearer than text 2, but texts 0, 1 and 4 are farther than it.
    assert mined.negatives[2] in (0, 1, 4)
    # To text 2 texts 1 and 4 are nearer than its answer.
    counts = mined.counts["paraphrase"]
    assert (counts["no_neighbour"], counts["above_ceiling"], counts["found"]) == (2, 1, 1)


def test_scores_are_the_cosines() -> None:
    shards = _shards()
    mined = _mined(shards)
    rows = np.flatnonzero(~np.isnan(mined.scores[:, 0]))
    assert np.array_equal(rows, np.flatnonzero((mined.negatives >= 0) & (shards.negatives[:] < 0)))
    anchors, positives = UNIT[shards.pairs[rows].T]
    expected = [(anchors * positives).sum(1), (anchors * UNIT[mined.negatives[rows]]).sum(1)]
    np.testing.assert_allclose(mined.scores[rows], np.stack(expected, 1), atol=1e-5)
    assert np.all(mined.scores[rows, 1] < DIALS.ceiling * mined.scores[rows, 0])


def test_negatives_of_the_shards_stay() -> None:
    shards = _shards()
    given = shards.negatives[:]
    mined = _mined(shards)
    assert np.array_equal(mined.negatives[given >= 0], given[given >= 0])
    assert mined.counts["entailment"]["kept"] == 20
    assert mined.counts["entailment"]["searched"] == 100
    everything = _mined(_shards(kept=120))
    assert everything.counts["entailment"]["searched"] == 0


def test_equal_input_gives_equal_negatives_and_another_seed_others() -> None:
    shards = _shards()
    first, second, other = _mined(shards), _mined(shards), _mined(shards, seed=6)
    assert np.array_equal(first.negatives, second.negatives)
    assert first.counts == second.counts
    assert np.array_equal(first.negatives >= 0, other.negatives >= 0)
    assert np.mean(first.negatives != other.negatives) > 0.3


def test_not_always_the_nearest_that_passes() -> None:
    shards = _shards()
    mined = _mined(shards)
    taken = []
    for row in range(60, 300):
        passing = _allowed(shards, row, DIALS)[0]
        if len(passing) > 3 and mined.negatives[row] in passing:
            taken.append(passing.index(mined.negatives[row]) / (len(passing) - 1))
    assert len(taken) > 30
    assert 0.35 < np.mean(taken) < 0.65  # 0 for the nearest, 1 for the farthest


def test_counts_add_up() -> None:
    mined = _mined(_shards(), replace(DIALS, texts=90))
    assert set(mined.counts) == {group.kind for group in GROUPS}
    for of_kind in mined.counts.values():
        assert of_kind["pairs"] == of_kind["kept"] + of_kind["undrawn"] + of_kind["searched"]
        missed = of_kind["no_neighbour"] + of_kind["above_ceiling"]
        assert of_kind["searched"] == of_kind["found"] + missed
    total = sum(of_kind["found"] + of_kind["kept"] for of_kind in mined.counts.values())
    assert total == np.count_nonzero(mined.negatives >= 0)


@pytest.mark.parametrize("most", [1, 40, 130])
def test_no_more_texts_of_a_language_than_the_dial_says(most: int) -> None:
    shards, vectors = _shards(), _vectors()
    asked: list[np.ndarray] = []

    def embed(numbers: np.ndarray) -> np.ndarray:
        asked.append(numbers)
        return vectors[numbers]

    mined = mine(embed, shards, replace(DIALS, texts=most), 5, _quiet)
    # Each family asks for its anchors and then for its pool: en, bn, and hi twice.
    assert sum(map(len, asked)) <= 2 * most * 4
    searched = {kind: counts["searched"] for kind, counts in mined.counts.items()}
    assert searched["entailment"] == min(most, 100)
    # Bengali and Hindi share a kind, and the three Hindi groups share the dial.
    assert sum(searched.values()) == min(most, 100) + min(most, 200) + min(most, 480)
    if most == 130:
        share = searched["title-body"] / most
        assert 0.05 < share < 0.3  # 80 of 480


def test_a_pool_has_texts_beside_the_positives_of_the_drawn_pairs() -> None:
    shards = _shards(kept=119)
    pools: list[int] = []

    def embed(numbers: np.ndarray) -> np.ndarray:
        pools.append(len(numbers))
        return _vectors()[numbers]

    _ = mine(embed, replace(shards, groups=GROUPS[4:]), replace(DIALS, texts=50), 5, _quiet)
    assert pools == [1, 50]


def test_no_candidate_gives_none() -> None:
    shards = _shards(kept=0)
    never = _mined(shards, replace(DIALS, ceiling=-2.0))
    assert np.all(never.negatives == -1)
    assert np.all(np.isnan(never.scores))
    assert all(of_kind["above_ceiling"] == of_kind["pairs"] for of_kind in never.counts.values())
    beyond = _mined(shards, replace(DIALS, first=5_000, last=6_000))
    assert np.all(beyond.negatives == -1)
    assert all(of_kind["no_neighbour"] == of_kind["pairs"] for of_kind in beyond.counts.values())


def test_ties_and_empty_vectors_change_nothing_of_the_rules() -> None:
    shards = _shards()
    vectors = _vectors()
    vectors[:] = vectors[np.arange(TEXTS) % 10]  # ten vectors, ninety times each
    vectors[5] = 0
    first, second = (mine(_embed(vectors), shards, DIALS, 5, _quiet) for _ in range(2))
    assert np.array_equal(first.negatives, second.negatives)
    rows = np.flatnonzero(~np.isnan(first.scores[:, 1]))
    for row in rows.tolist():
        anchor = int(shards.pairs[row][0])
        assert (
            int(shards.keys[int(first.negatives[row])]) not in _answers()[int(shards.keys[anchor])]
        )
    assert np.all(first.scores[rows, 1] < first.scores[rows, 0])


def test_nearest_is_a_stable_sort() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.integers(-2, 3, (205, 4)).astype(np.float32)  # whole numbers: many exact ties
    queries = rng.integers(-2, 3, (30, 4)).astype(np.float32)
    scores = queries @ vectors.T
    expected = np.argsort(-scores, axis=1, kind="stable")
    pool = Pool(vectors)
    for count in (1, 7, 205):
        found, places = pool.nearest(queries, count)
        np.testing.assert_array_equal(found, -np.sort(-scores, axis=1)[:, :count])
        np.testing.assert_array_equal(found, np.take_along_axis(scores, places, 1))
        assert all(len(set(row)) == count for row in places.tolist())
    np.testing.assert_array_equal(places, expected)


def test_the_nearest_may_stand_in_a_block_each() -> None:
    vectors = np.full((330, 1), 0.1, dtype=np.float32)
    vectors[::33, 0] = np.linspace(0.5, 0.9, 10, dtype=np.float32)
    _, places = Pool(vectors).nearest(np.ones((1, 1), dtype=np.float32), 10)
    assert places[0].tolist() == list(range(0, 330, 33))[::-1]


def test_sampled_rows_hold_the_texts(small_tokenizer: Path) -> None:
    shards = _shards()
    tokenizer = Tokenizer.from_file(str(small_tokenizer))
    mined = _mined(shards)
    rows = sampled(mined, shards, tokenizer, 25, 1)
    assert rows == sampled(mined, shards, tokenizer, 25, 1)
    assert len(rows) == 25
    for told in rows:
        row = told["row"]
        assert isinstance(row, int)
        numbers = (*shards.pairs[row].tolist(), int(mined.negatives[row]))
        texts = [tokenizer.decode(shards.text(number).tolist()) for number in numbers]
        assert [told["anchor"], told["positive"], told["negative"]] == texts
        group = next(group for group in GROUPS if group.start <= row < group.stop)
        assert told["kind"] == group.kind
        assert told["langs"] == [group.anchor_lang, group.positive_lang]
        assert told["scores"] == pytest.approx(mined.scores[row].tolist(), abs=1e-4)
    found = np.count_nonzero(~np.isnan(mined.scores[:, 1]))
    assert len(sampled(mined, shards, tokenizer, 10_000, 1)) == found
