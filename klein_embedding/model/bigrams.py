"""Bigrams that an encoder knows before its first step.

What two tokens mean together is often not the sum of what they mean alone, least of all where the
two are pieces of one word. The static stage can learn a vector for each frequent bigram; here the
encoder is set up so that it adds that vector where the bigram stands:

- Coordinates between the content and the slack hold a code of the position, a random code of the
  token, and room for the code of the token before it. All codes have fixed lengths, so the
  embedding's LayerNorm stays one common factor, and the last LayerNorm erases them.
- One attention head of the first block looks at the position before its own and copies the code of
  the token there.
- One unit of a feed-forward layer stands for one bigram. It answers where both codes fit, stays
  silent where one or none does, and its outgoing weights are the bigram's vector.

Shapes: P bigrams, C content coordinates, D width, K size of a code, U units of a block.

Source: Geva et al. 2021 (feed-forward layers are key-value memories), arXiv 2012.14913.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from klein_embedding.errors import KleinError
from klein_embedding.model.encoder import PAD_ID, Block, Encoder

_SMALLEST_CODE = 16
_POSITION, _TOKEN = 4.0, 5.0
"""Lengths of the codes; a token's own vector has the radius, about 11."""
_PEAK = 10.0
"""Attention logit of the position before; others lie near zero."""
_STEEP = 12.0
_SILENT = 1.5
"""A unit's input is 2 where both tokens fit and 1 where one does; below this it is silent."""
_JITTER = 0.02


@dataclass(frozen=True, slots=True)
class Bigrams:
    """Vectors of token pairs.

    Attributes:
        pairs: (P, 2) int32 ids of the first token and of the one behind it, the most useful first.
        vectors: (P, C) float32 what is added to the second token's vector.
    """

    pairs: np.ndarray
    vectors: np.ndarray


def code_size(width: int, content: int, heads: int) -> int:
    """Coordinates K of one code in an encoder of this shape.

    Raises:
        KleinError: If the width leaves no room.
    """
    size = min((width - content - 2) // 3, width // heads) // 2 * 2
    if size < _SMALLEST_CODE:
        raise KleinError(
            f"model: bigrams need {3 * _SMALLEST_CODE + 2} coordinates beside the content in the "
            "width, and heads as wide as a code; widen it or set bigrams to 0"
        )
    return size


@torch.no_grad()
def write_bigrams(encoder: Encoder, bigrams: Bigrams, radius: float, seed: int) -> None:
    """Give an encoder at its slack-coordinate start the vectors of bigrams.

    Args:
        encoder: Encoder that `start_from_static` has just set, changed in place.
        bigrams: At most as many as the feed-forward layers have units.
        radius: The length of the token vectors there.
        seed: Seed of the random codes.

    Raises:
        KleinError: If the width leaves no room for the codes, or there are too few units.
    """
    words = encoder.embeddings.word_embeddings.weight
    width, content = words.shape[1], bigrams.vectors.shape[1]
    blocks = encoder.blocks()
    size = code_size(width, content, blocks[0].attention.heads)
    units = len(blocks[0].intermediate.dense.bias) * len(blocks)
    if len(bigrams.pairs) > units:
        raise KleinError(
            f"model: {len(bigrams.pairs):,} bigrams need as many feed-forward units, the blocks "
            f"have {units:,}; lower bigrams"
        )
    generator = torch.Generator().manual_seed(seed)
    places = [slice(content + at * size, content + (at + 1) * size) for at in range(3)]
    codes = functional.normalize(_centred_noise((len(words), size), generator), dim=1)
    words[:, places[1]] = _TOKEN * codes
    words[PAD_ID] = 0
    factor = math.sqrt(width / (radius**2 + _POSITION**2 + _TOKEN**2))
    _look_back(encoder, places, factor, generator)
    # The copied code lengthens the stream, and the attention's LayerNorm shortens it again.
    factor *= math.sqrt(width / (width + (_TOKEN * factor) ** 2))
    pairs, vectors = torch.from_numpy(bigrams.pairs).long(), torch.from_numpy(bigrams.vectors)
    for at, block in enumerate(blocks):
        # Every block gets its share of the best.
        mine = slice(at, None, len(blocks))
        both = torch.zeros((len(pairs[mine]), width))
        both[:, places[1]], both[:, places[2]] = codes[pairs[mine, 1]], codes[pairs[mine, 0]]
        _remember(block, both / (_TOKEN * factor), vectors[mine] * factor)


def _centred_noise(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    noise = torch.randn(shape, generator=generator)
    return noise - noise.mean(1, keepdim=True)


def _look_back(
    encoder: Encoder, places: list[slice], factor: float, generator: torch.Generator
) -> None:
    """Let the first head of the first block copy the code of the token before.

    Positions are sines and cosines of many frequencies, of which the query is the key one position
    earlier, turned by one step (Vaswani et al. 2017, section 3.5).
    """
    size = places[0].stop - places[0].start
    many = size // 2
    # Evenly spread frequencies tell neighbours apart exactly; a little disorder keeps positions
    # that are a whole period apart from looking alike.
    steps = math.pi * (torch.arange(many) + 0.5) / many
    steps += _JITTER * (2 * torch.rand(many, generator=generator) - 1)
    positions = encoder.embeddings.position_embeddings.weight
    angles = torch.arange(len(positions)).double()[:, None] * steps.double()
    waves = torch.cat([angles.sin(), angles.cos()], 1)
    # LayerNorm would take their mean off the content too.
    waves -= waves.mean(1, keepdim=True)
    positions[:, places[0]] = (_POSITION * functional.normalize(waves, dim=1)).to(positions.dtype)
    positions[PAD_ID] = 0
    attention = encoder.blocks()[0].attention
    wide = attention.self.query.out_features // attention.heads
    strength = _PEAK * math.sqrt(wide) / (_POSITION * factor) ** 2
    turned = torch.zeros(size, size)
    sine, cosine = torch.arange(many), torch.arange(many) + many
    turned[sine, sine] = turned[cosine, cosine] = steps.cos()
    turned[sine, cosine], turned[cosine, sine] = -steps.sin(), steps.sin()
    eye = torch.eye(size)
    for linear, matrix, place in (
        (attention.self.query, strength * turned, places[0]),
        (attention.self.key, eye, places[0]),
        (attention.self.value, eye, places[1]),
    ):
        linear.weight[:wide] = 0
        linear.weight[:size, place] = matrix
    attention.output.dense.weight[places[2], :size] = eye


def _remember(block: Block, keys: Tensor, values: Tensor) -> None:
    """Set the first units of a block's feed-forward layer.

    Args:
        block: The block.
        keys: (U, D) what a unit looks for; its product with a fitting state is 2.
        values: (U, C) what it then adds.
    """
    into, out = block.intermediate.dense, block.output.dense
    into.weight[: len(keys)] = _STEEP * keys
    into.bias[: len(keys)] = -_STEEP * _SILENT
    answer = functional.gelu(torch.tensor(_STEEP * (2 - _SILENT)))
    out.weight[: values.shape[1], : len(keys)] = (values / answer).T
