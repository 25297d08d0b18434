"""What each stage minimises: static vectors, then the encoder, behind one protocol.

Shapes: N pairs of a group, M candidates, C coordinates, V vocabulary, T tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn

from klein_embedding.device import Compute
from klein_embedding.model.embedder import SentenceEncoder, bag_of_tokens
from klein_embedding.recipe import StageRecipe
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.tokenizer.train import BOS_ID, EOS_ID, PAD_ID
from klein_embedding.train.batches import BatchStream, PairBatch, gather, locality_order
from klein_embedding.train.losses import Contrast, info_nce, near_copies, symmetric_info_nce

_NEAR_COPY = 0.9
_CHUNK_TOKENS = 2048
_STATIC_STD = 0.1
_ORDER_DIMS = 128


class Objective(Protocol):
    """What the loop needs to know of a stage."""

    @property
    def module(self) -> nn.Module:
        """Everything that is trained and saved."""
        ...

    @property
    def table(self) -> nn.Parameter:
        """The token table, which has a rate of its own."""
        ...

    def losses(self, step: int) -> Iterator[tuple[Tensor, int]]:
        """Losses of a step in nats, each with the tokens it read; each is stepped on in turn."""
        ...

    def embed(self, shards: Shards, numbers: np.ndarray) -> Tensor:
        """Sentence vectors (N, C) of texts by number, for validation."""
        ...


class StaticObjective:
    """Token vectors whose mean is the sentence vector.

    Source: the static start of model2vec and of static-similarity-mrl-multilingual-v1.
    """

    def __init__(self, shards: Shards, stage: StageRecipe, shape: tuple[int, int]) -> None:
        """Start from random vectors.

        Args:
            shards: Training split.
            stage: Stage section of a recipe.
            shape: Vocabulary V and coordinates C.
        """
        self._shards, self._stage = shards, stage
        self._stream = BatchStream(shards, stage, None)
        generator = torch.Generator().manual_seed(stage.seed)
        self.table = nn.Parameter(torch.randn(shape, generator=generator) * _STATIC_STD)
        self.module = nn.ParameterDict({"table": self.table})

    def losses(self, step: int) -> Iterator[tuple[Tensor, int]]:
        """One loss a step."""
        yield self.loss(step)

    def loss(self, step: int) -> tuple[Tensor, int]:
        """Symmetric InfoNCE at the full width and, in turn, at one of the narrower ones."""
        widest, *narrow = self._stage.dims
        dims = (widest, narrow[step % len(narrow)]) if narrow else (widest,)
        contrast = Contrast(self._stage.scale, dims)
        losses, tokens = [], 0
        for batch in self._stream.step(step):
            anchors, read = self._bags(self._shards, batch.pairs[:, 0])
            positives, more = self._bags(self._shards, batch.pairs[:, 1])
            same = torch.zeros(len(anchors), len(anchors), dtype=torch.bool)
            losses.append(symmetric_info_nce(anchors, positives, same, contrast))
            tokens += read + more
        return torch.stack(losses).mean(), tokens

    def _bags(self, shards: Shards, numbers: np.ndarray) -> tuple[Tensor, int]:
        return bags(self.table, shards, numbers, self._stage.pair_tokens)

    def embed(self, shards: Shards, numbers: np.ndarray) -> Tensor:
        """Mean token vectors (N, C)."""
        return self._bags(shards, numbers)[0]


class ContrastiveObjective:
    """The encoder on in-batch negatives, and against the static vectors of many more texts.

    Two losses train the encoder. In the first, anchors and positives of a group, both from the
    encoder, are each other's negatives. In the second, every candidate is a static vector: the
    pair's other side, and a memory of some thousand texts at the price of a look-up. With static
    candidates only, no shift of the whole encoder can lower it, so it holds the encoder in the
    static space while it shows distinctions that a small batch cannot.

    The token table takes no gradient from the encoder, whose few pairs would blur it. It goes on
    learning as a static model, from large batches that cost little, and the encoder learns around
    it.
    """

    def __init__(
        self,
        shards: Shards,
        stage: StageRecipe,
        model: SentenceEncoder,
        compute: Compute,
        order: np.ndarray | None,
    ) -> None:
        """Take over a model whose token table holds the static vectors.

        Args:
            shards: Training split.
            stage: Stage section of a recipe.
            model: Encoder at the slack-coordinate start.
            compute: Processor and number format.
            order: (pairs,) rows by neighbourhood, see `neighbourhoods`; None to draw at random.
        """
        self._shards, self._stage, self._compute = shards, stage, compute
        self._words = cast("nn.Parameter", model.encoder.embeddings.word_embeddings.weight)
        self._words.requires_grad_(False)
        apart = replace(stage, batch=max(stage.static_batch, 1), groups=1, memory=0, hard=0.0)
        shape = (len(self._words), model.content)
        self._lexicon = StaticObjective(shards, apart, shape)
        self.table = self._lexicon.table
        self.table.data.copy_(self._words[:, : model.content])
        model.register_parameter("static", self.table)
        self.module = model
        self._stream = BatchStream(shards, stage, order)
        self._contrast = Contrast(stage.scale, tuple(stage.dims))

    def settle(self) -> None:
        """Give the encoder the token vectors that the table holds now."""
        with torch.no_grad():
            self._words[:, : self.table.shape[1]] = self.table

    def _static_bags(self, numbers: np.ndarray) -> Tensor:
        return bags(self.table.detach(), self._shards, numbers, self._stage.pair_tokens)[0]

    def losses(self, step: int) -> Iterator[tuple[Tensor, int]]:
        """The table's static losses, then the encoder's."""
        count = self._stage.static_steps
        for number in range(step * count, (step + 1) * count):
            loss, _ = self._lexicon.loss(number)
            # Tokens of the static steps cost a look-up, and would hide the encoder's speed.
            yield loss, 0
        self.settle()
        yield self._encoder_loss(step)

    def _encoder_loss(self, step: int) -> tuple[Tensor, int]:
        """Sum of both losses of the encoder, meaned over the groups of the step."""
        batches = self._stream.step(step)
        numbers = np.concatenate([batch.pairs.T.reshape(-1) for batch in batches])
        with self._compute.autocast():
            vectors, tokens = self._encode(self._shards, numbers)
        losses, at = [], 0
        for batch in batches:
            size = len(batch.pairs)
            sides = vectors[at : at + size], vectors[at + size : at + 2 * size]
            losses.append(self._group_loss(batch, *sides))
            at += 2 * size
        return torch.stack(losses).mean(), tokens

    def _group_loss(self, batch: PairBatch, anchors: Tensor, positives: Tensor) -> Tensor:
        pairs = np.concatenate([batch.pairs, batch.memory])
        guide_a, guide_p = self._static_bags(pairs[:, 0]), self._static_bags(pairs[:, 1])
        size = len(batch.pairs)
        copies_a = near_copies(guide_a[:size], guide_a, _NEAR_COPY)
        copies_p = near_copies(guide_p[:size], guide_p, _NEAR_COPY)
        either = copies_a | copies_p
        own = symmetric_info_nce(anchors, positives, either[:, :size], self._contrast)
        there = info_nce(anchors, guide_p, either, self._contrast)
        back = info_nce(positives, guide_a, either, self._contrast)
        return own + self._stage.pull * (there + back) / 2

    def _encode(self, shards: Shards, numbers: np.ndarray) -> tuple[Tensor, int]:
        """Sentence vectors (N, C), encoded in chunks of texts of like length."""
        longest = self._stage.pair_tokens - 2
        lengths = np.minimum(shards.offsets[numbers + 1] - shards.offsets[numbers], longest)
        ranked = np.argsort(lengths, kind="stable")
        parts, tokens, start = [], 0, 0
        while start < len(ranked):
            stop = start + 1
            while (
                stop < len(ranked)
                and (stop + 1 - start) * (lengths[ranked[stop]] + 2) <= _CHUNK_TOKENS
            ):
                stop += 1
            ids, mask = padded(shards, numbers[ranked[start:stop]], longest)
            parts.append(self.module(ids, mask))
            tokens += int(mask.sum())
            start = stop
        back = torch.from_numpy(np.argsort(ranked))
        return torch.cat(parts).float()[back], tokens

    def embed(self, shards: Shards, numbers: np.ndarray) -> Tensor:
        """Sentence vectors (N, C) of the encoder."""
        self.settle()
        with self._compute.autocast():
            return self._encode(shards, numbers)[0]


def bags(table: Tensor, shards: Shards, numbers: np.ndarray, longest: int) -> tuple[Tensor, int]:
    """Mean token vectors (N, C) of texts by number, and the tokens that were read for them."""
    ids, firsts = gather(shards, numbers, longest)
    return bag_of_tokens(table, torch.from_numpy(ids), torch.from_numpy(firsts)), len(ids)


def neighbourhoods(table: Tensor, shards: Shards, stage: StageRecipe) -> np.ndarray:
    """Rows (pairs,) of every group in the order of their static neighbourhoods.

    Args:
        table: (V, C) token vectors.
        shards: Training split.
        stage: Stage section of a recipe.
    """
    order = np.empty(len(shards.pairs), dtype=np.int64)
    for group in shards.groups:
        pairs = np.asarray(shards.pairs[group.start : group.stop])
        left, right = (
            bags(table, shards, pairs[:, side], stage.pair_tokens)[0][:, :_ORDER_DIMS]
            for side in (0, 1)
        )
        vectors = nn.functional.normalize(left, dim=1) + nn.functional.normalize(right, dim=1)
        ranked = locality_order(vectors.numpy(), stage.seed)
        order[group.start : group.stop] = group.start + ranked
    return order


def padded(shards: Shards, numbers: np.ndarray, longest: int) -> tuple[Tensor, Tensor]:
    """Ids and mask (N, T) of texts with their special tokens.

    Args:
        shards: Token shards.
        numbers: (N,) text numbers.
        longest: Most tokens of a text without its special tokens.
    """
    ids, firsts = gather(shards, numbers, longest)
    lengths = np.diff(np.append(firsts, len(ids)))
    block = np.full((len(numbers), int(lengths.max(initial=0)) + 2), PAD_ID, dtype=np.int64)
    columns = np.arange(block.shape[1])
    block[(columns >= 1) & (columns < lengths[:, None] + 1)] = ids
    block[:, 0] = BOS_ID
    block[np.arange(len(numbers)), lengths + 1] = EOS_ID
    mask = columns < lengths[:, None] + 2
    return torch.from_numpy(block), torch.from_numpy(mask)
