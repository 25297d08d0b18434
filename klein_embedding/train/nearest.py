"""Nearest neighbours by cosine, exactly: a matrix product and the best of the best blocks.

Shapes: N queries, M texts that are searched, C coordinates, K neighbours.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

_BLOCK = 32
_SCORES = 2**25
"""Cosines that are held at once (128 MiB)."""
_CHUNK = 1024


class Pool:
    """Texts that are searched, on the GPU if there is one.

    No index: on two cores and 100,000 texts the product is as quick as building one, and exact.
    """

    def __init__(self, vectors: np.ndarray) -> None:
        """Take unit vectors (M, C) in float32; on a CPU they are not copied."""
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._vectors = torch.from_numpy(vectors).to(self._device)
        self._blocks = -(-len(vectors) // _BLOCK)
        self.chunk = min(max(_SCORES // (self._blocks * _BLOCK), 1), _CHUNK)
        # What fills the last block up is never among the best.
        shape = (self.chunk, self._blocks * _BLOCK)
        self._scores = torch.full(shape, -torch.inf, device=self._device)

    def nearest(self, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The nearest texts of at most ``chunk`` queries.

        Args:
            queries: (N, C) unit vectors.
            count: K, at most M.

        Returns:
            Cosines (N, K), falling, and places (N, K) in the pool; of equal cosines the lower
            place comes first.
        """
        scores, size = self._scores[: len(queries)], len(self._vectors)
        left = torch.from_numpy(queries).to(self._device)
        torch.mm(left, self._vectors.T, out=scores[:, :size])
        found, places = _best(scores.view(len(queries), self._blocks, _BLOCK), count)
        # A sort by place and then a stable one by cosine settle ties.
        places, order = places.sort(1)
        found, order = found.gather(1, order).sort(dim=1, descending=True, stable=True)
        return found.cpu().numpy(), places.gather(1, order).cpu().numpy()


def _best(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The largest (N, count) of scores (N, blocks, _BLOCK), and their places.

    They stand in the ``count`` blocks whose largest scores are largest: finding those reads the
    scores once, where torch.topk on all of them takes twice as long.
    """
    heads = scores.amax(2)
    blocks = heads.topk(min(count, heads.shape[1]), dim=1, sorted=False).indices
    inside = torch.arange(_BLOCK, device=scores.device)
    places = (blocks[:, :, None] * _BLOCK + inside).flatten(1)
    found, order = scores.flatten(1).gather(1, places).topk(count, dim=1)
    return found, places.gather(1, order)
