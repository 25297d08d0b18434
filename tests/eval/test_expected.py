"""Promised figures: written from results, found again, and told apart when they are missed."""

from __future__ import annotations

import json
from functools import partial

import pytest
from click.testing import CliRunner

from klein_embedding.cli.evaluate import evaluate, reproduce
from klein_embedding.errors import KleinError
from klein_embedding.eval import run as run_module
from klein_embedding.eval.alignment import alignment_suite
from klein_embedding.eval.expected import Expected, judged, read_promise


@pytest.fixture
def promised(model_folder, bitexts, tmp_path, monkeypatch):
    """A model measured on a small set, and the file of its promised figures."""
    build = partial(alignment_suite, chosen=bitexts)
    monkeypatch.setitem(run_module._BUILDERS, "tatoeba", build)
    where = ["--data", str(tmp_path)]
    out = [str(model_folder), "--suite", "tatoeba", "--out", str(tmp_path / "out"), *where]
    out += ["--vectors", str(tmp_path / "vectors")]
    assert CliRunner().invoke(evaluate, out).exit_code == 0
    path = tmp_path / "expected.toml"
    written = ["--expected", str(path), "--write", str(tmp_path / "out/klein-small.json")]
    done = CliRunner().invoke(reproduce, written)
    assert done.exit_code == 0, done.exception
    assert "2 figures promised" in done.stdout
    return [str(model_folder), "--expected", str(path), *where], path


def test_promised_figures_come_out_again(promised):
    command, path = promised
    promise = read_promise(path)
    assert [figure.metric for figure in promise.figure] == ["accuracy en->xx", "accuracy xx->en"]
    assert promise.model == "klein-small"
    assert len(promise.model_digest) == 64
    done = CliRunner().invoke(reproduce, command)
    assert done.exit_code == 0, done.exception
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("OK    tatoeba mean accuracy") for line in lines)


def test_a_figure_that_is_missed_is_near_or_fails(promised):
    command, path = promised
    text = path.read_text()
    value = read_promise(path).figure[0].value
    moved = "low = -1.0\nhigh = 2.0\n"
    near = text.split("[[figure]]")
    head = '\nsuite = "tatoeba"\nlanguage = "mean"\nmetric = "accuracy en->xx"\n'
    near[1] = f"{head}value = {value + 0.3}\n{moved}\n"
    path.write_text("[[figure]]".join(near))
    done = CliRunner().invoke(reproduce, [*command, "--json"])
    assert done.exit_code == 0, done.exception
    found = json.loads(done.stdout)
    assert [row["verdict"] for row in found] == ["near", "OK"]
    assert found[0]["measured"] == pytest.approx(value)
    path.write_text("[[figure]]".join(near).replace("low = -1.0", f"low = {value + 0.2}"))
    done = CliRunner().invoke(reproduce, command)
    assert done.exit_code == 1
    assert done.stdout.startswith("FAIL  tatoeba mean accuracy en->xx: ")


def test_rounding_is_no_difference():
    figure = Expected("stsb/test", "en", "spearman", 0.7512, 0.73, 0.77)
    place = ("stsb/test", "en", "spearman", 512, "int8")
    assert judged(figure, {place: 0.75163})[0] == "OK"
    assert judged(figure, {place: 0.7519})[0] == "near"
    assert judged(figure, {place: 0.7701})[0] == "FAIL"
    with pytest.raises(KleinError, match="stsb/test en spearman: no such figure"):
        judged(figure, {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file; write it with --write"),
        ("model = ", "not TOML"),
        ('model = "x"\n', "the key 'model_digest' is missing"),
    ],
)
def test_a_promise_that_is_none_is_refused(content, message, tmp_path):
    path = tmp_path / "expected.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(KleinError, match=message):
        read_promise(path)
