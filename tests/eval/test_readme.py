"""The README shows the released model's results file and nothing else."""

from __future__ import annotations

from pathlib import Path

from klein_embedding.eval.figures import COLUMNS, PEER, read_results, root
from klein_embedding.eval.report import render_table, split_readme
from klein_embedding.eval.run import SUITES

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs/results/klein-embedding.json"


def test_the_table_of_the_readme_is_the_results_file():
    assert split_readme(ROOT / "README.md")[1] == render_table(read_results(RESULTS))


def test_the_results_hold_every_suite_and_column():
    results = read_results(RESULTS)
    measured = {root(figure.suite) for figure in results.figures}
    assert measured == set(SUITES)
    columns = {figure.precision for figure in results.figures}
    assert {column for column in columns if not column.startswith(PEER)} == set(COLUMNS)
    assert {figure.language for figure in results.figures if figure.suite == "tatoeba"} == {
        *("bn", "hi", "ml", "mr", "ta", "te", "ur"),
        "mean",
    }
