"""The benchmark of training: its page, and that it takes the loop's own steps."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import training_ours as ours  # noqa: E402
from performance_page import Figures, Row, section_text, write_page  # noqa: E402
from performance_text import SECTIONS  # noqa: E402

from klein_embedding.device import Compute  # noqa: E402

STAMP = {
    "unit": "GFLOP/s",
    "command": "python benchmarks/training.py",
    "date": "2026-01-02T03:04:05Z",
    "processor": "a processor",
}


def row(section: str, name: str, ratio: float) -> Row:
    return Row(section, name, ratio, ratio - 0.1, ratio + 0.1, 1000 * ratio, 1000.0, **STAMP)


def test_a_section_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    shapes = [
        row("ceiling", f"{stage}, {shape}, {length} tokens", 0.5)
        for stage in ("contrastive step", "masked-token step")
        for shape in ("768x3", "512x10")
        for length in (16, 32)
    ]
    write_page([row("static", "their defaults", 3.0)], tmp_path)
    write_page(shapes, tmp_path)
    write_page([row("static", "their defaults", 4.0)], tmp_path)
    page = (tmp_path / "performance.md").read_text(encoding="utf-8")
    assert "| their defaults | 4,000 | 1,000 | GFLOP/s | **4.00** (3.90–4.10) |  |" in page
    assert "3,000" not in page
    assert page.count("| 768x3 | **50%** (40%–60%) | **50%** (40%–60%) |") == 2
    assert page.count("`python benchmarks/training.py`, 2026-01-02, a processor.") == 2
    for section in SECTIONS:
        assert page.count(f"<!-- {section} -->") == page.count(f"<!-- /{section} -->") == 1
    rows = json.loads((tmp_path / "performance.json").read_text(encoding="utf-8"))
    assert [kept["section"] for kept in rows] == ["ceiling"] * 8 + ["static"]
    assert {"name", "ratio", "ours", "theirs", "unit", "command", "date", "processor"} <= set(
        rows[0]
    )
    assert section_text([row("profile", "`aten::mm`", 0.25)]).startswith("| what | share |")


def test_figures_of_another_name_stay_with_their_command(tmp_path: Path) -> None:
    def figures(name: str, milliseconds: str, command: str) -> Figures:
        values = {"p50 ms": milliseconds, "recall@10": "0.999"}
        return Figures("search", name, values, command, STAMP["date"], STAMP["processor"])

    write_page([row("static", "their defaults", 3.0)], tmp_path)
    write_page([figures("10 passages", "1.00", "small")], tmp_path)
    write_page([figures("20 passages", "2.00", "large")], tmp_path)
    write_page([figures("10 passages", "3.00", "small")], tmp_path)
    page = (tmp_path / "performance.md").read_text(encoding="utf-8")
    assert "|  | p50 ms | recall@10 |" in page
    assert "| 20 passages | 2.00 | 0.999 |\n| 10 passages | 3.00 | 0.999 |" in page
    assert "1.00 |" not in page
    assert page.count("`small`, 2026-01-02") == page.count("`large`, 2026-01-02") == 1
    assert "| their defaults | 3,000 |" in page


def test_made_texts_are_what_their_ids_say() -> None:
    lengths = ours.lengths_of(5000, None)
    assert lengths.min() == ours.SHORTEST
    assert lengths.max() == ours.LONGEST
    assert np.median(lengths) == ours.MEDIAN
    texts = ours.made_texts(50, 8)
    assert all(len(text.split()) == 6 for side in texts.sides for text in side)
    assert len(texts.shards.ids) == 50 * 2 * 6


@pytest.mark.parametrize("stage", ["contrastive", "masked", "static"])
def test_a_timed_step_is_the_loops(stage: str) -> None:
    compute = Compute("cpu", bfloat16=False, ceiling=1.0, reason="given")
    stages, shape = ours.recipe_stages(), ours.shape_of("128x1")
    shards = ours.random_shards(64, 8, 1)
    if stage == "contrastive":
        mine = ours.contrastive(shards, shape, ours.plain(stages.contrastive, 8, 126), compute)
    elif stage == "masked":
        mine = ours.masked(shards, shape, replace(stages.mlm, tokens=64, pairs=0.0), compute)
    else:
        mine = ours.static(shards, stages.static, compute)
    assert mine.step() > 0
    assert (mine.operations > 0) == (stage != "static")
