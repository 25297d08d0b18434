"""Alignment of documents with and without a model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from klein_embedding.corpus.bitext import aligned, document_pairs, read_sentences
from klein_embedding.errors import KleinError

TOPICS = ("rain", "tiger", "bread", "school", "river", "moon")
LEFT = [f"about {topic} and much more of it" for topic in TOPICS]
RIGHT = [f"{topic.upper()} ABER AUF EINE ANDERE ART" for topic in TOPICS]


def _encode(texts: Sequence[str]) -> np.ndarray:
    """One coordinate a topic: what a model that understands both languages would give."""
    rows = [[float(topic in text.lower()) for topic in TOPICS] for text in texts]
    vectors = np.array(rows, dtype=np.float32) + 1e-3
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _topics(text: str) -> set[str]:
    return {topic for topic in TOPICS if topic in text.lower()}


def test_equal_documents_are_paired_without_a_model() -> None:
    found = aligned(LEFT, RIGHT, None, 0.5)
    assert [(pair.left, pair.right) for pair in found] == list(zip(LEFT, RIGHT, strict=True))
    assert all(math.isnan(pair.score) for pair in found)


def test_a_model_finds_the_gap_that_lengths_cannot_see() -> None:
    # The third sentence is missing on the right; all sentences are about equally long.
    right = RIGHT[:2] + RIGHT[3:]
    found = aligned(LEFT, right, _encode, 0.5)
    assert [_topics(pair.left) for pair in found] == [_topics(pair.right) for pair in found]
    assert len(found) == 5
    assert min(pair.score for pair in found) > 0.99


def test_pairs_below_the_threshold_are_left_out() -> None:
    shuffled = [RIGHT[i] for i in (1, 0, 2, 3, 5, 4)]
    found = aligned(LEFT, shuffled, _encode, 0.9)
    assert found
    assert all(_topics(pair.left) == _topics(pair.right) for pair in found)


def test_a_sentence_that_was_split_in_two_is_joined() -> None:
    right = [RIGHT[0], "TIGER ABER AUF", "TIGER EINE ANDERE", *RIGHT[2:]]
    found = aligned(LEFT, right, _encode, 0.5)
    assert (LEFT[1], "TIGER ABER AUF TIGER EINE ANDERE") in [(p.left, p.right) for p in found]


def test_an_empty_document_gives_no_pairs() -> None:
    assert aligned([], RIGHT, _encode, 0.5) == []


def test_files_and_folders_are_told_apart(tmp_path: Path) -> None:
    for side, names in (("left", ("a.txt", "b.txt")), ("right", ("b.txt", "c.txt"))):
        (tmp_path / side).mkdir()
        for name in names:
            (tmp_path / side / name).write_text("one\n\n two \n")
    assert document_pairs(tmp_path / "left", tmp_path / "right") == [
        (tmp_path / "left" / "b.txt", tmp_path / "right" / "b.txt")
    ]
    assert read_sentences(tmp_path / "left" / "a.txt") == ["one", "two"]
    with pytest.raises(KleinError, match="two files or two folders"):
        document_pairs(tmp_path / "left", tmp_path / "right" / "b.txt")
    with pytest.raises(KleinError, match="no such file"):
        document_pairs(tmp_path / "nowhere", tmp_path / "right")
    (tmp_path / "right" / "b.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KleinError, match="not readable as UTF-8"):
        read_sentences(tmp_path / "right" / "b.txt")
