"""What a suite is: texts to embed, and a function from their vectors to estimates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from klein_embedding.eval.bootstrap import Estimate
from klein_embedding.eval.figures import SetFacts
from klein_embedding.eval.vectors import Space

Ranker = Callable[[Sequence[str], Sequence[str]], np.ndarray]
"""From Q queries and documents to the numbers (Q, depth) of the best documents, best first."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is measured, whatever the model.

    Attributes:
        suite: Name of the suite, with a part behind a slash where it has several.
        language: Language code, or "mean" or "all".
        metric: Name of the metric.
    """

    suite: str
    language: str
    metric: str

    @property
    def label(self) -> str:
        """Name of the bootstrap draws: the same for both directions and for all models."""
        return f"{self.suite} {self.language}"


@dataclass(frozen=True, slots=True)
class Suite:
    """One group of measurements.

    Attributes:
        name: Name on the command line.
        texts: Every text that has to be embedded, each once.
        measure: From the vectors of the texts to the estimates.
        data: Facts about the files that the texts came from, by name.
        ranked: The same measurements from an order of the documents, however it was made; None
            where nothing is ranked.
    """

    name: str
    texts: tuple[str, ...]
    measure: Callable[[Space], dict[Key, Estimate]]
    data: Mapping[str, SetFacts]
    ranked: Callable[[Ranker], dict[Key, Estimate]] | None = None
