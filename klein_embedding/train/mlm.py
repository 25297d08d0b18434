"""The masked-token stage: the encoder guesses tokens that are hidden from it.

A step holds rows of single texts and, in a share, of translation pairs (TLM). Rows of like length
stand together in chunks, so hardly a position is padding and none sees another row.

Shapes: B rows, T tokens, M masked tokens, C content coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from klein_embedding.device import Compute
from klein_embedding.errors import KleinError
from klein_embedding.model.embedder import SentenceEncoder
from klein_embedding.model.heads import MaskedHead
from klein_embedding.recipe_stages import MlmRecipe
from klein_embedding.tokenizer.pipeline import EOS_ID, HEAD
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train import ranks
from klein_embedding.train.ahead import Ahead
from klein_embedding.train.languages import TextsByLanguage
from klein_embedding.train.objectives import (
    StepLoss,
    compiled_if,
    encoded,
    operations_of,
)
from klein_embedding.train.rows import SPECIAL, Rows, gather, joined

_IGNORED = -100
_REPLACED = 0.8, 0.1
"""Of the tokens to be guessed: shares that are hidden, and that become another token."""
_DRAWN = 64


@dataclass(frozen=True, slots=True)
class Masked:
    """Rows of a step with some tokens hidden.

    Attributes:
        rows: What the encoder reads.
        labels: (tokens,) int64 what stood there, -100 where nothing is to be guessed.
    """

    rows: Rows
    labels: np.ndarray


class MaskedStream:
    """Draws the rows of each step, the same whenever and wherever a step is asked for."""

    def __init__(self, shards: Shards, stage: MlmRecipe, vocabulary: int) -> None:
        """Sort the texts by language and find the translations.

        Raises:
            KleinError: If TLM is wanted and the shards hold no translations.
        """
        self._shards, self._stage = shards, stage
        self._mask = vocabulary - 1  # RoBERTa puts <mask> last
        self._texts = TextsByLanguage(shards, stage.exponent)
        self._pairs = [g for g in shards.groups if g.kind == "translation"]
        sizes = np.array([g.stop - g.start for g in self._pairs], dtype=np.float64)
        if stage.pairs and not len(sizes):
            raise KleinError("training: no translations for rows of two; set stages.mlm.pairs to 0")
        powers = sizes**stage.exponent
        self._pair_shares = powers / powers.sum() if len(sizes) else powers

    def step(self, number: int) -> Masked:
        """Rows of about the recipe's tokens, masked."""
        rng = np.random.default_rng((self._stage.run.seed, number))
        parts: list[np.ndarray] = []
        filled = 0
        while filled < self._stage.tokens:
            for part in (*self._singles(rng), *self._doubles(rng)):
                # Texts of one token teach nothing, and a step is no longer than it may be.
                if len(part) > 1 and filled < self._stage.tokens:
                    parts.append(part)
                    filled += len(part) + SPECIAL
        return self._masked(joined(parts), rng)

    def _singles(self, rng: np.random.Generator) -> list[np.ndarray]:
        count = round(_DRAWN * (1 - self._stage.pairs))
        numbers = self._texts.draw(rng, count)
        return _parts(gather(self._shards, numbers, self._stage.row_tokens - SPECIAL))

    def _doubles(self, rng: np.random.Generator) -> list[np.ndarray]:
        count = _DRAWN - round(_DRAWN * (1 - self._stage.pairs))
        if not count:
            return []
        chosen = rng.choice(len(self._pairs), count, p=self._pair_shares)
        rows = [int(rng.integers(self._pairs[g].start, self._pairs[g].stop)) for g in chosen]
        # Two texts with the end of the first between them fill a row at most.
        longest = (self._stage.row_tokens - SPECIAL - 1) // 2
        texts = np.asarray(self._shards.pairs[np.array(rows)])
        sides = [_parts(gather(self._shards, texts[:, side], longest)) for side in (0, 1)]
        return [np.concatenate([a, [EOS_ID], b]) for a, b in zip(*sides, strict=True)]

    def _masked(self, rows: Rows, rng: np.random.Generator) -> Masked:
        ids = rows.ids.copy()
        guessed = (rng.random(len(ids)) < self._stage.masked) & (ids != EOS_ID)
        guessed[0] = True  # so that no step is without a loss
        fate = rng.random(len(ids))
        hidden, other = _REPLACED
        ids[guessed & (fate < hidden)] = self._mask
        swapped = guessed & (fate >= hidden) & (fate < hidden + other)
        ids[swapped] = rng.integers(len(HEAD), self._mask, int(swapped.sum()))
        return Masked(Rows(ids, rows.firsts), np.where(guessed, rows.ids, _IGNORED))


