"""Training on another machine, rehearsed: bundle, carry over, train in two calls, bring back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from klein_embedding.errors import KleinError
from klein_embedding.files import check_files, read_json, sha256, write_json
from klein_embedding.recipe import Recipe
from klein_embedding.tokenizer.pipeline import HEAD
from klein_embedding.train import handing
from klein_embedding.train.bundle import Call, is_finished, stages_to_train, write_bundle
from klein_embedding.train.order import Workshop, stage_key
from klein_embedding.train.stages import run_stage
from klein_embedding.train.telling import read_log
from klein_embedding.train.unbundle import unbundle

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 5
# What the other machine lacks, and the checkout and the borrowed packages that are installed here.
BARE = f"""
import sys
from importlib.machinery import PathFinder
sys.path[:] = [path for path in sys.path if path != {str(ROOT)!r}]
LACKING = ("pyarrow", "click", "onnx", "onnxruntime", "sklearn", "scipy", "polib", "transformers",
           "sentence_transformers", "ftfy", "rensa", "yaml", "defusedxml", "matplotlib", "pytest")
BROUGHT = ("klein_embedding", "jaxtyping", "wadler_lindig")
class Bare(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in LACKING:
            return None
        if name in BROUGHT:
            path = [place for place in sys.path if place.endswith("/code")]
        return PathFinder.find_spec(name, path, target)
sys.meta_path[:] = [Bare if finder is PathFinder else finder for finder in sys.meta_path]
"""


def _recipe(recipe: Recipe) -> Recipe:
    """No rounds of negatives, and an encoder stage by the clock, so that a call can cut it."""
    stages = recipe.stages
    run = replace(stages.contrastive.run, max_steps=0, seconds=SECONDS, valid_every=40)
    contrastive = replace(stages.contrastive, run=run)
    mine = replace(stages.mine, rounds=0)
    return replace(recipe, stages=replace(stages, contrastive=contrastive, mine=mine))


def _carry(bundle: Path, call: Call, there: Path) -> None:
    """Copy what a call carries, as a transfer does: what it names is replaced."""
    there.mkdir(exist_ok=True)
    for name in call.paths:
        if (bundle / name).is_dir():
            shutil.rmtree(there / name, ignore_errors=True)
            shutil.copytree(bundle / name, there / name)
        else:
            shutil.copy(bundle / name, there / name)


class There:
    """The other machine: a folder, and an interpreter that finds nothing but the bundle's code."""

    def __init__(self, home: Path, place: Path) -> None:
        self.home = home
        place.mkdir(parents=True)
        (place / "sitecustomize.py").write_text(BARE, encoding="utf-8")
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        self._environment = {**kept, "PYTHON": sys.executable, "PYTHONPATH": str(place)}

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(self.home / "run.sh"), *map(str, words)],
            env=self._environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )


