"""Whether a batch fits into memory, before the first step is tried.

Shapes: N pairs of a group, M candidates, T tokens, D width, F feed-forward width.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from klein_embedding.device import Compute
from klein_embedding.errors import KleinError
from klein_embedding.recipe import ModelRecipe
from klein_embedding.recipe_stages import ContrastiveRecipe, DrawRecipe

_FLOAT = 4
_MATRICES = 4
"""Of the size of the similarities: cosines, weights, their gradient, and one on the way."""
_KEPT = 14
"""Floats of the width that a token keeps in a block for the backward pass: eight vectors around
attention, six around the norms. An estimate by counting, not a measurement."""
_KEPT_INNER = 3
"""The same of the feed-forward width: before GELU, behind it, and one on the way."""
_HEADROOM = 0.9


def check_room(stage: ContrastiveRecipe, shape: ModelRecipe, compute: Compute) -> None:
    """Refuse a batch that cannot fit, and say which would.

    Raises:
        KleinError: If the step needs more memory than is free.
    """
    free = free_memory(compute) * _HEADROOM
    needed = step_bytes(stage, stage.draw, shape)
    if needed <= free:
        return
    draw, fits = stage.draw, stage.draw.batch
    while fits > draw.groups and step_bytes(stage, replace(draw, batch=fits), shape) > free:
        fits = max(fits // 2 // draw.groups, 1) * draw.groups
    advice = f"a batch of {fits} would fit" if fits > draw.groups else "no batch would fit"
    recompute = "" if stage.recompute else "; with recompute = true larger ones do"
    raise KleinError(
        f"training: a batch of {draw.batch} pairs of {draw.pair_tokens} tokens needs about "
        f"{needed / 2**30:.1f} GiB and {free / 2**30:.1f} are free; {advice}{recompute}"
    )


def step_bytes(stage: ContrastiveRecipe, draw: DrawRecipe, shape: ModelRecipe) -> float:
    """Bytes that one step needs at its peak if every text has the full length.

    Activations of all texts, or with ``recompute`` of one chunk, and the similarities of a group.
    """
    pairs = draw.batch // draw.groups
    texts = draw.batch * (2 + stage.negatives)
    tokens = stage.chunk_tokens if stage.recompute else texts * draw.pair_tokens
    a_token = shape.layers * (_KEPT * shape.width + _KEPT_INNER * shape.feedforward) * _FLOAT
    candidates = pairs * (1 + stage.negatives) + 2 * (pairs + stage.memory)
    similarities = pairs * candidates * _FLOAT * _MATRICES * len(stage.loss.dims) * draw.groups
    vectors = texts * shape.width * _FLOAT * 4
    return tokens * a_token + similarities + vectors


def free_memory(compute: Compute) -> float:
    """Bytes that are free on the processor that computes."""
    if compute.device == "cuda":
        return float(torch.cuda.mem_get_info()[0])
    table = Path("/proc/meminfo")
    if not table.is_file():
        return float("inf")
    rows = (line.split() for line in table.read_text().splitlines())
    return next((float(row[1]) * 1024 for row in rows if row[0] == "MemAvailable:"), float("inf"))
