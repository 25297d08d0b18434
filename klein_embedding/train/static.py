"""The static stage: token vectors whose mean is the sentence vector.

Shapes: N texts, C coordinates, V vocabulary, P bigrams with a vector of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from klein_embedding.model.embedder import bag_of_tokens
from klein_embedding.recipe_stages import LossRecipe
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train import ranks
from klein_embedding.train.bags import sparse_bags
from klein_embedding.train.batches import PairBatch
from klein_embedding.train.bigrams import BigramEntries
from klein_embedding.train.drawn import DrawnPairs
from klein_embedding.train.guide import equal_keys
from klein_embedding.train.losses import Contrast, in_batch_accuracy, symmetric_info_nce
from klein_embedding.train.objectives import SHOWN_EVERY, StepLoss, named
from klein_embedding.train.rows import Rows, gather

_START_STD = 0.1
_MEASURED_STEPS = 200


@dataclass(frozen=True, slots=True)
class Bigrammed:
    """A table that holds bigrams.

    Attributes:
        bigrams: What the entries behind the vocabulary stand for.
        held: (V, C) vectors of the vocabulary that stay as they are; None where the table holds
            them too.
    """

    bigrams: BigramEntries
    held: Tensor | None = None


class StaticObjective:
    """Symmetric InfoNCE on bags of tokens, and of bigrams if there are any, in large batches.

    Source: the static start of model2vec and of static-similarity-mrl-multilingual-v1.
    """

    operations = 0.0
    sparse = True

    def __init__(
        self,
        drawn: DrawnPairs,
        loss: LossRecipe,
        table: Tensor,
        more: Bigrammed | None = None,
    ) -> None:
        """Take over a table.

        Args:
            drawn: Pairs of each step.
            loss: Dials of the loss.
            table: Vectors to begin with, on the device that computes: (V + P, C), or (P, C) where
                others are held.
            more: What the table holds beside the vocabulary.
        """
        self._drawn, self._loss, self._shards = drawn, loss, drawn.shards
        self.bigrams, self._held = (more.bigrams, more.held) if more else (None, None)
        self.table = nn.Parameter(table)
        self.module: nn.Module = nn.ParameterDict({"table": self.table})

    def losses(self, step: int) -> Iterator[StepLoss]:
        """One loss a step, at the full width and, in turn, at one of the narrower ones."""
        widest, *narrow = self._loss.dims
        dims = (widest, narrow[step % len(narrow)]) if narrow else (widest,)
        batches = list(self._drawn.step(step))
        found = [self._of_batch(batch, rows, dims) for batch, rows in batches]
        tokens = sum(len(rows.ids) for _, rows in batches)
        about = named([self._shards.groups[batch.group] for batch, _ in batches])
        accuracy = None
        if step % SHOWN_EVERY == 0:
            accuracy = float(np.mean([in_batch_accuracy(*sides) for _, sides in found]))
        yield StepLoss(torch.stack([loss for loss, _ in found]).mean(), tokens, about, accuracy)

    def _of_batch(
        self, batch: PairBatch, rows: Rows, dims: tuple[int, ...]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        mine = self._vectors(rows.take(np.arange(len(rows))[ranks.share(len(rows))]))
        anchors, positives = ranks.gathered(mine, len(rows)).chunk(2)
        ignored = equal_keys(self._shards, batch.pairs[:, 0], batch.pairs[:, 1])
        contrast = Contrast(self._loss.scale, dims, margin_of(self._shards, batch, self._loss))
        if ignored is not None:
            ignored = ignored.to(anchors.device)
        loss = symmetric_info_nce(anchors, positives, ignored, contrast)
        return loss, (anchors.detach(), positives.detach())

    def embed(self, shards: Shards, numbers: np.ndarray) -> Tensor:
        """Mean vectors (N, C)."""
        return self._vectors(gather(shards, numbers, self._drawn.longest))

    @torch.no_grad()
    def moments(self) -> np.ndarray:
        """Mean (C, C) of ``x x^T`` over unit sentence vectors of the first steps' texts.

        Kinds of pairs count alike, as in validation.
        """
        found: dict[str, list[Tensor]] = {}
        for step in range(_MEASURED_STEPS):
            for batch, rows in self._drawn.step(step):
                units = nn.functional.normalize(self._vectors(rows))
                kind = self._shards.groups[batch.group].kind
                found.setdefault(kind, []).append(units.T @ units / len(units))
        kinds = [torch.stack(parts).mean(0) for parts in found.values()]
        return torch.stack(kinds).mean(0).double().cpu().numpy()

    def _vectors(self, rows: Rows) -> Tensor:
        rows = self.bigrams.extended(rows) if self.bigrams else rows
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
