"""The static twin: the static stage's token vectors as a model folder of their own.

A `RobertaModel` without blocks, so every loader of the encoder reads it unchanged. Its LayerNorm
would lose the lengths of the vectors, which say how much a word matters; two coordinates of
opposite sign beside the content bring all of them to one length first, as at the encoder's start
(`klein_embedding.model.start`).

Shapes: V vocabulary, C content coordinates.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.infer.tokens import MAX_TOKENS

SLACK = 2
"""Coordinates beside the content."""
_EPSILON = 1e-5
_ENDS = ("bos_token_id", "pad_token_id", "eos_token_id")
_FAINT = 1e-4
"""Length of the end token's vector beside the longest: a text without tokens has a direction."""


def twin_model(table: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Weights and ``config.json`` of a model whose sentence vector is a mean of token vectors.

    Args:
        table: float32 (V, C) vectors, each row of mean zero.

    Returns:
        Parameters as `export_model` takes them, and the configuration.

    Raises:
        KleinError: If a row is not centred, which the LayerNorm would change.
    """
    vocabulary, content = table.shape
    if np.abs(table.mean(axis=1)).max() > 1e-4:
        raise KleinError("static table: its rows must have mean zero; train it again")
    width = content + SLACK
    config = {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "num_hidden_layers": 0,
        "num_attention_heads": SLACK,
        "intermediate_size": width,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "max_position_embeddings": MAX_TOKENS + 2,
        "type_vocab_size": 1,
        "layer_norm_eps": _EPSILON,
        "bos_token_id": 0,
        "pad_token_id": 1,
        "eos_token_id": 2,
    }
    words = np.zeros((vocabulary, width), dtype=np.float32)
    words[:, :content] = table
    words[[config[end] for end in _ENDS]] = 0
    middle, longest = table.mean(axis=0), np.linalg.norm(table, axis=1).max()
    faint = _FAINT * longest * middle / max(float(np.linalg.norm(middle)), 1e-12)
    words[config["eos_token_id"], :content] = faint
    squares = np.square(words.astype(np.float64)).sum(axis=1)
    slack = np.sqrt((squares.max() - squares) / SLACK)
    words[:, -2], words[:, -1] = slack, -slack
    words[config["pad_token_id"]] = 0
    kept = np.ones(width, dtype=np.float32)
    kept[content:] = 0
    weights = {
        "embeddings.word_embeddings.weight": words,
        "embeddings.position_embeddings.weight": np.zeros(
            (config["max_position_embeddings"], width), dtype=np.float32
        ),
        "embeddings.token_type_embeddings.weight": np.zeros((1, width), dtype=np.float32),
        "embeddings.LayerNorm.weight": kept,
        "embeddings.LayerNorm.bias": np.zeros(width, dtype=np.float32),
    }
    return weights, config
