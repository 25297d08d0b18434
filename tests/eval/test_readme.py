"""The README shows the released model's results file and nothing else."""

from __future__ import annotations

from pathlib import Path

from klein_embedding.eval.figures import read_results
from klein_embedding.eval.report import render_table, split_readme

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs/results/klein-embedding.json"


def test_the_table_of_the_readme_is_the_results_file():
    assert split_readme(ROOT / "README.md")[1] == render_table(read_results(RESULTS))


def test_the_results_hold_every_suite_and_column():
    results = read_results(RESULTS)
    assert {"tatoeba", "stsb", "held-out", "flores", "milpac", "banking77"} <= results.data.keys()
    assert {figure.precision for figure in results.figures} == {
        "float32",
        "int8",
        "static",
        "lexical",
    }
    assert {figure.language for figure in results.figures if figure.suite == "tatoeba"} == {
        *("bn", "hi", "ml", "mr", "ta", "te", "ur"),
        "mean",
    }
