"""The page as a person meets it, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from klein_embedding.eval.page.render import render
from tests.browsing import CONTRASTS, PATIENCE


@pytest.fixture
def file(marked, drawn, made, tmp_path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(render(marked, drawn, made), encoding="utf-8")
    return path


@pytest.fixture
def visit(browser, file):
    """Opens the page; in the end nothing may have gone wrong or out."""
    pages = []

    def open_page(**options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(file.as_uri())
        pages.append((context, asked, complaints))
        return page

    yield open_page
    for context, asked, complaints in pages:
        assert complaints == []
        assert asked == [file.as_uri()]
        context.close()


def test_headings_and_a_figure_of_the_results_are_seen(visit, marked):
    page = visit()
    assert page.locator("h1").inner_text() == "fake: evaluation report"
    for title in ("Summary", "Figures of all sets", "Failure gallery", "Language by language"):
        assert page.get_by_role("heading", name=title, exact=True).is_visible()
    (figure,) = (
        f
        for f in marked.figures
        if (f.suite, f.language, f.metric, f.dim, f.precision)
        == ("tatoeba", "mean", "accuracy xx->en", 512, "float32")
    )
    table = page.get_by_role("table", name="The main figure of each set")
    row = table.get_by_role("row").filter(has_text="Tatoeba, mean")
    assert row.locator(".value").first.inner_text() == f"{100 * figure.value:.1f}"
    heads = table.get_by_role("columnheader").all_inner_texts()
    assert heads[:3] == ["Set", "Metric", "n"]
    assert "static start" in heads


def test_planted_misses_are_listed_and_filters_hide_the_others(visit):
    page = visit()
    gallery = page.locator("#gallery")
    planted = gallery.locator(
        ".group[data-group=numbers] .miss", has_text="He lost 12 keys in Delhi."
    )
    urdu = gallery.locator(".miss[data-lang=ur]").first
    assert planted.is_visible()
    assert urdu.is_visible()
    assert "He lost 21 keys in Delhi." in planted.inner_text()
    assert "<script>alert('tea')</script>" in urdu.inner_text()
    assert page.locator("#shown").inner_text() == "2 different misses shown"

    page.get_by_label("Language", exact=True).select_option("hi")
    assert planted.is_visible()
    assert not urdu.is_visible()
    assert page.locator("#shown").inner_text() == "1 different miss shown"

    page.get_by_label("Group", exact=True).select_option("numbers")
    assert gallery.locator(".group:visible").count() == 1
    page.get_by_label("Language", exact=True).select_option("ur")
    assert gallery.locator(".miss:visible").count() == 0
    assert page.locator("#shown").inner_text() == "No miss on this page fits."

    page.get_by_role("button", name="Show all").click()
    urdu.wait_for()
    assert planted.is_visible()


def test_without_scripts_everything_is_there_but_the_filters(visit):
    page = visit(java_script_enabled=False)
    assert page.locator("#gallery .miss").count() > 2
    assert page.locator("#gallery .miss").last.is_visible()
    assert not page.locator("#filters").is_visible()


def test_the_switch_changes_what_the_colours_of_the_map_mean(visit):
    page = visit()
    read = "() => [...document.querySelectorAll('.dot circle')].map(c => getComputedStyle(c).fill)"
    labels = page.locator(".dot text").all_text_contents()
    by_meaning = dict(zip(labels, page.evaluate(read), strict=True))
    assert by_meaning["hi1"] == by_meaning["ur1"] != by_meaning["hi2"]
    page.get_by_label("language", exact=True).check()
    by_language = dict(zip(labels, page.evaluate(read), strict=True))
    assert by_language["hi1"] == by_language["hi2"] != by_language["ur1"]
    assert page.locator(".keys-language").is_visible()


def test_the_keyboard_reaches_every_control_and_shows_where_it_is(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

    reached = set()
    for _ in range(400):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => { const e = document.activeElement;
            return [e.name || e.textContent.trim().slice(0, 20) || e.className,
                    getComputedStyle(e).outlineStyle]; }"""
        )
        if page.evaluate("document.activeElement === document.body"):
            break
        assert outline != "none", name
        reached.add(name)
    assert {"colour", "group", "lang", "suite", "Show all"} <= reached

    radio = page.get_by_label("meaning", exact=True)
    radio.focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_label("language", exact=True).is_checked()
    page.locator(".folds summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".folds details").first.get_attribute("open") is not None


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_width_makes_the_page_scroll_sideways(visit, width):
    page = visit(viewport={"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = page.locator(".scroll")
    assert boxes.count() > 5
    if width == 360:
        wide = page.evaluate(
            "[...document.querySelectorAll('.scroll')].some((b) => b.scrollWidth > b.clientWidth)"
        )
        assert wide


def test_both_schemes_keep_text_readable(visit):
    backgrounds = []
    for scheme in ("light", "dark"):
        page = visit(color_scheme=scheme)
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        backgrounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        for choice in ("meaning", "language"):
            page.get_by_label(choice, exact=True).check()
            seen = page.evaluate(CONTRASTS)
            assert {"TD", "TH", "P", "DD", "text"} <= {kind for _, kind, _ in seen}
            assert [entry for entry in seen if entry[0] < 4.5] == []
    light, dark = (max(map(int, re.findall(r"\d+", b))) for b in backgrounds)
    assert light > 200
    assert dark < 60


def test_urdu_runs_from_right_to_left_and_the_rest_does_not(visit):
    page = visit()
    urdu, hindi = (page.locator(f"#gallery dd[lang={lang}]").first for lang in ("ur", "hi"))
    assert urdu.get_attribute("dir") == "rtl"
    read = "e => getComputedStyle(e).direction"
    assert (urdu.evaluate(read), hindi.evaluate(read)) == ("rtl", "ltr")
    box, inner = (
        urdu.bounding_box(),
        urdu.evaluate(
            """e => { const r = document.createRange(); r.selectNodeContents(e);
            return r.getBoundingClientRect().right; }"""
        ),
    )
    assert abs(box["x"] + box["width"] - inner) < 3
