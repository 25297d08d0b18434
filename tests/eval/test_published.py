"""Published figures keep to themselves: a table of their own, in which ours are said to be ours."""

from __future__ import annotations

import dataclasses

from klein_embedding.eval.figures import COLUMNS
from klein_embedding.eval.published import published, published_table
from klein_embedding.eval.report import render_table


def test_every_figure_is_a_share_of_a_known_set_and_named_once():
    found = published().figure
    assert len({(f.model, f.suite, f.language, f.metric) for f in found}) == len(found)
    assert all(0 < figure.value < 1 for figure in found)
    assert {f.suite for f in found} == {"tatoeba", "stsb/test", "sts12-16", "semrel/test"}
    for model in {f.model for f in found}:
        mine = [f.value for f in found if f.model == model and f.suite == "tatoeba"]
        # The mean stands last.
        assert abs(sum(mine[:-1]) / 7 - mine[-1]) < 1e-4


def test_ours_stand_beside_theirs_where_both_were_measured(results):
    table = published_table(results)
    (row,) = [line for line in table.splitlines() if line.startswith("| Tatoeba hi")]
    ours = next(
        f.value
        for f in results.figures
        if (f.suite, f.language, f.metric) == ("tatoeba", "hi", "accuracy xx->en")
        and (f.precision, f.dim) == ("int8", 512)
    )
    assert row.split("|")[2].strip() == f"{100 * ours:.1f}"
    assert "STS-B" not in table
    models = {figure.model for figure in published().figure}
    assert all(model in table for model in models)
    assert published().source in render_table(results)
    # No published figure stands in a table of measured ones.
    assert not models & set(COLUMNS.values())


def test_without_a_common_row_there_is_no_table(results):
    nothing = dataclasses.replace(results, figures=[])
    assert published_table(nothing) == ""
    assert published().source not in render_table(nothing)
