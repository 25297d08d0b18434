"""A corpus of some thousand pairs in many small parts: equal to a slow account, kill or no kill."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from klein_embedding.files import sha256, write_manifest
from klein_embedding.tokenizer import parts
from klein_embedding.tokenizer.shards import Shards, open_shards
from klein_embedding.tokenizer.write_shards import make_shards

ROOT = Path(__file__).resolve().parents[2]
WORDS = [f"w{at}" for at in range(500)]
WEIGHTS = {"menus": 1.0, "talks": 3.0, "tales": 0.7, "notes": 2.0}
COUNTS = {"menus": 5000, "talks": 4000, "tales": 30, "notes": 20}
LONGEST = 8


def _rows(count: int, seed: int) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    # Few texts for many pairs, so that texts come again within and across the splits.
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(1, 12))) for _ in range(count)]
    return [
        {
            "anchor": draw.choice(texts),
            "positive": draw.choice(texts),
            "anchor_lang": "en",
            "positive_lang": draw.choice(["hi", "bn", "as"]),
            "source": draw.choice(list(WEIGHTS)),
            "kind": draw.choice(["translation", "gloss"]),
            "negatives": draw.choices(texts, k=draw.choice([0, 0, 1, 3])),
            "text_class": draw.choice("UHM"),
            "derived": draw.random() < 0.3,
        }
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    home = tmp_path_factory.mktemp("whole")
    processed, tokenizer = home / "processed", home / "tokenizer"
    processed.mkdir()
    tokenizer.mkdir()
    for split, count in (("train", 3000), ("valid", 200)):
        # The same seed: the texts of the validation split are those of the training split.
        table = pa.Table.from_pylist(_rows(count, 7))
        pq.write_table(table, processed / f"pairs-{split}.parquet", row_group_size=700)
    facts = {"guard": "ab" * 32, "weights": WEIGHTS, "counts": {"pairs_by_source": COUNTS}}
    write_manifest(processed, facts)
    model = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, "w0"))
    model.pre_tokenizer = pre_tokenizers.Whitespace()
    model.save(str(tokenizer / "tokenizer.json"))
    write_manifest(tokenizer, {"guard": "ab" * 32})
    return processed, tokenizer


def _digests(folder: Path) -> dict[str, str]:
    return {p.name: sha256(p) for p in sorted(folder.iterdir()) if p.name != "manifest.json"}


def _expected(row: dict[str, Any]) -> tuple[str, str, str, str]:
    """Group of a pair by the rule as it is written down."""
    small = row["text_class"] == "H" and COUNTS[row["source"]] < 3000
    pool = "interface" if row["text_class"] == "U" else "prose" if small else row["source"]
    return pool, row["anchor_lang"], row["positive_lang"], row["kind"]


def _words(shards: Shards, number: int) -> str:
    return " ".join(WORDS[at] for at in shards.text(number))


def _cut(text: str) -> str:
    return " ".join(text.split()[:LONGEST])


@pytest.mark.parametrize("split", ["train", "valid"])
def test_every_pair_stands_in_its_group_with_its_texts(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: str
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 2048)
    make_shards(*folders, tmp_path / "shards", LONGEST + 2)
    sizes = [path.stat().st_size for path in (tmp_path / "shards").glob("*.npy")]
    assert len(sizes) > 40
    assert max(sizes) <= 2048
    shards = open_shards(tmp_path / "shards", split)
    rows = pq.read_table(folders[0] / f"pairs-{split}.parquet").to_pylist()
    rows.sort(key=_expected)  # stable: rows of a group keep their order
    assert len(shards.pairs) == len(rows)
    for at, row in enumerate(rows):
        left, right = shards.pairs[at]
        assert _words(shards, left) == _cut(row["anchor"])
        assert _words(shards, right) == _cut(row["positive"])
        if row["negatives"]:
            assert _words(shards, shards.negatives[at]) == _cut(row["negatives"][0])
        else:
            assert shards.negatives[at] == -1
    for group in shards.groups:
        mine = rows[group.start : group.stop]
        name = (group.source, group.anchor_lang, group.positive_lang, group.kind)
        assert {_expected(row) for row in mine} == {name}
        weight = np.mean([WEIGHTS[r["source"]] * (0.2 if r["derived"] else 1) for r in mine])
        assert group.weight == pytest.approx(weight)
    assert [g.start for g in shards.groups[1:]] == [g.stop for g in shards.groups[:-1]]
    assert shards.groups[-1].stop == len(rows)


def test_a_text_is_kept_once(folders: tuple[Path, Path], tmp_path: Path) -> None:
    make_shards(*folders, tmp_path / "shards", LONGEST + 2)
    texts = set()
    for split in ("train", "valid"):
        for row in pq.read_table(folders[0] / f"pairs-{split}.parquet").to_pylist():
            texts |= {row["anchor"], row["positive"], *row["negatives"][:1]}
    shards = open_shards(tmp_path / "shards", "valid")
    assert len(shards.offsets) - 1 == len(texts)
    make_shards(*folders, tmp_path / "again", LONGEST + 2)
    assert _digests(tmp_path / "again") == _digests(tmp_path / "shards")


PROGRAM = """
import sys
from pathlib import Path
from klein_embedding.tokenizer import pair_columns, parts, write_shards
pair_columns._BATCH, parts.PART_BYTES = 500, 2048
processed, tokenizer, target, longest = sys.argv[1:]
write_shards.make_shards(Path(processed), Path(tokenizer), Path(target), int(longest))
"""


def _process(folders: tuple[Path, Path], target: Path, threads: int = 2) -> subprocess.Popen[bytes]:
    words = [*map(str, folders), str(target), str(LONGEST + 2)]
    more = {"PYTHONPATH": str(ROOT), "RAYON_NUM_THREADS": str(threads)}
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *words], env={**os.environ, **more})


def test_killed_at_several_moments_it_ends_with_the_same_bytes(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    assert _process(folders, tmp_path / "whole", threads=1).wait(timeout=120) == 0
    target, part = tmp_path / "killed", tmp_path / "killed.part"
    for name in ("ids-000.npy", "ids-009.npy", "pairs-train-000.npy"):
        process = _process(folders, target)
        while not (part / name).exists():
            assert process.poll() is None, f"it ended before {name}"
            time.sleep(0.0002)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not target.exists()
    assert _process(folders, target).wait(timeout=120) == 0
    assert _digests(target) == _digests(tmp_path / "whole")
    assert not part.exists()
