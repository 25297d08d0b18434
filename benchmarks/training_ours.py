"""What `training.py` times of ours: made-up texts, shards of them, and the loop's own step.

Shapes: N texts, V vocabulary, C content coordinates.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from klein_embedding.device import Compute
from klein_embedding.model.embedder import SentenceEncoder
from klein_embedding.model.encoder import Encoder
from klein_embedding.recipe import ModelRecipe, load_recipe
from klein_embedding.recipe_stages import (
    ContrastiveRecipe,
    MlmRecipe,
    RunRecipe,
    StagesRecipe,
    StaticRecipe,
)
from klein_embedding.tokenizer.parts import Parts
from klein_embedding.tokenizer.shards import Group, Shards
from klein_embedding.train.batches import Guide
from klein_embedding.train.checkpoint import Held, Progressed
from klein_embedding.train.contrastive import ContrastiveObjective, Start
from klein_embedding.train.drawn import DrawnPairs
from klein_embedding.train.loop import Run, _Loop
from klein_embedding.train.mlm import MlmObjective
from klein_embedding.train.objectives import Objective
from klein_embedding.train.optim import Optimisers
from klein_embedding.train.rows import SPECIAL
from klein_embedding.train.static import StaticObjective, random_table

ROOT = Path(__file__).resolve().parent.parent
TOKENIZER = ROOT / "tokenizer" / "tokenizer.json"
VOCABULARY = 32_000
MEDIAN, SPREAD, SHORTEST, LONGEST = 12, 0.7, 3, 64
"""Lengths of texts, special tokens included: a log-normal and where it is cut."""
_HEAD_WIDTH = 64
_SEED = 1


@dataclass(frozen=True, slots=True)
class Texts:
    """Made-up pairs, in the forms that both sides read.

    Attributes:
        sides: Anchors and positives in words.
        shards: The same as token ids.
    """

    sides: tuple[list[str], list[str]]
    shards: Shards


def lengths_of(count: int, length: int | None) -> np.ndarray:
    """Tokens (N,) of texts, special ones included: one length, or drawn as real texts are."""
    if length:
        return np.full(count, length)
    drawn = np.random.default_rng(_SEED).lognormal(np.log(MEDIAN), SPREAD, count)
    return np.clip(np.rint(drawn), SHORTEST, LONGEST).astype(int)


def random_shards(pairs: int, length: int, groups: int) -> Shards:
    """Shards of random ids, all texts of one length."""
    content = length - SPECIAL
    ids = np.random.default_rng(_SEED).integers(300, VOCABULARY - 1, 2 * pairs * content)
    return _shards(ids, np.full(2 * pairs, content), groups)


def made_texts(pairs: int, length: int | None) -> Texts:
    """Texts of words that the tokenizer keeps whole, so that a word is a token."""
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    words = _whole_words(tokenizer)
    lengths = lengths_of(2 * pairs, length) - SPECIAL
    drawn = np.random.default_rng(_SEED).integers(0, len(words), int(lengths.sum()))
    stops = np.cumsum(lengths)
    texts = [
        " ".join(words[at] for at in drawn[stop - size : stop])
        for stop, size in zip(stops, lengths, strict=True)
    ]
    rows = [e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=False)]
    if [len(row) for row in rows] != lengths.tolist():
        raise SystemExit("benchmark: some made-up word is not one token")
    return Texts((texts[0::2], texts[1::2]), _shards(np.concatenate(rows), lengths, 1))


def _whole_words(tokenizer: Tokenizer) -> list[str]:
    names = sorted(name for name in tokenizer.get_vocab() if name.startswith("▁") and len(name) > 2)
    words = [name[1:] for name in names if name[1:].isalpha()]
    found = tokenizer.encode_batch(words, add_special_tokens=False)
    return [word for word, e in zip(words, found, strict=True) if len(e.ids) == 1]


def _shards(ids: np.ndarray, lengths: np.ndarray, groups: int) -> Shards:
    """Shards of texts that follow one another; texts 2i and 2i + 1 make pair i."""
    count = len(lengths) // 2
    edges = np.linspace(0, count, groups + 1).astype(int).tolist()
    return Shards(
        ids=Parts([ids.astype(np.uint16)]),
        offsets=Parts([np.concatenate([[0], np.cumsum(lengths)])]),
        keys=Parts([np.arange(2 * count, dtype=np.uint64)]),
        pairs=Parts([np.arange(2 * count, dtype=np.int32).reshape(-1, 2)]),
        negatives=Parts([np.full(count, -1, dtype=np.int32)]),
        groups=[
            Group(f"made-{at}", "en", "hi", "translation", 1.0, start, stop)
            for at, (start, stop) in enumerate(pairwise(edges))
        ],
    )


def shape_of(name: str) -> ModelRecipe:
    """Shape of an encoder from "WIDTHxLAYERS", heads 64 wide."""
    width, layers = map(int, name.split("x"))
    heads, content = width // _HEAD_WIDTH, min(512, width - 2)
    return ModelRecipe(width, layers, heads, 4 * width, 256, content, 11.0, bigrams=0)


def dims_of(content: int) -> list[int]:
    """Matryoshka widths of an encoder with so many coordinates."""
    return [content, *(dim for dim in (256, 128) if dim < content)]


def recipe_stages() -> StagesRecipe:
    """The stages of the reference recipe, of which a benchmark changes as little as it can."""
    return load_recipe(ROOT / "recipes" / "full.toml").stages


def plain(stage: ContrastiveRecipe, batch: int, content: int) -> ContrastiveRecipe:
    """The contrastive stage with in-batch negatives and nothing else, as others train."""
    return replace(
        stage,
        draw=replace(stage.draw, batch=batch, groups=1),
        loss=replace(stage.loss, dims=dims_of(content)),
        memory=0,
        pull=0.0,
        static_steps=0,
        negatives=False,
    )


class Ours:
    """Steps of one objective, taken by the loop itself."""

    def __init__(self, objective: Objective, run: RunRecipe, compute: Compute) -> None:
        """Make the optimisers and a loop that logs into a folder of its own."""
        self.operations = objective.operations
        folder = Path(tempfile.mkdtemp())
        weakref.finalize(self, shutil.rmtree, folder)
        optimisers = Optimisers(objective.module, objective.table, run, sparse=objective.sparse)
        held = Held(objective.module, optimisers, None)
        self._state = Progressed(0, 0.0, 0, "benchmark")
        where = Run(folder, run, "benchmark", compute, lambda _: None)
        # The loop's own step, private as it is: a copy of it would time what no training does.
        self._loop = _Loop(objective, random_shards(1, SPECIAL + 1, 1), where, held, self._state)

    def step(self) -> int:
        """Losses, backward passes and optimiser of one step; the tokens that it read."""
        before = self._state.tokens
        self._loop._step(0.5)
        return self._state.tokens - before


def contrastive(
    shards: Shards, shape: ModelRecipe, stage: ContrastiveRecipe, compute: Compute
) -> Ours:
    """The contrastive stage on an encoder of random weights."""
    torch.manual_seed(_SEED)
    model = SentenceEncoder(Encoder(shape, VOCABULARY), shape.content).to(compute.device)
    table = random_table(VOCABULARY, shape.content, _SEED).to(compute.device)
    start = Start(model, table, shape.radius)
    objective = ContrastiveObjective(shards, stage, start, compute, (Guide(), None))
    return Ours(objective, stage.run, compute)


def masked(shards: Shards, shape: ModelRecipe, stage: MlmRecipe, compute: Compute) -> Ours:
    """The masked-token stage, whose head counts as useful work too.

    The token table takes no gradient where its rate is zero, which saves a third of its product.
    """
    torch.manual_seed(_SEED)
    model = SentenceEncoder(Encoder(shape, VOCABULARY), shape.content).to(compute.device)
    ours = Ours(MlmObjective(shards, stage, model, compute), stage.run, compute)
    each = 6 if stage.run.table_rate else 4
    head = shape.content * (6 * shape.content + each * VOCABULARY)
    ours.operations += stage.masked * head
    return ours


def static(shards: Shards, stage: StaticRecipe, compute: Compute) -> Ours:
    """The static stage on a random table."""
    table = random_table(VOCABULARY, stage.loss.dims[0], _SEED).to(compute.device)
    objective = StaticObjective(DrawnPairs(shards, stage.draw, _SEED), stage.loss, table)
    return Ours(objective, stage.run, compute)


def pairs_at(sides: tuple[Sequence[str], Sequence[str]], batch: int, step: int) -> np.ndarray:
    """Numbers of the pairs of a step for those who have no stream of ours."""
    return np.random.default_rng((_SEED, step)).choice(len(sides[0]), batch, replace=False)
