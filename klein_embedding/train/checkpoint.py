"""Checkpoints: the whole state of a run, written whole or not at all, without pickle."""

from __future__ import annotations

import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from klein_embedding.errors import KleinError
from klein_embedding.files import fresh_folder, read_json, write_json

_KEPT = 2
_NAME = re.compile(r"step-(\d+)")


@dataclass(slots=True)
class Progressed:
    """How far a run has come.

    Attributes:
        step: Optimiser steps done; also the exact position in the stream of batches.
        seconds: Wall-clock seconds spent in training.
        tokens: Tokens seen.
        stage_key: Digest of the stage's inputs; a checkpoint of another one is refused.
    """

    step: int
    seconds: float
    tokens: int
    stage_key: str


def save_checkpoint(
    folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer, state: Progressed
) -> Path:
    """Write ``step-…`` below a run's folder and keep the last two.

    Returns:
        The checkpoint's folder.
    """
    target = folder / f"step-{state.step:07}"
    with fresh_folder(target) as part:
        save_file(dict(module.state_dict()), part / "weights.safetensors")
        save_file(_moments(optimizer), part / "optimizer.safetensors")
        rng = {"rng": torch.get_rng_state()}
        save_file(rng, part / "random.safetensors")
        write_json(part / "state.json", asdict(state))
    for old in checkpoints(folder)[:-_KEPT]:
        shutil.rmtree(old)
    return target


def checkpoints(folder: Path) -> list[Path]:
    """Finished checkpoints below a folder, oldest first."""
    found = [path for path in folder.glob("step-*") if _NAME.fullmatch(path.name)]
    return sorted(path for path in found if (path / "state.json").is_file())


def load_checkpoint(
    path: Path, module: nn.Module, optimizer: torch.optim.Optimizer, stage_key: str
) -> Progressed:
    """Bring a run back to where a checkpoint left it.

    Raises:
        KleinError: If the checkpoint is damaged or belongs to another recipe or other data.
    """
    state = Progressed(**read_json(path / "state.json"))
    if state.stage_key != stage_key:
        raise KleinError(f"{path}: made by another recipe or from other data; move it away")
    try:
        module.load_state_dict(load_file(path / "weights.safetensors"))
        moments = load_file(path / "optimizer.safetensors")
        torch.set_rng_state(load_file(path / "random.safetensors")["rng"])
    except Exception as error:  # safetensors raises its own type, torch KeyError or RuntimeError
        raise KleinError(f"{path}: damaged checkpoint ({error}); delete it") from error
    numbered = optimizer.state_dict()
    for name, value in moments.items():
        number, _, field = name.partition(".")
        numbered["state"].setdefault(int(number), {})[field] = value
    optimizer.load_state_dict(numbered)
    return state


def _moments(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    state = optimizer.state_dict()["state"]
    return {
        f"{number}.{field}": value.contiguous()
        for number, fields in state.items()
        for field, value in fields.items()
    }
