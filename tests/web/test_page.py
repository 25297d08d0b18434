"""The page as a person meets it, in a real browser with the released model."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import numpy as np
import pytest

from klein_embedding.export.golden import GOLDEN_TEXTS
from klein_embedding.infer.embedding import KleinEmbedding
from tests.browsing import CONTRASTS

ROOT = Path(__file__).resolve().parents[2]
TEXT = """# Notes

The night train leaves at half past ten from platform four.

इडली का घोल आठ घंटे तक रखें।

چاند زمین کے گرد گھومتا ہے۔

Keep a copy of your passport apart from the original.
"""
VECTORS = """async (texts) => {
  const { Client } = await import("/client.js");
  const client = new Client(() => {});
  const found = await client.vectors(texts);
  client.worker.terminate();
  return found.map((vector) => [...vector]);
}"""
FRAME = """async () => {
  const start = performance.now();
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""
FONTS = """async () => {
  await document.fonts.ready;
  return [...document.fonts].filter((font) => font.status === "loaded").map((font) => font.family);
}"""


def find(page, query, text=TEXT):
    page.get_by_label("Text to search").fill(text)
    page.get_by_label("What do you look for?").fill(query)
    page.get_by_label("What do you look for?").press("Enter")
    page.locator("#search-said", has_text="searched").wait_for()
    return page.locator("#results li")


def test_vectors_are_those_of_python(visit):
    wanted = KleinEmbedding(ROOT / "release").encode(GOLDEN_TEXTS[:-1])
    found = np.array(visit().evaluate(VECTORS, [*GOLDEN_TEXTS]))
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(len(GOLDEN_TEXTS)), abs=1e-5)
    assert (found[:-1] * wanted).sum(1).min() > 0.9999
    golden = np.load(ROOT / "tests/golden/release.npy")
    assert (found * golden).sum(1).min() > 0.999


def test_a_question_finds_its_passage_in_another_language(visit):
    page = visit()
    hits = find(page, "ट्रेन कब छूटती है?")
    assert "The night train leaves" in hits.first.inner_text()
    assert (
        page.locator("#search-said").inner_text() == "4 passages searched; the best is in line 1."
    )
    assert re.search(r"line 1, similarity 0\.\d\d", hits.first.inner_text())
    assert hits.count() == 4
    hits = find(page, "What goes around the earth?")
    assert hits.first.locator("p").inner_text() == "چاند زمین کے گرد گھومتا ہے۔"
    hits.first.get_by_role("button").click()
    chosen = "e => [document.activeElement === e, e.value.slice(e.selectionStart, e.selectionEnd)]"
    assert page.locator("#text").evaluate(chosen) == [True, "چاند زمین کے گرد گھومتا ہے۔"]


def test_a_file_is_opened_and_one_that_is_no_text_is_refused(visit, tmp_path):
    page = visit()
    (tmp_path / "notes.md").write_text(TEXT, encoding="utf-8")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\xff")
    page.locator("#file").set_input_files(tmp_path / "notes.md")
    page.locator("#search-said", has_text="notes.md: 4 passages.").wait_for()
    assert page.locator("#text").input_value() == TEXT
    page.locator("#file").set_input_files(tmp_path / "picture.png")
    page.locator("#search-said", has_text="picture.png: is no UTF-8 text").wait_for()
    assert page.locator("#text").input_value() == TEXT


def test_a_dropped_text_is_taken(visit):
    page = visit()
    data = page.evaluate_handle(
        """(text) => { const data = new DataTransfer();
        data.items.add(new File([text], "dropped.txt", { type: "text/plain" })); return data; }""",
        TEXT,
    )
    page.locator("#search").dispatch_event("drop", {"dataTransfer": data})
    page.locator("#search-said", has_text="dropped.txt: 4 passages.").wait_for()


def test_a_long_search_shows_its_progress_and_can_be_stopped(visit):
    page = visit()
    long = "\n\n".join(f"Passage {number}: {'and so on ' * 60}" for number in range(400))
    page.locator("#text").fill(long)
    page.locator("#query").fill("on")
    page.get_by_role("button", name="Search").click()
    page.locator("#results li").first.wait_for()
    assert 0 < page.locator("#search-bar").evaluate("e => e.value") < 1
    # The page itself stays free while the worker computes.
    assert page.evaluate(FRAME) < 2000
    page.get_by_role("button", name="Stop").click()
    page.locator("#search-said", has_text="Stopped.").wait_for()
    assert not page.locator("#search-bar").is_visible()
    assert "train" in find(page, "ट्रेन").first.inner_text()


