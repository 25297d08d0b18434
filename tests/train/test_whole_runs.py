"""Whole runs in real processes: killed, stopped, of two ranks, on a full disk, gone wrong."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from klein_embedding.errors import KleinError
from klein_embedding.files import read_manifest
from klein_embedding.recipe import Recipe
from klein_embedding.train import checkpoint, contrastive
from klein_embedding.train.checkpoint import checkpoints
from klein_embedding.train.objectives import StepLoss
from klein_embedding.train.order import Workshop
from klein_embedding.train.stages import run_stage

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("KLEIN_KILLS", "4"))
"""How often the run is killed; set KLEIN_KILLS=100 for the long form."""
STEPS = 200 * KILLS

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(made: Path, tiny_recipe: Recipe, tmp_path: Path) -> Start:
    """Starts a stage in a process of its own."""

    def begin(
        stage: str,
        runs: str,
        recipe: Recipe = tiny_recipe,
        words: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        given: dict[str, Any] = {"recipe": asdict(recipe), "runs": str(tmp_path / runs)}
        given |= {name: str(made / name) for name in ("shards", "tokenizer")}
        path = tmp_path / f"{runs}.json"
        path.write_text(json.dumps(given), encoding="utf-8")
        command = [sys.executable, *words, str(Path(__file__).with_name("driver.py")), path, stage]
        env = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
        return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    return begin


def _finish(process: subprocess.Popen[bytes]) -> None:
    out, err = process.communicate(timeout=120 + STEPS / 20)
    assert process.returncode == 0, (out + err).decode()


def _curve(work: Path) -> list[tuple[int, float]]:
    rows = [json.loads(line) for line in (work / "log.jsonl").read_text().splitlines()]
    return [(row["step"], row["loss"]) for row in rows if "loss" in row]


def _often(recipe: Recipe) -> Recipe:
    """The recipe with a checkpoint a second, and steps enough to be killed between them."""
    stages = recipe.stages
    static = replace(
        stages.static, run=replace(stages.static.run, max_steps=STEPS, checkpoint_seconds=1)
    )
    return replace(recipe, stages=replace(stages, static=static))


def test_a_run_killed_at_random_moments_ends_with_the_same_curve_and_bytes(
    start: Start, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    recipe, rng = _often(tiny_recipe), random.Random(7)
    whole = start("static", "whole", recipe)
    killed = 0
    while killed < KILLS:
        process = start("static", "killed", recipe)
        work = tmp_path / "killed" / "static-work"
        try:
            # Long enough to have begun, at any moment after it: a save or a validation included.
            process.wait(timeout=rng.uniform(2.5, 6.0))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
        killed += 1
        for folder in checkpoints(work):
            # What is called a checkpoint is whole.
            load_file(folder / "weights.safetensors")
            load_file(folder / "optimizer.safetensors")
            json.loads((folder / "state.json").read_text())
    assert killed
    _finish(start("static", "killed", recipe))
    _finish(whole)
    files = [read_manifest(tmp_path / name / "static")["files"] for name in ("whole", "killed")]
    assert files[0] == files[1]
    curves = [_curve(tmp_path / name / "static-work") for name in ("whole", "killed")]
    assert curves[0] == curves[1]
    assert [step for step, _ in curves[0]] == list(range(1, STEPS + 1))


def test_sigterm_saves_and_the_next_call_finishes(
    start: Start, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    recipe = _often(tiny_recipe)
    process = start("static", "stopped", recipe)
    work = tmp_path / "stopped" / "static-work"
    while not (work / "log.jsonl").is_file() or len(_curve(work)) < 3:
        assert process.poll() is None
        time.sleep(0.05)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 3
    assert not (tmp_path / "stopped" / "static").exists()
    state = json.loads((checkpoints(work)[-1] / "state.json").read_text())
    assert 3 <= state["step"] < STEPS
    _finish(start("static", "stopped", recipe))
    assert len(_curve(work)) == STEPS


@pytest.mark.parametrize("stage", ["static", "mlm", "contrastive"])
def test_two_processes_give_the_loss_and_the_weights_of_one(
    start: Start, tmp_path: Path, stage: str
) -> None:
    names = ("static", "mlm", "contrastive")
    for before in names[: names.index(stage)]:
        _finish(start(before, "one"))
    (tmp_path / "two").mkdir()
    for before in names[: names.index(stage)]:
        (tmp_path / "two" / before).symlink_to(tmp_path / "one" / before)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    # What torchrun sets; its launcher would bring warnings and seconds of its own.
    ranks = [
        start(
            stage,
            "two",
            environment={
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": "2",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": port,
            },
        )
        for rank in (0, 1)
    ]
    _finish(start(stage, "one"))
    for process in ranks:
        _finish(process)
    one, two = (_curve(tmp_path / name / f"{stage}-work") for name in ("one", "two"))
    assert [step for step, _ in one] == [step for step, _ in two]
    for (_, left), (_, right) in zip(one, two, strict=True):
        assert left == pytest.approx(right, rel=1e-3)
    if stage != "static":
        files = [tmp_path / name / stage / "model.safetensors" for name in ("one", "two")]
        weights = [load_file(file) for file in files]
        for name, value in weights[0].items():
            assert torch.allclose(value, weights[1][name], atol=1e-4), name
    tables = [np.load(tmp_path / name / stage / "table.npy") for name in ("one", "two")]
    assert np.allclose(*tables, atol=1e-3)


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_batch(
    workshop: Callable[..., Workshop], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = workshop()
    for name in ("static", "mlm"):
        run_stage(shop, name)
    plain = contrastive.ContrastiveObjective._encoder_loss

    def broken(self: contrastive.ContrastiveObjective, step: int) -> StepLoss:
        found = plain(self, step)
        return replace(found, loss=found.loss * float("nan")) if step == 5 else found

    monkeypatch.setattr(contrastive.ContrastiveObjective, "_encoder_loss", broken)
    with pytest.raises(KleinError, match=r"step 5: the loss.* is nan on .*prose en-(hi|bn)"):
        run_stage(shop, "contrastive")
    assert not (shop.runs / "contrastive").exists()


def test_a_full_disk_is_one_line_and_keeps_the_last_whole_checkpoint(
    workshop: Callable[..., Workshop], tiny_recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = workshop()
    run_stage(shop, "static")
    kept = checkpoints(shop.runs / "static-work")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    static = tiny_recipe.stages.static
    more = replace(static, run=replace(static.run, max_steps=35, valid_every=100))
    recipe = replace(tiny_recipe, stages=replace(tiny_recipe.stages, static=more))
    with pytest.raises(KleinError, match=r"No space left on device.*the last whole one is"):
        run_stage(workshop(recipe), "static")
    assert checkpoints(shop.runs / "static-work") == kept
    assert not list((shop.runs / "static-work").glob("*.part"))


def test_a_damaged_checkpoint_is_refused(workshop: Callable[..., Workshop]) -> None:
    shop = workshop()
    run_stage(shop, "static")
    weights = checkpoints(shop.runs / "static-work")[-1] / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(KleinError, match="damaged checkpoint"):
        run_stage(shop, "static")