class MlmObjective:
    """Cross-entropy on the masked tokens alone, against the token table.

    Source: Devlin et al. 2019, arXiv 1810.04805; Liu et al. 2019, arXiv 1907.11692 (dynamic
    masking); Conneau and Lample 2019 (TLM), arXiv 1901.07291.
    """

    sparse = False

    def __init__(
        self, shards: Shards, stage: MlmRecipe, model: SentenceEncoder, compute: Compute
    ) -> None:
        """Put a head on a model.

        Args:
            shards: Training split.
            stage: Stage section of a recipe.
            model: Encoder, changed in place.
            compute: Processor and number format.
        """
        self._stage, self._model, self._compute = stage, model, compute
        self.table = cast("nn.Parameter", model.encoder.embeddings.word_embeddings.weight)
        self.table.requires_grad_(stage.run.table_rate > 0)
        if self.table.requires_grad:
            self.table.register_hook(self._content_only)
        vocabulary = len(self.table)
        self._head = MaskedHead(model.content, vocabulary).to(compute.device)
        self.module: nn.Module = nn.ModuleDict({"model": model, "head": self._head})
        self._encoder = compiled_if(stage.run.compiled, model.encoder)
        stream = MaskedStream(shards, stage, vocabulary)
        self._drawn = Ahead(stream.step, threaded=compute.device == "cuda")
        self.operations = operations_of(model.encoder)

    def _content_only(self, grad: Tensor) -> Tensor:
        """Gradient of the table without its slack coordinates, which give it its length."""
        kept = grad.clone()
        kept[:, self._model.content :] = 0
        return kept

    def losses(self, step: int) -> Iterator[StepLoss]:
        """The step's loss in chunks, whose gradients add up before they are stepped on."""
        masked = self._drawn.step(step)
        count = int((masked.labels != _IGNORED).sum())
        chunks = list(masked.rows.chunks(self._stage.chunk_tokens))[ranks.rank() :: ranks.size()]
        about = f"{len(masked.rows)} masked rows"
        if not chunks:
            yield StepLoss(self._head.bias.sum() * 0.0, 0, about, share=True)
        for at, numbers in enumerate(chunks):
            rows = masked.rows.take(numbers)
            labels = Rows(masked.labels, masked.rows.firsts).take(numbers)
            loss = self._chunk(rows, labels) / count
            tokens = (len(rows.ids) + SPECIAL * len(rows)) * ranks.size()
            yield StepLoss(loss, tokens, about, more=at + 1 < len(chunks), share=True)

    def _chunk(self, rows: Rows, labels: Rows) -> Tensor:
        """Sum of the losses of a chunk's masked tokens."""
        ids, mask = (part.to(self._compute.device) for part in rows.padded())
        target_BT = torch.full(ids.shape, _IGNORED, dtype=torch.int64)
        target_BT[torch.from_numpy(labels.inside())] = torch.from_numpy(labels.ids)
        places = (target_BT != _IGNORED).to(ids.device)
        target_M = target_BT.to(ids.device)[places]
        with self._compute.autocast():
            hidden_MC = self._encoder(ids, mask)[places][:, : self._model.content]
            logits_MV = self._head(hidden_MC, self.table[:, : self._model.content])
        return functional.cross_entropy(logits_MV.float(), target_M, reduction="sum")

    def embed(self, shards: Shards, numbers: np.ndarray) -> Tensor:
        """Sentence vectors (N, C), which this stage does not train but must not destroy."""
        rows = gather(shards, numbers, self._stage.row_tokens - SPECIAL)
        return encoded(self._model, rows, self._stage.chunk_tokens, self._compute)

    def settle(self) -> None:
        """Nothing is derived."""


def _parts(rows: Rows) -> list[np.ndarray]:
    return np.split(rows.ids, rows.firsts[1:])
