"""README shows what its commands really print."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

from readme import outputs, run_klein  # noqa: E402

# Rounding may differ in the last digits from one processor to the next.
_SCORE = re.compile(r"\b[01]\.\d{4}\b")


def test_readme_shows_real_output() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    fresh = outputs(text, run_klein)
    assert text.count("$ klein") >= 4
    assert _SCORE.sub("#", fresh) == _SCORE.sub("#", text)
    for shown, found in zip(_SCORE.findall(text), _SCORE.findall(fresh), strict=True):
        assert abs(float(shown) - float(found)) < 0.003
