"""Several processes that train one model: who holds what, and how vectors and gradients meet.

Every rank encodes its share of a step's texts, gathers the vectors of all, and computes the whole
loss, through which gradients flow into its own vectors only. The sum of the ranks' gradients is
then exactly the gradient of one process, whatever the loss. DistributedDataParallel is not used:
it wants every parameter in every backward pass, and a step has passes for the table alone.

Run it with torchrun, which sets RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor


def rank() -> int:
    """Number of this process, 0 where it is the only one."""
    return dist.get_rank() if dist.is_initialized() else 0


def size() -> int:
    """Number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


@contextmanager
def processes() -> Iterator[None]:
    """Join the other processes that torchrun started, and leave them at the end.

    One process alone joins nobody. NCCL on a GPU, Gloo elsewhere.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or dist.is_initialized():
        yield
        return
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def share(count: int) -> slice:
    """Which of so many texts this rank encodes: stretches that differ by one text at most."""
    edges = _edges(count)
    return slice(int(edges[rank()]), int(edges[rank() + 1]))


def _edges(count: int) -> np.ndarray:
    """Where the share of each rank begins, and the end."""
    return np.linspace(0, count, size() + 1).astype(int)


def gathered(mine: Tensor, count: int) -> Tensor:
    """Vectors (count, C) of all ranks in order, this rank's own with their gradient.

    Args:
        mine: Vectors of this rank's `share`.
        count: Number of texts of all ranks.
    """
    if size() == 1:
        return mine
    edges = _edges(count)
    widest = int(np.diff(edges).max())
    # Ranks may differ by a text, and gathering wants equal shapes.
    filled = torch.zeros(widest, mine.shape[1], dtype=mine.dtype, device=mine.device)
    filled[: len(mine)] = mine.detach()
    found = [torch.empty_like(filled) for _ in range(size())]
    dist.all_gather(found, filled)
    parts = [part[:length] for part, length in zip(found, np.diff(edges), strict=True)]
    parts[rank()] = mine
    return torch.cat(parts)


def sum_gradients(parameters: Iterable[Tensor]) -> None:
    """Give every rank the sum of all ranks' gradients.

    A parameter that no rank's loss reached keeps no gradient; one that only some reached, because
    the share of the others was empty, counts as zero there.
    """
    if size() == 1:
        return
    mine = list(parameters)
    reached = torch.tensor([p.grad is not None for p in mine], dtype=torch.uint8)
    reached = reached.to(mine[0].device)
    dist.all_reduce(reached, dist.ReduceOp.MAX)
    for parameter, there in zip(mine, reached.tolist(), strict=True):
        if there:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            if parameter.grad.is_sparse:
                parameter.grad = parameter.grad.to_dense()
            dist.all_reduce(parameter.grad)


def agreed(values: tuple[float, ...], device: str) -> tuple[float, ...]:
    """The values of rank 0, for clocks and signals differ from process to process."""
    if size() == 1:
        return values
    told = torch.tensor(values, dtype=torch.float64, device=device)
    dist.broadcast(told, 0)
    return tuple(told.tolist())


def total(value: float, device: str) -> float:
    """Sum of a number over all ranks."""
    if size() == 1:
        return value
    told = torch.tensor(value, dtype=torch.float64, device=device)
    dist.all_reduce(told)
    return float(told)


def wait() -> None:
    """Go on when every rank has come here."""
    if size() > 1:
        dist.barrier()
