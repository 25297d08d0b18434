"""The encoder equals Hugging Face's, and its start equals the static model."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import RobertaConfig, RobertaModel

from klein_embedding.errors import KleinError
from klein_embedding.model.embedder import SentenceEncoder, bag_of_tokens, matryoshka
from klein_embedding.model.encoder import Encoder, hugging_face_config
from klein_embedding.model.start import centred, clipped, fitted, start_from_static
from klein_embedding.recipe import ModelRecipe

SHAPE = ModelRecipe(
    width=96, layers=2, heads=4, feedforward=160, max_tokens=64, content=64, radius=2.0, bigrams=0
)
VOCABULARY = 500


def _texts(lengths: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(5, VOCABULARY, (len(lengths), max(lengths)), generator=generator)
    mask = torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]
    ids[:, 0] = 0
    ids[torch.arange(len(lengths)), torch.tensor(lengths) - 1] = 2
    return ids.masked_fill(~mask, 1), mask


@pytest.mark.parametrize("lengths", [(9, 9, 9), (64, 5, 17, 2)])
def test_hidden_states_equal_hugging_face(lengths: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    ours = Encoder(SHAPE, VOCABULARY).eval()
    for parameter in ours.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    config = RobertaConfig(**hugging_face_config(SHAPE, VOCABULARY))
    theirs = RobertaModel(config, add_pooling_layer=False).eval()
    theirs.load_state_dict(ours.state_dict())
    ids, mask = _texts(lengths)
    with torch.no_grad():
        expected = theirs(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        found = ours(ids, mask)
    assert (found - expected)[mask].abs().max() < 1e-5


def test_padding_changes_nothing() -> None:
    torch.manual_seed(0)
    model = SentenceEncoder(Encoder(SHAPE, VOCABULARY), SHAPE.content).eval()
    ids, mask = _texts((5, 40))
    with torch.no_grad():
        together = model(ids, mask)[0]
        alone = model(ids[:1, :5], mask[:1, :5])[0]
    assert (together - alone).abs().max() < 1e-6


def test_released_shape_has_about_fifty_million_parameters() -> None:
    shape = ModelRecipe(768, 3, 12, 3072, 256, 512, 7.0, 0)
    with torch.device("meta"):
        count = sum(p.numel() for p in Encoder(shape, 32_000).parameters())
    assert 45e6 < count < 55e6


def _table() -> np.ndarray:
    rng = np.random.default_rng(1)
    lengths = rng.gamma(2.0, 0.7, (VOCABULARY, 1))
    directions = rng.standard_normal((VOCABULARY, SHAPE.content))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return clipped(centred((directions * lengths).astype(np.float32)), SHAPE.radius)


def test_untrained_encoder_is_the_static_model() -> None:
    table = _table()
    assert np.linalg.norm(table, axis=1).max() <= SHAPE.radius * 1.00001
    torch.manual_seed(0)
    encoder = Encoder(SHAPE, VOCABULARY)
    start_from_static(encoder, table, SHAPE.radius)
    model = SentenceEncoder(encoder, SHAPE.content).eval()
    ids, mask = _texts((64, 5, 17, 3))
    bags = [row[keep][1:-1] for row, keep in zip(ids, mask, strict=True)]
    offsets = torch.tensor([0, *np.cumsum([len(bag) for bag in bags])[:-1]])
    static = bag_of_tokens(torch.from_numpy(table), torch.cat(bags), offsets)
    with torch.no_grad():
        found = model(ids, mask)
    assert torch.cosine_similarity(found, static).min() > 0.9999


def test_fitted_vectors_keep_their_angles_whatever_their_scale() -> None:
    table = (
        np.random.default_rng(3).standard_normal((1000, 16)) * np.linspace(0.1, 3, 1000)[:, None]
    )
    small, large = fitted(table, 11.0), fitted(40 * table, 11.0)
    assert np.allclose(small, large)
    lengths = np.linalg.norm(small, axis=1)
    assert lengths.max() == pytest.approx(11.0)
    # One in a hundred was longer; all others stand to one another as they did.
    clipped_ones = np.isclose(lengths, 11.0)
    assert clipped_ones.mean() == pytest.approx(0.01, abs=0.002)
    rest = (small / table)[~clipped_ones]
    assert np.allclose(rest, rest[0, 0])
    assert not fitted(np.zeros((4, 16)), 11.0).any()


def test_start_refuses_vectors_beyond_the_radius() -> None:
    encoder = Encoder(SHAPE, VOCABULARY)
    with pytest.raises(KleinError, match="clipped to the radius"):
        start_from_static(encoder, _table() * 2, SHAPE.radius)


def test_matryoshka_cuts_then_renormalises() -> None:
    vectors = torch.randn(5, 8)
    cut = matryoshka(vectors, 3)
    assert cut.shape == (5, 3)
    assert torch.allclose(cut.norm(dim=1), torch.ones(5))
    assert torch.allclose(torch.cosine_similarity(cut, vectors[:, :3]), torch.ones(5))
