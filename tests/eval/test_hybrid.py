"""Meaning and words fused: what either finds counts, and what neither finds does not."""

from __future__ import annotations

import numpy as np

from klein_embedding.eval.hybrid import fused
from klein_embedding.eval.retrieval import nearest
from klein_embedding.eval.vectors import Space, indexed
from klein_embedding.eval.words import WordFloor
from klein_embedding.infer.index.fusion import DAMPING

DOCUMENTS = ("tea is ready", "the river is wide", "bread and tea", "नदी चौड़ी है", "winter")
QUERIES = ("tea", "river", "नदी")


def space():
    draw = np.random.default_rng(4)
    texts = (*QUERIES, *DOCUMENTS)
    rows = draw.normal(size=(len(texts), 512)).astype(np.float32)
    return Space(indexed(texts), rows / np.linalg.norm(rows, axis=1, keepdims=True))


def test_a_document_counts_by_its_rank_in_both():
    found = space()
    rows = fused(found)(QUERIES, DOCUMENTS)
    meaning = nearest(found.of(QUERIES), found.of(DOCUMENTS))
    words = WordFloor().ranked(QUERIES, DOCUMENTS)
    for row, first, second in zip(rows, meaning, words, strict=True):
        score = dict.fromkeys(range(len(DOCUMENTS)), 0.0)
        for ranking in (first, second[second >= 0]):
            for rank, number in enumerate(ranking, start=1):
                score[int(number)] += 1 / (DAMPING + rank)
        assert sorted(row) == list(range(len(DOCUMENTS)))
        scores = [score[number] for number in row]
        assert scores == sorted(scores, reverse=True)


def test_words_move_a_document_up():
    found = space()
    meaning = nearest(found.of(QUERIES), found.of(DOCUMENTS))
    rows = fused(found)(QUERIES, DOCUMENTS)
    # "नदी" stands in one document alone, which is first by words.
    assert rows[2].tolist().index(3) <= meaning[2].tolist().index(3)


def test_without_common_words_meaning_alone_decides():
    found = space()
    texts = ("tea is ready", "winter")
    asked = Space(indexed((*texts, "xyz")), np.eye(512, dtype=np.float32)[[0, 1, 1]])
    assert fused(asked)(["xyz"], texts)[0].tolist() == [1, 0]
    assert fused(found)(QUERIES, DOCUMENTS).shape == (3, 5)
