"""Curves from logs: what is drawn, what is told, and what is refused."""

from __future__ import annotations

import json
import math
import random
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from klein_embedding.cli.main import run as run_klein
from klein_embedding.errors import KleinError
from klein_embedding.train.checkpoint import Progressed
from klein_embedding.train.plot import plot_runs, read_curves, smoothed, thinned
from klein_embedding.train.telling import LOG, Teller

KINDS = ("gloss", "mean", "translation")


def logged(folder: Path, steps: int, floor: float = 0.5) -> Path:
    """A log written by what writes a run's log: a falling loss and three validations."""
    folder.mkdir(parents=True)
    teller, draw = Teller(folder, print, 1.0, 0.0), random.Random(steps)
    for step in range(steps + 1):
        state = Progressed(step, step * 2.0, step * 9000, "key")
        if step:
            loss = floor + 4 * math.exp(-step / 40) + draw.random() / 4
            teller.step(state, (loss, 1.0), 9000, None)
        if step % (steps // 3) == 0:
            done = step / steps
            teller.figures(state, {kind: (0.9 - 0.1 * at) * done for at, kind in enumerate(KINDS)})
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    return [
        logged(tmp_path / "wide" / "contrastive-work", 300),
        logged(tmp_path / "deep" / "contrastive-work", 1500, 0.9),
    ]


def test_a_picture_shows_both_runs(runs: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "made" / "curves.png"
    facts = plot_runs(runs, out)
    pixels = imread(out)
    assert pixels.shape[0] > 800
    assert pixels.shape[1] > 1200
    assert (pixels[:, :, :3].reshape(-1, 3) > 0.99).all(1).mean() > 0.5  # a light ground
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):
        near = np.abs(pixels[:, :, :3] - np.array(colour) / 255).max(2) < 0.02
        assert near.sum() > 500
    assert [row["run"] for row in facts] == ["wide contrastive", "deep contrastive"]
    assert facts[0]["steps"] == 300
    assert facts[0]["tokens"] == 300 * 9000
    assert facts[0]["hours"] == round(600 / 3600, 3)
    assert facts[0]["gloss, best"] == facts[0]["gloss, last"] == pytest.approx(0.9)
    assert facts[1]["loss"] == pytest.approx(1.025, abs=0.1)


def test_a_page_holds_all_it_shows(runs: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "curves.html"
    plot_runs([runs[0], runs[1] / LOG], out)
    page = out.read_text(encoding="utf-8")
    for said in ("wide contrastive", "deep contrastive", "loss (nats)", "tokens read (millions)"):
        assert said in page
    assert "training time (hours)" in page
    for kind in ("mean of all kinds", "gloss", "translation"):
        assert f"held-out accuracy, {kind}" in page
    assert page.index("mean of all kinds") < page.index("held-out accuracy, gloss")
    assert "<svg" in page
    assert "<td>13,500,000</td>" in page
    # Namespaces are names; nothing is loaded.
    assert not re.search(r"<(script|link|img)|(src|href)=\"(?!#)|url\((?!#)", page)
    assert len(page) < 1_000_000
    plot_runs([runs[0], runs[1] / LOG], out)
    assert out.read_text(encoding="utf-8") == page


def test_runs_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    paths = [logged(tmp_path / part / "a" / "static-work", 30) for part in ("one", "two")]
    named = [row["run"] for row in plot_runs(paths, tmp_path / "x.html")]
    assert named == [str(path) for path in paths]


def test_a_name_means_nothing_to_the_drawing(tmp_path: Path) -> None:
    path = logged(tmp_path / "_a$b$ <i>" / "static-work", 30)
    plot_runs([path], tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert page.count("_a$b$ &lt;i&gt; static") == 3  # title, legend, table


def test_a_run_without_validation_or_with_a_cut_off_line_is_drawn(tmp_path: Path) -> None:
    log = tmp_path / LOG
    row = {"step": 1, "loss": 2.0, "norm": 1.0, "tokens": 10, "seconds": 0.1}
    log.write_text(json.dumps(row) + '\n{"step": 2, "lo', encoding="utf-8")
    plot_runs([log], tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 1000
    assert read_curves(log).steps.tolist() == [[1, 10, 0.1, 2.0]]


def test_time_does_not_run_backwards_behind_a_step_that_was_held(tmp_path: Path) -> None:
    rows = [
        {"step": step, "loss": 2.0, "norm": 1.0, "tokens": step, "seconds": seconds}
        for step, seconds in ((1, 1.0), (2, 500.0), (3, 3.0))
    ]
    log = tmp_path / LOG
    log.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    assert read_curves(log).steps[:, 2].tolist() == [1.0, 3.0, 3.0]


def test_what_cannot_be_drawn_is_one_line(tmp_path: Path) -> None:
    run = logged(tmp_path / "runs" / "a" / "static-work", 30)
    (tmp_path / "other" / "empty").mkdir(parents=True)
    (tmp_path / "other" / "empty" / LOG).touch()
    (tmp_path / "other.txt").write_text("[1, 2]\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    wrong = {
        tmp_path / "nowhere": "no such folder or log",
        tmp_path / "other" / "empty": "holds no step yet",
        run.parent: "did you mean .*static-work",
        tmp_path: "give the folder of a stage's run",
        tmp_path / "other.txt": "not the log of a run",
        tmp_path / "binary": "not the log of a run",
    }
    for path, message in wrong.items():
        with pytest.raises(KleinError, match=message) as caught:
            plot_runs([path], tmp_path / "x.html")
        assert "\n" not in str(caught.value)
    with pytest.raises(KleinError, match=r"\.png or \.html"):
        plot_runs([run], tmp_path / "x.gif")
    assert not list(tmp_path.glob("x.*"))


def test_smoothing_keeps_a_level_and_thinning_keeps_peaks() -> None:
    assert smoothed(np.full(50, 3.0), 10) == pytest.approx(np.full(50, 3.0))
    assert smoothed(np.array([1.0, 2.0, 6.0]), 2).tolist() == [1.5, 3.0, 4.0]
    assert smoothed(np.array([5.0]), 0.02).tolist() == [5.0]
    values = np.zeros(10_000)
    values[4321] = 7.0
    kept = thinned(values, 100)
    assert 4321 in kept
    assert len(kept) <= 100
    assert thinned(values[:50], 100).tolist() == list(range(50))


def test_the_verb_writes_its_file_and_refuses_in_one_line(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "plot.html"
    capsys.readouterr()
    assert run_klein(["train", "plot", *map(str, runs), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == str(out)
    assert told["runs"][1]["run"] == "deep contrastive"
    assert out.is_file()
    assert run_klein(["train", "plot", "nowhere"]) == 2
    refused = capsys.readouterr()
    assert refused.out == ""
    assert refused.err == "klein: nowhere: no such folder or log\n"
