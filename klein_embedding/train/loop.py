"""THE loop: every stage runs here, under a wall-clock or step budget, and resumes where it was."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import torch

from klein_embedding.device import Compute
from klein_embedding.progress import clock
from klein_embedding.recipe import StageRecipe
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train.checkpoint import (
    Progressed,
    checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from klein_embedding.train.objectives import Objective
from klein_embedding.train.optim import optimiser, rate_factor, set_rate
from klein_embedding.train.validation import validate

_CLIP = 1.0
_SAY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Run:
    """Where a stage runs and what it may spend.

    Attributes:
        folder: Folder of checkpoints and of ``log.jsonl``.
        stage: Stage section of a recipe.
        key: Digest of the stage's inputs; checkpoints of another key are refused.
        compute: Processor and number format.
        say: Called with each line of progress.
    """

    folder: Path
    stage: StageRecipe
    key: str
    compute: Compute
    say: Callable[[str], None]


class _Stop:
    """Turns SIGTERM and SIGINT into a wish that the loop grants after its step.

    Attributes:
        wanted: Whether the run shall end.
        continued: Whether SIGCONT came: the process was held, and the step's clock is wrong.
    """

    def __init__(self) -> None:
        self.wanted = self.continued = False
        self._before = {
            number: signal.signal(number, self._ask) for number in (signal.SIGTERM, signal.SIGINT)
        }
        self._before[signal.SIGCONT] = signal.signal(signal.SIGCONT, self._note)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.wanted = True

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.continued = True

    def close(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def train(objective: Objective, valid: Shards, run: Run) -> bool:
    """Train until the budget is spent.

    Args:
        objective: Stage to minimise, its module changed in place.
        valid: Held-out split.
        run: Folder, dials and budget.

    Returns:
        True when the budget is spent, False when a signal ended the run early; its state is
        saved in both cases.

    Raises:
        KleinError: If the newest checkpoint is damaged or belongs to other inputs.
    """
    optimizer = optimiser(objective.module, objective.table, run.stage)
    state = Progressed(0, 0.0, 0, run.key)
    found = checkpoints(run.folder)
    if found:
        state = load_checkpoint(found[-1], objective.module, optimizer, run.key)
        run.say(f"resuming at step {state.step:,} after {clock(state.seconds)}")
    run.folder.mkdir(parents=True, exist_ok=True)
    stop, teller, saved, usual = _Stop(), _Teller(run, state), time.monotonic(), 0.0
    try:
        if state.step == 0:
            _validate(objective, valid, run, state)
        while not stop.wanted and done(state, run.stage) < 1:
            before, stop.continued = state.seconds, False
            told = _step(objective, optimizer, run.stage, state)
            if stop.continued:
                state.seconds = before + usual
            usual = state.seconds - before
            teller.tell(*told)
            if state.step % run.stage.valid_every == 0:
                _validate(objective, valid, run, state)
            if time.monotonic() - saved > run.stage.checkpoint_seconds:
                save_checkpoint(run.folder, objective.module, optimizer, state)
                saved = time.monotonic()
    finally:
        stop.close()
    save_checkpoint(run.folder, objective.module, optimizer, state)
    return not stop.wanted


def _step(
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    stage: StageRecipe,
    state: Progressed,
) -> tuple[float, float, int]:
    """One step; the last loss in nats, the length of its gradient, and all tokens read."""
    started, value, norm, read = time.monotonic(), 0.0, 0.0, 0
    set_rate(optimizer, rate_factor(done(state, stage), stage))
    for loss, tokens in objective.losses(state.step):
        # Parameters that a loss does not reach keep no gradient, and the optimiser passes by them.
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = float(torch.nn.utils.clip_grad_norm_(objective.module.parameters(), _CLIP))
        optimizer.step()
        value, read = loss.item(), read + tokens
    state.step += 1
    state.tokens += read
    state.seconds += time.monotonic() - started
    return value, norm, read


class _Teller:
    """Logs every step, and says one line of progress in a while."""

    def __init__(self, run: Run, state: Progressed) -> None:
        self._run, self._state = run, state
        self._loss, self._tokens, self._since = 0.0, 0, time.monotonic()

    def tell(self, loss: float, norm: float, tokens: int) -> None:
        """Take note of a step."""
        state = self._state
        row = {"step": state.step, "loss": loss, "norm": norm, "seconds": state.seconds}
        _log(self._run, row)
        self._loss = 0.95 * self._loss + 0.05 * loss if self._loss else loss
        self._tokens += tokens
        passed = time.monotonic() - self._since
        if passed > _SAY_SECONDS:
            self._run.say(_line(state, self._run.stage, self._loss, self._tokens / passed))
            self._tokens, self._since = 0, time.monotonic()


def done(state: Progressed, stage: StageRecipe) -> float:
    """Share of the budget that is spent, from 0 to 1.

    Where the recipe limits the steps, they alone set the rate, so that a rerun gives the same
    weights however fast the machine is.
    """
    if stage.max_steps:
        return min(state.step / stage.max_steps, 1.0)
    return min(state.seconds / stage.seconds, 1.0)


def _line(state: Progressed, stage: StageRecipe, loss: float, rate: float) -> str:
    share = done(state, stage)
    left = state.seconds * (1 - share) / share if share else stage.seconds
    return (
        f"step {state.step:,} ({share:.0%})  loss {loss:.4f}  {rate:,.0f} tokens/s  "
        f"{state.tokens:,} tokens  {clock(left)} left"
    )


def _validate(objective: Objective, valid: Shards, run: Run, state: Progressed) -> None:
    figures = validate(objective, valid, run.stage)
    _log(run, {"step": state.step, "seconds": state.seconds, "valid": figures})
    run.say("held-out accuracy: " + "  ".join(f"{k} {v:.3f}" for k, v in figures.items()))


def _log(run: Run, row: dict[str, object]) -> None:
    with (run.folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
