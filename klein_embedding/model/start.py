"""The slack-coordinate start: an untrained encoder that is exactly the static model it begins from.

RoBERTa normalises every token vector, which throws away its length, and the length of a static
vector says how much a word matters. Each token therefore gets two coordinates of opposite sign
beside its content, so large that all token vectors have one length R and mean zero: LayerNorm then
only multiplies by sqrt(D) / R. Residual branches begin at zero, so every block passes the stream
on, and the last LayerNorm erases all coordinates but the content.

Shapes: V vocabulary, D width, C content coordinates.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from klein_embedding.errors import KleinError
from klein_embedding.model.encoder import BOS_EOS, PAD_ID, Encoder

_LONGER = 0.01
"""Share of the token vectors that are shortened: more costs similarity and translation."""


def centred(table: np.ndarray) -> np.ndarray:
    """Each row (V, C) less its own mean, which is what the encoder's LayerNorm would remove."""
    return table - table.mean(axis=1, keepdims=True)


def fitted(table: np.ndarray, radius: float) -> np.ndarray:
    """Rows (V, C) scaled so that one in a hundred is longer than ``radius``, and that one clipped.

    Sentence vectors are compared by their angle, so a factor common to all rows changes nothing,
    while training with another rate, or for longer, leaves longer rows.
    """
    long = float(np.percentile(np.linalg.norm(table, axis=1), 100 * (1 - _LONGER)))
    return clipped(table * (radius / max(long, 1e-12)), radius)


def clipped(table: np.ndarray, radius: float) -> np.ndarray:
    """Rows (V, C) with lengths above ``radius`` shortened to it."""
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    return table * np.minimum(1.0, radius / np.maximum(lengths, 1e-12))


@torch.no_grad()
def start_from_static(encoder: Encoder, table: np.ndarray, radius: float) -> None:
    """Set an encoder's weights so that its sentence vectors equal the static model's.

    Args:
        encoder: Encoder with width D >= C + 2, changed in place.
        table: (V, C) centred static vectors no longer than ``radius``.
        radius: R, the common length given to all token vectors.

    Raises:
        KleinError: If a vector is longer than ``radius`` or a row is not centred.
    """
    longest = float(np.linalg.norm(table, axis=1).max())
    if longest > radius * (1 + 1e-5) or np.abs(table.mean(axis=1)).max() > 1e-4:
        raise KleinError("slack start: give it a centred table clipped to the radius")
    content = table.shape[1]
    encoder.embeddings.word_embeddings.weight.zero_()
    write_table(encoder, torch.from_numpy(table), radius)
    encoder.embeddings.position_embeddings.weight.zero_()
    encoder.embeddings.token_type_embeddings.weight.zero_()
    for block in encoder.blocks():
        projections = block.attention.self
        readers = (projections.query, projections.key, projections.value, block.intermediate.dense)
        for linear in readers:
            # A branch that read the slack would see little else: it is most of the length.
            linear.weight[:, -2:] = 0
        for linear in (block.attention.output.dense, block.output.dense):
            linear.weight.zero_()
            linear.bias.zero_()
    last = encoder.blocks()[-1].output.LayerNorm
    last.weight[content:] = 0
    last.bias[content:] = 0


@torch.no_grad()
def write_table(encoder: Encoder, table: Tensor, radius: float) -> None:
    """Give an encoder other static vectors, each with the slack that brings it to the radius.

    Args:
        encoder: Encoder with width D >= C + 2, changed in place.
        table: (V, C) static vectors; they are centred and clipped on the way.
        radius: R, the common length given to all token vectors.
    """
    weight, content = encoder.embeddings.word_embeddings.weight, table.shape[1]
    found = table - table.mean(1, keepdim=True)
    lengths = found.norm(dim=1, keepdim=True)
    found *= (radius / lengths.clamp(min=1e-12)).clamp(max=1)
    found[[*BOS_EOS, PAD_ID]] = 0
    squares = found.norm(dim=1).double().square()
    slack = ((radius**2 - squares).clamp(min=0) / 2).sqrt().to(weight.dtype)
    slack[PAD_ID] = 0
    weight[:, :content] = found
    weight[:, -2], weight[:, -1] = slack, -slack
