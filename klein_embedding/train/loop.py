"""THE loop: every stage runs here, under a wall-clock or step budget, and resumes where it was."""

from __future__ import annotations

import math
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from klein_embedding.device import Compute
from klein_embedding.errors import KleinError
from klein_embedding.progress import clock
from klein_embedding.recipe_stages import RunRecipe
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train import ranks
from klein_embedding.train.checkpoint import (
    BEST,
    Held,
    Progressed,
    checkpoints,
    load_best,
    load_checkpoint,
    newest,
    save_best,
    save_checkpoint,
)
from klein_embedding.train.objectives import Objective, StepLoss
from klein_embedding.train.optim import Average, Optimisers, rate_factor
from klein_embedding.train.telling import Teller
from klein_embedding.train.validation import MEAN, validate

_CLIP = 1.0
_CLEARLY = 0.005
"""What the weights of an earlier moment must lead by: half a point is noise between two moments."""


@dataclass(frozen=True, slots=True)
class Run:
    """Where a stage runs and what it may spend.

    Attributes:
        folder: Folder of checkpoints and of ``log.jsonl``.
        recipe: Budget, optimiser and schedule.
        key: Digest of the stage's inputs; checkpoints of another key are refused.
        compute: Processor and number format.
        say: Called with each line of progress.
        begin_from: Checkpoint from which a new budget begins; None to go on with the old one.
    """

    folder: Path
    recipe: RunRecipe
    key: str
    compute: Compute
    say: Callable[[str], None]
    begin_from: Path | None = None


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
    """Train until the budget is spent, and end with the best of the weights there are.

    Args:
        objective: Stage to minimise, its module changed in place.
        valid: Held-out split.
        run: Folder, dials and budget.

    Returns:
        True when the budget is spent, False when a signal ended the run early; its state is
        saved in both cases.

    Raises:
        KleinError: If the newest checkpoint is damaged or belongs to other inputs, a loss is not
            finite, or a checkpoint cannot be written.
    """
    optimisers = Optimisers(objective.module, objective.table, run.recipe, sparse=objective.sparse)
    decay = run.recipe.average
    average = Average(optimisers.parameters(), decay) if decay else None
    held = Held(objective.module, optimisers, average)
    state = _begin(held, run)
    loop = _Loop(objective, valid, run, held, state)
    stop = _Stop()
    try:
        if not loop.go(stop):
            return False
    finally:
        stop.close()
    loop.settle()
    return True


def _begin(held: Held, run: Run) -> Progressed:
    """Where the run goes on: nothing yet, its newest checkpoint, or the one it is to begin from."""
    run.folder.mkdir(parents=True, exist_ok=True)
    found = checkpoints(run.folder)
    path = newest(run.begin_from) if run.begin_from else found[-1] if found else None
    if path is None:
        return Progressed(0, 0.0, 0, run.key)
    state = load_checkpoint(path, held, run.key)
    if run.begin_from:
        state.begun_step, state.begun_seconds = state.step, state.seconds
        if ranks.rank() == 0:
            # What lies behind the point where the new budget begins is another run's.
            for other in checkpoints(run.folder):
                if int(other.name.partition("-")[2]) > state.step:
                    shutil.rmtree(other)
    run.say(f"resuming at step {state.step:,} after {clock(state.seconds)}")
    return state


