"""Bigrams in the blocks: the untrained encoder adds their vectors where they stand, only there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from klein_embedding.errors import KleinError
from klein_embedding.model.bigrams import Bigrams, code_size, write_bigrams
from klein_embedding.model.encoder import BOS_EOS, Encoder
from klein_embedding.model.start import centred, clipped, start_from_static
from klein_embedding.recipe import ModelRecipe

SHAPE = ModelRecipe(
    width=256, layers=3, heads=4, feedforward=40, max_tokens=256, content=62, radius=11.0,
    bigrams=100,
)  # fmt: skip
VOCABULARY, FIRST, KINDS = 400, 10, 14
RNG = np.random.default_rng(0)
TABLE = clipped(centred(RNG.normal(0, 1, (VOCABULARY, SHAPE.content))), 11.0).astype(np.float32)
# Many pairs share their first or their second token, so that a half fit is the usual case.
PAIRS = np.unique(RNG.integers(FIRST, FIRST + KINDS, (100, 2)), axis=0).astype(np.int32)
VECTORS = centred(RNG.normal(0, 0.5, (len(PAIRS), SHAPE.content))).astype(np.float32)


def _encoder(pairs: np.ndarray = PAIRS, shape: ModelRecipe = SHAPE) -> Encoder:
    torch.manual_seed(1)
    encoder = Encoder(shape, VOCABULARY)
    start_from_static(encoder, TABLE, shape.radius)
    if len(pairs):
        write_bigrams(encoder, Bigrams(pairs, VECTORS[: len(pairs)]), shape.radius, seed=1)
    return encoder


@torch.no_grad()
def _states(encoder: Encoder, texts: list[np.ndarray]) -> torch.Tensor:
    """Unit states of the real tokens of padded texts, one after the other."""
    width = max(map(len, texts)) + 2
    ids = np.full((len(texts), width), 1)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text) + 2] = [BOS_EOS[0], *text, BOS_EOS[1]]
    block = torch.from_numpy(ids)
    states = encoder(block, block != 1)[..., : SHAPE.content]
    return functional.normalize(
        torch.cat([state[1 : len(text) + 1] for state, text in zip(states, texts, strict=True)]),
        dim=1,
    )


def _wanted(text: np.ndarray) -> np.ndarray:
    known = {tuple(pair): at for at, pair in enumerate(PAIRS.tolist())}
    rows = [TABLE[token].copy() for token in text]
    for place in range(1, len(text)):
        at = known.get((int(text[place - 1]), int(text[place])))
        if at is not None:
            rows[place] += VECTORS[at]
    return np.stack(rows)


@pytest.mark.parametrize("length", [2, 9, 60, 250])
def test_states_are_the_tokens_vectors_with_those_of_their_bigrams(length: int) -> None:
    texts = [RNG.integers(FIRST, FIRST + KINDS, size) for size in (length, max(length // 2, 1))]
    wanted = torch.from_numpy(np.concatenate([_wanted(text) for text in texts]))
    plain = functional.normalize(
        torch.from_numpy(np.concatenate([TABLE[text] for text in texts])), dim=1
    )
    wanted = functional.normalize(wanted, dim=1)
    error = (_states(_encoder(), texts) - wanted).norm(dim=1)
    without = (plain - wanted).norm(dim=1)
    changed = without > 1e-4
    if length > 2:
        assert 0 < changed.sum() < len(changed)
        # What a bigram adds is there but for a few hundredths.
        assert (error[changed] / without[changed]).mean() < 0.06
    assert (error**2).sum() < 0.01 * (without**2).sum() + 1e-3
    if (~changed).any():
        assert error[~changed].mean() < 0.02


def test_without_bigrams_the_start_is_the_static_one_bit_for_bit() -> None:
    text = [RNG.integers(FIRST, VOCABULARY - 1, 12)]
    wanted = functional.normalize(torch.from_numpy(TABLE[text[0]]), dim=1)
    assert torch.allclose(_states(_encoder(PAIRS[:0]), text), wanted, atol=1e-5)


def test_equal_seeds_give_equal_codes_and_others_do_not() -> None:
    first, second = (_encoder().embeddings.word_embeddings.weight for _ in range(2))
    assert torch.equal(first, second)
    other = _encoder(PAIRS[:0])
    write_bigrams(other, Bigrams(PAIRS, VECTORS), SHAPE.radius, seed=2)
    assert not torch.equal(first, other.embeddings.word_embeddings.weight)


def test_more_bigrams_than_units_and_too_narrow_widths_are_refused() -> None:
    many = np.arange(2 * 130, dtype=np.int32).reshape(-1, 2)
    encoder = _encoder(PAIRS[:0])
    with pytest.raises(KleinError, match="130 bigrams need as many"):
        write_bigrams(encoder, Bigrams(many, np.zeros((130, 62), np.float32)), 11.0, 1)
    assert code_size(768, 512, 12) == 64
    assert code_size(576, 512, 8) == 20
    with pytest.raises(KleinError, match="need 50 coordinates"):
        code_size(540, 512, 4)
