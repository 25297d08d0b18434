"""The whole way on the tiny recipe, by real processes, with real kills."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from klein_embedding.files import digest_of, read_manifest, sha256, write_json
from klein_embedding.infer.embedding import KleinEmbedding
from klein_embedding.infer.static import StaticEmbedding
from klein_embedding.model.embedder import matryoshka
from klein_embedding.recipe import load_recipe
from klein_embedding.train.finished import model_of

ROOT = Path(__file__).parent.parent
TRAINED = load_recipe(ROOT / "recipes" / "tiny.toml").stages.planned()
STAGES = ("corpus", "tokenizer", "shards", TRAINED[0], "twin", *TRAINED[1:], "export")
FOLDERS = ("tokenizer", "shards", *TRAINED, "release", "release-static")


def _home(folder: Path) -> Path:
    """A folder with the tiny recipe and its text, as a checkout has them."""
    (folder / "recipes").mkdir(parents=True)
    for name in ("tiny.toml", "tiny-sources.toml"):
        shutil.copy(ROOT / "recipes" / name, folder / "recipes" / name)
    shutil.copytree(ROOT / "tests" / "fixtures" / "tiny", folder / "tests" / "fixtures" / "tiny")
    return folder


def _klein(home: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "klein_embedding.cli.main", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command,
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _run(home: Path, *words: str) -> tuple[int, str, str]:
    with _klein(home, *words) as process:
        try:
            out, err = process.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return process.returncode, out, err


def _results(home: Path) -> dict[str, str]:
    """Digests of every stage's files, manifests apart (they hold the date)."""
    folders = [
        home / "data" / "raw",
        home / "data" / "processed" / "tiny",
        *(home / "runs" / "tiny" / name for name in FOLDERS),
    ]
    paths = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(home)): sha256(path) for path in paths if path.name != "manifest.json"
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the tiny recipe ran from start to end."""
    home = _home(tmp_path_factory.mktemp("made"))
    code, out, err = _run(home, "make", "recipes/tiny.toml")
    assert code == 0, err
    assert "export: finished" in out
    return home


def test_every_stage_leaves_a_manifest_that_leads_back(made: Path) -> None:
    runs = made / "runs" / "tiny"
    corpus = read_manifest(made / "data" / "processed" / "tiny")
    tokenizer = read_manifest(runs / "tokenizer")
    shards = read_manifest(runs / "shards")
    first, last = read_manifest(runs / "static"), read_manifest(runs / TRAINED[-1])
    release = read_manifest(runs / "release")
    assert corpus["guard"] == tokenizer["guard"] == shards["guard"] == last["guard"]
    assert shards["tokenizer"] == tokenizer["files"]["tokenizer.json"]
    assert release["key"] == last["files"]["model.safetensors"]
    assert read_manifest(runs / "release-static")["key"] == first["files"]["table.npy"]


def test_planted_evaluation_text_is_not_in_the_corpus(made: Path) -> None:
    planted = (made / "tests/fixtures/tiny/heldout/hi-en.tsv").read_text(encoding="utf-8")
    counts = read_manifest(made / "data" / "processed" / "tiny")["counts"]
    assert counts["dropped"]["tiny-pairs"]["evaluation text"] == 5
    import pyarrow.parquet as pq

    for name in ("pairs-train", "pairs-valid"):
        table = pq.read_table(made / "data" / "processed" / "tiny" / f"{name}.parquet")
        texts = "\n".join(text.lower() for text in table["anchor"].to_pylist())
        assert texts
        assert not any(line.split("\t")[0] in texts for line in planted.splitlines())


def test_training_learned_the_invented_languages(made: Path) -> None:
    """The static stage pairs held-out translations; the encoder keeps what it began from."""
    import pyarrow.parquet as pq

    table = pq.read_table(made / "data" / "processed" / "tiny" / "pairs-valid.parquet")
    sides = table["anchor"].to_pylist(), table["positive"].to_pylist()
    systems = {
        "static": StaticEmbedding(made / "runs" / "tiny" / "static"),
        "encoder": KleinEmbedding(made / "runs" / "tiny" / "release", precision="float32"),
        "twin": KleinEmbedding(made / "runs" / "tiny" / "release-static"),
    }
    right = {}
    for name, system in systems.items():
        anchors, positives = (system.encode(side) for side in sides)
        right[name] = float(np.mean((anchors @ positives.T).argmax(1) == np.arange(len(anchors))))
    assert right["static"] > 0.5  # 1 in 200 by chance
    assert right["encoder"] > right["static"] - 0.05
    assert right["twin"] == pytest.approx(right["static"], abs=0.01)


def test_untrained_encoder_equals_the_static_model_on_real_sentences(made: Path) -> None:
    """The slack-coordinate start, on the demo's passages in fifteen languages."""
    static = made / "runs" / "tiny" / "static"
    passages = [
        text
        for path in sorted((ROOT / "demo" / "texts").glob("*.md"))
        for text in path.read_text(encoding="utf-8").split("\n\n")
    ]
    sentences = [text[:100] for text in passages if text.strip()]
    tokenizer = Tokenizer.from_file(str(static / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding(pad_id=1, pad_token="<pad>")
    rows = tokenizer.encode_batch(sentences)
    ids = torch.tensor([row.ids for row in rows])
    mask = torch.tensor([row.attention_mask for row in rows], dtype=torch.bool)
    recipe = load_recipe(made / "recipes" / "tiny.toml")
    model = model_of(recipe.model, static, seed=1).eval()
    with torch.no_grad():
        found = matryoshka(model(ids, mask), 512).numpy()
    assert len(sentences) >= 60
    assert (found * StaticEmbedding(static).encode(sentences)).sum(1).min() > 0.9999


def test_a_second_run_finds_everything_done(made: Path) -> None:
    before = _results(made)
    code, _, err = _run(made, "make", "recipes/tiny.toml")
    assert code == 0
    assert [f"{stage}: done already" in err for stage in STAGES] == [True] * len(STAGES)
    assert _results(made) == before
    code, out, _ = _run(made, "make", "recipes/tiny.toml", "--dry-run")
    assert out.split("\n")[:-1] == [f"{stage}: done" for stage in STAGES]


def test_killed_at_every_stage_it_still_ends_with_the_same_bytes(
    made: Path, tmp_path: Path
) -> None:
    home = _home(tmp_path / "killed")
    for stage in STAGES:
        process = _klein(home, "make", "recipes/tiny.toml")
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(f"{stage}: running"):
                break
        else:
            pytest.fail(f"{stage} never ran")
        time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    code, _, err = _run(home, "make", "recipes/tiny.toml")
    assert code == 0, err
    assert _results(home) == _results(made)


def test_changed_data_makes_later_stages_stale(made: Path, tmp_path: Path) -> None:
    home = tmp_path / "changed"
    shutil.copytree(made, home)
    recipe = home / "recipes" / "tiny.toml"
    text = recipe.read_text(encoding="utf-8").replace("valid_share = 0.1", "valid_share = 0.2")
    recipe.write_text(text, encoding="utf-8")
    code, out, _ = _run(home, "make", "recipes/tiny.toml", "--dry-run")
    assert code == 0
    assert out.split("\n")[:-1] == [f"{stage}: to run" for stage in STAGES]


def test_terminated_training_saves_and_resumes(made: Path, tmp_path: Path) -> None:
    home = tmp_path / "terminated"
    shutil.copytree(made, home)
    shutil.rmtree(home / "runs" / "tiny" / "static")
    shutil.rmtree(home / "runs" / "tiny" / "static-work")
    process = _klein(home, "train", "recipes/tiny.toml", "--stage", "static")
    assert process.stderr is not None
    validations = (line for line in process.stderr if line.startswith("held-out"))
    assert len([next(validations), next(validations)]) == 2  # before step 1, and at step 60
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err.strip().splitlines()[-1].startswith("klein: stopped by a signal")
    (saved,) = (home / "runs" / "tiny" / "static-work").glob("step-*/state.json")
    assert 0 < json.loads(saved.read_text())["step"] < 120
    code, _, err = _run(home, "train", "recipes/tiny.toml", "--stage", "static")
    assert code == 0
    assert "resuming at step" in err
    table = "runs/tiny/static/table.npy"
    assert sha256(home / table) == sha256(made / table)


@pytest.mark.parametrize("strict", [False, True])
def test_a_source_that_cannot_be_had_is_named(tmp_path: Path, strict: bool) -> None:
    home = _home(tmp_path / "lacking")
    shutil.rmtree(home / "tests" / "fixtures" / "tiny" / "lines")
    words = ["data", "fetch", "recipes/tiny.toml", *(["--strict"] if strict else [])]
    code, _, err = _run(home, *words)
    assert "tiny-lines" in err
    assert code == (2 if strict else 0)
    assert (home / "data" / "raw" / "tiny-pairs" / "manifest.json").is_file()


def test_each_model_gets_the_card_of_its_own_figures(made: Path, tmp_path: Path) -> None:
    home = tmp_path / "measured"
    shutil.copytree(made, home)
    folders = {"klein-tiny": "release", "klein-tiny-static": "release-static"}
    for at, (name, folder) in enumerate(folders.items()):
        model = home / "runs" / "tiny" / folder
        parts = ("onnx/model_quantized.onnx", "tokenizer.json")
        figure = {
            "suite": "tatoeba",
            "language": "hi",
            "metric": "accuracy",
            "dim": 512,
            "precision": "int8",
            "value": 0.125 + at / 2,
            "low": 0.1,
            "high": 0.9,
            "model_digest": digest_of({part: sha256(model / part) for part in parts}),
        }
        results = home / f"{name}.json"
        write_json(results, {"figures": [figure]})
        code, out, err = _run(home, "card", "recipes/tiny.toml", "--results", results.name)
        assert (code, Path(out.strip())) == (0, model / "README.md"), err
        assert f"| {figure['value']:.3f} |" in (model / "README.md").read_text(encoding="utf-8")
        assert KleinEmbedding(model).manifest["name"] == name
    static = (home / "runs/tiny/release-static/README.md").read_text(encoding="utf-8")
    assert "A RoBERTa without blocks" in static
    assert "0.125" not in static
    code, _, err = _run(home, "card", "recipes/tiny.toml", "--results", "none.json")
    assert (code, err.startswith("klein: ")) == (2, True)


def test_no_corpus_without_its_evaluation_sets(tmp_path: Path) -> None:
    home = _home(tmp_path / "unguarded")
    shutil.rmtree(home / "tests" / "fixtures" / "tiny" / "heldout")
    code, _, err = _run(home, "make", "recipes/tiny.toml")
    assert code == 2
    assert "eval-tiny" in err.strip().splitlines()[-1]
    assert not (home / "data" / "processed").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("make", "recipes/none.toml"), "no such recipe"),
        (("make", "recipes"), "not readable"),
        (("train", "recipes/tiny.toml", "--seconds", "0"), "--seconds"),
        (("data", "build", "recipes/tiny.toml"), "eval-tiny"),
        (("tokenizer", "train", "recipes/tiny.toml"), "run the stage"),
    ],
)
def test_wrong_calls_end_with_one_line(
    tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    home = _home(tmp_path / "wrong")
    code, out, err = _run(home, *words)
    last = err.strip().splitlines()[-1]
    assert code == 2
    assert out == ""
    assert last.startswith("klein: ")
    assert message in last
    assert "Traceback" not in err
