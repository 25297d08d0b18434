"""Other people's models: measured beside ours, or refused by name."""

from __future__ import annotations

import dataclasses
import shutil
import sys

import numpy as np
import pytest

from klein_embedding.errors import KleinError
from klein_embedding.eval.alignment import alignment_suite
from klein_embedding.eval.baselines import System, peer_system
from klein_embedding.eval.figures import merged, read_results, titles, write_results
from klein_embedding.eval.peers import Peer, open_peer
from klein_embedding.eval.report import render_table
from klein_embedding.eval.run import measure
from klein_embedding.files import MANIFEST
from klein_embedding.infer.embedding import KleinEmbedding

TEXTS = ["Water is life.", "पानी ही जीवन है।", "tea"]


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "their_model.py").write_text(
        "import numpy as np\n"
        "def letters(texts):\n"
        "    rows = np.array([[text.count(c) + 0.1 for c in 'aeiou '] for text in texts])\n"
        "    return rows / np.linalg.norm(rows, axis=1, keepdims=True)\n"
        "def long(texts):\n"
        "    return 2 * letters(texts)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "their_model"
    sys.modules.pop("their_model", None)


def test_a_peer_has_a_column_of_its_own_width_and_differences_to_ours(
    module, systems, bitexts, tmp_path
):
    suite = alignment_suite(tmp_path, bitexts)
    results = measure([*systems, peer_system(f"vowels={module}:letters")], [suite])
    found = [f for f in results.figures if f.precision == "peer vowels"]
    assert {(f.dim, f.model) for f in found} == {(6, "vowels")}
    assert list(titles(results).values())[-1] == "vowels"
    path = tmp_path / "results.json"
    write_results(path, results)
    table = render_table(read_results(path))
    assert "| int8 | static start | vowels |" in table
    row = next(line for line in table.splitlines() if line.startswith("| Tatoeba hi "))
    value = next(f for f in found if f.language == "hi" and f.metric == "accuracy xx->en").value
    assert row.split("|")[-2].strip().startswith(f"{100 * value:.1f} (")
    assert "- int8 minus vowels: Tatoeba mean" in table


def test_a_peer_of_another_run_stays_while_ours_is_the_same(module, systems, bitexts, tmp_path):
    suite = alignment_suite(tmp_path, bitexts)
    old = measure([*systems, peer_system(f"vowels={module}:letters")], [suite])
    new = measure(systems, [dataclasses.replace(suite, name="other")])
    renamed = [dataclasses.replace(f, suite="other") for f in new.figures]
    new = dataclasses.replace(new, figures=renamed, differences=[])
    assert any(f.precision == "peer vowels" for f in merged(new, old).figures)
    changed = [dataclasses.replace(f, model_digest="f" * 64) for f in renamed]
    kept = merged(dataclasses.replace(new, figures=changed), old).figures
    assert {f.suite for f in kept} == {"other"}


def test_a_model_folder_of_ours_is_read_as_int8(model_folder):
    _, _, peer = open_peer(f"before={model_folder}")
    ours = KleinEmbedding(model_folder, "int8").encode(TEXTS)
    assert np.array_equal(peer.rows(TEXTS), ours)


def test_a_folder_of_sentence_transformers_gives_its_vectors(model_folder, tmp_path):
    folder = shutil.copytree(model_folder, tmp_path / "theirs")
    (folder / MANIFEST).unlink()
    column, digest, peer = open_peer(f"small={folder}")
    assert (column, len(digest)) == ("peer small", 64)
    ours = KleinEmbedding(model_folder, "float32").encode(TEXTS)
    assert np.allclose(peer.rows(TEXTS), ours, atol=1e-4)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("vowels", "write NAME=FOLDER or NAME=MODULE:FUNCTION"),
        ("vowels=nowhere", "nowhere is no folder, and no MODULE:FUNCTION"),
        ("vowels=no_such_module:run", "No module named 'no_such_module'; install it"),
        ("vowels=their_model:consonants", "has no attribute 'consonants'"),
    ],
)
def test_a_peer_that_cannot_be_had_is_refused(said, message, module):
    with pytest.raises(KleinError, match=message):
        peer_system(said)


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(KleinError, match=r"peer x: .*empty does not load"):
        open_peer(f"x={tmp_path / 'empty'}")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.full((3, 4), np.nan), "NaN or infinity"),
        (np.eye(4)[:2], r"shape \(2, 4\), asked for \(3, 4\)"),
        (np.ones(3), r"shape \(3,\)"),
        (2 * np.eye(4)[:3], "not of length 1"),
    ],
)
def test_vectors_that_are_none_never_become_figures(rows, message):
    with pytest.raises(KleinError, match=message):
        Peer("theirs", lambda _: rows).rows(TEXTS)


def test_lengths_other_than_one_are_refused_through_the_run(module, bitexts, systems, tmp_path):
    suite = alignment_suite(tmp_path, bitexts)
    column, digest, peer = open_peer(f"long={module}:long")
    with pytest.raises(KleinError, match="long: gave rows that are not of length 1"):
        measure([*systems, System("long", column, digest, peer)], [suite])
