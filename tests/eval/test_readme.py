"""Pages show the results files of the released models and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from klein_embedding.eval.figures import COLUMNS, PEER, read_results, root
from klein_embedding.eval.report import render_table, split_readme
from klein_embedding.eval.run import SUITES

ROOT = Path(__file__).resolve().parents[2]
PAGES = {"klein-embedding": "README.md", "klein-static": "docs/static.md"}
# The static model has no static start.
LACKING = {"klein-embedding": set(), "klein-static": {"static"}}


@pytest.mark.parametrize("model", PAGES)
def test_the_table_of_a_page_is_the_results_file(model):
    results = read_results(ROOT / f"docs/results/{model}.json")
    assert split_readme(ROOT / PAGES[model])[1] == render_table(results)


@pytest.mark.parametrize("model", PAGES)
def test_the_results_hold_every_suite_and_column(model):
    results = read_results(ROOT / f"docs/results/{model}.json")
    measured = {root(figure.suite) for figure in results.figures}
    assert measured == set(SUITES)
    columns = {figure.precision for figure in results.figures}
    ours = {column for column in columns if not column.startswith(PEER)}
    assert ours == set(COLUMNS) - LACKING[model]
    assert {figure.language for figure in results.figures if figure.suite == "tatoeba"} == {
        *("bn", "hi", "ml", "mr", "ta", "te", "ur"),
        "mean",
    }
