"""Small written sets and honest fakes shared by the tests of this room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from klein_embedding.eval.alignment import alignment_suite
from klein_embedding.eval.baselines import System, lexical_system
from klein_embedding.eval.figures import Results
from klein_embedding.eval.held_out import held_out_suite
from klein_embedding.eval.run import measure
from klein_embedding.eval.sets import EvalSet
from klein_embedding.files import digest_of, read_manifest, write_manifest
from klein_embedding.infer.embedder import shortened
from klein_embedding.text import fingerprint

ENGLISH = ("The river is wide.", "My sister sings.", "Tea is ready.", "He lost his keys.")
HINDI = ("नदी चौड़ी है।", "मेरी बहन गाती है।", "चाय तैयार है।", "उसने चाबियाँ खो दीं।")


class WordVectors:
    """Sum of one random vector a word, with a glossary of words that share one, and noise."""

    def __init__(self, glossary: dict[str, str] | None = None, noise: float = 0.0) -> None:
        self.glossary, self.noise = glossary or {}, noise
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str], dim: int = 512) -> np.ndarray:
        self.asked += texts
        return shortened(np.stack([self._whole(text) for text in texts]), dim)

    def _whole(self, text: str) -> np.ndarray:
        whole = self.glossary.get(text, text)
        words = [self._draw(word) for word in whole.lower().split()]
        return np.sum(words, axis=0) + self.noise * self._draw(f"noise {text}")

    @staticmethod
    @cache
    def _draw(word: str) -> np.ndarray:
        return np.random.default_rng(fingerprint(word)).normal(size=512)


@pytest.fixture
def word_vectors() -> type[WordVectors]:
    return WordVectors


def write_set(data: Path, name: str, files: Mapping[str, str | bytes]) -> EvalSet:
    """An evaluation set of a known name, fetched as it were, with files that we wrote."""
    folder = data / f"small-{name}"
    for path, content in files.items():
        target = folder / "files" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    write_manifest(folder, {}, volatile=False)
    digest = digest_of(read_manifest(folder)["files"])
    return EvalSet(name, folder.name, digest, "CC0-1.0", "written for this test", "accuracy")


def write_bitexts(data: Path) -> EvalSet:
    stem = "data/tatoeba/v1/tatoeba.hin-eng"
    files = {f"{stem}.hin": "\n".join(HINDI) + "\n", f"{stem}.eng": "\n".join(ENGLISH) + "\n"}
    return write_set(data, "tatoeba", files)


@pytest.fixture
def bitexts(tmp_path: Path) -> EvalSet:
    """A bitext set of four pairs below tmp_path."""
    return write_bitexts(tmp_path)


@pytest.fixture
def scored(tmp_path: Path) -> Callable[[Sequence[str]], EvalSet]:
    """Writes a scored set below tmp_path, whose two splits hold the lines."""

    def write(lines: Sequence[str]) -> EvalSet:
        text = "".join(f"{line}\n" for line in lines)
        names = [f"data/stsbenchmark/sts-{split}.csv" for split in ("dev", "test")]
        return write_set(tmp_path, "stsb", dict.fromkeys(names, text))

    return write


def write_processed(folder: Path) -> Path:
    folder.mkdir()
    rows = [
        {
            "anchor": f"word{i} number {i} of {lang}",
            "positive": f"{lang}पाठ{i} यहाँ है",
            "anchor_lang": "en",
            "positive_lang": lang,
            "source": "written",
            "kind": "translation",
            "negatives": [],
            "text_class": "U",
        }
        for lang in ("hi", "ta")
        for i in range(30)
    ] + [
        {
            "anchor": f"what is thing{i}",
            "positive": f"a thing{i} is a made-up answer",
            "anchor_lang": "en",
            "positive_lang": "en",
            "source": "written",
            "kind": "question-answer",
            "negatives": [],
            "text_class": "Q",
        }
        for i in range(25)
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "pairs-valid.parquet")
    return folder


@pytest.fixture
def processed(tmp_path: Path) -> Path:
    """A corpus folder whose held-out split has two kinds and two languages."""
    return write_processed(tmp_path / "processed")


@pytest.fixture(scope="session")
def systems(tmp_path_factory: pytest.TempPathFactory) -> list[System]:
    """An encoder that knows every translation, its coarser int8 form, and a static model."""
    folder = write_processed(tmp_path_factory.mktemp("systems") / "processed")
    table = pq.read_table(folder / "pairs-valid.parquet").to_pylist()
    glossary = {row["positive"]: row["anchor"] for row in table}
    return [
        System("fake", "float32", "a" * 64, WordVectors(glossary)),
        System("fake", "int8", "b" * 64, WordVectors(glossary, noise=4.0)),
        System("fake-static", "static", "c" * 64, WordVectors()),
    ]


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory, systems: list[System]) -> Results:
    """All four columns on two small suites."""
    folder = tmp_path_factory.mktemp("results")
    suites = [
        alignment_suite(folder, write_bitexts(folder)),
        held_out_suite(write_processed(folder / "processed")),
    ]
    return measure([*systems, lexical_system()], suites)
