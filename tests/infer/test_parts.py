"""Parquet in, Parquet with vectors out: part by part, restartable, and what is refused."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from klein_embedding.infer.embedding import KleinEmbedding

ROWS = 40


def write_parts(folder, count, rows=ROWS, column="text"):
    folder.mkdir()
    for part in range(count):
        numbers = list(range(part * rows, (part + 1) * rows))
        texts = [f"the river {n % 7} runs past town {n % 11}" if n % 10 else None for n in numbers]
        table = pa.table({"number": numbers, column: texts})
        pq.write_table(table, folder / f"{part}.parquet", row_group_size=16)
    return folder


@pytest.mark.parametrize(
    ("numbers", "width"), [("float32", 128), ("float16", 128), ("int8", 128), ("binary", 16)]
)
def test_each_part_gets_a_column_of_vectors(klein, model_folder, tmp_path, numbers, width):
    source = write_parts(tmp_path / "in", 2)
    how = ("--dim", "128", "--numbers", numbers)
    done = klein("embed", source, "--out", tmp_path / "out", *how)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "0.parquet",
        "1.parquet",
        "_job.json",
    ]
    model = KleinEmbedding(model_folder)
    for name in ("0.parquet", "1.parquet"):
        before, after = pq.read_table(source / name), pq.read_table(tmp_path / "out" / name)
        assert after.drop_columns("vector") == before
        assert after.schema.field("vector").type.list_size == width
        found = np.array(after["vector"].to_pylist())
        texts = [text or "" for text in before["text"].to_pylist()]
        wanted = model.encode(texts, 128, numbers=numbers).astype(float)
        assert np.abs(found.astype(float) - wanted).max() <= (numbers == "int8") + 1e-3


def test_one_file_and_another_column(klein, tmp_path):
    source = write_parts(tmp_path / "in", 1, column="body") / "0.parquet"
    done = klein("embed", source, "--out", tmp_path / "out", "--column", "body")
    assert (done.returncode, done.stderr) == (0, b"")
    assert pq.read_metadata(tmp_path / "out/0.parquet").num_rows == ROWS


def test_a_killed_run_keeps_its_parts_and_makes_the_others(
    klein, klein_words, klein_environment, tmp_path
):
    source = write_parts(tmp_path / "in", 8, rows=150)
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert klein("embed", source, "--out", whole).returncode == 0
    command = klein_words("embed", source, "--out", out)
    with subprocess.Popen(command, env=klein_environment) as process:
        deadline = time.monotonic() + 60
        while not (out / "0.parquet").is_file() and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL
    kept = {path: path.stat().st_mtime_ns for path in out.glob("*.parquet")}
    assert 0 < len(kept) < 8
    assert klein("embed", source, "--out", out).returncode == 0
    assert kept == {path: path.stat().st_mtime_ns for path in kept}
    for path in whole.glob("*.parquet"):
        assert (out / path.name).read_bytes() == path.read_bytes()


def test_what_is_wrong_is_said_before_anything_is_embedded(klein, tmp_path):
    source, out = write_parts(tmp_path / "in", 2), tmp_path / "out"
    for change, options, words in (
        (None, ["--column", "title"], "has no column 'title'; name one of number, text"),
        (None, ["--column", "number"], "holds int64, not text"),
        (None, ["--dim", "64"], "512, 256, 128"),
        (b"no parquet", [], "not readable as Parquet"),
    ):
        if change:
            (source / "1.parquet").write_bytes(change)
        done = klein("embed", source, "--out", out, *options)
        assert done.returncode == 2
        assert words in done.stderr.decode()
        assert done.stderr.count(b"\n") == 1
        assert not list(tmp_path.glob("out/*.parquet*"))
        shutil.rmtree(out, ignore_errors=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    for words, command in (
        ("is a folder without *.parquet files", [empty, "--out", out]),
        ("name it with --out", [source]),
        ("takes Parquet files", ["--engine", "ray"]),
    ):
        done = klein("embed", *command)
        assert (done.returncode, words in done.stderr.decode()) == (2, True)


def test_a_folder_made_in_another_form_is_refused(klein, tmp_path):
    source, out = write_parts(tmp_path / "in", 1), tmp_path / "out"
    assert klein("embed", source, "--out", out).returncode == 0
    done = klein("embed", source, "--out", out, "--dim", "128")
    assert done.returncode == 2
    assert b"name another folder with --out" in done.stderr
    done = klein("embed", out / "0.parquet", "--out", tmp_path / "again")
    assert (done.returncode, b"has a column 'vector' already" in done.stderr) == (2, True)
