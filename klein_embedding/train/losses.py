"""THE contrastive loss: a pure function of vectors.

Shapes: N queries, M candidates, X further candidates, C coordinates, K Matryoshka width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from klein_embedding.model.embedder import matryoshka


@dataclass(frozen=True, slots=True)
class Contrast:
    """Dials of the loss.

    Attributes:
        scale: Inverse temperature; times (2 + margin) at most 80, see `_Softmax`.
        dims: Matryoshka widths whose losses are averaged.
        margin: What a positive's cosine is lessened by (additive margin softmax).
    """

    scale: float
    dims: tuple[int, ...]
    margin: float = 0.0


def info_nce(
    queries: Float[Tensor, "N C"],
    candidates: Float[Tensor, "M C"],
    ignored: Bool[Tensor, "N M"] | None,
    contrast: Contrast,
) -> Float[Tensor, ""]:
    """InfoNCE of queries against candidates, query i belonging to candidate i.

    ``mean over K of  -log( p_i / (p_i + sum_{j != i} exp(s cos(q_i, c_j))) )`` with
    ``p_i = exp(s (cos(q_i, c_i) - margin))``, the sum over candidates that are not ignored.

    Args:
        queries: (N, C) vectors of any length.
        candidates: (M, C), M >= N; the first N are the positives, all others negatives.
        ignored: (N, M) true where a candidate is a false negative, never on the diagonal; None
            for nowhere.
        contrast: Scale, margin and Matryoshka widths.

    Returns:
        Mean loss in nats.

    Source: van den Oord et al. 2018, arXiv 1807.03748; Yang et al. 2019 (additive margin),
    arXiv 1902.08564; Kusupati et al. 2022, arXiv 2205.13147.
    """
    return _meaned(queries, candidates, ignored, contrast, both=False)


def symmetric_info_nce(
    anchors: Float[Tensor, "N C"],
    candidates: Float[Tensor, "M C"],
    ignored: Bool[Tensor, "N M"] | None,
    contrast: Contrast,
) -> Float[Tensor, ""]:
    """Mean of `info_nce` from anchors to candidates and from the positives back to the anchors.

    Candidates behind the first N, such as hard negatives, count in the first direction alone.
    ``ignored`` reads anchor, candidate in both directions.
    """
    return _meaned(anchors, candidates, ignored, contrast, both=True)


def _meaned(
    queries: Tensor, candidates: Tensor, ignored: Tensor | None, contrast: Contrast, *, both: bool
) -> Tensor:
    losses = []
    for dim in contrast.dims:
        cosines = matryoshka(queries, dim) @ matryoshka(candidates, dim).T
        losses.append(_Softmax.apply(cosines, ignored, (contrast.scale, contrast.margin), both))
    return torch.stack(losses).mean()


class _Softmax(torch.autograd.Function):
    """Cross-entropy along rows, and along columns if asked, from one exponential.

    Cosines are at most 1, so ``exp(s cos - s)`` neither overflows nor, for ``s (2 + margin)`` up
    to 80, vanishes in float32: no maximum is subtracted, and rows and columns share the matrix.
    """

    @staticmethod
    def forward(
        ctx: Any, cosines: Tensor, ignored: Tensor | None, dials: tuple[float, float], both: bool
    ) -> Tensor:
        """Mean loss over the N rows of ``cosines`` (N, M), and their N columns."""
        (scale, margin), count = dials, len(cosines)
        weights = cosines * scale
        weights.diagonal().sub_(scale * margin)
        picked = weights.diagonal().clone()
        weights.sub_(scale).exp_()
        if ignored is not None:
            weights.masked_fill_(ignored, 0)
        rows = weights.sum(1)
        loss = (rows.log() + scale - picked).mean()
        columns = weights[:, :count].sum(0)
        if both:
            loss = (loss + (columns.log() + scale - picked).mean()) / 2
        ctx.save_for_backward(weights, rows, columns)
        ctx.dials = scale, both
        return loss

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient (N, M) of the cosines: softmax less one at the positives."""
        weights, rows, columns = ctx.saved_tensors
        scale, both = ctx.dials
        count, ways = len(weights), 1 + both
        found = weights / rows[:, None]
        if both:
            found[:, :count] += weights[:, :count] / columns
        found.diagonal().sub_(ways)
        found *= grads[0] * (scale / count / ways)
        return found, None, None, None


def false_negatives(
    guide: tuple[Float[Tensor, "N C"], Float[Tensor, "M C"]],
    others: tuple[Float[Tensor, "N C"], Float[Tensor, "M C"]],
    copies: float,
    above: float,
) -> Bool[Tensor, "N M"]:
    """Where a candidate cannot count as a negative, by static vectors of our own.

    Args:
        guide: Vectors of the N anchors, and of the M candidates, the first N the positives.
        others: Vectors of the N positives, and of the M texts that stand on the anchors' side
            of the candidates (the anchors first); a candidate without such a text repeats itself.
        copies: Cosine from which two texts of one side are copies of each other.
        above: A candidate nearer to the anchor than the positive by more than this is no
            negative either.

    Returns:
        (N, M) mask, false on the diagonal.

    Source: the margin of positive-aware filtering, Moreira et al. 2024, arXiv 2407.15831.
    """
    anchors, candidates = (_unit(part) for part in guide)
    positives, beside = (_unit(part) for part in others)
    found = (positives @ candidates.T > copies) | (anchors @ beside.T > copies)
    if above < 2:
        nearness = anchors @ candidates.T
        found |= nearness > nearness.diagonal()[:, None] + above
    return found.fill_diagonal_(False)


def _unit(vectors: Tensor) -> Tensor:
    return matryoshka(vectors, vectors.shape[1])


@torch.no_grad()
def in_batch_accuracy(anchors: Float[Tensor, "N C"], positives: Float[Tensor, "N C"]) -> float:
    """Share of the anchors whose positive is the nearest of the batch."""
    nearest = (_unit(anchors) @ _unit(positives).T).argmax(1)
    return float((nearest == torch.arange(len(anchors), device=anchors.device)).float().mean())
