"""Ray's and Spark's workers against one process: real workers, real files, the same vectors."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from klein_embedding.export.golden import GOLDEN_TEXTS

ROOT = Path(__file__).parents[1]
TEXTS = [text for text in GOLDEN_TEXTS if text]
PARTS, ROWS = 4, 15


def klein(*words):
    """The real command; Ray's own remarks on standard error are its own."""
    command = [sys.executable, "-m", "klein_embedding.cli.main", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=400)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    for part in range(PARTS):
        numbers = range(part * ROWS, (part + 1) * ROWS)
        texts = [TEXTS[n % len(TEXTS)] if n % ROWS else None for n in numbers]
        table = pa.table({"number": list(numbers), "text": texts})
        pq.write_table(table, folder / f"part-{part}.parquet", row_group_size=7)
    return folder


@pytest.fixture(scope="module")
def alone(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    done = klein("embed", source, "--out", folder, "--dim", "256", "--threads", "1")
    assert (done.returncode, done.stdout) == (0, b""), done.stderr
    return folder


def read(folder):
    parts = [pq.read_table(path) for path in sorted(Path(folder).glob("*.parquet"))]
    table = pa.concat_tables(parts).sort_by("number")
    return table, np.array(table["vector"].to_pylist(), dtype=np.float32)


def test_ray_writes_the_same_parts_and_makes_only_those_that_are_missing(source, alone, tmp_path):
    how = ("embed", source, "--out", tmp_path, "--dim", "256", "--engine", "ray")
    done = klein(*how)
    assert done.returncode == 0, done.stderr
    names = [f"part-{part}.parquet" for part in range(PARTS)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["_job.json", *names]
    table, vectors = read(tmp_path)
    wanted, expected = read(alone)
    assert table["text"] == wanted["text"]
    assert np.array_equal(vectors, expected)
    # One part is lost, another is half there, as a kill would leave them.
    (tmp_path / names[1]).unlink()
    (tmp_path / f"{names[1]}.99.part").write_bytes(b"half")
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in names if name != names[1]}
    assert klein(*how).returncode == 0
    assert before == {name: (tmp_path / name).stat().st_mtime_ns for name in before}
    assert np.array_equal(read(tmp_path)[1], expected)


def test_two_spark_workers_give_the_same_vectors(source, alone, tmp_path, monkeypatch):
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("KLEIN_MODEL", str(ROOT / "release"))
    from pyspark.sql import SparkSession
    from pyspark.sql.types import ArrayType, FloatType, StructType

    from klein_embedding.infer.spark import in_arrow

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "8")
        .getOrCreate()
    )
    try:
        frame = session.read.parquet(str(source)).repartition(4)
        schema = StructType([*frame.schema.fields]).add("vector", ArrayType(FloatType()))
        frame.mapInArrow(in_arrow("text", 256), schema).write.parquet(str(tmp_path / "out"))
    finally:
        session.stop()
    table, vectors = read(tmp_path / "out")
    wanted, expected = read(alone)
    assert table["text"] == wanted["text"]
    assert np.abs(vectors - expected).max() < 1e-6


def test_the_page_fills_and_asks_a_vector_database(tmp_path, monkeypatch):
    page = (ROOT / "docs/scaling.md").read_text(encoding="utf-8")
    block = next(
        found for found in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "qdrant" in found
    )
    lines = (ROOT / "demo/texts/science.md").read_text(encoding="utf-8").splitlines()
    texts = [line for line in lines if line.strip()]
    (tmp_path / "in").mkdir()
    table = pa.table({"number": range(len(texts)), "text": texts})
    pq.write_table(table, tmp_path / "in/0.parquet")
    done = klein("embed", tmp_path / "in", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("KLEIN_MODEL", str(ROOT / "release"))
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(block, "docs/scaling.md", "exec"), names)
    best = names["hits"][0]
    vectors = np.array(pq.read_table(tmp_path / "out")["vector"].to_pylist(), dtype=np.float32)
    scores = vectors @ names["query"]
    assert best.id == int(scores.argmax())
    assert best.payload["text"] == texts[best.id]
    assert best.score == pytest.approx(float(scores.max()), abs=1e-3)
    assert len(names["hits"]) == 3


def test_ray_says_what_is_wrong_with_a_part(source, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "part-0.parquet").write_bytes(b"no parquet")
    done = klein("embed", folder, "--out", tmp_path / "out", "--engine", "ray")
    assert done.returncode == 2
    assert b"not readable as Parquet" in done.stderr.splitlines()[-1]
    assert json.loads((tmp_path / "out/_job.json").read_text())["column"] == "text"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["_job.json"]
