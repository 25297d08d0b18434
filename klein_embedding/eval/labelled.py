"""Sets of texts with one label each, split into what a probe learns from and what it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from klein_embedding.eval.sets import EvalSet
from klein_embedding.eval.tables import separated

PROBE = "accuracy of a linear probe"


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts with a label each.

    Attributes:
        lang: Language of the texts.
        known: Texts to learn from, with their labels.
        asked: Texts to label, with the right ones.
    """

    lang: str
    known: tuple[tuple[str, str], ...]
    asked: tuple[tuple[str, str], ...]


BANKING77 = EvalSet(
    name="banking77",
    folder="eval-banking77",
    digest="5e06e6ea7378e13f236cf22d838653b0b9e94ea0873f59f2df578d807f1316da",
    licence="CC-BY-4.0",
    citation="Casanueva et al. 2020, arXiv:2003.04807; task-specific-datasets @ 57ec275d",
    metric=PROBE,
)
LABELLED = (BANKING77,)


def load_labelled(data: Path, chosen: EvalSet) -> Labelled:
    """Read a set of labelled texts.

    Args:
        data: ``data/eval``.
        chosen: One of the sets of this module.

    Raises:
        KleinError: If the set is missing or altered, or a row lacks its text or label.
    """
    with chosen.opened(data) as files:
        return _READERS[chosen.name](files)


def _banking77(files: Path) -> Labelled:
    parts = []
    for part in ("train", "test"):
        rows = separated(files / f"banking_data/{part}.csv")
        pairs = tuple((row["text"].strip(), row["category"]) for row in rows)
        for number, pair in enumerate(pairs, 1):
            if not all(pair):
                raise ValueError(f"{part}: row {number} lacks its text or category")
        parts.append(pairs)
    return Labelled("en", *parts)


_READERS: dict[str, Callable[[Path], Labelled]] = {BANKING77.name: _banking77}
