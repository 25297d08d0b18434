"""The page as text, and the verb that writes it."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from click.testing import CliRunner

from klein_embedding.cli.main import run
from klein_embedding.cli.report import report
from klein_embedding.errors import KleinError
from klein_embedding.eval.baselines import System, encoder_systems
from klein_embedding.eval.figures import write_results
from klein_embedding.eval.geometry import HUBNESS
from klein_embedding.eval.page import write as write_module
from klein_embedding.eval.page.board import HEADLINES
from klein_embedding.eval.page.gallery import OF_ONE, SHOWN, picked_of
from klein_embedding.eval.page.markup import decimal, foreign, joined, tag
from klein_embedding.eval.page.render import render

VOID = {"meta", "input"}


class Tree(HTMLParser):
    """Elements in their order with attributes; refuses tags that close something else."""

    def __init__(self, text):
        super().__init__()
        self.found, self._open = [], []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def all(self, name):
        return [attributes for tag, attributes in self.found if tag == name]


@pytest.fixture
def text(marked, drawn, made):
    return render(marked, drawn, made)


@pytest.fixture
def tree(text):
    return Tree(text)


def test_text_is_escaped_and_markup_is_not():
    assert tag("p", 'a < b & "c"', tag("b", "d"), title='"x"') == (
        '<p title="&quot;x&quot;">a &lt; b &amp; &quot;c&quot;<b>d</b></p>'
    )
    assert joined(["<", tag("i", ">")]) == "&lt;<i>&gt;</i>"
    # Markup that was put together by hand is text again: escaping shows the mistake.
    assert "&lt;b&gt;" in tag("p", "x" + tag("b", "y"))
    assert tag("td", hidden=True, id=None, checked=False) == "<td hidden></td>"


def test_numbers_have_a_true_minus_and_no_minus_zero():
    assert [decimal(x, 1) for x in (-0.04, -1.25, 3)] == ["0.0", "−1.2", "3.0"]


def test_urdu_runs_from_right_to_left():
    assert foreign("p", "x", "ur") == '<p lang="ur" dir="rtl">x</p>'
    assert foreign("p", "x", "hi") == '<p lang="hi">x</p>'


def test_the_page_is_well_formed_and_names_each_thing_once(tree):
    idents = [attributes["id"] for _, attributes in tree.found if "id" in attributes]
    assert len(idents) == len(set(idents))
    for _, attributes in tree.found:
        for key in ("aria-labelledby", "aria-describedby"):
            assert set(attributes.get(key, "").split()) <= set(idents)


def test_every_link_leads_to_a_place_of_the_page_and_nothing_is_loaded(tree, text):
    idents = {attributes.get("id") for _, attributes in tree.found}
    links = [attributes["href"] for _, attributes in tree.found if "href" in attributes]
    assert len(links) > 20
    assert {link[1:] for link in links} <= idents
    assert all(link.startswith("#") for link in links)
    assert not any("src" in attributes for _, attributes in tree.found)
    assert not {"link", "img", "iframe", "object"} & {tag for tag, _ in tree.found}
    assert "url(" not in text
    assert "@import" not in text


def test_evaluation_text_and_citations_cannot_become_markup(text, tree):
    assert "&lt;script&gt;alert(&#x27;tea&#x27;)&lt;/script&gt; &amp; milk" in text
    assert "alert('tea')" not in text
    assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in text
    assert len(tree.all("script")) == 1


def test_headings_go_down_one_level_at_a_time(tree):
    levels = [int(name[1]) for name, _ in tree.found if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_scopes_and_drawings_have_names(tree):
    assert len(tree.all("table")) == len(tree.all("caption")) > 10
    assert all(head.get("scope") for head in tree.all("th"))
    drawings = tree.all("svg")
    assert drawings
    assert all(d["role"] == "img" and d["aria-labelledby"] for d in drawings)
    assert len(tree.all("desc")) == len(drawings)


def test_every_figure_at_the_full_width_is_on_the_page(marked, text):
    cells = re.findall(r'class="value">([^<]+)</span><span class="interval">([^<]+)<', text)
    for figure in marked.figures:
        if figure.dim in (0, 512):
            value, low, high = (
                f"{round(100 * x, 1) + 0.0:.1f}".replace("-", "−")
                for x in (figure.value, figure.low, figure.high)
            )
            assert (value, f"{low}–{high}") in cells


def test_measures_of_geometry_are_no_shares(marked, drawn, made):
    figure = dataclasses.replace(
        marked.figures[0], suite="tico19", metric=HUBNESS, value=3.25, low=-0.5, high=4.0
    )
    page = render(dataclasses.replace(marked, figures=[*marked.figures, figure]), drawn, made)
    assert 'class="value">3.25</span><span class="interval">−0.50 to 4.00<' in page


def test_every_language_has_its_section(tree):
    sections = [a["id"] for a in tree.all("section") if a.get("class") == "language"]
    assert len(sections) == 15
    assert {"in-en", "in-ur"} <= set(sections)


def test_commands_digests_and_dates_are_named(marked, text):
    assert "klein report fake" in text
    assert "2026-01-02T03:04:05Z, Abacus" in text
    for figure in marked.figures[:1]:
        assert figure.model_digest in text
        assert figure.date in text
    assert "e" * 64 in text


def test_results_without_a_headline_figure_still_make_a_page(results, drawn, made):
    headlines = {place[0] for place in HEADLINES}
    some = dataclasses.replace(
        results, figures=[f for f in results.figures if f.suite not in headlines]
    )
    page = render(some, drawn, made)
    assert "Question" in page or "question-answer" in page
    Tree(page)


def test_a_group_shows_some_of_each_language(drawn):
    miss = drawn.gallery.misses[0]
    many = [
        dataclasses.replace(miss, lang=lang, query=f"{lang}{n}", groups=("name",))
        for lang in ("hi", "ur", "ta", "te", "bn")
        for n in range(6)
    ]
    shown = picked_of(many, "name")
    assert len(shown) == SHOWN
    assert max([one.lang for one in shown].count(lang) for lang in ("hi", "ur")) == OF_ONE
    assert picked_of(many, "long") == []


@pytest.fixture
def klein_report(word_model, texts, results, monkeypatch, tmp_path):
    """The verb, with fakes where it would load a model folder and the sets."""
    system = System("fake", "int8", "b" * 64, word_model)
    monkeypatch.setattr(write_module, "encoder_systems", lambda folder: [system])
    monkeypatch.setattr(write_module, "load_texts", lambda data, measured: texts)
    monkeypatch.chdir(tmp_path)

    def call(*more):
        return CliRunner().invoke(report, ["any", *more])

    return call


def test_the_verb_writes_the_page_from_the_results_of_the_models_name(
    klein_report, results, tmp_path
):
    write_results(tmp_path / "docs/results/fake.json", results)
    done = klein_report()
    assert done.exit_code == 0, done.output
    assert done.output == "written to runs/report.html\n"
    written = (tmp_path / "runs/report.html").read_text(encoding="utf-8")
    assert written.startswith("<!DOCTYPE html>")
    assert not list((tmp_path / "runs").glob("*.part"))


def test_the_verb_refuses_missing_results_and_those_of_another_model(
    klein_report, results, tmp_path
):
    done = klein_report()
    assert isinstance(done.exception, KleinError)
    assert "docs/results/fake.json: no such file" in str(done.exception)
    others = [dataclasses.replace(f, model_digest="9" * 64) for f in results.figures]
    write_results(tmp_path / "other.json", dataclasses.replace(results, figures=others))
    done = klein_report("--results", "other.json")
    assert isinstance(done.exception, KleinError)
    assert "another model" in str(done.exception)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "nowhere: no such model folder"),
        (("MODEL", "--results", "nowhere.json"), "nowhere.json: no such file"),
        (("MODEL", "--results", "own.json", "--data", "nowhere"), "klein data fetch"),
    ],
)
def test_the_command_says_in_one_line_what_is_missing(
    arguments, message, model_folder, results, tmp_path, monkeypatch, capsys
):
    digest = encoder_systems(model_folder)[-1].digest
    own = [dataclasses.replace(f, model_digest=digest) for f in results.figures]
    write_results(tmp_path / "own.json", dataclasses.replace(results, figures=own))
    monkeypatch.chdir(tmp_path)
    words = [str(model_folder) if word == "MODEL" else word for word in arguments]
    assert run(["report", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err
    assert said.err.count("\n") == 1
    assert not (tmp_path / "runs").exists()
