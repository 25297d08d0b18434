"""The verb in a process of its own, on an exported model folder and a static one."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from tokenizers import Tokenizer

from klein_embedding.cli.main import run
from klein_embedding.errors import KleinError
from klein_embedding.eval.baselines import encoder_systems
from klein_embedding.eval.figures import read_results
from klein_embedding.eval.report import END, START, render_table, split_readme
from klein_embedding.eval.vectors import cut, embedded
from klein_embedding.export.dequantise import dequantise_folder
from klein_embedding.infer.folder import DERIVED

TEXTS = ["Water is life.", "पानी ही जीवन है।", "The river runs past the old town.", "tea"]


@pytest.fixture
def static(small_tokenizer, tmp_path):
    folder = tmp_path / "static"
    folder.mkdir()
    shutil.copy(small_tokenizer, folder / "tokenizer.json")
    size = Tokenizer.from_file(str(small_tokenizer)).get_vocab_size()
    table = np.random.default_rng(1).normal(size=(size, 512)).astype(np.float32)
    np.save(folder / "table.npy", table)
    return folder


def test_klein_eval_measures_all_columns_and_passes_its_own_gate(
    klein, model_folder, static, processed, tmp_path, capsys
):
    readme = tmp_path / "README.md"
    readme.write_text(f"{START}\n{END}\n", encoding="utf-8")
    fixed = ["eval", model_folder, "--suite", "held-out", "--processed", processed]
    fixed += ["--static", static, "--out", tmp_path / "out", "--vectors", tmp_path / "vectors"]
    done = klein(*fixed, "--readme", readme, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    path = tmp_path / "out/klein-small.json"
    results = read_results(path)
    assert len(json.loads(done.stdout)["figures"]) == len(results.figures)
    assert {f.precision for f in results.figures} == {"float32", "int8", "static", "lexical"}
    assert len({f.model_digest for f in results.figures}) == 4
    assert all("eval" in f.command and "--suite held-out" in f.command for f in results.figures)
    assert split_readme(readme)[1] == render_table(results)
    # The rest in this process: a start costs more than the measuring.
    again = [str(part) for part in fixed]
    assert run([*again, "--compare", str(path)]) == 0
    assert "0 fell" in capsys.readouterr().err
    worse = json.loads(path.read_text(encoding="utf-8"))
    for figure in worse["figures"]:
        figure["low"] = 1.5
    older = tmp_path / "older.json"
    older.write_text(json.dumps(worse), encoding="utf-8")
    assert run([*again, "--compare", str(older)]) == 1
    fallen = capsys.readouterr().err
    assert "held-out/translation hi accuracy, int8 at 512: fell to" in fallen


def test_klein_eval_without_its_data_says_what_to_run(klein, tmp_path):
    done = klein("eval", "--suite", "stsb", "--data", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"run: klein data fetch recipes/v0.2.toml" in done.stderr
    assert not (tmp_path / "out").exists()


def test_cutting_equals_asking_the_real_model_for_the_smaller_width(model_folder):
    for system in encoder_systems(model_folder):
        whole = embedded(system.embedder, system.precision, TEXTS, 512)
        for dim in (256, 128):
            asked = system.embedder.encode(TEXTS, dim)
            assert np.allclose(cut(whole, dim, "x").rows, asked, atol=1e-6)


def test_float32_is_a_column_only_when_it_came_from_the_checkpoint(model_folder, tmp_path):
    folder = shutil.copytree(model_folder, tmp_path / "release")
    both = encoder_systems(folder)
    assert [(s.model, s.precision) for s in both] == [
        ("klein-small", "float32"),
        ("klein-small", "int8"),
    ]
    for name in DERIVED:
        (folder / name).unlink()
    assert [s.precision for s in encoder_systems(folder)] == ["int8"]
    dequantise_folder(folder)
    assert [s.precision for s in encoder_systems(folder)] == ["int8"]
    assert encoder_systems(folder)[0].digest == both[1].digest


def test_an_altered_model_is_not_measured(model_folder, tmp_path):
    folder = shutil.copytree(model_folder, tmp_path / "release")
    path = folder / "onnx/model_quantized.onnx"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(KleinError, match="differs"):
        encoder_systems(folder)
