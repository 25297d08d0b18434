"""Alignment by length and numbers: known beads come back, and any cost can be plugged in."""

from __future__ import annotations

import random

import numpy as np

from klein_embedding.corpus.align import align, anchors, length_cost


def sentences(seed, count):
    chance = random.Random(seed)
    return ["x" * chance.randrange(20, 200) for _ in range(count)]


def shapes(left, right):
    beads = align(len(left), len(right), length_cost(left, right))
    assert [place for bead in beads for place in bead.left] == list(range(len(left)))
    assert [place for bead in beads for place in bead.right] == list(range(len(right)))
    return [(list(bead.left), list(bead.right)) for bead in beads]


def test_equal_documents_align_one_to_one():
    texts = sentences(1, 60)
    assert shapes(texts, texts) == [([n], [n]) for n in range(60)]


def test_a_split_a_join_and_a_gap_are_found():
    left = ["a" * 100, "b" * 60, "c" * 50, "d" * 146 + "1947", "e" * 160, "f" * 90]
    right = ["a" * 55, "a" * 45, "bc" * 55, "d" * 146 + "1947", "f" * 90]
    assert shapes(left, right) == [
        ([0], [0, 1]),
        ([1, 2], [2]),
        ([3], [3]),
        ([4], []),
        ([5], [4]),
    ]


def test_numbers_of_any_script_hold_sentences_of_equal_length_together():
    left = ["a" * 90, "b" * 86 + "1947", "c" * 90]
    assert shapes(left, ["x" * 86 + "१९४७", "y" * 90]) == [([0], []), ([1], [0]), ([2], [1])]
    assert shapes(left, ["x" * 90, "y" * 86 + "୧୯୪୭"]) == [([0], [0]), ([1], [1]), ([2], [])]


def test_anchors_are_numbers_in_western_digits():
    assert anchors("१,२३४ and ୫ or 1,234") == ["1234", "5", "1234"]
    assert anchors("१, २") == ["1", "2"]


def test_the_cost_is_a_parameter():
    wanted = {(0, 2), (1, 0), (2, 1)}

    def cost(starts, firsts, down, across):
        if not down or not across:
            return np.full(len(starts), 9.0)
        hits = [place in wanted for place in zip(starts, firsts, strict=True)]
        return np.where(hits, 0.0, 99.0) if down == across else np.full(len(starts), 99.0)

    beads = align(3, 3, cost)
    assert [(list(bead.left), list(bead.right)) for bead in beads if bead.cost == 0.0] == [
        ([1], [0]),
        ([2], [1]),
    ]


def test_empty_documents_give_no_pairs():
    assert align(0, 0, length_cost([], [])) == []
    assert shapes([], ["a", "b"]) == [([], [0]), ([], [1])]
    assert shapes(["a"] * 3, []) == [([0], []), ([1], []), ([2], [])]


def test_long_documents_of_unequal_length_keep_both_corners():
    texts = sentences(2, 300)
    assert shapes(texts, texts[:150] + texts[160:])[-1] == ([299], [289])


def test_documents_of_very_unequal_length_still_have_a_path():
    assert sum(len(right) for _, right in shapes(["a" * 90] * 2, sentences(3, 172))) == 172
    assert sum(len(left) for left, _ in shapes(sentences(3, 172), ["a" * 90])) == 172
