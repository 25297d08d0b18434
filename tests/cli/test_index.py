"""``klein index`` and the forms of ``klein search`` in processes of their own."""

from __future__ import annotations

import json
import os
import pty
import subprocess

import pytest

from klein_embedding.cli import main as cli
from klein_embedding.files import read_json, sha256, write_json
from tests.cli.test_use import refused

PAGES = {
    "docs/a.md": "# Town\n\nThe bridge is old. The river runs past it.\n",
    "docs/b.txt": "the train is late\n\nनदी शहर के पास बहती है।\n",
    "docs/c.html": "<h1>Water</h1>\n<p>Water is <b>life</b>.</p>",
    "docs/d.csv": "id,text\n1,a row of a table\n",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory, klein):
    """A folder with files of several kinds and an index of them."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "docs").mkdir()
    for name, text in PAGES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "docs/e.bin").write_bytes(b"\xff\xfe")
    done = klein("index", "build", "notes.index", "docs", "--dim", "256", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() == (
        "6 passages; files: 4 read, 0 unchanged, 0 removed; 6 texts embedded\n"
    )
    assert done.stderr.decode() == "klein: left out 1 file: not readable as UTF-8 text\n"
    return folder


def test_an_index_answers_in_every_form(klein, home):
    ask = ("index", "search", "notes.index")
    table = klein(*ask, "the train is late", "--top", "1", cwd=home)
    assert (table.returncode, table.stderr) == (0, b"")
    assert table.stdout.decode() == f"1.0000  docs{os.sep}b.txt:1  the train is late\n"
    lines = klein(*ask, "नदी शहर के पास बहती है।", "--top", "1", "--format", "lines", cwd=home)
    assert lines.stdout.decode() == f"docs{os.sep}b.txt:3: नदी शहर के पास बहती है।\n"
    both = klein(*ask, "The river runs past it.", "--format", "jsonl", "--hybrid", cwd=home)
    hits = [json.loads(line) for line in both.stdout.splitlines()]
    assert len(hits) == 5
    town = next(hit for hit in hits if hit["path"].endswith("a.md"))
    assert town["path"] == str(home / "docs/a.md")
    assert town["text"][slice(*town["best"])] == "The river runs past it."
    text = PAGES["docs/a.md"]
    assert (town["line"], town["start"], town["stop"]) == (1, 0, len(text) - 1)
    whole = klein(*ask, "water", "--json", "--lang", "ne", cwd=home)
    assert [hit["languages"] for hit in json.loads(whole.stdout)["hits"]] == [["hi", "mr", "ne"]]
    table = klein(*ask, "a row of a table", "--path", "*.csv", "--format", "lines", cwd=home)
    assert table.stdout.decode() == f"docs{os.sep}d.csv:2: a row of a table\n"


def test_nothing_that_passes_the_filters_is_code_1(klein, home):
    done = klein("index", "search", "notes.index", "x", "--path", "*.pdf", cwd=home)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.count(b"\n") == 1


def test_info_and_add_tell_what_is_there(klein, home):
    added = json.loads(klein("index", "add", "notes.index", "--json", cwd=home).stdout)
    assert (added["read"], added["unchanged"], added["passages"]) == (0, 4, 6)
    facts = json.loads(klein("index", "info", "notes.index", "--json", cwd=home).stdout)
    assert (facts["model"], facts["dim"], facts["passages"]) == ("klein-small", 256, 6)
    assert facts["languages"] == {"en": 5, "hi mr ne": 1}
    assert facts["sources"] == [str(home / "docs")]
    shown = klein("index", "info", home / "notes.index").stdout.decode().splitlines()
    assert "search: exact" in shown


def test_wrong_input_is_one_line(home, model_folder, tmp_path, monkeypatch, capfdbinary):
    monkeypatch.chdir(home)
    monkeypatch.setenv("KLEIN_MODEL", str(model_folder))

    def index(*words):
        code = cli.run(["index", *map(str, words)])
        return subprocess.CompletedProcess(words, code, *capfdbinary.readouterr())

    refused(index("search", "none", "x"), "none: holds no index; make one with `klein index build")
    refused(index("info", "docs"), "docs: holds no index")
    refused(index("build", "docs", "docs"), "holds other files")
    refused(index("build", tmp_path / "new", "missing"), "missing: no such file or folder")
    refused(index("build", tmp_path / "new", "docs", "--dim", "100"), "512, 256, 128")
    refused(index("build", tmp_path / "new"), "SOURCES")
    both = "made by klein-small"
    refused(index("search", "notes.index", "x", "--dim", "128"), both)
    refused(index("add", "notes.index", "--dim", "512"), both)
    refused(index("search", "notes.index", " "), "query is blank")
    refused(index("search", "notes.index", "x", "--lang", "fr"), "language 'fr': choose one of en")
    refused(index("search", "notes.index", "x", "--top", "0"), "top 0")
    refused(index("search", "notes.index", "\udcff"), "lone surrogate")
    assert list(tmp_path.iterdir()) == []


def test_another_model_is_refused(klein, home, model_folder, tmp_path):
    other = tmp_path / "release"
    subprocess.run(["cp", "-r", model_folder, other], check=True)
    tokens = read_json(other / "tokenizer.json")
    write_json(other / "tokenizer.json", {**tokens, "normalizer": {"type": "NFC"}})
    manifest = read_json(other / "manifest.json")
    manifest["files"]["tokenizer.json"] = sha256(other / "tokenizer.json")
    write_json(other / "manifest.json", {**manifest, "name": "klein-other"})
    done = klein("index", "search", "notes.index", "x", "--model", other, cwd=home)
    refused(done, "made by klein-small")
    assert b"and this is klein-other" in done.stderr


def test_a_folder_without_text_makes_no_index(klein, tmp_path):
    (tmp_path / "empty").mkdir()
    done = klein("index", "build", "new", "empty", cwd=tmp_path)
    assert done.returncode == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("verb", ["build", "add", "search", "info"])
def test_every_verb_shows_an_example_and_speaks_json(klein, verb):
    shown = " ".join(klein("index", verb, "--help").stdout.decode().split())
    assert f"Example: klein index {verb} notes.index" in shown
    assert "--json" in shown


def test_search_without_an_index_speaks_the_same_forms(klein, home):
    ask = ("search", "The river runs past it.", "docs/a.md", "docs/c.html")
    lines = klein(*ask, "--format", "lines", cwd=home).stdout.decode().splitlines()
    assert sorted(lines) == [
        f"docs{os.sep}a.md:1: # Town The bridge is old. The river runs past it.",
        f"docs{os.sep}c.html:1: Water",
        f"docs{os.sep}c.html:2: Water is life.",
    ]
    hits = [
        json.loads(line) for line in klein(*ask, "--format", "jsonl", cwd=home).stdout.splitlines()
    ]
    assert {hit["path"] for hit in hits} == {"docs/a.md", "docs/c.html"}


def test_the_best_sentence_is_bold_on_a_terminal(klein_words, klein_environment, home):
    main, other = pty.openpty()
    words = klein_words("search", "The river runs past it.", "docs/a.md")
    done = subprocess.run(
        words,
        check=False,
        stdout=other,
        stderr=subprocess.PIPE,
        env=klein_environment,
        cwd=home,
        timeout=60,
    )
    os.close(other)
    shown = os.read(main, 10_000).decode()
    os.close(main)
    assert done.returncode == 0, done.stderr
    assert "# Town The bridge is old. \x1b[1mThe river runs past it.\x1b[0m" in shown


def test_a_long_passage_is_shown_around_its_best_sentence(klein, tmp_path):
    filler = "The committee postponed its decision. " * 8
    (tmp_path / "a.txt").write_text(f"{filler}Water is life. {filler}", encoding="utf-8")
    done = klein("search", "Water is life.", "a.txt", "--top", "1", cwd=tmp_path)
    shown = done.stdout.decode().rstrip("\n")
    assert "  …Water is life. The committee" in shown
    assert shown.endswith("…")
    assert len(shown) < 200
