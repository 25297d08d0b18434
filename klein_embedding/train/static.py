"""The static stage: token vectors whose mean is the sentence vector.

Shapes: N texts, C coordinates, V vocabulary, P bigrams with a vector of their own.
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
from klein_embedding.train.bags import sparse_bags
from klein_embedding.train.batches import BatchStream, PairBatch
from klein_embedding.train.bigrams import BigramEntries
from klein_embedding.train.guide import equal_keys
from klein_embedding.train.losses import Contrast, in_batch_accuracy, symmetric_info_nce
from klein_embedding.train.objectives import SHOWN_EVERY, StepLoss, named
from klein_embedding.train.rows import Rows, gather

_START_STD = 0.1


class StaticObjective:
    """Symmetric InfoNCE on bags of tokens, and of bigrams if there are any, in large batches.

    Source: the static start of model2vec and of static-similarity-mrl-multilingual-v1.
    """

    operations = 0.0
    sparse = True

    def __init__(
        self,
        shards: Shards,
        recipe: tuple[DrawRecipe, LossRecipe, int],
        table: Tensor,
        bigrams: BigramEntries | None = None,
        held: Tensor | None = None,
    ) -> None:
        """Take over a table.

        Args:
            shards: Training split.
            recipe: How pairs are drawn, dials of the loss, and seed of the batches.
            table: Vectors to begin with, on the device that computes: (V + P, C), or (P, C) where
                others are held.
            bigrams: What the entries behind the vocabulary stand for.
            held: (V, C) vectors of the vocabulary that stay as they are.
        """
        self._draw, self._loss, seed = recipe
        self._shards, self.bigrams, self._held = shards, bigrams, held
        self._stream = BatchStream(shards, self._draw, seed)
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
        """Mean vectors (N, C)."""
        rows = entries(shards, (numbers, self._draw.pair_tokens), self.bigrams)
        return sparse_bags(self.table, rows, self._held)

    def settle(self) -> None:
        """Nothing is derived from the table."""


def random_table(vocabulary: int, content: int, seed: int) -> Tensor:
    """Random vectors (V, C) to begin with."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((vocabulary, content), generator=generator) * _START_STD


def bags(
    table: Tensor,
    shards: Shards,
    texts: tuple[np.ndarray, int],
    bigrams: BigramEntries | None = None,
) -> Tensor:
    """Mean vectors (N, C) of the tokens of texts, and of the bigrams that have a vector.

    Args:
        table: (V + P, C) vectors.
        shards: Token shards.
        texts: (N,) text numbers, and the most tokens of a text.
        bigrams: What the entries behind the vocabulary stand for.
    """
    rows = entries(shards, texts, bigrams)
    ids, firsts = torch.from_numpy(rows.ids), torch.from_numpy(rows.firsts)
    return bag_of_tokens(table, ids.to(table.device), firsts.to(table.device))


def entries(
    shards: Shards, texts: tuple[np.ndarray, int], bigrams: BigramEntries | None = None
) -> Rows:
    """Tokens of texts, and the entries of their bigrams, as `bags` takes them."""
    rows = gather(shards, *texts)
    return bigrams.extended(rows) if bigrams else rows


def margin_of(shards: Shards, batch: PairBatch, loss: LossRecipe) -> float:
    """The additive margin, which translations alone must keep."""
    return loss.margin if shards.groups[batch.group].kind == "translation" else 0.0
