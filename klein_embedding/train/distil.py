"""The distillation stage: the encoder learns what more bigrams mean than it has units for.

The teacher is the static vectors of the same recipe, tokens and all their bigrams, trained from
random numbers on the same pairs. It says of every token what its state should be, so that a step
of a few thousand tokens has as many answers to learn from, where a contrastive step has a few
hundred sentences that mostly fit already.

Shapes: B rows, T tokens, N real tokens, C content coordinates, V vocabulary, P bigrams.

Source: Hinton et al. 2015 (distillation), arXiv 1503.02531; states instead of outcomes as in Romero
et al. 2015 (FitNets), arXiv 1412.6550.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from klein_embedding.device import Compute
from klein_embedding.model.embedder import SentenceEncoder
from klein_embedding.recipe_stages import DistilRecipe
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train import ranks
from klein_embedding.train.bigrams import BigramEntries
from klein_embedding.train.languages import TextsByLanguage
from klein_embedding.train.objectives import (
    StepLoss,
    compiled_if,
    encoded,
    operations_of,
)
from klein_embedding.train.rows import SPECIAL, Rows, gather

_SAMPLE = 256
"""Texts on which the scale of the states and the size of the task are measured."""


class DistilObjective:
    """Squared distance between a token's state and its static vector with its bigram's.

    The loss is a share: 1 is an encoder that knows tokens and no bigram at all.
    """

    sparse = False

    def __init__(
        self,
        shards: Shards,
        stage: DistilRecipe,
        model: SentenceEncoder,
        static: tuple[Tensor, BigramEntries],
        compute: Compute,
    ) -> None:
        """Measure the start.

        Args:
            shards: Training split.
            stage: Stage section of a recipe.
            model: Encoder at the start that these static vectors gave it, changed in place.
            static: (V + P, C) vectors, and what the last P of them stand for.
            compute: Processor and number format.
        """
        self._shards, self._stage, self._model, self._compute = shards, stage, model, compute
        self._vectors, self._bigrams = static
        self.table = cast("nn.Parameter", model.encoder.embeddings.word_embeddings.weight)
        self.table.requires_grad_(False)
        self.module: nn.Module = nn.ModuleDict({"model": model})
        self._encoder = compiled_if(stage.run.compiled, model.encoder)
        self._texts = TextsByLanguage(shards, stage.exponent)
        self.operations = operations_of(model.encoder)
        self._scale, self._size = self._measured()

    @torch.no_grad()
    def _measured(self) -> tuple[float, float]:
        """Factor from states to static vectors, and mean square of what bigrams add to a token."""
        rows = self._rows(np.random.default_rng(self._stage.run.seed), _SAMPLE)
        along = square = size = 0.0
        for numbers in rows.chunks(self._stage.chunk_tokens):
            states, tokens, targets = self._compared(rows.take(numbers))
            added = (targets - tokens).square().sum(1)
            size += float(added.sum())
            # Where a bigram is known, the state is longer than the token's by an unknown part.
            plain = states[added == 0]
            along += float((plain * tokens[added == 0]).sum())
            square += float((plain * plain).sum())
        return along / square, size / len(rows.ids)

    def _rows(self, rng: np.random.Generator, count: int) -> Rows:
        return gather(self._shards, self._texts.draw(rng, count), self._stage.row_tokens - SPECIAL)

    def _compared(self, rows: Rows) -> tuple[Tensor, Tensor, Tensor]:
        """States, vectors of the tokens alone, and vectors with the bigrams', each (N, C)."""
        ids, mask = (part.to(self._compute.device) for part in rows.padded())
        inside = torch.from_numpy(rows.inside()).to(ids.device)
        with self._compute.autocast():
            states = self._encoder(ids, mask)[..., : self._model.content]
        known = torch.from_numpy(self._bigrams.places(rows)).to(ids.device)
        tokens = self._vectors[torch.from_numpy(rows.ids).to(ids.device)]
        vocabulary = len(self._vectors) - len(self._bigrams)
        added = self._vectors[vocabulary + known.clamp(min=0)] * (known >= 0)[:, None]
        return states[inside].float(), tokens, tokens + added

    def losses(self, step: int) -> Iterator[StepLoss]:
        """The step's loss in chunks, whose gradients add up before they are stepped on."""
        rng = np.random.default_rng((self._stage.run.seed, step))
        rows = self._rows(rng, self._stage.texts)
        chunks = list(rows.chunks(self._stage.chunk_tokens))[ranks.rank() :: ranks.size()]
        about = f"{len(rows)} texts"
        if not chunks:
            yield StepLoss(
                self._model.encoder.embeddings.LayerNorm.bias.sum() * 0.0, 0, about, share=True
            )
        for at, numbers in enumerate(chunks):
            part = rows.take(numbers)
            states, _, targets = self._compared(part)
            loss = (states * self._scale - targets).square().sum() / (self._size * len(rows.ids))
            tokens = (len(part.ids) + SPECIAL * len(part)) * ranks.size()
            yield StepLoss(loss, tokens, about, more=at + 1 < len(chunks), share=True)

    def embed(self, shards: Shards, numbers: np.ndarray) -> Tensor:
        """Sentence vectors (N, C) of the encoder."""
        rows = gather(shards, numbers, self._stage.valid_tokens - SPECIAL)
        return encoded(self._model, rows, self._stage.chunk_tokens, self._compute)

    def settle(self) -> None:
        """Nothing is derived."""