class _Loop:
    """A run in progress."""

    def __init__(
        self, objective: Objective, valid: Shards, run: Run, held: Held, state: Progressed
    ) -> None:
        self._objective, self._valid, self._run = objective, valid, run
        self._held, self._state = held, state
        self._teller = Teller(run.folder, run.say, run.compute.ceiling, objective.operations)
        self._teller.forget_after(state.step)

    def go(self, stop: _Stop) -> bool:
        """Step until the budget is spent or the run shall end; whether it is spent."""
        state, recipe = self._state, self._run.recipe
        saved, usual, wanted = time.monotonic(), 0.0, 0.0
        share, wanted = ranks.agreed((done(state, recipe), 0.0), self._run.compute.device)
        while not wanted and share < 1:
            before, stop.continued = state.seconds, False
            self._step(share)
            if stop.continued:
                state.seconds = before + usual
            usual = state.seconds - before
            self._teller.progress(state, done(state, recipe), recipe.seconds)
            due = float(time.monotonic() - saved > recipe.checkpoint_seconds)
            share, wanted, due = ranks.agreed(
                (done(state, recipe), float(stop.wanted), due), self._run.compute.device
            )
            if state.step == 1 or state.step % recipe.valid_every == 0:
                # The first step hardly moves (warm-up) and shows at once that the run works; a
                # validation before it would let people wait for that.
                self._validate()
            if due:
                self._save()
                saved = time.monotonic()
        self._save()
        return share >= 1

    def _step(self, share: float) -> None:
        """One step: every loss of it, each stepped on in its turn."""
        started, state, recipe = time.monotonic(), self._state, self._run.recipe
        self._held.optimisers.set_rate(rate_factor(share, recipe))
        self._held.optimisers.clear()
        value, norm, read, accuracy, adding = 0.0, 0.0, 0, None, False
        share_only = False
        for found in self._objective.losses(state.step):
            part = found.loss.item()
            self._check(part, found)
            found.loss.backward()
            value, adding = part + (value if adding else 0.0), found.more
            read, accuracy, share_only = read + found.tokens, found.accuracy, found.share
            if not found.more:
                norm = self._move(found)
        if share_only:
            value = ranks.total(value, self._run.compute.device)
        if self._held.average:
            self._held.average.update()
        state.step += 1
        state.tokens += read
        state.seconds += time.monotonic() - started
        self._teller.step(state, (value, norm), read, accuracy)

    def _move(self, found: StepLoss) -> float:
        """Step on the gradients; their length."""
        parameters = self._held.optimisers.parameters()
        ranks.sum_gradients(parameters)
        norm = self._held.optimisers.clip(_CLIP)
        self._check(norm, found)
        self._held.optimisers.step()
        self._held.optimisers.clear()
        return norm

    def _check(self, value: float, found: StepLoss) -> None:
        if math.isfinite(value):
            return
        kept = checkpoints(self._run.folder)
        last = f"{kept[-1]} is the last good checkpoint" if kept else "no checkpoint was written"
        raise KleinError(
            f"step {self._state.step:,}: the loss or its gradient is {value} on {found.about}; "
            f"{last}; lower the rate or look at that text"
        )

    def _validate(self) -> None:
        figures = validate(self._objective, self._valid, self._run.recipe)
        self._teller.figures(self._state, figures)
        if figures.get(MEAN, -1.0) > self._state.best and ranks.rank() == 0:
            self._state.best = figures[MEAN]
            save_best(self._run.folder, self._held.module, self._state)

    def _save(self) -> None:
        if ranks.rank() == 0:
            save_checkpoint(self._run.folder, self._held, self._state)
        ranks.wait()

    def settle(self) -> None:
        """Keep the weights that do best on held-out pairs: the last, their average, or earlier."""
        last = validate(self._objective, self._valid, self._run.recipe)
        self._teller.figures(self._state, last)
        best, what = last.get(MEAN, 0.0), "the last"
        average = self._held.average
        if average and average.steps:
            average.swap()
            figures = validate(self._objective, self._valid, self._run.recipe)
            if figures.get(MEAN, 0.0) > best:
                best, what = figures[MEAN], "the average"
            else:
                average.swap()
        if self._state.best > best + _CLEARLY and (self._run.folder / BEST).is_dir():
            load_best(self._run.folder, self._held.module)
            best, what = self._state.best, "an earlier state's"
        self._objective.settle()
        self._run.say(f"kept: {what} weights, mean held-out accuracy {best:.3f}")


def done(state: Progressed, recipe: RunRecipe) -> float:
    """Share of the budget that is spent, from 0 to 1.

    Where the recipe limits the steps, they alone set the rate, so that a rerun gives the same
    weights however fast the machine is.
    """
    if recipe.max_steps:
        return min((state.step - state.begun_step) / recipe.max_steps, 1.0)
    return min((state.seconds - state.begun_seconds) / recipe.seconds, 1.0)