@pytest.fixture(scope="module")
def shop(made: Path, tiny_recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A workshop whose static stage is finished."""
    runs = tmp_path_factory.mktemp("here") / "runs"
    shop = Workshop(
        _recipe(tiny_recipe), made / "shards", made / "tokenizer", runs, lambda line: None
    )
    assert run_stage(shop, "static")
    return shop


class Rehearsal:
    """Everything once, in order; the tests look at what was left behind."""

    def __init__(self, shop: Workshop, place: Path) -> None:
        self.shop, self.place = shop, place
        self.bundle, self.there = place / "bundle", There(place / "there", place / "bare")
        self.calls = self._small_calls()
        _carry(self.bundle, self.calls[0], self.there.home)
        self.early = self.there.run()
        _carry(self.bundle, self.calls[1], self.there.home)
        self.damaged = self._with_damage(self._piece())
        self.code_damaged = self._with_damage(self.there.home / "code/klein_embedding/text.py")
        self.first = self.there.run("--seconds", "6", "--out", place / "back-1")
        self.midway = is_finished(self._over_there(), "contrastive")
        self.second = self.there.run("--out", place / "back-2")

    def _small_calls(self) -> list[Call]:
        """A bundle in two loads, however little there is to carry."""
        [whole] = write_bundle(self.shop, (), self.bundle, 60 << 20)
        data = sum(path.stat().st_size for path in (self.bundle / "load-01").iterdir())
        return write_bundle(self.shop, (), self.bundle, whole.bytes - data // 2)

    def _piece(self) -> Path:
        return next((self.there.home / "load-02").iterdir())

    def _with_damage(self, path: Path) -> subprocess.CompletedProcess[str]:
        """A call with one byte altered, which is mended behind it."""
        kept = path.read_bytes()
        path.write_bytes(bytes([kept[0] ^ 1]) + kept[1:])
        done = self.there.run()
        path.write_bytes(kept)
        return done

    def _over_there(self) -> Workshop:
        runs = self.there.home / "runs"
        return replace(self.shop, shards=runs / "shards", tokenizer=runs / "tokenizer", runs=runs)


@pytest.fixture(scope="module")
def rehearsal(shop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    return Rehearsal(shop, tmp_path_factory.mktemp("rehearsal"))


def test_a_bundle_lists_every_file_and_fills_its_calls(rehearsal: Rehearsal) -> None:
    manifest = read_json(rehearsal.bundle / "manifest.json")
    assert manifest["stages"] == ["mlm", "contrastive"]
    listed = {piece["name"]: piece for row in manifest["files"].values() for piece in row["pieces"]}
    listed |= {name: {"sha256": digest} for name, digest in manifest["code"].items()}
    found = {str(p.relative_to(rehearsal.bundle)): p for p in rehearsal.bundle.rglob("*")}
    found = {name: path for name, path in found.items() if path.is_file()}
    assert found.keys() == listed.keys() | {"manifest.json", "code.sha256"}
    assert all(sha256(found[name]) == row["sha256"] for name, row in listed.items())
    licences = {name.partition("-")[0] for name in listed if name.endswith("licenses/LICENSE")}
    assert licences == {"code/jaxtyping", "code/wadler_lindig"}
    assert len(rehearsal.calls) == 2
    for call in rehearsal.calls:
        sizes = [
            path.stat().st_size
            for name in call.paths
            for path in ([rehearsal.bundle / name, *(rehearsal.bundle / name).rglob("*")])
            if path.is_file()
        ]
        assert sum(sizes) <= call.bytes


def test_a_call_says_what_has_not_arrived(rehearsal: Rehearsal) -> None:
    assert rehearsal.early.returncode == 2
    assert "not here yet: load-02 (" in rehearsal.early.stderr


def test_altered_pieces_and_altered_code_are_named(rehearsal: Rehearsal) -> None:
    assert rehearsal.damaged.returncode == 2
    assert "altered on the way; copy it again" in rehearsal.damaged.stderr
    assert "load-02/" in rehearsal.damaged.stderr
    assert rehearsal.code_damaged.returncode == 2
    assert "code/klein_embedding/text.py" in rehearsal.code_damaged.stderr + (
        rehearsal.code_damaged.stdout
    )


def test_training_ends_with_the_call_and_goes_on_with_the_next(rehearsal: Rehearsal) -> None:
    assert (rehearsal.first.returncode, rehearsal.second.returncode) == (0, 0)
    assert not rehearsal.midway, rehearsal.first.stderr
    assert "call again to go on" in rehearsal.first.stderr
    assert "finished and handed over" in rehearsal.second.stderr, rehearsal.second.stderr
    back = rehearsal.place / "back-2"
    assert not list((rehearsal.place / "back-1").glob("*.part"))
    assert {path.name for path in back.iterdir()} >= {
        "returned.json",
        "weights-00.part",
        "log-contrastive.jsonl",
        "said.txt",
    }
    rows = [row for row in read_log(back / "log-contrastive.jsonl") if "loss" in row]
    assert [row["step"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[-1]["seconds"] >= SECONDS


def test_the_stage_comes_back_with_its_weights_and_its_key(rehearsal: Rehearsal) -> None:
    shop, there = rehearsal.shop, rehearsal.there.home / "runs" / "contrastive"
    assert unbundle(shop, [rehearsal.place / "back-1", rehearsal.place / "back-2"]) == "contrastive"
    here = shop.runs / "contrastive"
    mine, theirs = (load_file(folder / "model.safetensors") for folder in (here, there))
    assert mine.keys() == theirs.keys()
    for name, value in theirs.items():
        assert mine[name].dtype == torch.float32
        if name == handing.WORDS:
            # Next to the radius little slack is left, and rounding moves its square.
            most = shop.recipe.model.radius**2 * 2**-8
            squares = (part[name][:, -2:].square() for part in (mine, theirs))
            torch.testing.assert_close(*squares, rtol=0, atol=most)
            torch.testing.assert_close(mine[name][:, :-2], value[:, :-2], rtol=2**-8, atol=4e-3)
        elif value.ndim > 1:
            torch.testing.assert_close(mine[name], value, rtol=2**-8, atol=4e-3)
        else:
            torch.testing.assert_close(mine[name], value, rtol=0, atol=0)
    # No text holds a special token, so nothing reads its row of the table.
    tables = [np.load(folder / "table.npy")[len(HEAD) :] for folder in (here, there)]
    np.testing.assert_allclose(*tables, rtol=2**-8, atol=4e-3)
    assert (here / "config.json").read_bytes() == (there / "config.json").read_bytes()
    assert (here / "tokenizer.json").read_bytes() == (there / "tokenizer.json").read_bytes()
    manifest = check_files(here)
    assert manifest["key"] == stage_key(shop, "contrastive")
    assert manifest["trained"]["files"]["model.safetensors"] == sha256(there / "model.safetensors")
    assert all(is_finished(shop, name) for name in shop.recipe.stages.planned())
    with pytest.raises(KleinError, match="every stage is finished"):
        stages_to_train(shop, ())
    with pytest.raises(KleinError, match="mlm: its weights stayed on another machine"):
        write_bundle(shop, ["contrastive"], rehearsal.place / "next", 60 << 20)
    assert not (rehearsal.place / "next").exists()


@pytest.fixture
def returned(
    rehearsal: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Workshop, list[Path]]:
    """The same weights in small parts, handed over three files a call; a workshop without them."""
    monkeypatch.setattr(handing, "PART_BYTES", 2 << 10)
    monkeypatch.setattr(handing, "_CALL_FILES", 3)
    runs = tmp_path / "runs"
    shutil.copytree(rehearsal.there.home / "runs", runs)
    shutil.rmtree(runs / "handover")
    (runs / "handed.json").unlink()
    there = replace(rehearsal._over_there(), runs=runs)
    bundle = read_json(rehearsal.there.home / "manifest.json")
    folders: list[Path] = []
    left = 1
    while left:
        folders.append(tmp_path / f"back-{len(folders)}")
        left = handing.hand_over(there, bundle, folders[-1], again=False)
    assert len(folders) > 2
    assert all(len(list(folder.iterdir())) <= 3 for folder in folders)
    here = tmp_path / "here"
    shutil.copytree(rehearsal.shop.runs / "static", here / "static")
    return replace(rehearsal.shop, runs=here), folders


def test_parts_of_several_calls_make_the_weights(
    rehearsal: Rehearsal, returned: tuple[Workshop, list[Path]]
) -> None:
    shop, folders = returned
    parts = [path for folder in folders for path in folder.glob("weights-*.part")]
    assert len(parts) > 3
    assert max(path.stat().st_size for path in parts) <= 2 << 10
    assert unbundle(shop, folders) == "contrastive"
    assert unbundle(shop, folders) == "contrastive"  # and again over its own result


def test_a_missing_or_altered_part_is_named(returned: tuple[Workshop, list[Path]]) -> None:
    shop, folders = returned
    lacking = [folder for folder in folders if not (folder / "weights-03.part").is_file()]
    with pytest.raises(KleinError, match=r"weights-0[23]\.part: not come back yet"):
        unbundle(shop, lacking)
    part = folders[0] / "weights-01.part"
    kept = part.read_bytes()
    part.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    with pytest.raises(KleinError, match=r"weights-01\.part: altered on the way"):
        unbundle(shop, folders)
    assert not (shop.runs / "contrastive").exists()
    again = folders[0].parent / "again"
    again.mkdir()
    (again / part.name).write_bytes(kept)
    assert unbundle(shop, [*folders, again]) == "contrastive"
    with pytest.raises(KleinError, match=r"no returned\.json here"):
        unbundle(shop, [again])


def test_weights_of_another_recipe_are_refused(returned: tuple[Workshop, list[Path]]) -> None:
    shop, folders = returned
    stages = replace(shop.recipe.stages, mlm=replace(shop.recipe.stages.mlm, masked=0.2))
    other = replace(shop, recipe=replace(shop.recipe, stages=stages))
    with pytest.raises(KleinError, match="trained from another recipe"):
        unbundle(other, folders)


def test_a_stage_that_is_finished_here_is_not_replaced_by_a_mark(
    returned: tuple[Workshop, list[Path]],
) -> None:
    shop, folders = returned
    (shop.runs / "mlm").mkdir()
    write_json(shop.runs / "mlm" / "manifest.json", {"key": stage_key(shop, "mlm"), "files": {}})
    with pytest.raises(KleinError, match="mlm: finished here too"):
        unbundle(shop, folders)


def test_what_a_bundle_cannot_be_is_said_before_it_is_written(
    shop: Workshop, tmp_path: Path
) -> None:
    fresh = replace(shop, runs=tmp_path / "runs")
    target = tmp_path / "bundle"
    with pytest.raises(KleinError, match="static is not finished; train it first"):
        write_bundle(fresh, ["contrastive"], target, 60 << 20)
    with pytest.raises(KleinError, match="name stages that follow one another in static, mlm"):
        write_bundle(fresh, ["static", "contrastive"], target, 60 << 20)
    with pytest.raises(KleinError, match="has no room beside the code"):
        write_bundle(fresh, ["static"], target, 300 << 10)
    assert not target.exists()
    (target / "inner").mkdir(parents=True)
    with pytest.raises(KleinError, match="holds other files"):
        write_bundle(fresh, ["static"], target, 60 << 20)
    assert (target / "inner").is_dir()
    write_json(target / "manifest.json", {"stage": "bundle"})
    (target / "runs").mkdir()
    with pytest.raises(KleinError, match="stages were trained in it"):
        write_bundle(fresh, ["static"], target, 60 << 20)
    assert (target / "inner").is_dir()


@pytest.fixture
def klein(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs a verb of ``klein train`` beside the tiny recipe; its exit code and what it said."""
    from klein_embedding.cli.main import run

    (tmp_path / "recipes").mkdir()
    for name in ("tiny.toml", "tiny-sources.toml"):
        shutil.copy(ROOT / "recipes" / name, tmp_path / "recipes")

    def verb(*words: str | Path) -> tuple[int, str]:
        code = run(["train", *map(str, words)])
        told: Any = capsys.readouterr()
        return code, told.out + told.err

    return verb


def test_the_verbs_refuse_in_one_line(
    klein: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    recipe = tmp_path / "recipes" / "tiny.toml"
    code, told = klein("bundle", recipe, "--out", tmp_path / "bundle")
    assert (code, told.count("\n")) == (2, 1)
    assert "holds no finished manifest.json" in told
    code, told = klein("unbundle", tmp_path, "--recipe", recipe)
    assert (code, told.count("\n")) == (2, 1)
    assert "no returned.json here" in told
