"""Shape of the encoder, read from its ``config.json``, and the parameters that it must have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.infer.embedder import WIDTH
from klein_embedding.infer.tokens import MAX_TOKENS

_FIXED = {"hidden_act": "gelu", "type_vocab_size": 1}


class Source(Enum):
    """What a linear layer reads: decides how its input may be quantised."""

    STREAM = "hidden states after a LayerNorm, a few coordinates perhaps far larger than the rest"
    CONTEXT = "averages of values, as attention gives them"
    GELU = "outputs of GELU, hardly ever below zero"


@dataclass(frozen=True, slots=True)
class Linear:
    """Linear layers that read the same input, computed as one.

    Attributes:
        name: Name of the joint layer in the graph.
        parts: Names of the checkpoint's layers whose outputs stand side by side.
        source: What they read.
    """

    name: str
    parts: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a RoBERTa encoder.

    Attributes:
        width: Size of a hidden state (D).
        layers: Number of blocks.
        heads: Attention heads a block.
        feedforward: Inner size of a block (F).
        vocabulary: Number of token ids (V).
        positions: Rows of the position table (P).
        pad: Id of the padding token; positions are numbered from ``pad + 1``.
        epsilon: LayerNorm's addition to the variance.
    """

    width: int
    layers: int
    heads: int
    feedforward: int
    vocabulary: int
    positions: int
    pad: int
    epsilon: float

    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every parameter."""
        found: dict[str, tuple[int, ...]] = {
            "embeddings.word_embeddings.weight": (self.vocabulary, self.width),
            "embeddings.position_embeddings.weight": (self.positions, self.width),
            "embeddings.token_type_embeddings.weight": (1, self.width),
        }
        norms = ["embeddings.LayerNorm"]
        for block in range(self.layers):
            for layer in self.linears(block):
                rows = self.feedforward if layer.source is Source.GELU else self.width
                for part in layer.parts:
                    columns = self.feedforward if "intermediate" in part else self.width
                    found[f"{part}.weight"] = (columns, rows)
                    found[f"{part}.bias"] = (columns,)
            norms += [f"encoder.layer.{block}.{room}.LayerNorm" for room in _NORM_ROOMS]
        for norm in norms:
            found[f"{norm}.weight"] = found[f"{norm}.bias"] = (self.width,)
        return found

    def linears(self, block: int) -> tuple[Linear, Linear, Linear, Linear]:
        """The four linear layers of a block, in the order of computation."""
        base = f"encoder.layer.{block}"
        joint = tuple(f"{base}.attention.self.{part}" for part in ("query", "key", "value"))
        mixed, inner, outer = (
            f"{base}.{room}.dense" for room in ("attention.output", "intermediate", "output")
        )
        return (
            Linear(f"{base}.attention.self.query_key_value", joint, Source.STREAM),
            Linear(mixed, (mixed,), Source.CONTEXT),
            Linear(inner, (inner,), Source.STREAM),
            Linear(outer, (outer,), Source.GELU),
        )


_NORM_ROOMS = ("attention.output", "output")


def read_shape(config: Mapping[str, Any]) -> Shape:
    """Read the sizes from the content of a ``config.json``.

    Raises:
        KleinError: If a key is missing, or the model is none that the export can write.
    """
    try:
        shape = Shape(
            width=config["hidden_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            feedforward=config["intermediate_size"],
            vocabulary=config["vocab_size"],
            positions=config["max_position_embeddings"],
            pad=config["pad_token_id"],
            epsilon=config["layer_norm_eps"],
        )
    except KeyError as error:
        raise KleinError(f"config: the key {error} is missing; add it") from None
    for key, value in _FIXED.items():
        if config.get(key, value) != value:
            raise KleinError(f"config: {key} must be {value!r}, not {config[key]!r}")
    if shape.width < WIDTH or shape.width % shape.heads:
        raise KleinError(f"config: hidden_size must be {WIDTH} or more and divide by the heads")
    if shape.positions < MAX_TOKENS + shape.pad + 1:
        raise KleinError(
            f"config: max_position_embeddings must be {MAX_TOKENS + shape.pad + 1} or more"
        )
    return shape


def check_weights(weights: Mapping[str, np.ndarray], shape: Shape) -> dict[str, np.ndarray]:
    """Return the encoder's parameters as float32, in the order of `Shape.parameters`.

    Raises:
        KleinError: If one is missing, too many, of another shape or not finite.
    """
    wanted = shape.parameters()
    extra = sorted(set(weights) - set(wanted))
    if extra:
        raise KleinError(f"weights: '{extra[0]}' is no parameter of the encoder; leave it out")
    found = {}
    for name, size in wanted.items():
        if name not in weights:
            raise KleinError(f"weights: '{name}' is missing; add it")
        value = np.ascontiguousarray(weights[name], dtype=np.float32)
        if value.shape != size:
            raise KleinError(f"weights: '{name}' has shape {value.shape}, expected {size}")
        if not np.isfinite(value).all():
            raise KleinError(f"weights: '{name}' holds numbers that are not finite")
        found[name] = value
    return found
