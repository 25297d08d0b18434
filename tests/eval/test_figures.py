"""Results files: there and back, refused when altered, merged only when they belong together."""

from __future__ import annotations

import dataclasses
import json

import pytest

from klein_embedding.errors import KleinError
from klein_embedding.eval.figures import Results, merged, read_results, root, write_results


def _only(results: Results, name: str) -> Results:
    """The results as a run of one suite would have given them."""
    return dataclasses.replace(
        results,
        figures=[f for f in results.figures if root(f.suite) == name],
        differences=[g for g in results.differences if root(g.suite) == name],
        data={name: results.data[name]},
    )


def test_results_come_back_as_written(results, tmp_path):
    path = tmp_path / "deep/fake.json"
    write_results(path, results)
    back = read_results(path)
    assert set(back.figures) == set(results.figures)
    assert len(back.figures) == len(results.figures) > 30
    assert set(back.differences) == set(results.differences)
    assert (back.versions, back.data, back.command) == (
        results.versions,
        results.data,
        results.command,
    )
    write_results(tmp_path / "again.json", back)
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_a_results_file_without_figures_is_json_too(results, tmp_path):
    empty = dataclasses.replace(results, figures=[], differences=[])
    write_results(tmp_path / "empty.json", empty)
    assert read_results(tmp_path / "empty.json") == empty


def test_a_results_file_with_a_strange_or_missing_field_is_refused(results, tmp_path):
    path = tmp_path / "fake.json"
    write_results(path, results)
    good = json.loads(path.read_text())
    for change, message in (
        ({"value": "high"}, "value"),
        ({"wish": 1}, "unknown key 'wish'"),
        ({"precision": "int4"}, "unknown precision int4"),
    ):
        bad = json.loads(json.dumps(good))
        bad["figures"][0].update(change)
        path.write_text(json.dumps(bad))
        with pytest.raises(KleinError, match=message):
            read_results(path)
    del good["figures"][0]["low"]
    path.write_text(json.dumps(good))
    with pytest.raises(KleinError, match="'low' is missing"):
        read_results(path)
    with pytest.raises(KleinError, match="no such file"):
        read_results(tmp_path / "none.json")


def test_every_system_and_width_has_every_figure(results):
    by_column: dict[tuple[str, int], set[tuple[str, str, str]]] = {}
    for f in results.figures:
        by_column.setdefault((f.precision, f.dim), set()).add((f.suite, f.language, f.metric))
        assert f.low <= f.value <= f.high
        assert f.n > 0
    columns = {(p, d) for p in ("float32", "int8", "static") for d in (512, 256, 128)}
    assert by_column.keys() == columns | {("lexical", 0)}
    assert len({frozenset(keys) for keys in by_column.values()}) == 1


def test_int8_is_compared_with_static_and_float32_in_pairs(results):
    pairs = {(gap.precision, gap.baseline) for gap in results.differences}
    assert pairs == {("float32", "static"), ("int8", "static"), ("int8", "float32")}
    value = {f.place: f.value for f in results.figures}
    for gap in results.differences:
        place = (gap.suite, gap.language, gap.metric, gap.dim)
        assert gap.value == pytest.approx(
            value[(*place, gap.precision)] - value[(*place, gap.baseline)]
        )
    translation = next(
        gap
        for gap in results.differences
        if gap.suite == "held-out/translation" and gap.language == "hi" and gap.baseline == "static"
    )
    assert translation.value > 0.5
    assert translation.p < 0.01


def test_a_run_of_one_suite_keeps_the_others_of_the_same_model(results):
    tatoeba, held_out = _only(results, "tatoeba"), _only(results, "held-out")
    both = merged(held_out, tatoeba)
    assert set(both.figures) == set(results.figures)
    assert set(both.differences) == set(results.differences)
    assert both.data == results.data
    assert set(merged(held_out, both).figures) == set(results.figures)


def test_a_suite_that_ran_again_replaces_its_figures(results):
    held_out = _only(results, "held-out")
    later = dataclasses.replace(
        held_out, figures=[dataclasses.replace(f, value=0.125) for f in held_out.figures]
    )
    both = merged(later, results)
    assert {f.value for f in both.figures if root(f.suite) == "held-out"} == {0.125}
    assert len(both.figures) == len(results.figures)


def test_figures_of_another_model_are_not_kept(results):
    tatoeba, held_out = _only(results, "tatoeba"), _only(results, "held-out")
    other = [dataclasses.replace(f, model_digest="d" * 64) for f in tatoeba.figures]
    assert merged(held_out, dataclasses.replace(tatoeba, figures=other)) == held_out
    fewer = [f for f in tatoeba.figures if f.precision != "int8"]
    assert merged(held_out, dataclasses.replace(tatoeba, figures=fewer)) == held_out


def test_a_column_that_only_ranks_may_be_missing_from_either_run(results):
    tatoeba, held_out = _only(results, "tatoeba"), _only(results, "held-out")
    words = [
        dataclasses.replace(f, precision="bm25", dim=0, model="BM25", model_digest="b" * 64)
        for f in held_out.figures
        if f.precision == "lexical"
    ]
    ranked = dataclasses.replace(held_out, figures=[*held_out.figures, *words])
    for new, old in ((ranked, tatoeba), (tatoeba, ranked)):
        assert set(merged(new, old).figures) == {*results.figures, *words}


@pytest.mark.parametrize("column", ["float32", "static"])
def test_what_only_the_trainer_has_may_be_missing_but_not_be_another_models(results, column):
    tatoeba, held_out = _only(results, "tatoeba"), _only(results, "held-out")
    shipped = dataclasses.replace(
        tatoeba, figures=[f for f in tatoeba.figures if f.precision != column]
    )
    for new, old in ((held_out, shipped), (shipped, held_out)):
        assert set(merged(new, old).figures) == {*held_out.figures, *shipped.figures}
    other = [
        dataclasses.replace(f, model_digest="d" * 64) if f.precision == column else f
        for f in tatoeba.figures
    ]
    assert merged(held_out, dataclasses.replace(tatoeba, figures=other)) == held_out


def test_a_peer_that_is_another_model_now_loses_its_old_figures_alone(results):
    tatoeba, held_out = _only(results, "tatoeba"), _only(results, "held-out")

    def beside(part, digest):
        """The part with a peer beside it, and what the encoder has over that peer."""
        named = {"precision": "peer small", "model": "small", "model_digest": digest * 64}
        peer = [dataclasses.replace(f, **named) for f in part.figures if f.precision == "int8"]
        gaps = [
            dataclasses.replace(gap, baseline="peer small")
            for gap in part.differences
            if gap.baseline == "static"
        ]
        assert peer
        assert gaps
        return dataclasses.replace(
            part, figures=[*part.figures, *peer], differences=[*part.differences, *gaps]
        )

    new = beside(held_out, "a")
    same = merged(new, beside(tatoeba, "a"))
    assert set(same.figures) == {*new.figures, *beside(tatoeba, "a").figures}
    changed = merged(new, beside(tatoeba, "b"))
    assert set(changed.figures) == {*new.figures, *tatoeba.figures}
    assert set(changed.differences) == {*new.differences, *tatoeba.differences}
