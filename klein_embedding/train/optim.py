"""The optimisers behind one interface, the rate at each moment of a run, and the average.

Shapes are those of the parameters.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from klein_embedding.recipe_stages import RunRecipe

_DECAY = 0.01
_BETAS = (0.9, 0.98)


class Optimisers:
    """AdamW, and Muon for the hidden matrices if the recipe wants it, stepped as one.

    The token table has a rate of its own. Nothing decays but matrices: not norms, not biases, and
    not the table, whose slack coordinates take no gradient either.

    Source: Loshchilov and Hutter 2019 (AdamW), arXiv 1711.05101; Jordan et al. 2024 (Muon).
    """

    def __init__(self, module: nn.Module, table: nn.Parameter, run: RunRecipe) -> None:
        """Sort the parameters that take gradients into groups with their peak rates."""
        others = [p for p in module.parameters() if p is not table and p.requires_grad]
        matrices = [p for p in others if p.ndim > 1]
        vectors = [p for p in others if p.ndim <= 1]
        adamw = [(vectors, run.rate, 0.0)]
        if table.requires_grad:
            adamw.append(([table], run.table_rate, 0.0))
        muon = [(matrices, run.rate, _DECAY)] if run.optimiser == "muon" else []
        if not muon:
            adamw.insert(0, (matrices, run.rate, _DECAY))
        found: list[torch.optim.Optimizer] = []
        if groups := _groups(adamw):
            found.append(torch.optim.AdamW(groups, betas=_BETAS, eps=1e-8, fused=True))
        if groups := _groups(muon):
            # Steps scaled to AdamW's, so that both take the same rate.
            found.append(torch.optim.Muon(groups, adjust_lr_fn="match_rms_adamw"))
        self.parts = tuple(found)

    def parameters(self) -> list[Tensor]:
        """Everything that is stepped on, in a fixed order."""
        return [p for part in self.parts for group in part.param_groups for p in group["params"]]

    def clear(self) -> None:
        """Forget the gradients; a parameter that no loss reaches keeps none and is passed by."""
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for part in self.parts:
            part.step()

    def set_rate(self, factor: float) -> None:
        """Give every parameter group its peak rate times a factor."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = group["peak"] * factor

    def state(self) -> dict[str, Tensor]:
        """All moments by name."""
        return {
            f"{at}.{number}.{field}": torch.as_tensor(value).contiguous()
            for at, part in enumerate(self.parts)
            for number, fields in part.state_dict()["state"].items()
            for field, value in fields.items()
        }

    def load(self, moments: dict[str, Tensor]) -> None:
        """Take over moments that `state` gave."""
        for at, part in enumerate(self.parts):
            whole = part.state_dict()
            whole["state"] = {}
            for name, value in moments.items():
                place, number, field = name.split(".", 2)
                if int(place) == at:
                    whole["state"].setdefault(int(number), {})[field] = value
            part.load_state_dict(whole)


def _groups(wanted: list[tuple[list[nn.Parameter], float, float]]) -> list[dict[str, object]]:
    return [
        {"params": params, "lr": rate, "peak": rate, "weight_decay": decay}
        for params, rate, decay in wanted
        if params and rate > 0
    ]


class Average:
    """Exponential moving average of parameters, corrected for its start.

    Source: Polyak and Juditsky 1992; the correction as in Kingma and Ba 2015, arXiv 1412.6980.
    """

    def __init__(self, parameters: Iterable[Tensor], decay: float) -> None:
        """Begin with no weight."""
        self._live = list(parameters)
        self._decay = decay
        self.values = [torch.zeros_like(p, requires_grad=False) for p in self._live]
        self.steps = 0

    @torch.no_grad()
    def update(self) -> None:
        """Take in the parameters as they are now."""
        for value, live in zip(self.values, self._live, strict=True):
            value.lerp_(live.detach(), 1 - self._decay)
        self.steps += 1

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the parameters for their average; a second call exchanges them back.

        Nothing may be updated in between.
        """
        weight = 1 - self._decay**self.steps
        for live, value in zip(self._live, self.values, strict=True):
            kept = live.detach().clone()
            live.copy_(value / weight)
            value.copy_(kept * weight)


def rate_factor(done: float, run: RunRecipe) -> float:
    """Share of the peak rate when ``done`` (0 to 1) of the budget is spent.

    Warm-up, a level stretch, and a cool-down as 1 - sqrt.

    Source: Hägele et al. 2024, arXiv 2405.18392.
    """
    if done < run.warmup:
        return max(done / run.warmup, 0.01)
    level = 1 - run.cooldown
    if done <= level or run.cooldown == 0:
        return 1.0
    return max(1 - ((done - level) / run.cooldown) ** 0.5, 0.0)
