"""The static stage: token vectors whose mean is the sentence vector.

Shapes: N texts, C coordinates, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from klein_embedding.model.embedder import bag_of_tokens
from klein_embedding.recipe_stages import DrawRecipe, LossRecipe
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train import ranks
from klein_embedding.train.batches import BatchStream, PairBatch
from klein_embedding.train.guide import equal_keys
from klein_embedding.train.losses import Contrast, in_batch_accuracy, symmetric_info_nce
from klein_embedding.train.objectives import SHOWN_EVERY, StepLoss, named
from klein_embedding.train.rows import gather

_START_STD = 0.1


class StaticObjective:
    """Symmetric InfoNCE on bags of tokens, in large batches.

    Source: the static start of model2vec and of static-similarity-mrl-multilingual-v1.
    """

    operations = 0.0

    def __init__(
        self, shards: Shards, draw: DrawRecipe, loss: LossRecipe, seed: int, table: Tensor
    ) -> None:
        """Take over a table.

        Args:
            shards: Training split.
            draw: How pairs are drawn.
            loss: Dials of the loss.
            seed: Seed of the batches.
            table: (V, C) token vectors to begin with, on the device that computes.
        """
        self._shards, self._draw, self._loss = shards, draw, loss
        self._stream = BatchStream(shards, draw, seed)
        self.table = nn.Parameter(table)
        self.module: nn.Module = nn.ParameterDict({"table": self.table})

    def losses(self, step: int) -> Iterator[StepLoss]:
        """One loss a step, at the full width and, in turn, at one of the narrower ones."""
        widest, *narrow = self._loss.dims
        dims = (widest, narrow[step % len(narrow)]) if narrow else (widest,)
        batches = self._stream.step(step)
        found = [self._of_batch(batch, dims) for batch in batches]
        texts = np.concatenate([batch.pairs.reshape(-1) for batch in batches])
        tokens = int((self._shards.offsets[texts + 1] - self._shards.offsets[texts]).sum())
        about = named([self._shards.groups[batch.group] for batch in batches])
        accuracy = None
        if step % SHOWN_EVERY == 0:
            accuracy = float(np.mean([in_batch_accuracy(*sides) for _, sides in found]))
        yield StepLoss(torch.stack([loss for loss, _ in found]).mean(), tokens, about, accuracy)

    def _of_batch(
        self, batch: PairBatch, dims: tuple[int, ...]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        numbers = batch.pairs.T.reshape(-1)
        mine = self.embed(self._shards, numbers[ranks.share(len(numbers))])
        anchors, positives = ranks.gathered(mine, len(numbers)).chunk(2)
        ignored = equal_keys(self._shards, batch.pairs[:, 0], batch.pairs[:, 1])
        contrast = Contrast(self._loss.scale, dims, margin_of(self._shards, batch, self._loss))
        if ignored is not None:
            ignored = ignored.to(anchors.device)
        loss = symmetric_info_nce(anchors, positives, ignored, contrast)
        return loss, (anchors.detach(), positives.detach())

    def embed(self, shards: Shards, numbers: np.ndarray) -> Tensor:
        """Mean token vectors (N, C)."""
        return bags(self.table, shards, numbers, self._draw.pair_tokens)

    def settle(self) -> None:
        """Nothing is derived from the table."""


def random_table(vocabulary: int, content: int, seed: int) -> Tensor:
    """Random token vectors (V, C) to begin with."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((vocabulary, content), generator=generator) * _START_STD


def bags(table: Tensor, shards: Shards, numbers: np.ndarray, longest: int) -> Tensor:
    """Mean token vectors (N, C) of texts by number."""
    rows = gather(shards, numbers, longest)
    ids, firsts = torch.from_numpy(rows.ids), torch.from_numpy(rows.firsts)
    return bag_of_tokens(table, ids.to(table.device), firsts.to(table.device))


def margin_of(shards: Shards, batch: PairBatch, loss: LossRecipe) -> float:
    """The additive margin, which translations alone must keep."""
    return loss.margin if shards.groups[batch.group].kind == "translation" else 0.0
