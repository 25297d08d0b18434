"""The loop's clock: what counts against a budget."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from klein_embedding.device import Compute
from klein_embedding.recipe import load_recipe
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train import loop
from klein_embedding.train.checkpoint import Held, checkpoints, load_checkpoint
from klein_embedding.train.objectives import StepLoss
from klein_embedding.train.optim import Optimisers

TINY = load_recipe(Path(__file__).resolve().parents[2] / "recipes" / "tiny.toml").stages.static.run
HELD = 1.5


class HeldOnce:
    """Steps of a hundredth of a second; the fourth is held and then continued."""

    def __init__(self) -> None:
        self.table = nn.Parameter(torch.ones(2, 2))
        self.module = nn.ParameterDict({"table": self.table})
        self.steps = 0

    operations, sparse = 0.0, False

    def settle(self) -> None:
        pass

    def losses(self, step: int) -> Iterator[StepLoss]:
        self.steps += 1
        time.sleep(0.01)
        if step == 3:
            time.sleep(HELD)
            os.kill(os.getpid(), signal.SIGCONT)
        yield StepLoss(self.table.square().sum(), 1, "nothing")

    def embed(self, shards: Shards, numbers: np.ndarray) -> Tensor:
        raise AssertionError("nothing is validated here")


def test_time_in_which_the_process_is_held_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "validate", lambda *_: {})
    stage = replace(TINY, seconds=HELD / 3, max_steps=0)
    compute = Compute("cpu", bfloat16=False, ceiling=1.0, reason="given")
    objective = HeldOnce()
    shards = Shards(*(np.zeros(0),) * 5, groups=[])  # type: ignore[arg-type]
    before = signal.getsignal(signal.SIGCONT)
    assert loop.train(objective, shards, loop.Run(tmp_path, stage, "key", compute, str))
    assert objective.steps > 4
    assert signal.getsignal(signal.SIGCONT) is before
    held = Held(objective.module, Optimisers(objective.module, objective.table, stage), None)
    saved = load_checkpoint(checkpoints(tmp_path)[-1], held, "key")
    assert saved.step == objective.steps
    assert saved.seconds < HELD
