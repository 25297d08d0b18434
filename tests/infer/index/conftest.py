"""Indexes of small files, with vectors that one can foresee."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from klein_embedding.infer.index.build import build
from klein_embedding.infer.index.find import Index
from klein_embedding.infer.index.formats import Reading
from klein_embedding.infer.index.identity import Maker


class Words:
    """Sums of a fixed random vector for each word: texts that share words are near.

    It knows one synonym, which no ranking by words does.
    """

    def __init__(self):
        self.seen = []
        self._known = {}

    def _vector(self, word, dim):
        if (word, dim) not in self._known:
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
            self._known[word, dim] = np.random.default_rng(seed).standard_normal(dim)
        return self._known[word, dim]

    def encode(self, texts, dim=512):
        self.seen += texts
        vectors = np.zeros((len(texts), dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row] += self._vector(word.replace("automobile", "car"), dim)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


@pytest.fixture
def words():
    return Words()


@pytest.fixture
def maker(words):
    return Maker(words, "words", "1" * 64, 128)


@pytest.fixture
def write():
    def writes(path, content):
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        return path

    return writes


@pytest.fixture
def built(tmp_path, maker):
    """Builds an index of a folder and opens it."""
    opened = []

    def builds(source, **how):
        build(tmp_path / "index", [source], maker, Reading(**how))
        opened.append(Index(tmp_path / "index"))
        return opened[-1]

    yield builds
    for index in opened:
        index.close()
