"""The benchmarks of search, server and embedding, on little: what they measure is what they say."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import inference_contenders as contenders  # noqa: E402

WORDS = (
    "river",
    "old",
    "town",
    "bridge",
    "पानी",
    "नदी",
    "জল",
    "water",
    "is",
    "life",
    "past",
    "the",
)
COUNT = 240


def bench(script, *words):
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / script, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def collection(tmp_path, small_tokenizer):
    """Options that name a corpus of sentences and the vectors of its tokens."""
    draw = np.random.default_rng(1)
    texts = [f"{' '.join(draw.choice(WORDS, 5))} {n}" for n in range(COUNT)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "mono.parquet")
    static = tmp_path / "static"
    static.mkdir()
    shutil.copy(small_tokenizer, static / "tokenizer.json")
    vocabulary = Tokenizer.from_file(str(small_tokenizer)).get_vocab_size()
    table = draw.standard_normal((vocabulary, 512)).astype(np.float32)
    np.save(static / "table.npy", table)
    return "--corpus", tmp_path, "--static", static


def test_search_measures_our_index_and_a_killed_build_of_it(collection, tmp_path):
    count, page = COUNT - 200, tmp_path / "docs"
    page.mkdir()
    told = bench("search.py", "--vectors", count, *collection, "--page", page)
    row = json.loads(told.splitlines()[-1])
    assert (row["engine"], row["vectors"]) == ("klein index", str(count))
    assert row["recall@10"] == "1.000"
    assert all(float(row[name]) > 0 for name in ("p50 ms", "p99 ms", "CPU ms"))
    assert row["after a kill"] == f"{count} vectors, recall 1.000"
    (kept,) = json.loads((page / "performance.json").read_text(encoding="utf-8"))
    assert (kept["section"], kept["name"]) == ("search", f"{count} passages")
    assert kept["values"]["p50 ms"] == row["p50 ms"]
    assert f"| {count} passages | " in (page / "performance.md").read_text(encoding="utf-8")


def test_search_counts_what_kills_lose(collection):
    told = bench("search.py", "--vectors", 40, "--kills", 2, "--seconds", 0.3, *collection)
    assert "kill 2: " in told
    assert "40 passages, exact search" in told
    assert "lost: 0, foreign: 0" in told


def test_the_load_of_the_server_counts_right_answers(tmp_path):
    told = bench("server.py", "load", "--clients", 1, 3, "--seconds", 1, "--page", tmp_path)
    rows = [json.loads(line) for line in told.splitlines()]
    assert [row["clients"] for row in rows] == [1, 3]
    assert all(row["errors"] == {} for row in rows)
    assert all(row["requests"] > 0 for row in rows)
    assert all(row["worst_difference"] < 1e-4 for row in rows)
    kept = json.loads((tmp_path / "performance.json").read_text(encoding="utf-8"))
    assert [(row["name"], row["values"]["errors"]) for row in kept] == [
        ("1 clients", "0"),
        ("3 clients", "0"),
    ]
    assert kept[0]["command"] == "python benchmarks/server.py load --clients 1 3 --seconds 1"


def test_texts_have_as_many_tokens_as_asked_and_work_is_counted_by_hand():
    ours = contenders.klein(1)
    texts = contenders.texts_of(ours.count, 32, 5)
    assert [ours.count(text) for text in texts] == [32] * 5
    assert len(set(texts)) == 5
    assert ours.encode(texts).shape == (5, 512)
    # Four square matrices and two of the feed-forward layer a block, and attention's two products,
    # of the released encoder's width and its units.
    block = 10 * (4 * 640 * 640 + 2 * 640 * 6656) + 2 * 10 * 10 * 640
    assert ours.macs(10) == 3 * block


def test_what_is_installed_includes_what_it_needs():
    alone = sum(path.stat().st_size for path in Path(np.__file__).parent.rglob("*.py"))
    assert contenders.installed_bytes("numpy") > alone
    assert contenders.installed_bytes("onnxruntime") > contenders.installed_bytes("numpy")
    assert contenders.installed_bytes("no-such-package") == 0
