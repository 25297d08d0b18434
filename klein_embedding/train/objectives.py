"""What the loop knows of a stage: one protocol, behind which static, mlm and contrastive stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn

from klein_embedding.device import Compute
from klein_embedding.model.encoder import Encoder
from klein_embedding.tokenizer.shards import Group, Shards
from klein_embedding.train.rows import Rows, by_chunks

SHOWN_EVERY = 20
"""Steps between two measurements of the accuracy on the batch itself."""


@dataclass(frozen=True, slots=True)
class StepLoss:
    """A loss of a step, ready for its backward pass.

    Attributes:
        loss: In nats.
        tokens: Tokens that the encoder read for it on all ranks.
        about: What was read, for the error that names a bad batch.
        accuracy: Share of right answers on the batch itself, None where it was not measured.
        more: Whether the gradient is added to that of the next loss instead of being stepped on.
        share: Whether this is the loss of this rank's texts alone, and those of all ranks add up.
    """

    loss: Tensor
    tokens: int
    about: str
    accuracy: float | None = None
    more: bool = False
    share: bool = False


class Objective(Protocol):
    """What the loop needs to know of a stage."""

    @property
    def module(self) -> nn.Module:
        """Everything that is trained and saved."""
        ...

    @property
    def table(self) -> nn.Parameter:
        """The token table, which has a rate of its own."""
        ...

    @property
    def sparse(self) -> bool:
        """Whether the table's gradients hold the rows alone that a step read."""
        ...

    @property
    def operations(self) -> float:
        """Useful floating-point operations a token of a training step, 0 where none is counted."""
        ...

    def losses(self, step: int) -> Iterator[StepLoss]:
        """Losses of a step, each stepped on in turn."""
        ...

    def embed(self, shards: Shards, numbers: np.ndarray) -> Tensor:
        """Sentence vectors (N, C) of texts by number, for validation."""
        ...

    def settle(self) -> None:
        """Bring derived weights up to date before the module is saved or measured."""
        ...


def compiled_if(wanted: bool, module: nn.Module) -> nn.Module:
    """The module, or kernels that torch.compile makes of it for batches of any shape."""
    return cast("nn.Module", torch.compile(module, dynamic=True)) if wanted else module


def encoded(model: nn.Module, rows: Rows, tokens: int, compute: Compute) -> Tensor:
    """Sentence vectors (N, C) in float32, encoded in chunks of texts of like length."""

    def of_chunk(part: Rows) -> Tensor:
        ids, mask = (block.to(compute.device) for block in part.padded())
        with compute.autocast():
            return model(ids, mask).float()

    return by_chunks(rows, tokens, of_chunk)


def operations_of(encoder: Encoder) -> float:
    """Operations a token of a training step: six a parameter of the blocks' matrices.

    Source: Kaplan et al. 2020, arXiv 2001.08361, attention left out.
    """
    return 6.0 * sum(p.numel() for p in encoder.encoder.parameters() if p.ndim > 1)


def named(groups: Sequence[Group]) -> str:
    """Groups in words."""
    return "; ".join(f"{g.source} {g.anchor_lang}-{g.positive_lang} {g.kind}" for g in groups)
