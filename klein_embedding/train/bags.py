"""Means of token rows whose gradient holds the rows that were read and no others.

A step of the static stages reads some thousand of the table's rows. A gradient as large as the
table would be written, measured and stepped on for zeros.

Shapes: N texts, C coordinates, V vocabulary, P bigrams with a vector of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from klein_embedding.train.rows import Rows, starts_of


def sparse_bags(table: Tensor, rows: Rows, held: Tensor | None = None) -> Tensor:
    """Mean vectors (N, C) of the entries of texts; an empty text gives zeros.

    Args:
        table: (V, C) vectors that train, or (P, C) where others are held.
        rows: Entries of the texts.
        held: (V, C) vectors that stay as they are; entries from V on are the table's then.
    """
    lengths = torch.from_numpy(np.maximum(rows.lengths, 1)).to(table.device)
    if held is None:
        found = _sums(table, rows)
    else:
        behind = rows.ids >= len(held)
        before = np.concatenate([[0], np.cumsum(behind)])
        mine = before[rows.firsts + rows.lengths] - before[rows.firsts]
        theirs = Rows(rows.ids[~behind], starts_of(rows.lengths - mine))
        found = _sums(table, Rows(rows.ids[behind] - len(held), starts_of(mine)))
        found = found + _sums(held, theirs)
    return found / lengths[:, None]


def _sums(table: Tensor, rows: Rows) -> Tensor:
    ids, firsts = torch.from_numpy(rows.ids), torch.from_numpy(rows.firsts)
    return _Sums.apply(table, ids.to(table.device), firsts.to(table.device))


class _Sums(torch.autograd.Function):
    """Sum of the rows of each text; the gradient is sparse, each row in it once."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, ids: Tensor, firsts: Tensor) -> Tensor:
        """Sums (N, C) of the rows ``ids`` (tokens,) of texts that begin at ``firsts`` (N,)."""
        ctx.save_for_backward(ids, firsts)
        ctx.shape = table.shape
        return torch.nn.functional.embedding_bag(ids, table, firsts, mode="sum")

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient of the table: each row that was read has the sum over the texts it stands in."""
        ids, firsts = ctx.saved_tensors
        end = torch.tensor([len(ids)], device=ids.device)
        lengths = torch.diff(firsts, append=end)
        texts = torch.repeat_interleave(lengths)
        ordered, order = torch.sort(ids, stable=True)
        rows, counts = torch.unique_consecutive(ordered, return_counts=True)
        starts = counts.cumsum(0) - counts
        values = torch.nn.functional.embedding_bag(texts[order], grads[0], starts, mode="sum")
        found = torch.sparse_coo_tensor(
            rows[None], values, ctx.shape, is_coalesced=True, check_invariants=False
        )
        return found, None, None
