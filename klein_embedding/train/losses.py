"""THE contrastive loss: a pure function of vectors.

Shapes: N queries, M candidates, C coordinates, K Matryoshka width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from klein_embedding.model.embedder import matryoshka


@dataclass(frozen=True, slots=True)
class Contrast:
    """Dials of the loss.

    Attributes:
        scale: Inverse temperature.
        dims: Matryoshka widths whose losses are averaged.
    """

    scale: float
    dims: tuple[int, ...]


def info_nce(
    queries: Float[Tensor, "N C"],
    candidates: Float[Tensor, "M C"],
    ignored: Bool[Tensor, "N M"],
    contrast: Contrast,
) -> Float[Tensor, ""]:
    """InfoNCE of queries against candidates, query i belonging to candidate i.

    ``mean over K of  -log( exp(s cos(q_i, c_i)) / sum_j exp(s cos(q_i, c_j)) )``, the sum over
    candidates that are not ignored.

    Args:
        queries: (N, C) vectors of any length.
        candidates: (M, C), M >= N; the first N are the positives, all others negatives.
        ignored: (N, M) true where a candidate is a false negative; never on the diagonal.
        contrast: Scale and Matryoshka widths.

    Returns:
        Mean loss in nats.

    Source: van den Oord et al. 2018, arXiv 1807.03748; Kusupati et al. 2022, arXiv 2205.13147.
    """
    target = torch.arange(len(queries), device=queries.device)
    losses = []
    for dim in contrast.dims:
        logits = contrast.scale * matryoshka(queries, dim) @ matryoshka(candidates, dim).T
        losses.append(functional.cross_entropy(logits.masked_fill(ignored, -torch.inf), target))
    return torch.stack(losses).mean()


def symmetric_info_nce(
    anchors: Float[Tensor, "N C"],
    positives: Float[Tensor, "N C"],
    ignored: Bool[Tensor, "N N"],
    contrast: Contrast,
) -> Float[Tensor, ""]:
    """Mean of `info_nce` from anchors to positives and back; ``ignored`` reads anchor, positive."""
    there = info_nce(anchors, positives, ignored, contrast)
    back = info_nce(positives, anchors, ignored.T, contrast)
    return (there + back) / 2


def near_copies(
    vectors: Float[Tensor, "N C"], others: Float[Tensor, "M C"], above: float
) -> Bool[Tensor, "N M"]:
    """Where a candidate is too like the positive to count as a negative.

    Args:
        vectors: (N, C) guide vectors of the positives.
        others: (M, C) guide vectors of the candidates, the first N of them ``vectors``.
        above: Cosine from which a candidate is ignored.

    Returns:
        (N, M) mask, false on the diagonal.
    """
    alike = matryoshka(vectors, vectors.shape[1]) @ matryoshka(others, others.shape[1]).T > above
    return alike.fill_diagonal_(False)
