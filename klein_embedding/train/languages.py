"""Single texts drawn by language, for the stages that need no pairs.

Shapes: N texts.
"""

from __future__ import annotations

import numpy as np

from klein_embedding.tokenizer.shards import Shards


class TextsByLanguage:
    """The texts of a split, each language with a share of its texts' number to an exponent."""

    def __init__(self, shards: Shards, exponent: float) -> None:
        """Sort the texts by language."""
        self._texts = _by_language(shards)
        powers = np.array([len(texts) for texts in self._texts], dtype=np.float64) ** exponent
        self._shares = powers / powers.sum()

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Text numbers (N,)."""
        chosen = rng.choice(len(self._texts), count, p=self._shares)
        return np.array([rng.choice(self._texts[lang]) for lang in chosen], dtype=np.int64)


def _by_language(shards: Shards) -> list[np.ndarray]:
    """Numbers of the texts of each language that has some, each text once, sorted."""
    found: dict[str, list[np.ndarray]] = {}
    for group in shards.groups:
        pairs = np.asarray(shards.pairs[group.start : group.stop])
        for side, lang in enumerate((group.anchor_lang, group.positive_lang)):
            found.setdefault(lang, []).append(pairs[:, side])
    return [np.unique(np.concatenate(parts)) for _, parts in sorted(found.items())]
