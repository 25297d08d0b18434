"""Validation on held-out pairs of the training sources, by kind of pair.

Shapes: N pairs, C coordinates.
"""

from __future__ import annotations

import numpy as np
import torch

from klein_embedding.model.embedder import matryoshka
from klein_embedding.recipe import StageRecipe
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train.batches import distinct
from klein_embedding.train.objectives import Objective

_PAIRS = 200


@torch.no_grad()
def validate(objective: Objective, valid: Shards, stage: StageRecipe) -> dict[str, float]:
    """Share of anchors whose own positive is the nearest of their set.

    A set is a language (translations) or a kind (all others); its first 200 pairs in a shuffled
    order that depends on the seed alone.

    Returns:
        Mean accuracy over the sets of each kind, and over all kinds as "mean".
    """
    scores: dict[str, list[float]] = {}
    for (kind, _), rows in sorted(_sets(valid).items()):
        shuffled = np.random.default_rng(stage.seed).permutation(rows)
        pairs = distinct(np.asarray(valid.pairs[shuffled[:_PAIRS]]))
        if len(pairs) < 2:
            continue
        sides = [matryoshka(objective.embed(valid, pairs[:, side]), 10**6) for side in (0, 1)]
        nearest = (sides[0] @ sides[1].T).argmax(1)
        right = (nearest == torch.arange(len(pairs))).float().mean()
        scores.setdefault(kind, []).append(float(right))
    means = {kind: float(np.mean(values)) for kind, values in scores.items()}
    return means | {"mean": float(np.mean(list(means.values())))} if means else {}


def _sets(valid: Shards) -> dict[tuple[str, str], np.ndarray]:
    found: dict[tuple[str, str], list[np.ndarray]] = {}
    for group in valid.groups:
        language = group.positive_lang if group.kind == "translation" else ""
        rows = np.arange(group.start, group.stop)
        found.setdefault((group.kind, language), []).append(rows)
    return {name: np.concatenate(rows) for name, rows in found.items()}
