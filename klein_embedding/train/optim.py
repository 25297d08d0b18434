"""The optimiser and the rate at each moment of a run."""

from __future__ import annotations

import torch
from torch import nn

from klein_embedding.recipe import StageRecipe

_DECAY = 0.01


def optimiser(module: nn.Module, table: nn.Parameter, stage: StageRecipe) -> torch.optim.AdamW:
    """AdamW with the table apart, and no decay on the table, norms and biases.

    Source: Loshchilov and Hutter 2019, arXiv 1711.05101.
    """
    others = [p for p in module.parameters() if p is not table and p.requires_grad]
    matrices = [p for p in others if p.ndim > 1]
    vectors = [p for p in others if p.ndim <= 1]
    groups = [
        {"params": matrices, "lr": stage.rate, "weight_decay": _DECAY},
        {"params": vectors, "lr": stage.rate, "weight_decay": 0.0},
        {"params": [table], "lr": stage.table_rate, "weight_decay": 0.0},
    ]
    for group in groups:
        group["peak"] = group["lr"]
    wanted = [group for group in groups if group["params"] and group["peak"] > 0]
    return torch.optim.AdamW(wanted, betas=(0.9, 0.98), eps=1e-8, fused=True)


def rate_factor(done: float, stage: StageRecipe) -> float:
    """Share of the peak rate when ``done`` (0 to 1) of the budget is spent.

    Warm-up, a level stretch, and a cool-down as 1 - sqrt.

    Source: Hägele et al. 2024, arXiv 2405.18392.
    """
    if done < stage.warmup:
        return max(done / stage.warmup, 0.01)
    level = 1 - stage.cooldown
    if done <= level or stage.cooldown == 0:
        return 1.0
    return max(1 - ((done - level) / stage.cooldown) ** 0.5, 0.0)


def set_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Give every parameter group its peak rate times a factor."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor
