"""The gate: which figures fell below what the other results file allows."""

from __future__ import annotations

from dataclasses import dataclass

from klein_embedding.errors import KleinError
from klein_embedding.eval.figures import Figure, Results, root
from klein_embedding.eval.geometry import METRICS
from klein_embedding.eval.sensitivity import DESCRIBING

_DESCRIBING = METRICS | DESCRIBING


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of a comparison.

    Attributes:
        fallen: One line a figure that fell by more than its interval, worst first.
        notes: What was compared, and what could not be.
    """

    fallen: tuple[str, ...]
    notes: tuple[str, ...]


def judge(new: Results, old: Results) -> Verdict:
    """Find every figure that fell by more than its interval.

    A figure has fallen when it lies below the lower end of the old figure's 95 % interval. How
    vectors lie is described, not judged.

    Args:
        new: Results to judge.
        old: Results to compare with.

    Raises:
        KleinError: If the two have no figure over the same text in common.
    """
    skipped = {
        name
        for name in new.data.keys() & old.data.keys()
        if new.data[name].digest != old.data[name].digest
    }
    before = {figure.place: figure for figure in old.figures if root(figure.suite) not in skipped}
    both = [
        (before[figure.place], figure)
        for figure in new.figures
        if figure.place in before and figure.metric not in _DESCRIBING
    ]
    if not both:
        raise KleinError("the two results share no figure over the same text; measure both anew")
    fallen = [(then, now) for then, now in both if now.value < then.low]
    fallen.sort(key=lambda pair: pair[1].value - pair[0].low)
    notes = [f"{name}: measured on other text, not compared" for name in sorted(skipped)]
    notes.append(f"{len(both)} figures compared, {len(fallen)} fell by more than their interval")
    return Verdict(tuple(_line(then, now) for then, now in fallen), tuple(notes))


def _line(then: Figure, now: Figure) -> str:
    return (
        f"{now.suite} {now.language} {now.metric}, {now.precision} at {now.dim}: fell to "
        f"{100 * now.value:.1f} from {100 * then.value:.1f} "
        f"({100 * then.low:.1f}-{100 * then.high:.1f})"
    )
