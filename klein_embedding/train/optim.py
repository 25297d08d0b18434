"""The optimisers behind one interface, the rate at each moment of a run, and the average.

Shapes are those of the parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from klein_embedding.recipe_stages import RunRecipe

_DECAY = 0.01
_BETAS = (0.9, 0.98)
_EPSILON = 1e-8


class Optimisers:
    """AdamW, and Muon for the hidden matrices if the recipe wants it, stepped as one.

    The token table has a rate of its own, and `RowAdam` if its gradients are sparse. Nothing decays
    but matrices: not norms, not biases, and not the table, whose slack coordinates take no gradient
    either.

    Source: Loshchilov and Hutter 2019 (AdamW), arXiv 1711.05101; Jordan et al. 2024 (Muon).
    """

    def __init__(
        self, module: nn.Module, table: nn.Parameter, run: RunRecipe, *, sparse: bool = False
    ) -> None:
        """Sort the parameters that take gradients into groups with their peak rates.

        Args:
            module: Everything that is trained.
            table: The token table, a parameter of it.
            run: Kind of optimiser, and peak rates.
            sparse: Whether the table's gradients hold the rows alone that a step read.
        """
        others = [p for p in module.parameters() if p is not table and p.requires_grad]
        matrices = [p for p in others if p.ndim > 1]
        vectors = [p for p in others if p.ndim <= 1]
        adamw = [(vectors, run.rate, 0.0)]
        moved = table.requires_grad and run.table_rate > 0
        if moved and not sparse:
            adamw.append(([table], run.table_rate, 0.0))
        muon = [(matrices, run.rate, _DECAY)] if run.optimiser == "muon" else []
        if not muon:
            adamw.insert(0, (matrices, run.rate, _DECAY))
        found: list[torch.optim.Optimizer] = []
        if groups := _groups(adamw):
            found.append(torch.optim.AdamW(groups, betas=_BETAS, eps=_EPSILON, fused=True))
        if groups := _groups(muon):
            # Steps scaled to AdamW's, so that both take the same rate.
            found.append(torch.optim.Muon(groups, adjust_lr_fn="match_rms_adamw"))
        if moved and sparse:
            found.append(RowAdam(table, run.table_rate))
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

    def clip(self, longest: float) -> float:
        """Shorten all gradients together to a length; the length they had."""
        parts = []
        for parameter in self.parameters():
            if (grad := parameter.grad) is not None:
                # Norms are not written for sparse tensors, and a row may stand in several parts.
                parameter.grad = grad = grad.coalesce() if grad.is_sparse else grad
                parts.append(grad.values() if grad.is_sparse else grad)
        norm = torch.nn.utils.get_total_norm(parts)
        for grad in parts:
            grad.mul_(torch.clamp(longest / (norm + 1e-6), max=1.0))
        return float(norm)

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
        """Take over moments that `state` gave.

        Raises:
            ValueError: If another kind of optimiser had them.
        """
        for at, part in enumerate(self.parts):
            whole = part.state_dict()
            known = {field for fields in whole["state"].values() for field in fields}
            whole["state"] = {}
            for name, value in moments.items():
                place, number, field = name.split(".", 2)
                if int(place) == at:
                    whole["state"].setdefault(int(number), {})[field] = value
                    if known and field not in known:
                        raise ValueError(f"{field}: moment of another optimiser")
            part.load_state_dict(whole)


class RowAdam(torch.optim.Optimizer):
    """Adam without a first moment (beta1 = 0), which leaves rows without a gradient where they are.

    The result is that of dense Adam, but a step touches only the rows that have a gradient: the
    second moment of a row that rested is faded for all the steps at once when it moves again.

    Source: Tieleman and Hinton 2012 (RMSProp); Kingma and Ba 2015, arXiv 1412.6980, for the
    correction of the start.
    """

    def __init__(self, table: nn.Parameter, rate: float) -> None:
        """Begin with no moments."""
        super().__init__([{"params": [table], "lr": rate, "peak": rate}], {})
        rows = torch.zeros(len(table), device=table.device)
        self.state[table] = {
            "steps": torch.zeros(()),
            "last": rows,
            "square": table.new_zeros(table.shape),
        }

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:
        """Move the rows that have a gradient."""
        for group in self.param_groups:
            for table in group["params"]:
                if table.grad is not None:
                    _move_rows(table, self.state[table], group["lr"])


def _move_rows(table: Tensor, state: dict[str, Any], rate: float) -> None:
    grad = table.grad
    assert grad is not None
    # Processes that train together sum dense gradients.
    grad = (grad if grad.is_sparse else grad.to_sparse(1)).coalesce()
    state["steps"] += 1
    steps, fade = float(state["steps"]), _BETAS[1]
    rows, values = grad.indices()[0], grad.values()
    faded = fade ** (steps - state["last"][rows])
    square = state["square"][rows].mul_(faded[:, None])
    square.addcmul_(values, values, value=1 - fade)
    state["square"][rows], state["last"][rows] = square, steps
    table.index_add_(
        0, rows, values / (square / (1 - fade**steps)).sqrt_().add_(_EPSILON), alpha=-rate
    )


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
