"""The tables, the gate and the verb, from measured figures of fakes."""

from __future__ import annotations

import dataclasses
import json

import pytest
from click.testing import CliRunner

from klein_embedding.cli.evaluate import evaluate
from klein_embedding.errors import KleinError
from klein_embedding.eval import run as run_module
from klein_embedding.eval.figures import read_results, write_results
from klein_embedding.eval.gate import judge
from klein_embedding.eval.geometry import RANDOM
from klein_embedding.eval.report import END, START, render_table, split_readme, update_readme


@pytest.fixture
def readme(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(f"# Title\n\n{START}\nold\n{END}\n\nThe end.\n", encoding="utf-8")
    return path


def _row(table: str, start: str) -> list[str]:
    line = next(line for line in table.splitlines() if line.startswith(f"| {start} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_table_shows_the_four_columns_side_by_side(results):
    table = render_table(results)
    heads = [line for line in table.splitlines() if "| float32 |" in line]
    assert len(heads) == 3
    assert all("| float32 | int8 | static start | lexical floor |" in head for head in heads)
    # The last table is what others published.
    measured = table[: table.index("as published by others")]
    rows = [line for line in measured.splitlines()[:-1] if line.startswith("|")]
    assert {line.count("|") for line in rows} == {6}


def test_cells_show_value_and_interval_of_their_figure(results):
    cells = _row(render_table(results), "held-out translation")[1:]
    for column, cell in zip(("float32", "int8", "static", "lexical"), cells, strict=True):
        (figure,) = (
            f
            for f in results.figures
            if (f.suite, f.language, f.precision) == ("held-out/translation", "all", column)
            and f.dim in (0, 512)
        )
        expected = [f"{100 * x:.1f}" for x in (figure.value, figure.low, figure.high)]
        assert cell == f"{expected[0]} ({expected[1]}–{expected[2]})"
    assert cells[0].startswith("100.0")


def test_tatoeba_rows_show_both_directions_and_the_mean(results):
    table = render_table(results)
    assert all(cell.count(" / ") == 1 for cell in _row(table, "Tatoeba hi to / from English")[1:])
    assert _row(table, "**Tatoeba mean, to / from English**")[1].count("(") == 2
    assert "Tatoeba bn" not in table


def test_widths_have_a_row_each(results):
    table = render_table(results)
    for dim in (512, 256, 128):
        cells = _row(table, f"held-out mean over kinds, {dim}")
        assert cells[4] == _row(table, "held-out mean over kinds, 512")[4]
        assert cells[1] != "–"


def test_command_date_and_processor_stand_beneath(results):
    table = render_table(results)
    figure = results.figures[0]
    last = table.splitlines()[-1]
    assert last.startswith("tatoeba, held-out: `")
    assert all(part in last for part in (figure.command, figure.date[:10], figure.processor))


def test_a_missing_figure_is_shown_as_a_dash_and_a_missing_column_not_at_all(results):
    def without(*gone):
        kept = [f for f in results.figures if (f.suite, f.precision) not in gone]
        return render_table(dataclasses.replace(results, figures=kept))

    assert _row(without(("held-out/translation", "float32")), "held-out translation")[1] == "–"
    nowhere = without(*((f.suite, "float32") for f in results.figures))
    assert len(_row(nowhere, "held-out translation")) == 4
    assert "| int8 | static start | lexical floor |" in nowhere


def test_readme_gets_the_table_and_nothing_else_changes(results, readme, tmp_path):
    path = tmp_path / "fake.json"
    write_results(path, results)
    update_readme(readme, path)
    before, between, after = split_readme(readme)
    assert (before, after) == ("# Title\n\n", "\n\nThe end.\n")
    assert between == render_table(read_results(path))
    once = readme.read_bytes()
    update_readme(readme, path)
    assert readme.read_bytes() == once


@pytest.mark.parametrize("text", ["", START, f"{END}\n{START}", f"{START}{START}{END}{END}"])
def test_a_readme_without_its_markers_is_refused(text, tmp_path):
    (tmp_path / "README.md").write_text(text)
    with pytest.raises(KleinError, match="results:start"):
        split_readme(tmp_path / "README.md")


def test_a_missing_readme_is_refused(tmp_path):
    with pytest.raises(KleinError, match="no such file"):
        split_readme(tmp_path / "README.md")


def test_the_gate_names_what_fell_by_more_than_its_interval(results):
    assert judge(results, results).fallen == ()
    worse = [
        dataclasses.replace(f, value=f.low - 0.02)
        if (f.suite, f.language, f.precision, f.dim) == ("held-out/translation", "all", "int8", 256)
        else f
        for f in results.figures
    ]
    fallen = judge(dataclasses.replace(results, figures=worse), results).fallen
    assert len(fallen) == 1
    assert fallen[0].startswith("held-out/translation all accuracy, int8 at 256: fell to ")


def test_the_gate_does_not_judge_how_vectors_lie(results):
    described = [
        dataclasses.replace(f, suite="tico19/space", metric=RANDOM, value=value, low=0.5)
        for f, value in zip(results.figures, (0.9, 0.1), strict=False)
    ]
    with_space = [
        dataclasses.replace(results, figures=[*results.figures, one]) for one in described
    ]
    assert judge(with_space[1], with_space[0]).fallen == ()


def test_the_gate_lets_a_fall_within_the_interval_pass(results):
    within = [dataclasses.replace(f, value=f.low) for f in results.figures]
    assert judge(dataclasses.replace(results, figures=within), results).fallen == ()


def test_the_gate_compares_only_figures_over_the_same_text(results):
    facts = {**results.data}
    facts["held-out"] = dataclasses.replace(facts["held-out"], digest="e" * 64)
    low = [dataclasses.replace(f, value=-1.0) for f in results.figures]
    verdict = judge(dataclasses.replace(results, data=facts, figures=low), results)
    assert verdict.fallen
    assert all(line.startswith("tatoeba") for line in verdict.fallen)
    assert verdict.notes[0].startswith("held-out: measured on other text")
    nothing = dataclasses.replace(results, figures=[])
    with pytest.raises(KleinError, match="share no figure"):
        judge(nothing, results)


@pytest.fixture
def klein_eval(systems, processed, tmp_path, monkeypatch):
    """The verb on the held-out suite, with fakes where it would load model folders."""
    monkeypatch.setattr(run_module, "encoder_systems", lambda folder: systems[:2])
    monkeypatch.setattr(run_module, "static_system", lambda folder, name: systems[2])

    def call(*more: str):
        fixed = ["any", "--suite", "held-out", "--processed", str(processed), "--static", "any"]
        return CliRunner().invoke(evaluate, [*fixed, "--out", str(tmp_path / "out"), *more])

    return call


def test_the_verb_writes_results_and_readme(klein_eval, readme, tmp_path):
    done = klein_eval("--readme", str(readme), "--json")
    assert done.exit_code == 0, done.output
    results = read_results(tmp_path / "out/fake.json")
    assert len(json.loads(done.stdout)["figures"]) == len(results.figures)
    assert split_readme(readme)[1] == render_table(results)


def test_the_verb_repeats_itself_to_the_last_digit_and_passes_its_own_gate(klein_eval, tmp_path):
    assert klein_eval().exit_code == 0
    path = tmp_path / "out/fake.json"
    first = {f.place: (f.value, f.low, f.high) for f in read_results(path).figures}
    done = klein_eval("--compare", str(path))
    assert done.exit_code == 0, done.output
    assert "0 fell" in done.stderr
    assert {f.place: (f.value, f.low, f.high) for f in read_results(path).figures} == first


def test_the_verb_exits_1_and_names_the_fall(klein_eval, tmp_path):
    klein_eval()
    path = tmp_path / "out/fake.json"
    results = read_results(path)
    better = [
        dataclasses.replace(f, value=2.0, low=1.5, high=2.5) if f.precision == "int8" else f
        for f in results.figures
    ]
    write_results(path, dataclasses.replace(results, figures=better))
    done = klein_eval("--compare", str(path))
    assert done.exit_code == 1
    assert "held-out/question-answer all accuracy, int8 at 512: fell to" in done.stderr
    assert "float32" not in done.stderr


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--suite", "riddles"), "choose tatoeba, tico19, flores"),
        (("--suite", "tatoeba", "--data", "nowhere"), "run: klein data fetch"),
        (("--compare", "nowhere.json"), "no such file"),
    ],
)
def test_the_verb_refuses_what_it_cannot_do(more, message, klein_eval, tmp_path):
    done = klein_eval(*more)
    assert isinstance(done.exception, KleinError)
    assert message in str(done.exception)
    assert not (tmp_path / "out").exists()
