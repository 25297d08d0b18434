"""What a run tells: every step into a log, a line of progress in a while."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from klein_embedding.files import write_text
from klein_embedding.progress import clock
from klein_embedding.train import ranks
from klein_embedding.train.checkpoint import Progressed

LOG = "log.jsonl"
_SAY_SECONDS = 20.0
_SMOOTH = 0.95


class Teller:
    """Writes ``log.jsonl`` and says how far a run has come; of several ranks the first alone."""

    def __init__(
        self, folder: Path, say: Callable[[str], None], ceiling: float, operations: float
    ) -> None:
        """Begin to tell.

        Args:
            folder: Folder of the run.
            say: Called with each line of progress.
            ceiling: Measured speed of a matrix product, in operations a second.
            operations: Useful operations a token, 0 where none is counted.
        """
        self._log, self._say = folder / LOG, say
        self._ceiling, self._operations = ceiling * ranks.size(), operations
        self._loss, self._tokens, self._spent = 0.0, 0, 0.0
        self._accuracy: float | None = None
        self._since = time.monotonic()

    def forget_after(self, step: int) -> None:
        """Drop what a killed run logged behind the checkpoint that it resumes from."""
        if ranks.rank() or not self._log.is_file():
            return
        kept = [row for row in read_log(self._log) if row["step"] <= step]
        write_text(self._log, "".join(f"{json.dumps(row)}\n" for row in kept))

    def step(
        self, state: Progressed, loss: tuple[float, float], tokens: int, accuracy: float | None
    ) -> None:
        """Take note of a step: its loss and the length of the gradient, the tokens it read."""
        value, norm = loss
        row = {
            "step": state.step,
            "loss": value,
            "norm": norm,
            "tokens": state.tokens,
            "seconds": round(state.seconds, 3),
        }
        self._write(row if accuracy is None else {**row, "accuracy": accuracy})
        self._accuracy = self._accuracy if accuracy is None else accuracy
        self._loss = _SMOOTH * self._loss + (1 - _SMOOTH) * value if self._loss else value
        self._tokens += tokens

    def progress(self, state: Progressed, share: float, budget: float) -> None:
        """Say a line if it is due."""
        passed = time.monotonic() - self._since
        if passed < _SAY_SECONDS or ranks.rank():
            return
        rate = self._tokens / passed
        spent = state.seconds - state.begun_seconds
        left = spent * (1 - share) / share if share else budget
        parts = [f"step {state.step:,} ({share:.0%})", f"loss {self._loss:.4f}"]
        if self._accuracy is not None:
            parts.append(f"in-batch {self._accuracy:.3f}")
        parts.append(f"{rate:,.0f} tokens/s")
        if self._operations:
            parts.append(f"{rate * self._operations / self._ceiling:.0%} of the ceiling")
        parts += [f"{state.tokens:,} tokens", f"{clock(left)} left"]
        self._say("  ".join(parts))
        self._tokens, self._since = 0, time.monotonic()

    def figures(self, state: Progressed, figures: dict[str, float]) -> None:
        """Log and say figures of a validation."""
        row = {"step": state.step, "seconds": round(state.seconds, 3), "tokens": state.tokens}
        self._write({**row, "valid": figures})
        if ranks.rank() == 0:
            told = "  ".join(f"{kind} {value:.3f}" for kind, value in figures.items())
            self._say(f"held-out accuracy: {told}")

    def _write(self, row: dict[str, object]) -> None:
        if ranks.rank() == 0:
            with self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def read_log(path: Path) -> list[dict[str, Any]]:
    """Rows of a log; a last line that a kill cut off is left out."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows
