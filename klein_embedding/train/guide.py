"""What static vectors and keys tell about pairs: which are alike, hard, or the same.

Shapes: N pairs, M candidates, G groups, C coordinates.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train.batches import locality_order
from klein_embedding.train.losses import Contrast, symmetric_info_nce

_ORDER_DIMS = 128
_SAMPLED = 512

Embed = Callable[[np.ndarray], Tensor]
"""Static vectors (N, C) of texts by number (N,)."""


def equal_keys(shards: Shards, anchors: np.ndarray, candidates: np.ndarray) -> Tensor | None:
    """Where a candidate is, case and marks aside, the anchor itself or a copy of its positive.

    Args:
        shards: Token shards.
        anchors: (N,) text numbers.
        candidates: (M,) text numbers, the first N the positives.

    Returns:
        (N, M) mask, false on the diagonal; None where there is no such candidate, as mostly.
    """
    count = len(anchors)
    keys = np.asarray(shards.keys[np.concatenate([anchors, candidates])])
    mine, theirs = keys[:count], keys[count:]
    if len(np.unique(theirs)) == len(theirs) and not np.isin(theirs, mine).any():
        return None
    found = (theirs == mine[:, None]) | (theirs == theirs[:count, None])
    np.fill_diagonal(found, val=False)
    return torch.from_numpy(found)


@torch.no_grad()
def neighbourhoods(embed: Embed, shards: Shards, seed: int) -> np.ndarray:
    """Rows (pairs,) of every group in the order of their static neighbourhoods.

    Args:
        embed: Gives static vectors (N, C) of texts by number.
        shards: Training split.
        seed: Seed of the random splits.
    """
    order = np.empty(len(shards.pairs), dtype=np.int64)
    for group in shards.groups:
        pairs = np.asarray(shards.pairs[group.start : group.stop])
        left, right = (embed(pairs[:, side])[:, :_ORDER_DIMS] for side in (0, 1))
        vectors = nn.functional.normalize(left, dim=1) + nn.functional.normalize(right, dim=1)
        ranked = locality_order(vectors.cpu().numpy(), seed)
        order[group.start : group.stop] = group.start + ranked
    return order


@torch.no_grad()
def group_losses(embed: Embed, shards: Shards, scale: float, seed: int) -> np.ndarray:
    """Static loss (G,) of each group in nats, on a batch of at most 512 of its pairs."""
    found = np.zeros(len(shards.groups))
    for at, group in enumerate(shards.groups):
        rng = np.random.default_rng((seed, at))
        size = group.stop - group.start
        rows = group.start + rng.choice(size, min(size, _SAMPLED), replace=False)
        pairs = np.asarray(shards.pairs[np.sort(rows)])
        left, right = (embed(pairs[:, side]) for side in (0, 1))
        ignored = equal_keys(shards, pairs[:, 0], pairs[:, 1])
        if ignored is not None:
            ignored = ignored.to(left.device)
        contrast = Contrast(scale, (left.shape[1],))
        found[at] = float(symmetric_info_nce(left, right, ignored, contrast))
    return found
