"""Which processor computes, and in which number format."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_SIZE = 512
_TRIAL_SECONDS = 0.4
_WINDOWS = 4
_GAIN = 1.3


@dataclass(frozen=True, slots=True)
class Compute:
    """The chosen processor and number format.

    Attributes:
        device: "cuda" or "cpu".
        bfloat16: Whether matrix products run in bfloat16 (masters stay float32).
        ceiling: Measured speed of a matrix product in the chosen format, in FLOP/s.
        reason: One line that says what was measured.
    """

    device: str
    bfloat16: bool
    ceiling: float
    reason: str

    def autocast(self) -> Any:
        """Context in which the forward pass runs in the chosen format."""
        import torch

        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.bfloat16)


def choose_compute() -> Compute:
    """Measure float32 and bfloat16 matrix products for under a second each and choose.

    Some processors run bfloat16 a hundred times slower than float32, so the trial is one small
    product first, and stops there when that alone is slow.
    """
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    single = _speed(torch.float32, device)
    half = _speed(torch.bfloat16, device)
    chosen = half > _GAIN * single
    relation = "more" if chosen else "not more"
    reason = (
        f"{'bfloat16' if chosen else 'float32'} on {device}: measured {single / 1e9:,.0f} GFLOP/s "
        f"in float32 and {half / 1e9:,.0f} in bfloat16, {relation} than {_GAIN} times as fast"
    )
    return Compute(device, chosen, half if chosen else single, reason)


def _speed(dtype: torch.dtype, device: str) -> float:
    """FLOP/s of square matrix products in one number format."""
    import torch

    def wait() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    size = _SIZE if device == "cpu" else 8 * _SIZE
    left = torch.randn(size, size, device=device).to(dtype)
    small = left[:64, :64].contiguous()
    started = time.perf_counter()
    _ = small @ small
    wait()
    if device == "cpu" and time.perf_counter() - started > _TRIAL_SECONDS:
        return 2 * 64**3 / (time.perf_counter() - started)
    # A fresh process may have all its threads on one core for a moment, ten times too slow: the
    # best of a few windows counts.
    best = 0.0
    for _window in range(_WINDOWS):
        started, products = time.perf_counter(), 0
        while time.perf_counter() - started < _TRIAL_SECONDS / _WINDOWS:
            _ = left @ left
            wait()
            products += 1
        best = max(best, products * 2 * size**3 / (time.perf_counter() - started))
    return best
