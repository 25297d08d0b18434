"""Objectives: recomputed chunks, hard negatives, masked tokens, optimisers and the average."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from klein_embedding.device import Compute
from klein_embedding.recipe import Recipe
from klein_embedding.recipe_stages import ContrastiveRecipe
from klein_embedding.tokenizer.pipeline import EOS_ID
from klein_embedding.tokenizer.shards import open_shards
from klein_embedding.train.batches import Guide
from klein_embedding.train.contrastive import ContrastiveObjective, Start
from klein_embedding.train.finished import model_of
from klein_embedding.train.guide import equal_keys, group_losses, neighbourhoods
from klein_embedding.train.mlm import MaskedStream, MlmObjective
from klein_embedding.train.optim import Average, Optimisers
from klein_embedding.train.order import Workshop
from klein_embedding.train.stages import run_stage
from klein_embedding.train.static import bags

CPU = Compute("cpu", bfloat16=False, ceiling=1e11, reason="given")


@pytest.fixture(scope="module")
def static(made: Path, tiny_recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("objectives")
    run_stage(Workshop(tiny_recipe, made / "shards", made / "tokenizer", runs, print), "static")
    return runs / "static"


@pytest.fixture
def contrastive(
    made: Path, tiny_recipe: Recipe, static: Path
) -> Callable[..., ContrastiveObjective]:
    """Makes objectives that differ in the dials given, their blocks moved away from zero."""

    def make(**dials: object) -> ContrastiveObjective:
        stage: ContrastiveRecipe = replace(tiny_recipe.stages.contrastive, **dials)  # type: ignore[arg-type]
        model = model_of(tiny_recipe.model, static, 1)
        generator = torch.Generator().manual_seed(5)
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.data.add_(0.05 * noise)
        table = torch.from_numpy(np.load(static / "table.npy"))
        start = Start(model, table, tiny_recipe.model.radius)
        shards = open_shards(made / "shards", "train")
        return ContrastiveObjective(shards, stage, start, CPU, (Guide(), None))

    return make


def _gradients(objective: ContrastiveObjective, step: int) -> tuple[float, dict[str, torch.Tensor]]:
    *_, last = objective.losses(step)
    last.loss.backward()
    named = objective.module.named_parameters()
    return last.loss.item(), {name: p.grad for name, p in named if p.grad is not None}


@pytest.mark.parametrize("chunk_tokens", [24, 4096])
def test_recomputed_chunks_give_the_same_loss_and_gradient(
    contrastive: Callable[..., ContrastiveObjective], chunk_tokens: int
) -> None:
    # Matryoshka widths, static candidates and hard negatives are all in the loss.
    plain = contrastive(recompute=False, chunk_tokens=4096, static_steps=0)
    cached = contrastive(recompute=True, chunk_tokens=chunk_tokens, static_steps=0)
    for step in (0, 3):
        value, grads = _gradients(plain, step)
        other, others = _gradients(cached, step)
        assert abs(value - other) < 1e-5
        assert grads.keys() == others.keys()
        assert any(grad.abs().max() > 0 for grad in grads.values())
        for name, grad in grads.items():
            assert torch.allclose(grad, others[name], atol=2e-5), name


def test_hard_negatives_are_read_and_raise_the_loss(
    contrastive: Callable[..., ContrastiveObjective],
) -> None:
    with_them, without = (contrastive(negatives=n, static_steps=0) for n in (True, False))
    pairs = [next(iter(o.losses(1))) for o in (with_them, without)]
    assert pairs[0].tokens > pairs[1].tokens
    assert pairs[0].loss > pairs[1].loss


def test_the_table_takes_steps_of_its_own_and_no_gradient_of_the_encoder(
    contrastive: Callable[..., ContrastiveObjective],
) -> None:
    objective = contrastive(static_steps=2)
    for at, found in enumerate(objective.losses(0)):
        objective.module.zero_grad()
        found.loss.backward()
        reached = {n for n, p in objective.module.named_parameters() if p.grad is not None}
        assert (reached == {"static"}) == (at < 2)
        assert "encoder.embeddings.word_embeddings.weight" not in reached


def test_equal_keys_find_copies_and_swapped_sides(made: Path) -> None:
    shards = open_shards(made / "shards", "train")
    pairs = np.asarray(shards.pairs[:6])
    assert equal_keys(shards, pairs[:, 0], pairs[:, 1]) is None
    more = np.concatenate([pairs[:, 1], pairs[2:3, 0], pairs[4:5, 1]])
    found = equal_keys(shards, pairs[:, 0], more)
    assert found is not None
    assert torch.nonzero(found).tolist() == [[2, 6], [4, 7]]


def test_neighbourhoods_and_losses_of_groups(made: Path, static: Path) -> None:
    shards = open_shards(made / "shards", "train")
    table = torch.from_numpy(np.load(static / "table.npy"))

    def embed(numbers: np.ndarray) -> torch.Tensor:
        return bags(table, shards, (numbers, 16))

    order = neighbourhoods(embed, shards, 1)
    for group in shards.groups:
        rows = order[group.start : group.stop]
        assert sorted(rows.tolist()) == list(range(group.start, group.stop))
    losses = group_losses(embed, shards, 20.0, 1)
    untrained = group_losses(
        lambda n: bags(torch.randn(table.shape), shards, (n, 16)), shards, 20.0, 1
    )
    assert np.all(losses < untrained)


def test_masked_rows_are_what_the_recipe_says(made: Path, tiny_recipe: Recipe) -> None:
    shards = open_shards(made / "shards", "train")
    stage = replace(tiny_recipe.stages.mlm, tokens=4000, masked=0.25, pairs=0.5)
    vocabulary = tiny_recipe.tokenizer.vocabulary
    stream = MaskedStream(shards, stage, vocabulary)
    found = stream.step(3)
    again = MaskedStream(shards, stage, vocabulary).step(3)
    assert np.array_equal(found.rows.ids, again.rows.ids)
    assert np.array_equal(found.labels, again.labels)
    assert not np.array_equal(found.rows.ids, stream.step(4).rows.ids)
    guessed = found.labels != -100
    assert abs(guessed.mean() - 0.25) < 0.05
    hidden = found.rows.ids[guessed] == vocabulary - 1
    assert abs(hidden.mean() - 0.8) < 0.1
    # Elsewhere the row stands as it was, and the end of a first text is never hidden.
    original = np.where(guessed, found.labels, found.rows.ids)
    assert not (found.labels == EOS_ID).any()
    doubles = [EOS_ID in found.rows.text(at) for at in range(len(found.rows))]
    assert abs(np.mean(doubles) - 0.5) < 0.15
    assert found.rows.lengths.max() + 2 <= stage.row_tokens
    words = {tuple(shards.text(n).tolist()) for n in range(len(shards.offsets) - 1)}
    singles = [at for at, double in enumerate(doubles) if not double]
    starts = found.rows.firsts
    for at in singles[:20]:
        text = original[starts[at] : starts[at] + found.rows.lengths[at]]
        assert tuple(text.tolist()) in words


def test_the_masked_loss_is_the_mean_over_guessed_tokens(
    made: Path, tiny_recipe: Recipe, static: Path
) -> None:
    shards = open_shards(made / "shards", "train")
    values = []
    for chunk in (32, 10_000):
        stage = replace(tiny_recipe.stages.mlm, chunk_tokens=chunk)
        model = model_of(tiny_recipe.model, static, 1)
        torch.manual_seed(1)
        objective = MlmObjective(shards, stage, model, CPU)
        parts = list(objective.losses(2))
        assert [part.more for part in parts] == [True] * (len(parts) - 1) + [False]
        values.append(sum(part.loss.item() for part in parts))
    # No row sees another, so the chunks that rows share do not matter.
    assert abs(values[0] - values[1]) < 1e-4
    # An untrained head knows nothing: about the logarithm of the vocabulary.
    assert 0.3 < values[0] / np.log(tiny_recipe.tokenizer.vocabulary) < 2


def test_the_table_learns_from_masked_tokens_in_its_content_alone(
    made: Path, tiny_recipe: Recipe, static: Path
) -> None:
    run = replace(tiny_recipe.stages.mlm.run, table_rate=1e-3)
    model = model_of(tiny_recipe.model, static, 1)
    stage = replace(tiny_recipe.stages.mlm, run=run)
    objective = MlmObjective(open_shards(made / "shards", "train"), stage, model, CPU)
    for part in objective.losses(0):
        part.loss.backward()
    grad = objective.table.grad
    assert grad is not None
    content = tiny_recipe.model.content
    assert grad[:, :content].abs().max() > 0
    assert grad[:, content:].abs().max() == 0


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_optimisers_move_everything_and_come_back_from_their_state(
    tiny_recipe: Recipe, optimiser: str
) -> None:
    run = replace(tiny_recipe.stages.contrastive.run, optimiser=optimiser, rate=1e-2)

    def module() -> nn.Module:
        torch.manual_seed(0)
        layer = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8))
        layer.register_parameter("table", nn.Parameter(torch.randn(5, 8)))
        return layer

    def step(layer: nn.Module, optimisers: Optimisers, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        optimisers.clear()
        inputs = layer.table[torch.randint(5, (4,), generator=generator)]
        layer(inputs).square().sum().backward()
        optimisers.step()

    first = module()
    one = Optimisers(first, first.table, run)
    assert len(one.parts) == (2 if optimiser == "muon" else 1)
    before = [p.detach().clone() for p in first.parameters()]
    step(first, one, 1)
    assert all(not torch.equal(a, b) for a, b in zip(before, first.parameters(), strict=True))
    second = module()
    second.load_state_dict(first.state_dict())
    two = Optimisers(second, second.table, run)
    two.load({name: value.clone() for name, value in one.state().items()})
    for layer, optimisers in ((first, one), (second, two)):
        optimisers.set_rate(0.5)
        step(layer, optimisers, 2)
    for left, right in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(left, right)


def test_the_average_is_unbiased_and_swaps_back() -> None:
    parameter = nn.Parameter(torch.tensor([1.0]))
    average = Average([parameter], 0.9)
    for value in (1.0, 1.0, 4.0):
        parameter.data.fill_(value)
        average.update()
    weights = np.array([0.9**2, 0.9, 1.0])
    expected = float((weights * [1, 1, 4]).sum() / weights.sum())
    average.swap()
    assert parameter.item() == pytest.approx(expected, rel=1e-5)
    average.swap()
    assert parameter.item() == pytest.approx(4.0)
