"""The real command in a process of its own: what it prints, and how it refuses."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess

import click
import numpy as np
import pytest

from klein_embedding.cli import main as cli
from klein_embedding.infer.embedding import KleinEmbedding

LINES = "the river runs\n\nपानी ही जीवन है।\n".encode()
OURS = ("embed", "similarity", "search", "info", "export")


def refused(done, words):
    """The process ended with code 2, one line on standard error, and nothing on the other."""
    message = done.stderr.decode()
    assert done.returncode == 2, message
    assert message.startswith("klein: ")
    assert message.count("\n") == 1, message
    assert words in message
    assert done.stdout == b""


def test_embed_writes_a_line_for_every_line(klein, model_folder, tmp_path):
    (tmp_path / "in.txt").write_bytes(LINES)
    done = klein("embed", "in.txt", "--dim", "128", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    records = [json.loads(line) for line in done.stdout.decode().splitlines()]
    texts = ["the river runs", "", "पानी ही जीवन है।"]
    assert [record["text"] for record in records] == texts
    wanted = KleinEmbedding(model_folder).encode(texts, dim=128)
    assert np.abs(np.array([record["vector"] for record in records]) - wanted).max() < 2e-6


def test_embed_writes_npy_to_a_pipe_and_to_a_file(klein, tmp_path):
    piped = klein("embed", "--format", "npy", stdin=LINES)
    assert (piped.returncode, piped.stderr) == (0, b"")
    out = tmp_path / "v.npy"
    filed = klein("embed", "-", "--format", "npy", "--out", out, stdin=LINES)
    assert (filed.returncode, filed.stdout) == (0, b"")
    vectors = np.load(out)
    assert vectors.shape == (3, 512)
    assert np.array_equal(np.load(io.BytesIO(piped.stdout)), vectors)


def test_embed_reads_json_lines(klein):
    given = b'{"body": "one"}\n{"body": "two"}\n'
    done = klein("embed", "--jsonl-field", "body", stdin=given)
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == ["one", "two"]
    refused(klein("embed", "--jsonl-field", "text", stdin=given), "line 1 has no text")


def test_nothing_to_embed_is_code_1(klein, tmp_path):
    done = klein("embed", "--out", tmp_path / "v.jsonl")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.count(b"\n") == 1
    assert not (tmp_path / "v.jsonl").exists()


def test_similarity_prints_a_number(klein):
    same = klein("similarity", "पानी", "पानी")
    assert (same.returncode, same.stdout.strip()) == (0, b"1.0000")
    other = klein("similarity", "water", "नदी", "--json", "--dim", "256")
    record = json.loads(other.stdout)
    assert (record["first"], record["second"], record["dim"]) == ("water", "नदी", 256)
    assert -1 <= record["similarity"] < 0.999


def test_search_ranks_files_and_folders(klein, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text("# A\n\nthe bridge\n\nthe river\n", encoding="utf-8")
    (tmp_path / "docs/b.bin").write_bytes(b"\xff\xfe")
    done = klein("search", "the river", "docs", "--top", "1", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.decode() == f"1.0000  docs{os.sep}a.md:5  the river\n"
    assert done.stderr.decode().splitlines() == [
        f"klein: docs{os.sep}b.bin: skipped, not readable as UTF-8 text"
    ]
    lines = klein("search", "bridge", "--by", "line", "--json", stdin=b"bridge\n\nriver\n")
    hits = json.loads(lines.stdout)["hits"]
    assert [(hit["path"], hit["line"], hit["text"]) for hit in hits] == [
        ("-", 1, "bridge"),
        ("-", 3, "river"),
    ]


def test_search_that_finds_nothing_is_code_1(klein):
    done = klein("search", "anything", stdin=b"\n \n")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.count(b"\n") == 1


def test_info_describes_and_checks(klein, model_folder):
    facts = json.loads(klein("info", "--json").stdout)
    assert facts["name"] == "klein-small"
    assert facts["dims"] == [512, 256, 128]
    assert facts["shape"]["layers"] == 2
    assert facts["bytes"]["README.md"] == (model_folder / "README.md").stat().st_size
    assert "name: klein-small" in klein("info", model_folder).stdout.decode().splitlines()


def test_export_makes_the_float32_files_again(klein, model_folder, tmp_path):
    folder = shutil.copytree(model_folder, tmp_path / "release")
    (folder / "model.safetensors").unlink()
    done = klein("export", folder, "--to", "safetensors", "--json")
    assert done.returncode == 0, done.stderr
    assert "model.safetensors" in json.loads(done.stdout)["files"]
    assert (folder / "model.safetensors").is_file()
    refused(klein("export", folder), "--to")
    refused(klein("export", tmp_path / "none", "--to", "safetensors"), "no such model folder")


ODD = {
    "empty": "",
    "spaces": " \t ",
    "emoji": "👩‍🚀👍🏽",
    "unknown scripts": "𓀀 ᚠᛇᚻ 東京",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_arguments_have_vectors(klein, text):
    done = klein("similarity", text, text)
    assert (done.returncode, done.stdout.strip()) == (0, b"1.0000")


def test_odd_lines_have_vectors(klein):
    given = b"a\0b\0\n" + b"word " * 200_000 + b"\n" + "𓀀👍🏽\u202e".encode()
    done = klein("embed", "--format", "npy", stdin=given)
    assert done.returncode == 0
    assert done.stderr.startswith(b"klein: 1 texts are longer than the model reads")
    assert done.stderr.count(b"\n") == 1
    vectors = np.load(io.BytesIO(done.stdout))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)


def test_lone_surrogates_are_refused(klein):
    refused(klein("similarity", "fine", b"\xff\xfe"), "lone surrogate")
    refused(klein("embed", "--jsonl-field", "t", stdin=b'{"t": "\\udc00"}'), "lone surrogate")


def test_bad_files_are_refused(klein, tmp_path):
    (tmp_path / "binary").write_bytes(b"text\n\x89PNG\r\n\x1a\n\0\0")
    refused(klein("embed", tmp_path / "missing"), "no such file")
    refused(klein("embed", tmp_path), "is a folder")
    refused(klein("embed", tmp_path / "binary"), "line 2 is not UTF-8")
    refused(klein("search", "x", tmp_path / "missing"), "no such file")
    refused(klein("search", "x", tmp_path / "binary"), "line 2 is not UTF-8")
    refused(klein("embed", stdin=b"\xff"), "standard input: line 1 is not UTF-8")
    refused(klein("embed", "--out", tmp_path / "no/such/v.jsonl", stdin=b"x"), "No such file")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["binary"]


def test_bad_options_are_refused(klein):
    refused(klein("embed", "--dim", "100", stdin=b"x"), "512, 256, 128")
    refused(klein("embed", "--dim", "many", stdin=b"x"), "--dim")
    refused(klein("embed", "--format", "csv", stdin=b"x"), "--format")
    refused(klein("search", " ", stdin=b"x"), "query is blank")
    refused(klein("search", "x", "--top", "0", stdin=b"x"), "top 0")
    refused(klein("similarity", "one"), "SECOND")
    refused(klein("embeed"), "embeed")


def test_bad_models_are_refused(klein, model_folder, tmp_path):
    refused(klein("similarity", "a", "b", "--model", tmp_path / "none"), "no such model folder")
    refused(klein("similarity", "a", "b", model=tmp_path), "manifest.json")
    folder = shutil.copytree(model_folder, tmp_path / "release")
    path = folder / "onnx/model_quantized.onnx"
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], content[:-1] + bytes([content[-1] ^ 1])):
        path.write_bytes(damaged)
        refused(klein("similarity", "a", "b", model=folder), "differs from its manifest")


def test_a_closed_pipe_ends_the_command_quietly(klein_words, klein_environment):
    command = klein_words("embed")
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=klein_environment,
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(b"river\n" * 1500)
        process.stdin.close()
        assert process.stdout.readline().startswith(b'{"text": "river"')
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


def test_a_closed_standard_input_is_refused(klein_words, klein_environment):
    line = " ".join(["exec", *klein_words("embed"), "<&-"])
    done = subprocess.run(
        ["sh", "-c", line], capture_output=True, env=klein_environment, check=False, timeout=60
    )
    refused(done, "standard input is closed")


def test_no_model_anywhere_says_what_to_do(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("KLEIN_MODEL", raising=False)
    monkeypatch.setattr("klein_embedding.infer.folder.__file__", str(tmp_path / "a/b/folder.py"))
    assert cli.run(["info"]) == 2
    assert "KLEIN_MODEL" in capsys.readouterr().err


def test_help_lists_every_verb_and_imports_none(klein, klein_words, klein_environment):
    done = klein("--help")
    assert done.returncode == 0
    for name, verb in cli.VERBS.items():
        assert f"  {name} " in done.stdout.decode()
        assert verb.summary in done.stdout.decode()
    loaded = subprocess.run(
        [*klein_words()[:1], "-X", "importtime", *klein_words("--help")[1:]],
        capture_output=True,
        text=True,
        env=klein_environment,
        check=True,
        timeout=60,
    )
    modules = {line.rpartition("|")[2].strip() for line in loaded.stderr.splitlines()}
    assert "click" in modules
    assert not modules & {"numpy", "torch", "onnxruntime", "tokenizers", "klein_embedding.cli.use"}


@pytest.mark.parametrize("name", OURS)
def test_every_verb_shows_an_example(klein, name):
    shown = klein(name, "--help")
    assert shown.returncode == 0
    assert f"Example: klein {name} " in " ".join(shown.stdout.decode().split())


@pytest.mark.parametrize("name", OURS)
def test_every_verb_speaks_to_machines(name):
    verb = cli.Verbs().get_command(click.Context(cli.klein), name)
    assert verb is not None
    options = {option for param in verb.params for option in param.opts}
    assert "--json" in options or "--format" in options


def test_a_missing_package_is_named(monkeypatch, capsys):
    absent = cli.Verb("klein_package_that_is_not_there:verb", "For this test.")
    monkeypatch.setitem(cli.VERBS, "absent", absent)
    assert cli.run(["absent"]) == 2
    assert "needs klein_package_that_is_not_there" in capsys.readouterr().err


def test_an_interrupt_is_code_130(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.Verbs, "get_command", interrupted)
    assert cli.run(["info"]) == 130
