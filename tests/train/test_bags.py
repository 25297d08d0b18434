"""Sparse gradients of token tables: equal to dense ones, through the optimiser too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from klein_embedding.model.embedder import bag_of_tokens
from klein_embedding.recipe import Recipe
from klein_embedding.train.bags import sparse_bags
from klein_embedding.train.optim import Optimisers, RowAdam
from klein_embedding.train.rows import Rows, starts_of

ENTRIES, WIDTH = 40, 8


def rows_of(seed: int, texts: int = 12) -> Rows:
    """Texts of none to six tokens, drawn with repeats from half of the entries."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 7, texts)
    return Rows(rng.integers(0, ENTRIES, lengths.sum()) // 2 * 2, starts_of(lengths))


def table_of(entries: int = ENTRIES) -> nn.Parameter:
    return nn.Parameter(torch.randn(entries, WIDTH, generator=torch.Generator().manual_seed(1)))


def dense_bags(table: Tensor, rows: Rows) -> Tensor:
    return bag_of_tokens(table, torch.from_numpy(rows.ids), torch.from_numpy(rows.firsts))


@pytest.mark.parametrize("held", [0, 15])
def test_bags_and_their_gradients_equal_dense_ones(held: int) -> None:
    rows, target = rows_of(3), torch.randn(12, WIDTH)
    assert 0 in rows.lengths
    whole = table_of()
    expected = dense_bags(whole, rows)
    (expected * target).sum().backward()
    table = nn.Parameter(whole.detach()[held:].clone())
    found = sparse_bags(table, rows, whole.detach()[:held] if held else None)
    (found * target).sum().backward()
    assert torch.allclose(found, expected, atol=1e-6)
    assert table.grad is not None
    assert table.grad.is_sparse
    assert whole.grad is not None
    assert torch.allclose(table.grad.to_dense(), whole.grad[held:], atol=1e-6)
    read = np.unique(rows.ids[rows.ids >= held]) - held
    assert table.grad.coalesce().indices()[0].tolist() == read.tolist()


def test_row_adam_is_adam_without_a_first_moment() -> None:
    first, second = table_of(), table_of()
    mine, theirs = RowAdam(first, 0.1), torch.optim.Adam([second], lr=0.1, betas=(0.0, 0.98))
    for step in range(9):
        rows = rows_of(step, texts=3)
        for table, optimiser, bags in ((first, mine, sparse_bags), (second, theirs, dense_bags)):
            optimiser.zero_grad()
            # Two losses of one step, whose gradients meet in some rows.
            (
                bags(table, rows).sum() + bags(table, rows_of(step, texts=5)).square().sum()
            ).backward()
            optimiser.step()
        assert torch.allclose(first, second, atol=1e-5)
    assert not torch.allclose(first[::2], table_of()[::2], atol=0.1)
    assert torch.equal(first[1::2], table_of()[1::2])
    dense, sparse = table_of(), table_of()
    for table, bags in ((dense, dense_bags), (sparse, sparse_bags)):
        moved = RowAdam(table, 0.1)
        bags(table, rows_of(1)).square().sum().backward()
        moved.step()
    assert torch.allclose(dense, sparse, atol=1e-6)


def test_sparse_gradients_are_clipped_as_dense_ones(tiny_recipe: Recipe) -> None:
    run = replace(tiny_recipe.stages.static.run, table_rate=0.1)
    lengths = []
    for bags in (sparse_bags, dense_bags):
        table = table_of()
        module = nn.ParameterDict({"table": table})
        optimisers = Optimisers(module, table, run, sparse=bags is sparse_bags)
        (bags(table, rows_of(1)) + bags(table, rows_of(2))).square().sum().backward()
        lengths.append(optimisers.clip(0.5))
        assert table.grad is not None
        after = table.grad.to_dense() if table.grad.is_sparse else table.grad
        assert float(after.norm()) == pytest.approx(0.5, rel=1e-4)
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-5)
    assert lengths[0] > 0.5


def test_row_adam_comes_back_from_its_state_and_refuses_another_optimisers(
    tiny_recipe: Recipe,
) -> None:
    run = replace(tiny_recipe.stages.static.run, table_rate=0.1)

    def made(table: nn.Parameter, *, sparse: bool = True) -> Optimisers:
        return Optimisers(nn.ParameterDict({"table": table}), table, run, sparse=sparse)

    first = table_of()
    one = made(first)
    for step in range(6):
        if step == 3:
            saved = {name: value.clone() for name, value in one.state().items()}
            second = nn.Parameter(first.detach().clone())
            two = made(second)
            two.load(saved)
        for table, optimisers in ((first, one), *([(second, two)] if step >= 3 else [])):
            optimisers.clear()
            sparse_bags(table, rows_of(step)).square().sum().backward()
            optimisers.clip(1.0)
            optimisers.step()
    assert torch.equal(first, second)
    other = made(table_of(), sparse=False)
    sparse_bags(other.parameters()[0], rows_of(1)).sum().backward()
    other.parameters()[0].grad = other.parameters()[0].grad.to_dense()  # type: ignore[union-attr]
    other.step()
    with pytest.raises(ValueError, match="of another optimiser"):
        one.load(other.state())
