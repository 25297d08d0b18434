"""How `training.py` takes its time: sizes, rounds in turn, and the rows that come of them."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from performance_page import Row
from training_ours import recipe_stages

from klein_embedding.device import choose_compute
from klein_embedding.files import now, processor

_HOPELESS = 30.0
"""What is so many times slower than the best is tried once and left out."""
_PEAK_STEPS = 2


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large everything is.

    Attributes:
        lengths: Tokens of the texts whose share of the ceiling is measured.
        shapes: Encoders of that table, WIDTHxLAYERS.
        shape: Encoder that is compared with theirs.
        tokens: Tokens of a contrastive step on texts of one length.
        masked_tokens: Tokens of a masked-token step.
        batch: Pairs of a contrastive step beside theirs.
        static_batch: Pairs of a static step.
        pairs: Pairs there are.
        memory: Pairs whose static vectors are candidates too.
        rounds: Rounds of every comparison.
    """

    lengths: tuple[int, ...] = (16, 32, 64, 128, 256)
    shapes: tuple[str, ...] = ("512x10", "640x6", "768x3", "768x4", "1024x2")
    shape: str = "768x3"
    tokens: int = 6144
    masked_tokens: int = 4096
    batch: int = 192
    static_batch: int = 2048
    pairs: int = 60_000
    memory: int = 4096
    rounds: int = 3


QUICK = Sizes((16, 32), ("256x2",), "256x2", 1024, 1024, 32, 128, 2000, 128, 2)


class Bench:
    """What all sections of one run share.

    Attributes:
        sizes: How large everything is.
        compute: Processor and number format, chosen as training chooses them.
        stages: The stages of the reference recipe.
    """

    def __init__(self, sizes: Sizes, command: str) -> None:
        """Choose the number format."""
        self.sizes, self.compute, self.stages = sizes, choose_compute(), recipe_stages()
        self._stamp = {"command": command, "date": now(), "processor": processor()}

    def row(self, about: tuple[str, str, str], ours: list[float], theirs: list[float]) -> Row:
        """A row of a section.

        Args:
            about: Section, name and unit.
            ours: A figure a round.
            theirs: The same of what it is compared with.
        """
        section, name, unit = about
        ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
        middle = statistics.median
        print(f"{name}: {middle(ratios):.3f} ({middle(ours):,.1f} {unit})", file=sys.stderr)
        return Row(
            section=section,
            name=name,
            ratio=middle(ratios),
            low=min(ratios),
            high=max(ratios),
            ours=middle(ours),
            theirs=middle(theirs),
            unit=unit,
            **self._stamp,
        )


def warm(step: Callable[[], int]) -> None:
    """One step that is not timed: memory is allocated and moments are made in it."""
    step()


def rate(step: Callable[[], int]) -> float:
    """Tokens a second of one step."""
    started = time.perf_counter()
    tokens = step()
    return tokens / (time.perf_counter() - started)


def in_turn(measures: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """A figure a round of each, one after the other, in the other order every second round."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    names = list(measures)
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            found[name].append(measures[name]())
    return found


def rates(steps: Mapping[str, Callable[[], int]], rounds: int) -> dict[str, list[float]]:
    """Tokens a second of steps taken in turn, without those that are hopeless here."""
    first = {}
    for name, step in steps.items():
        warm(step)
        first[name] = rate(step)
    least = max(first.values()) / _HOPELESS
    kept = {name: step for name, step in steps.items() if first[name] > least}
    return in_turn({k: lambda step=step: rate(step) for k, step in kept.items()}, rounds)


def print_peak(step: Callable[[], int]) -> None:
    """Print the largest resident memory of this process over a few steps, in MiB, as JSON."""
    # ru_maxrss outlives exec, so a child would report its parent's; this mark does not, and
    # writing 5 brings it down to what is resident now.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _resident("VmRSS")
    for _ in range(_PEAK_STEPS):
        step()
    peak = _resident("VmHWM")
    print(json.dumps({"peak": peak, "step": peak - before}))


def _resident(field: str) -> float:
    rows = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return next(int(row[1]) / 1024 for row in rows if row[0] == f"{field}:")
