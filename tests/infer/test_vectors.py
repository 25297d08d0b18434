"""Files of vectors: every form, in constant memory, and gone on with after a kill."""

from __future__ import annotations

import json
import signal
import subprocess
import time

import numpy as np
import pytest

from klein_embedding.infer.embedding import KleinEmbedding
from klein_embedding.infer.numbers import stored
from klein_embedding.infer.vectors import Item, Output, write_vectors


def lines(count):
    draw = np.random.default_rng(2)
    words = ("river", "town", "old", "पानी", "ही", "late", "train", "the")
    return [" ".join(draw.choice(words, size)) for size in draw.integers(1, 8, count)]


@pytest.fixture(scope="module")
def text_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "lines.txt"
    path.write_text("\n".join(lines(3000)) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("numbers", ["float32", "float16", "int8", "binary"])
def test_every_number_format_in_both_forms(klein, model_folder, tmp_path, numbers):
    texts = lines(300)
    wanted = stored(KleinEmbedding(model_folder).encode(texts, 256), numbers)
    given = "\n".join(texts).encode()
    out = tmp_path / "v.npy"
    how = ("--dim", "256", "--numbers", numbers)
    done = klein("embed", "-", *how, "--format", "npy", "--out", out, stdin=given)
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", b"")
    found = np.load(out)
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    assert np.abs(found.astype(float) - wanted.astype(float)).max() <= (numbers == "int8") + 1e-3
    records = [json.loads(row) for row in klein("embed", *how, stdin=given).stdout.splitlines()]
    assert [record["text"] for record in records] == texts
    rows = np.array([record["vector"] for record in records])
    assert np.abs(rows - found.astype(float)).max() < 1e-6 * 2 + (numbers == "float16") * 1e-6
    assert rows.dtype.kind == ("f" if numbers.startswith("float") else "i")
    assert [path.name for path in tmp_path.iterdir()] == ["v.npy"]


def test_pieces_know_their_places(klein):
    text = "The river runs past the old town. " * 60
    given = f"short\n\n{text}\n".encode()
    done = klein("embed", "--chunk", "64", "--overlap", "8", stdin=given)
    assert (done.returncode, done.stderr) == (0, b"")
    records = [json.loads(row) for row in done.stdout.splitlines()]
    assert records[0]["row"] == 1
    assert {record["row"] for record in records[1:]} == {3}
    assert len(records) > 5
    for record in records[1:]:
        assert record["text"] == text[record["start"] : record["stop"]]


@pytest.mark.parametrize("form", ["npy", "jsonl"])
def test_a_killed_run_is_gone_on_with_and_ends_in_the_same_bytes(
    klein, klein_words, klein_environment, text_file, tmp_path, form
):
    whole, out = tmp_path / "whole", tmp_path / "out"
    command = ("embed", text_file, "--format", form, "--resume", "--out")
    assert klein(*command, whole).returncode == 0
    journal = out.with_name("out.part.json")
    with subprocess.Popen(klein_words(*command, out), env=klein_environment) as process:
        deadline = time.monotonic() + 60
        while not journal.is_file() and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL
    assert 0 < json.loads(journal.read_text())["vectors"] < 3000
    assert not out.exists()
    # What was written behind the last entry of the journal is written again.
    with out.with_name("out.part").open("ab") as file:
        file.write(b"half a row")
    done = klein(*command, out)
    assert (done.returncode, done.stderr) == (0, b"")
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]


class Stops:
    """An embedder that fails at a text, as a full disk or a bad line would make a run fail."""

    def __init__(self, at):
        self.at, self.seen = at, 0

    def encode(self, texts, dim=512):
        self.seen += len(texts)
        if self.at is not None and self.seen > self.at:
            raise OSError("no more")
        rows = np.array([[len(text), *range(1, dim)] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_a_run_goes_on_where_it_stopped_and_embeds_nothing_twice(tmp_path):
    texts = [Item(f"text {n}") for n in range(2000)]
    output = Output(tmp_path / "v.npy", "npy", 128, "float32", "model", resume=True)
    with pytest.raises(OSError, match="no more"):
        write_vectors(Stops(1100), texts, output)
    again = Stops(None)
    written = write_vectors(again, texts, output)
    assert (written.count, written.resumed, again.seen) == (2000, 1024, 976)
    wanted = Stops(None).encode([item.text for item in texts], 128)
    assert np.array_equal(np.load(tmp_path / "v.npy"), wanted)


def test_without_resume_nothing_is_left_of_a_run_that_fails(tmp_path):
    output = Output(tmp_path / "v.npy", "npy", 128, "float32", "model")
    with pytest.raises(OSError, match="no more"):
        write_vectors(Stops(600), [Item("x")] * 2000, output)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "other"}, "begun with another model"),
        ({"dim": 256}, "begun with another model"),
        ({"numbers": "int8"}, "begun with another model"),
        ({"texts": "other"}, "not those of the input"),
        ({"texts": "few"}, "not those of the input"),
    ],
)
def test_a_file_that_belongs_to_something_else_is_refused(tmp_path, change, words):
    texts = [Item(f"text {n}") for n in range(2000)]
    dials = {"dim": 128, "numbers": "float32", "model": "model"}
    output = Output(tmp_path / "v", "jsonl", **dials, resume=True)
    with pytest.raises(OSError, match="no more"):
        write_vectors(Stops(1100), texts, output)
    left = (tmp_path / "v.part").read_bytes()
    kind = change.pop("texts", None)
    given = {"other": [Item("other"), *texts[1:]], "few": texts[:100], None: texts}[kind]
    output = Output(tmp_path / "v", "jsonl", **{**dials, **change}, resume=True)
    with pytest.raises(Exception, match=words):
        write_vectors(Stops(None), given, output)
    assert (tmp_path / "v.part").read_bytes() == left


def test_memory_does_not_grow_with_the_file(tmp_path):
    # Rows of 512 float32 numbers: 40 MB in all, of which no more than a piece may be in memory.
    import tracemalloc

    output = Output(tmp_path / "v.npy", "npy", 512, "float32", "model")
    embedder, items = Stops(None), (Item("x") for _ in range(20_000))
    tracemalloc.start()
    write_vectors(embedder, items, output)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "v.npy").stat().st_size > 40e6
    assert peak < 20e6


def test_options_that_do_not_go_together_are_refused(klein, tmp_path):
    for words, options in (
        ("name it with --out", ["--resume"]),
        ("use --format jsonl", ["--chunk", "64", "--format", "npy", "--out", tmp_path / "v.npy"]),
        ("32 to 254", ["--chunk", "5"]),
    ):
        done = klein("embed", *options, stdin=b"text\n")
        assert done.returncode == 2
        assert words in done.stderr.decode()
        assert done.stderr.count(b"\n") == 1
    assert not list(tmp_path.iterdir())
