"""The head that guesses masked tokens.

Shapes: M masked tokens, C content coordinates, V vocabulary.

Source: the language-model head of Liu et al. 2019 (RoBERTa), arXiv 1907.11692.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from klein_embedding.model.encoder import INIT_STD, LAYER_NORM_EPS

_START_SCALE = 0.1
"""Static vectors are several units long, so plain normalised states would begin too certain."""


class MaskedHead(nn.Module):
    """A transformation of hidden states, and the token table itself as the last matrix."""

    def __init__(self, content: int, vocabulary: int) -> None:
        """Build the transformation for C coordinates and a bias for V tokens."""
        super().__init__()
        self.dense = nn.Linear(content, content)
        self.norm = nn.LayerNorm(content, eps=LAYER_NORM_EPS)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        nn.init.normal_(self.dense.weight, std=INIT_STD)
        nn.init.zeros_(self.dense.bias)
        nn.init.constant_(self.norm.weight, _START_SCALE)

    def forward(
        self, hidden: Float[Tensor, "M C"], table: Float[Tensor, "V C"]
    ) -> Float[Tensor, "M V"]:
        """Logits (M, V) of masked tokens; ``table`` holds the content of the token vectors."""
        transformed = self.norm(functional.gelu(self.dense(hidden)))
        return functional.linear(transformed, table, self.bias)
