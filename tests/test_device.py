"""The choice of the number format: measured, bounded in time, and said."""

from __future__ import annotations

import time

import pytest
import torch

from klein_embedding import device


def test_choice_takes_seconds_at_most_and_gives_its_reason() -> None:
    started = time.perf_counter()
    compute = device.choose_compute()
    assert time.perf_counter() - started < 10
    assert compute.device in ("cpu", "cuda")
    assert ("bfloat16 on" in compute.reason) == compute.bfloat16
    assert "GFLOP/s" in compute.reason


@pytest.mark.parametrize(
    ("single", "half", "chosen"), [(100.0, 120.0, False), (100.0, 200.0, True), (80.0, 0.8, False)]
)
def test_bfloat16_needs_a_clear_gain(
    monkeypatch: pytest.MonkeyPatch, single: float, half: float, chosen: bool
) -> None:
    speeds = {torch.float32: single * 1e9, torch.bfloat16: half * 1e9}
    monkeypatch.setattr(device, "_speed", lambda dtype, _: speeds[dtype])
    compute = device.choose_compute()
    assert compute.bfloat16 is chosen
    assert compute.ceiling == speeds[torch.bfloat16 if chosen else torch.float32]
