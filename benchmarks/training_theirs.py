"""What `training.py` times of sentence-transformers: its model, losses and collator.

Its trainer needs accelerate and datasets, which this project does not lock. The step is therefore
the trainer's written out, with its defaults: its collator tokenises and pads each column of a
batch, the loss runs (under autocast if bf16), gradients are clipped at 1, fused AdamW and a linear
schedule step. Nothing of the trainer's own bookkeeping is timed, which favours it a little.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.data_collator import (
    SentenceTransformerDataCollator,
)
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    MatryoshkaLoss,
    MultipleNegativesRankingLoss,
)
from sentence_transformers.sentence_transformer.modules import (
    Pooling,
    StaticEmbedding,
    Transformer,
)
from tokenizers import Tokenizer
from training_ours import TOKENIZER, VOCABULARY, Texts, pairs_at
from transformers import RobertaConfig, RobertaModel, get_linear_schedule_with_warmup
from transformers.utils import logging as transformers_logging

from klein_embedding.files import write_json
from klein_embedding.model.encoder import hugging_face_config
from klein_embedding.recipe import ModelRecipe
from klein_embedding.train.rows import SPECIAL

_CLIP, _RATE, _STEPS = 1.0, 5e-5, 100_000
_COLUMNS = ("anchor", "positive")
_SPECIAL_TOKENS = {
    "bos_token": "<s>",
    "cls_token": "<s>",
    "eos_token": "</s>",
    "mask_token": "<mask>",
    "pad_token": "<pad>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
}

# Of our own doing: bars while random weights are written, advice to train the full width too.
transformers_logging.disable_progress_bar()
logging.getLogger("sentence_transformers").setLevel(logging.ERROR)


class Theirs:
    """Steps of one model on made-up pairs."""

    def __init__(
        self, model: SentenceTransformer, loss: torch.nn.Module, texts: Texts, special: int
    ) -> None:
        """Make the optimiser as the trainer does; ``special`` tokens are added to each text."""
        self._model, self._loss, self._texts, self._special = model, loss, texts, special
        self._collator = SentenceTransformerDataCollator(preprocess_fn=model.preprocess)
        weights = model.parameters()
        self._optimiser = torch.optim.AdamW(weights, lr=_RATE, weight_decay=0.0, fused=True)
        self._schedule = get_linear_schedule_with_warmup(self._optimiser, 0, _STEPS)
        self._number = 0
        model.train()

    def prepare(self, batch: int) -> tuple[dict[str, Any], int]:
        """Tokenise and pad the next batch; also its real tokens, special ones included."""
        anchors, positives = self._texts.sides
        numbers = pairs_at(self._texts.sides, batch, self._number).tolist()
        self._number += 1
        pairs = [{"anchor": anchors[at], "positive": positives[at]} for at in numbers]
        # A made-up word is a token.
        words = sum(text.count(" ") + 1 for pair in pairs for text in pair.values())
        return self._collator(pairs), words + 2 * batch * self._special

    def step(self, batch: dict[str, Any], *, bfloat16: bool) -> None:
        """Loss, backward pass and optimiser of one prepared batch."""
        features = [
            {k.removeprefix(f"{name}_"): v for k, v in batch.items() if k.startswith(f"{name}_")}
            for name in _COLUMNS
        ]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            loss = self._loss(features, None)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), _CLIP)
        self._optimiser.step()
        self._schedule.step()
        self._model.zero_grad()

    def stepper(self, batch: int, *, bfloat16: bool) -> Callable[[], int]:
        """A step that tokenises, and returns its real tokens."""

        def step() -> int:
            prepared, tokens = self.prepare(batch)
            self.step(prepared, bfloat16=bfloat16)
            return tokens

        return step


def encoder(shape: ModelRecipe, dims: list[int], texts: Texts, cached: int = 0) -> Theirs:
    """A RoBERTa of random weights with mean pooling.

    Args:
        shape: Shape of the encoder.
        dims: Matryoshka widths.
        texts: What it reads.
        cached: Texts that go through the encoder at once with GradCache, 0 for none of it.
    """
    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        RobertaModel(RobertaConfig(**hugging_face_config(shape, VOCABULARY))).save_pretrained(
            folder
        )
        shutil.copy(TOKENIZER, folder / "tokenizer.json")
        write_json(
            folder / "tokenizer_config.json",
            {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": shape.max_tokens}
            | _SPECIAL_TOKENS,
        )
        transformer = Transformer(str(folder))
    pooling = Pooling(shape.width, pooling_mode="mean")
    model = SentenceTransformer(modules=[transformer, pooling], device="cpu")
    inner: torch.nn.Module = MultipleNegativesRankingLoss(model)
    if cached:
        inner = CachedMultipleNegativesRankingLoss(model, mini_batch_size=cached)
    return Theirs(model, MatryoshkaLoss(model, inner, dims), texts, SPECIAL)


def static(dims: list[int], texts: Texts, each_step: int = -1) -> Theirs:
    """Token vectors whose mean is the sentence vector.

    Args:
        dims: Matryoshka widths, the first the width of the table.
        texts: What it reads.
        each_step: Widths that a step's loss is of, -1 for all.
    """
    torch.manual_seed(1)
    table = StaticEmbedding(Tokenizer.from_file(str(TOKENIZER)), embedding_dim=dims[0])
    model = SentenceTransformer(modules=[table], device="cpu")
    inner = MultipleNegativesRankingLoss(model)
    return Theirs(model, MatryoshkaLoss(model, inner, dims, n_dims_per_step=each_step), texts, 0)
