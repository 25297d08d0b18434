"""How sentences of many languages lie beside each other: a table of cosines and a map.

Shapes: L languages, N sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from klein_embedding.eval.vectors import Space, cosines

MEANINGS = 12
"""Sentences on the map, spread evenly over those of the parallel set."""


@dataclass(frozen=True, slots=True)
class Heat:
    """Mean cosines of each language with each other on the same sentences.

    Attributes:
        languages: Codes, L of them, English first.
        n: Sentences.
        translations: L rows of L: a sentence with its translation; 1 on the diagonal.
        others: L rows of L: a sentence with every other sentence.
    """

    languages: tuple[str, ...]
    n: int
    translations: tuple[tuple[float, ...], ...]
    others: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A sentence on the map.

    Attributes:
        lang: Language code.
        meaning: Number of the meaning, from 0.
        text: The sentence.
        x: First principal component.
        y: Second principal component.
    """

    lang: str
    meaning: int
    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Plane:
    """Sentences laid out by their two first principal components.

    Attributes:
        languages: Codes, English first.
        meanings: The English sentences.
        points: Each meaning in each language.
        shares: Share of the variance along either component.
    """

    languages: tuple[str, ...]
    meanings: tuple[str, ...]
    points: tuple[Point, ...]
    shares: tuple[float, float]


def heat_of(space: Space, sides: Mapping[str, Sequence[str]]) -> Heat:
    """Mean cosines of each language with each other.

    Args:
        space: Vectors of all texts.
        sides: Sentences of each language, the same ones in the same order, English first.
    """
    rows = {lang: space.of(texts) for lang, texts in sides.items()}
    n = len(next(iter(sides.values())))
    means = [[_means(cosines(one, other)) for other in rows.values()] for one in rows.values()]
    return Heat(
        languages=tuple(sides),
        n=n,
        translations=tuple(tuple(own for own, _ in row) for row in means),
        others=tuple(tuple(other for _, other in row) for row in means),
    )


def _means(found: np.ndarray) -> tuple[float, float]:
    """Mean of the diagonal, and of the rest, of a square of cosines (N, N)."""
    n = len(found)
    own = found.trace(dtype=np.float64)
    rest = (found.sum(dtype=np.float64) - own) / max(n * (n - 1), 1)
    return float(own / n), float(rest)


def plane_of(space: Space, sides: Mapping[str, Sequence[str]]) -> Plane:
    """The map of `MEANINGS` sentences, spread evenly over all.

    Args:
        space: Vectors of all texts.
        sides: As in `heat_of`.
    """
    n = len(next(iter(sides.values())))
    chosen = [at * n // min(MEANINGS, n) for at in range(min(MEANINGS, n))]
    texts = [
        (lang, number, side[at]) for lang, side in sides.items() for number, at in enumerate(chosen)
    ]
    places, shares = _components(space.of([text for _, _, text in texts]))
    points = tuple(
        Point(lang, number, text, float(x), float(y))
        for (lang, number, text), (x, y) in zip(texts, places, strict=True)
    )
    return Plane(tuple(sides), tuple(sides["en"][at] for at in chosen), points, shares)


def _components(rows: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """Rows along their two first principal components, and the variance that these hold.

    The signs, which the decomposition leaves open, are set so that the outermost row of either
    component lies on its positive side.
    """
    centred = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    places = left[:, :2] * sizes[:2]
    outermost = places[np.abs(places).argmax(axis=0), [0, 1]]
    places *= np.where(outermost < 0, -1.0, 1.0)
    first, second = sizes[:2] ** 2 / np.maximum((sizes**2).sum(), 1e-12)
    return places, (float(first), float(second))
