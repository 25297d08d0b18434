"""The encoder: RoBERTa written out, its parameter names equal to Hugging Face's ``RobertaModel``.

Shapes: B texts, T tokens, D width, H heads, F feed-forward width, V vocabulary.

Source: Liu et al. 2019 (RoBERTa), arXiv 1907.11692; Vaswani et al. 2017, arXiv 1706.03762.
"""

from __future__ import annotations

from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from klein_embedding.recipe import ModelRecipe

PAD_ID = 1
BOS_EOS = (0, 2)
LAYER_NORM_EPS = 1e-5
INIT_STD = 0.02


class Encoder(nn.Module):
    """A post-norm transformer encoder over token ids."""

    def __init__(self, shape: ModelRecipe, vocabulary: int) -> None:
        """Build the encoder with random weights.

        Args:
            shape: Model section of a recipe.
            vocabulary: Number of token ids (V).
        """
        super().__init__()
        self.embeddings = Embeddings(shape, vocabulary)
        self.encoder = Blocks(shape)
        self.apply(_initialise)

    def forward(self, ids: Int[Tensor, "B T"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T D"]:
        """Last hidden states (B, T, D) of ids (B, T) whose mask (B, T) is true at real tokens."""
        hidden_BTD = self.embeddings(ids)
        # Without padding the attention needs no mask, and its fast path takes none.
        seen = None if bool(mask.all()) else mask[:, None, None, :]
        for block in self.blocks():
            hidden_BTD = block(hidden_BTD, seen)
        return hidden_BTD

    def blocks(self) -> list[Block]:
        """The blocks from the first to the last."""
        return cast("list[Block]", list(self.encoder.layer))


class Embeddings(nn.Module):
    """Token, position and type vectors, summed and normalised."""

    def __init__(self, shape: ModelRecipe, vocabulary: int) -> None:
        """Build the three tables; positions are numbered from ``PAD_ID + 1`` as RoBERTa does."""
        super().__init__()
        self.word_embeddings = nn.Embedding(vocabulary, shape.width, padding_idx=PAD_ID)
        self.position_embeddings = nn.Embedding(
            shape.max_tokens + PAD_ID + 1, shape.width, padding_idx=PAD_ID
        )
        self.token_type_embeddings = nn.Embedding(1, shape.width)
        self.LayerNorm = nn.LayerNorm(shape.width, eps=LAYER_NORM_EPS)

    def forward(self, ids: Int[Tensor, "B T"]) -> Float[Tensor, "B T D"]:
        """Sum of the three vectors of each token, normalised."""
        real = ids.ne(PAD_ID)
        positions = real.cumsum(1) * real + PAD_ID
        summed = self.word_embeddings(ids) + self.position_embeddings(positions)
        return self.LayerNorm(summed + self.token_type_embeddings.weight[0])


class Blocks(nn.Module):
    """The list of blocks, under the name that Hugging Face gives it."""

    def __init__(self, shape: ModelRecipe) -> None:
        """Build ``shape.layers`` blocks."""
        super().__init__()
        self.layer = nn.ModuleList(Block(shape) for _ in range(shape.layers))


class Block(nn.Module):
    """Self-attention and a feed-forward layer, each followed by a residual LayerNorm."""

    def __init__(self, shape: ModelRecipe) -> None:
        """Build one block."""
        super().__init__()
        self.attention = Attention(shape)
        self.intermediate = Linear(shape.width, shape.feedforward)
        self.output = Residual(shape.feedforward, shape.width)

    def forward(
        self, hidden: Float[Tensor, "B T D"], seen: Bool[Tensor, "B 1 1 T"] | None
    ) -> Float[Tensor, "B T D"]:
        """Hidden states after this block."""
        hidden = self.attention(hidden, seen)
        return self.output(functional.gelu(self.intermediate(hidden)), hidden)


class Attention(nn.Module):
    """Multi-head self-attention with its output projection."""

    def __init__(self, shape: ModelRecipe) -> None:
        """Build the four projections; ``self`` is the name that Hugging Face uses."""
        super().__init__()
        self.self = Projections(shape.width)
        self.output = Residual(shape.width, shape.width)
        self.heads = shape.heads

    def forward(
        self, hidden: Float[Tensor, "B T D"], seen: Bool[Tensor, "B 1 1 T"] | None
    ) -> Float[Tensor, "B T D"]:
        """Hidden states after attention over the tokens that ``seen`` marks."""
        projections = (self.self.query, self.self.key, self.self.value)
        query, key, value = (
            projection(hidden).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for projection in projections
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        return self.output(mixed.transpose(1, 2).flatten(2), hidden)


class Projections(nn.Module):
    """Query, key and value of one attention."""

    def __init__(self, width: int) -> None:
        """Build the three matrices (D, D)."""
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)


class Linear(nn.Module):
    """A linear layer one name deeper, as Hugging Face stores it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Build the matrix (outputs, inputs)."""
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)

    def forward(self, hidden: Float[Tensor, "B T I"]) -> Float[Tensor, "B T O"]:
        """The projected hidden states."""
        return self.dense(hidden)


class Residual(nn.Module):
    """A projection added to the stream and normalised."""

    def __init__(self, inputs: int, width: int) -> None:
        """Build the matrix (D, inputs) and the LayerNorm behind the sum."""
        super().__init__()
        self.dense = nn.Linear(inputs, width)
        self.LayerNorm = nn.LayerNorm(width, eps=LAYER_NORM_EPS)

    def forward(
        self, branch: Float[Tensor, "B T I"], stream: Float[Tensor, "B T D"]
    ) -> Float[Tensor, "B T D"]:
        """LayerNorm of the stream plus the projected branch."""
        return self.LayerNorm(stream + self.dense(branch))


def _initialise(module: nn.Module) -> None:
    """RoBERTa's initialisation: normal with standard deviation 0.02, biases zero."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=INIT_STD)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
    if isinstance(module, nn.Embedding) and module.padding_idx is not None:
        with torch.no_grad():
            module.weight[module.padding_idx].zero_()


def hugging_face_config(shape: ModelRecipe, vocabulary: int) -> dict[str, object]:
    """Content of the ``config.json`` with which ``RobertaModel`` builds the same encoder."""
    return {
        "architectures": ["RobertaModel"],
        "model_type": "roberta",
        "vocab_size": vocabulary,
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.feedforward,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "max_position_embeddings": shape.max_tokens + PAD_ID + 1,
        "type_vocab_size": 1,
        "initializer_range": INIT_STD,
        "layer_norm_eps": LAYER_NORM_EPS,
        "pad_token_id": PAD_ID,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "torch_dtype": "float32",
    }
