"""Validation on held-out pairs of the training sources, by kind of pair.

Shapes: N pairs, C coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from klein_embedding.recipe_stages import RunRecipe
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train.batches import distinct
from klein_embedding.train.losses import in_batch_accuracy
from klein_embedding.train.objectives import Objective

MEAN = "mean"


@torch.no_grad()
def validate(objective: Objective, valid: Shards, run: RunRecipe) -> dict[str, float]:
    """Share of anchors whose own positive is the nearest of their set.

    A set is a language (translations) or a kind (all others); its first pairs in a shuffled
    order that depends on the seed alone.

    Returns:
        Mean accuracy over the sets of each kind, and over all kinds as "mean".
    """
    objective.settle()
    scores: dict[str, list[float]] = {}
    for (kind, _), pairs in drawn_sets(valid, run.valid_pairs, run.seed):
        sides = [objective.embed(valid, pairs[:, side]) for side in (0, 1)]
        scores.setdefault(kind, []).append(in_batch_accuracy(sides[0], sides[1]))
    means = {kind: float(np.mean(values)) for kind, values in scores.items()}
    return means | {MEAN: float(np.mean(list(means.values())))} if means else {}


def drawn_sets(valid: Shards, most: int, seed: int) -> Iterator[tuple[tuple[str, str], np.ndarray]]:
    """Kind and language of each set, and texts (N, 2) of at most so many of its pairs.

    Pairs that share a text with an earlier one are left out, and sets of fewer than two pairs.
    """
    for name, rows in sorted(_sets(valid).items()):
        shuffled = np.random.default_rng(seed).permutation(rows)
        pairs = np.asarray(valid.pairs[shuffled[:most]])
        pairs = pairs[distinct(np.asarray(valid.keys[pairs.reshape(-1)]).reshape(-1, 2))]
        if len(pairs) >= 2:
            yield name, pairs


def _sets(valid: Shards) -> dict[tuple[str, str], np.ndarray]:
    found: dict[tuple[str, str], list[np.ndarray]] = {}
    for group in valid.groups:
        language = group.positive_lang if group.kind == "translation" else ""
        rows = np.arange(group.start, group.stop)
        found.setdefault((group.kind, language), []).append(rows)
    return {name: np.concatenate(rows) for name, rows in found.items()}