def test_similar_sentences_are_seen_on_the_map(visit):
    page = visit()
    sentences = ["Water is life.", "पानी ही जीवन है।", "How do I reset my password?"]
    page.get_by_label("Sentences, one a line").fill("\n\n".join(sentences))
    page.get_by_role("button", name="Compare").click()
    table = page.get_by_role("region", name="Map of similarities").get_by_role("table")
    table.wait_for()
    shown = table.locator("tbody td").all_inner_texts()
    vectors = KleinEmbedding(ROOT / "release").encode(sentences)
    wanted = (vectors @ vectors.T).ravel()
    assert np.array(shown, dtype=float) == pytest.approx(wanted, abs=0.011)
    assert page.locator("#compare-said").inner_text().startswith("Closest are sentences 1 and 2")
    shades = table.locator("tbody td").evaluate_all(
        "cells => cells.map((c) => getComputedStyle(c).backgroundColor)"
    )
    assert shades[0] == shades[4] != shades[1] != shades[2]
    page.get_by_label("Sentences, one a line").fill("alone")
    page.get_by_role("button", name="Compare").click()
    page.locator("#compare-said.alarm", has_text="at least two").wait_for()
    assert not table.is_visible()


def test_nothing_to_search_is_said(visit):
    page = visit()
    page.get_by_role("button", name="Search").click()
    assert page.locator("#search-said.alarm").inner_text() == "There is no text to search yet."
    page.locator("#text").fill("text")
    page.get_by_role("button", name="Search").click()
    assert page.locator("#search-said.alarm").inner_text() == "Say what you look for."


def test_the_keyboard_reaches_everything_and_shows_where_it_is(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    find(page, "train")
    page.get_by_role("button", name="Compare").press("Enter")
    page.locator("#map table").wait_for()
    page.locator("#main").focus()
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => { const e = document.activeElement;
            const shown = e.id === "file" ? document.querySelector(".button[for=file]") : e;
            return [e.id || e.textContent.trim(), getComputedStyle(shown).outlineStyle]; }"""
        )
        if page.evaluate("document.activeElement === document.body"):
            break
        assert outline != "none", name
        reached.append(name)
    wanted = ["text", "file", "sample", "query", "go", "sentences", "Compare", "map"]
    assert [name for name in reached if name in wanted] == wanted
    assert reached.count("Show in the text") == 4


def test_a_screen_reader_finds_names_and_news(visit):
    page = visit()
    find(page, "train")
    heard = page.locator("body").aria_snapshot()
    for line in (
        'heading "Klein Embedding" [level=1]',
        'region "Search a text"',
        'textbox "Text to search"',
        'searchbox "What do you look for?"',
        'list "Passages, best first"',
        'button "Show line 1 in the text"',
        'region "Compare sentences"',
        "status: 4 passages searched; the best is in line 1.",
    ):
        assert line in heard, heard


def test_urdu_runs_from_right_to_left_in_its_own_hand(visit):
    page = visit()
    find(page, "moon")
    read = "e => { const s = getComputedStyle(e); return [e.lang, s.direction, s.fontFamily]; }"
    urdu = page.locator("#results p[lang=ur]")
    lang, direction, family = urdu.evaluate(read)
    assert (lang, direction) == ("ur", "rtl")
    assert family.startswith('"Noto Nastaliq Urdu"')
    hindi = page.locator("#results p[lang=hi]")
    assert hindi.evaluate(read)[:2] == ["hi", "ltr"]
    assert "Noto Nastaliq Urdu" in {name.strip('"') for name in page.evaluate(FONTS)}


def test_every_size_and_scheme_is_readable(visit):
    page = visit()
    find(page, "train", TEXT + "\n\n" + "x" * 300)
    page.get_by_role("button", name="Compare").click()
    page.locator("#map table").wait_for()
    for width in (360, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        small = "all => all.filter((b) => b.getBoundingClientRect().height < 32).length"
        assert page.locator("button:visible").evaluate_all(small) == 0
    inks = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        seen = page.evaluate(CONTRASTS)
        assert {"TD", "TH", "P", "BUTTON", "LABEL", "H1"} <= {kind for _, kind, _ in seen}
        assert [entry for entry in seen if entry[0] < 4.5] == []
        inks.append(page.evaluate("getComputedStyle(document.body).color"))
    assert inks[0] != inks[1]


def test_a_damaged_model_is_said(browser, built, address, tmp_path):
    context = browser.new_context()
    page = context.new_page()
    content = bytearray((built / "model/tokenizer.json").read_bytes())
    content[-30] ^= 1
    page.route("**/model/tokenizer.json", lambda route: route.fulfill(body=bytes(content)))
    page.goto(address)
    said = page.locator("#model-said.alarm")
    said.wait_for(timeout=120_000)
    assert "tokenizer.json: differs from its manifest" in said.inner_text()
    context.close()


def test_files_are_served_under_headers_that_keep_everything_inside(address):
    page = httpx.get(address)
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert page.headers["cross-origin-embedder-policy"] == "require-corp"
    again = httpx.get(address, headers={"If-None-Match": page.headers["etag"]})
    assert again.status_code == 304
    for path in ("/../pyproject.toml", "/%2e%2e/%2e%2e/etc/passwd", "/model", "/nothing"):
        answer = httpx.get(f"{address}{path}")
        assert answer.status_code in (404, 307, 400), path
    assert httpx.get(f"{address}/nothing").json()["error"]["code"] == "not_found"
    assert httpx.post(f"{address}/embed", json={"inputs": "a"}).status_code == 200
    assert httpx.get(f"{address}/embed").status_code == 405
