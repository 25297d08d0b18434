"""Checkpoints: the whole state of a run, written whole or not at all, without pickle."""

from __future__ import annotations

import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from klein_embedding.errors import KleinError
from klein_embedding.files import fresh_folder, read_json, write_json
from klein_embedding.train.optim import Average, Optimisers

BEST = "best"
"""Folder of the weights that did best on held-out pairs, beside the checkpoints."""
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
        begun_step: Steps at which the present budget began.
        begun_seconds: Seconds at which it began.
        best: Best mean accuracy on held-out pairs so far.
    """

    step: int
    seconds: float
    tokens: int
    stage_key: str
    begun_step: int = 0
    begun_seconds: float = 0.0
    best: float = -1.0


@dataclass(frozen=True, slots=True)
class Held:
    """What a checkpoint holds besides its progress: live objects, changed in place."""

    module: nn.Module
    optimisers: Optimisers
    average: Average | None


def save_checkpoint(folder: Path, held: Held, state: Progressed) -> Path:
    """Write ``step-…`` below a run's folder and keep the last two.

    Returns:
        The checkpoint's folder.

    Raises:
        KleinError: If the disk refuses; what was saved before is untouched.
    """
    target = folder / f"step-{state.step:07}"
    try:
        with fresh_folder(target) as part:
            _write(part, held, state)
    except Exception as error:  # safetensors raises its own type, the disk OSError
        shutil.rmtree(target.with_name(f"{target.name}.part"), ignore_errors=True)
        kept = checkpoints(folder)
        last = f"the last whole one is {kept[-1]}" if kept else "none was written before"
        raise KleinError(
            f"{target}: could not be written ({error}); free some space and run the same command "
            f"again; {last}"
        ) from error
    for old in checkpoints(folder)[:-_KEPT]:
        shutil.rmtree(old)
    return target


def _write(part: Path, held: Held, state: Progressed) -> None:
    save_file(tensors(held.module), part / "weights.safetensors")
    save_file(held.optimisers.state(), part / "optimizer.safetensors")
    if held.average:
        values = {str(at): value for at, value in enumerate(held.average.values)}
        save_file({**values, "steps": torch.tensor(held.average.steps)}, part / _AVERAGE)
    save_file({"rng": torch.get_rng_state()}, part / "random.safetensors")
    write_json(part / "state.json", asdict(state))


_AVERAGE = "average.safetensors"


def tensors(module: nn.Module) -> dict[str, Tensor]:
    """A module's weights by name, as safetensors takes them: contiguous, on the CPU."""
    return {name: value.cpu().contiguous() for name, value in module.state_dict().items()}


def save_best(folder: Path, module: nn.Module, state: Progressed) -> None:
    """Keep the weights of now as the best so far."""
    with fresh_folder(folder / BEST) as part:
        save_file(tensors(module), part / "weights.safetensors")
        write_json(part / "state.json", asdict(state))


def load_best(folder: Path, module: nn.Module) -> None:
    """Bring back the weights that `save_best` kept."""
    module.load_state_dict(load_file(folder / BEST / "weights.safetensors"))


def checkpoints(folder: Path) -> list[Path]:
    """Finished checkpoints below a folder, oldest first."""
    found = [path for path in folder.glob("step-*") if _NAME.fullmatch(path.name)]
    return sorted(path for path in found if (path / "state.json").is_file())


def newest(path: Path) -> Path:
    """The checkpoint that a path means: itself, or the newest below it.

    Raises:
        KleinError: If there is none.
    """
    if (path / "state.json").is_file():
        return path
    found = checkpoints(path)
    if not found:
        raise KleinError(f"{path}: holds no checkpoint; name a folder step-… or its parent")
    return found[-1]


def load_checkpoint(path: Path, held: Held, stage_key: str) -> Progressed:
    """Bring a run back to where a checkpoint left it.

    Raises:
        KleinError: If the checkpoint is damaged or belongs to another recipe, other data, another
            shape or another tokenizer.
    """
    try:
        state = Progressed(**read_json(path / "state.json"))
    except TypeError as error:
        raise KleinError(f"{path}: damaged checkpoint ({error}); delete it") from None
    if state.stage_key != stage_key:
        raise KleinError(
            f"{path}: made by another recipe, of another shape, or from other data or another "
            "tokenizer; move it away"
        )
    try:
        held.module.load_state_dict(load_file(path / "weights.safetensors"))
        held.optimisers.load(load_file(path / "optimizer.safetensors"))
        if held.average:
            _load_average(held.average, load_file(path / _AVERAGE))
        torch.set_rng_state(load_file(path / "random.safetensors")["rng"])
    except Exception as error:  # safetensors raises its own type, torch KeyError or RuntimeError
        raise KleinError(f"{path}: damaged checkpoint ({error}); delete it") from error
    return state


def _load_average(average: Average, saved: dict[str, Tensor]) -> None:
    for at, value in enumerate(average.values):
        value.copy_(saved[str(at)])
    average.steps = int(saved["steps"])
