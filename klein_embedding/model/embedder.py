"""From hidden states to sentence vectors: mean pooling, the content coordinates, unit length.

Shapes: B texts, T tokens, D width, C content coordinates, K Matryoshka width.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from klein_embedding.model.encoder import Encoder


class SentenceEncoder(nn.Module):
    """An encoder with the pooling and the cut that make one vector of a text."""

    def __init__(self, encoder: Encoder, content: int) -> None:
        """Wrap an encoder.

        Args:
            encoder: The encoder.
            content: Number C of leading coordinates that make the sentence vector.
        """
        super().__init__()
        self.encoder = encoder
        self.content = content

    def forward(self, ids: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B C"]:
        """Sentence vectors (B, C), not normalised: the mean over real tokens."""
        hidden_BTC = self.encoder(ids, mask)[..., : self.content]
        weight_BT1 = mask.unsqueeze(-1).to(hidden_BTC.dtype)
        return (hidden_BTC * weight_BT1).sum(1) / weight_BT1.sum(1)


def matryoshka(vectors: Float[Tensor, "B C"], dim: int) -> Float[Tensor, "B K"]:
    """Unit vectors (B, dim): the first coordinates, normalised again.

    Source: Kusupati et al. 2022 (Matryoshka representation learning), arXiv 2205.13147.
    """
    return functional.normalize(vectors[:, :dim], dim=1)


def bag_of_tokens(
    table: Float[Tensor, "V C"], ids: Int[Tensor, "N"], offsets: Int[Tensor, "B"]
) -> Float[Tensor, "B C"]:
    """Static sentence vectors (B, C): the mean of each text's token rows.

    Args:
        table: Token vectors.
        ids: Token ids of all texts, one after the other.
        offsets: Start of each text in ``ids``.
    """
    return torch.nn.functional.embedding_bag(ids, table, offsets, mode="mean")
