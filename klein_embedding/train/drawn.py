"""Pairs of the static stages, step by step, and their texts as tokens."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from klein_embedding.recipe_stages import DrawRecipe
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train.augment import Augmenter
from klein_embedding.train.batches import BatchStream, PairBatch
from klein_embedding.train.rows import Rows, gather


class DrawnPairs:
    """Batches of pairs with their texts, some of them in other forms; a function of seed and step.

    Attributes:
        shards: Training split.
        longest: Most tokens of a text.
    """

    def __init__(
        self, shards: Shards, draw: DrawRecipe, seed: int, augmenter: Augmenter | None = None
    ) -> None:
        """Keep what decides the draws.

        Args:
            shards: Training split.
            draw: How pairs are drawn.
            seed: Seed of batches and forms.
            augmenter: Writes texts in other forms; None leaves them as they are.
        """
        self.shards, self.longest = shards, draw.pair_tokens
        self._seed, self._augmenter = seed, augmenter
        self._stream = BatchStream(shards, draw, seed)

    def step(self, step: int) -> Iterator[tuple[PairBatch, Rows]]:
        """Batches of a step, each with the texts of its N anchors and then its N positives."""
        for number, batch in enumerate(self._stream.step(step)):
            rows = gather(self.shards, batch.pairs.T.reshape(-1), self.longest)
            if self._augmenter:
                group = self.shards.groups[batch.group]
                sides = [group.anchor_lang, group.positive_lang]
                langs = np.repeat(sides, len(batch.pairs)).tolist()
                rng = np.random.default_rng((self._seed, step, number))
                rows = self._augmenter.rewritten(rows, langs, self.longest, rng)
            yield batch, rows
