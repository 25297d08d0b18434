"""The contrastive stage: the encoder on in-batch negatives, hard negatives and static vectors.

Shapes: N pairs of a group, M memory pairs, X hard negatives, C coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from klein_embedding.device import Compute
from klein_embedding.model.embedder import SentenceEncoder
from klein_embedding.model.start import write_table
from klein_embedding.recipe_stages import ContrastiveRecipe
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train import ranks
from klein_embedding.train.ahead import Ahead
from klein_embedding.train.augment import Augmenter
from klein_embedding.train.batches import BatchStream, Guide, PairBatch
from klein_embedding.train.bigrams import BigramEntries
from klein_embedding.train.drawn import DrawnPairs
from klein_embedding.train.guide import equal_keys
from klein_embedding.train.losses import (
    Contrast,
    false_negatives,
    in_batch_accuracy,
    info_nce,
    symmetric_info_nce,
)
from klein_embedding.train.objectives import (
    SHOWN_EVERY,
    StepLoss,
    compiled_if,
    named,
    operations_of,
)
from klein_embedding.train.rows import SPECIAL, Rows, by_chunks, gather
from klein_embedding.train.static import Bigrammed, StaticObjective, bags, margin_of


@dataclass(frozen=True, slots=True)
class Start:
    """What the contrastive stage begins with.

    Attributes:
        model: Encoder, changed in place.
        table: (V + P, C) static vectors of the same space.
        radius: Length to which the encoder's token vectors are brought.
        bigrams: What the P entries behind the vocabulary stand for.
    """

    model: SentenceEncoder
    table: Tensor
    radius: float
    bigrams: BigramEntries | None = None


class ContrastiveObjective:
    """Two losses train the encoder.

    In the first, anchors and positives of a group, both from the encoder, are each other's
    negatives, and the pairs' hard negatives join them. In the second, every candidate is a static
    vector: the pair's other side, and a memory of some thousand texts at the price of a look-up.
    With static candidates only, no shift of the whole encoder can lower it, so it holds the
    encoder in the static space while it shows distinctions that a small batch cannot.

    The token table takes no gradient from the encoder, whose few pairs would blur it. It goes on
    learning as a static model, from large batches that cost little, and the encoder learns around
    it.

    With ``recompute`` a chunk of texts keeps nothing but its vectors for the backward pass and is
    encoded again there, so memory does not grow with the batch: what GradCache does.

    Source: Gao et al. 2021 (GradCache), arXiv 2101.06983.
    """

    sparse = True

    def __init__(
        self,
        shards: Shards,
        stage: ContrastiveRecipe,
        start: Start,
        compute: Compute,
        aids: tuple[Guide, Augmenter | None],
    ) -> None:
        """Take over a model and its static vectors.

        Args:
            shards: Training split.
            stage: Stage section of a recipe.
            start: Model and table.
            compute: Processor and number format.
            aids: What static vectors know of the pairs, and what writes texts in other forms.
        """
        self._shards, self._stage, self._compute = shards, stage, compute
        self._guide, self._augmenter = aids
        self._start = start
        words = cast("nn.Parameter", start.model.encoder.embeddings.word_embeddings.weight)
        words.requires_grad_(False)
        seed = stage.run.seed
        apart = replace(stage.draw, batch=max(stage.static_batch, 1), groups=1, hard=0.0)
        self._lexicon = StaticObjective(
            DrawnPairs(shards, apart, seed),
            stage.loss,
            start.table,
            Bigrammed(start.bigrams) if start.bigrams else None,
        )
        self.table = self._lexicon.table
        self.table.requires_grad_(stage.static_steps > 0)
        start.model.register_parameter("static", self.table)
        self.module: nn.Module = start.model
        self._model = compiled_if(stage.run.compiled, start.model)
        self._stream = BatchStream(shards, stage.draw, seed, stage.memory, self._guide)
        self._drawn = Ahead(self._draw, threaded=compute.device == "cuda")
        self.operations = operations_of(start.model.encoder)

    def settle(self) -> None:
        """Give the encoder the token vectors that the table holds now."""
        encoder = self._start.model.encoder
        vocabulary = encoder.embeddings.word_embeddings.num_embeddings
        write_table(encoder, self.table.detach()[:vocabulary], self._start.radius)

    def losses(self, step: int) -> Iterator[StepLoss]:
        """The table's static losses, then the encoder's."""
        count = self._stage.static_steps
        for number in range(step * count, (step + 1) * count):
            for found in self._lexicon.losses(number):
                # Tokens of the static steps cost a look-up, and would hide the encoder's speed.
                yield replace(found, tokens=0, accuracy=None)
        if count:
            self.settle()
        yield self._encoder_loss(step)

    def _encoder_loss(self, step: int) -> StepLoss:
        """Sum of both losses of the encoder, meaned over the groups of the step."""
        batches, rows = self._drawn.step(step)
        mine = self._encode(rows.take(np.arange(len(rows))[ranks.share(len(rows))]))
        vectors = ranks.gathered(mine, len(rows))
        losses, accuracies, at = [], [], 0
        for batch in batches:
            size, more = len(batch.pairs), int((batch.negatives >= 0).sum()) * self._stage.negatives
            parts = vectors[at : at + 2 * size + more].split([size, size, more])
            losses.append(self._group_loss(batch, (parts[0], parts[1], parts[2])))
            if step % SHOWN_EVERY == 0:
                accuracies.append(in_batch_accuracy(parts[0], parts[1]))
            at += 2 * size + more
        about = named([self._shards.groups[batch.group] for batch in batches])
        tokens = len(rows.ids) + SPECIAL * len(rows)
        accuracy = float(np.mean(accuracies)) if accuracies else None
        return StepLoss(torch.stack(losses).mean(), tokens, about, accuracy)

    def _draw(self, step: int) -> tuple[list[PairBatch], Rows]:
        """The pairs of a step, and the texts that the encoder reads of them."""
        batches = self._stream.step(step)
        texts, langs = self._texts(batches)
        longest = self._stage.draw.pair_tokens - SPECIAL
        rows = gather(self._shards, texts, longest)
        if self._augmenter:
            rng = np.random.default_rng((self._stage.run.seed, step, len(texts)))
            rows = self._augmenter.rewritten(rows, langs, longest, rng)
        return batches, rows

    def _texts(self, batches: list[PairBatch]) -> tuple[np.ndarray, list[str]]:
        """Numbers of all texts of a step, group by group, and their languages."""
        numbers, langs = [], []
        for batch in batches:
            group = self._shards.groups[batch.group]
            wrong = batch.negatives[batch.negatives >= 0] if self._stage.negatives else []
            sides = (batch.pairs[:, 0], batch.pairs[:, 1], np.asarray(wrong, dtype=np.int64))
            of_side = (group.anchor_lang, group.positive_lang, group.positive_lang)
            for side, lang in zip(sides, of_side, strict=True):
                numbers.append(side)
                langs += [lang] * len(side)
        return np.concatenate(numbers), langs

    def _group_loss(self, batch: PairBatch, vectors: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        anchors, positives, wrong = vectors
        dials, count = self._stage.loss, len(batch.pairs)
        margin = margin_of(self._shards, batch, dials)
        contrast = Contrast(dials.scale, tuple(dials.dims), margin)
        pairs = np.concatenate([batch.pairs, batch.memory])
        guide_a, guide_p = self._static(pairs[:, 0]), self._static(pairs[:, 1])
        ignored = false_negatives(
            (guide_a[:count], guide_p), (guide_p[:count], guide_a), dials.copies, dials.above
        )
        ignored = self._with_keys(ignored, batch.pairs[:, 0], pairs[:, 1])
        candidates, own_ignored = positives, ignored[:, :count]
        if len(wrong):
            candidates = torch.cat([positives, wrong])
            own_ignored = torch.cat([own_ignored, self._wrong_ignored(batch, guide_p[:count])], 1)
        own = symmetric_info_nce(anchors, candidates, own_ignored, contrast)
        if not self._stage.pull:
            return own
        there = info_nce(anchors, guide_p, ignored, contrast)
        back = info_nce(positives, guide_a, ignored, contrast)
        return own + self._stage.pull * (there + back) / 2

    def _wrong_ignored(self, batch: PairBatch, guide: Tensor) -> Tensor:
        """Where (N, X) the hard negative of another pair is a copy of this pair's positive.

        A pair's own is meant to be alike, and always counts.
        """
        owners = np.flatnonzero(batch.negatives >= 0)
        numbers = batch.negatives[owners]
        unit = nn.functional.normalize(guide, dim=1)
        found = unit @ nn.functional.normalize(self._static(numbers), dim=1).T
        ignored = found > self._stage.loss.copies
        keys = np.asarray(self._shards.keys[np.concatenate([batch.pairs[:, 1], numbers])])
        same = keys[len(guide) :] == keys[: len(guide), None]
        ignored |= torch.from_numpy(same).to(ignored.device)
        ignored[owners, np.arange(len(owners))] = False
        return ignored

    def _with_keys(self, ignored: Tensor, anchors: np.ndarray, candidates: np.ndarray) -> Tensor:
        same = equal_keys(self._shards, anchors, candidates)
        return ignored if same is None else ignored | same.to(ignored.device)

    def _static(self, numbers: np.ndarray) -> Tensor:
        texts = numbers, self._stage.draw.pair_tokens
        return bags(self.table.detach(), self._shards, texts, self._start.bigrams)

    def _encode(self, rows: Rows) -> Tensor:
        """Sentence vectors (N, C) in float32, encoded in chunks of texts of like length."""
        if not len(rows):
            return self.table.new_zeros(0, self.table.shape[1])
        return by_chunks(rows, self._stage.chunk_tokens, self._chunk)

    def _chunk(self, rows: Rows) -> Tensor:
        ids, mask = (part.to(self._compute.device) for part in rows.padded())
        with self._compute.autocast():
            if self._stage.recompute and torch.is_grad_enabled():
                # There is no dropout, so the random state need not be kept.
                kept = checkpoint(
                    self._model, ids, mask, use_reentrant=False, preserve_rng_state=False
                )
                return cast("Tensor", kept).float()
            return self._model(ids, mask).float()

    def embed(self, shards: Shards, numbers: np.ndarray) -> Tensor:
        """Sentence vectors (N, C) of the encoder."""
        return self._encode(gather(shards, numbers, self._stage.draw.pair_tokens - SPECIAL))
