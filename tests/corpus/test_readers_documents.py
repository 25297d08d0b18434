"""Readers of documents: their blocks by format, and translations beside originals."""

from __future__ import annotations

import logging

import pytest

from klein_embedding.corpus.readers import READERS
from klein_embedding.corpus.readers.blocks import blocks_of
from klein_embedding.errors import KleinError
from klein_embedding.text import Pair

MALLARD = '<page xmlns="http://projectmallard.org/1.0/"><info><desc>About</desc></info>%s</page>'


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def blocks(path, content):
    return [(block.kind, block.mark, block.text) for block in blocks_of(put(path, content))]


def read(root, **options):
    items = list(READERS["documents"](root, options, "tried"))
    pairs = [item for item in items if isinstance(item, Pair)]
    assert len(pairs) == len(items)
    assert all((p.anchor_lang, p.source, p.kind) == ("en", "tried", "translation") for p in pairs)
    return [(p.positive_lang, p.anchor, p.positive) for p in pairs]


def skipped(caplog):
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


def test_markdown_gives_headings_items_and_paragraphs_without_code_and_marks(tmp_path):
    text = (
        "---\ntitle: no\n---\n\n# Start `here` {#start}\nA [link](x.html) and **bold\nwords**, "
        "snake_case.\n\n```js\n# no heading\n\nlet a;\n```\n* one <br> item\n  goes on\n"
        "1. two\n\n![picture](a.png)\n\n| a | b |\n|---|---|\n\n---\n> Quoted\n"
    )
    assert blocks(tmp_path / "a.md", text) == [
        ("heading", "h", "Start here"),
        ("paragraph", "p", "A link and bold words, snake_case."),
        ("paragraph", "li", "one item goes on"),
        ("paragraph", "li", "two"),
        ("paragraph", "p", "Quoted"),
    ]


def test_html_gives_the_innermost_blocks_without_navigation_and_code(tmp_path):
    text = (
        "<html><head><title>No</title></head><body><nav><p>No</p></nav><h2>A <b>head</b></h2>"
        "<ul><li><p>Inner &amp; one</p></li><li>Two</li></ul><pre>no</pre><script>p()</script>"
        "<table><tr><td><p></p></td><td>Cell</td></tr></table></body></html>"
    )
    assert blocks(tmp_path / "a.html", text) == [
        ("heading", "h2", "A head"),
        ("paragraph", "p", "Inner & one"),
        ("paragraph", "li", "Two"),
        ("paragraph", "td", "Cell"),
    ]


def test_mallard_gives_titles_and_paragraphs_without_credits(tmp_path):
    text = (
        MALLARD
        % "<title>A <gui>key</gui></title><section><p>Press\n it.</p><code>x</code></section>"
    )
    assert blocks(tmp_path / "a.page", text) == [
        ("heading", "title", "A key"),
        ("paragraph", "p", "Press it."),
    ]


def test_documents_of_one_shape_are_joined_in_order(tmp_path):
    put(tmp_path / "help/C/x/a.page", MALLARD % "<title>Mouse</title><p>Click it.</p><p>Left</p>")
    for lang in ("gu", "de"):
        text = MALLARD % f"<title>t{lang}</title><p>c{lang}</p><p>Left</p>"
        put(tmp_path / f"help/{lang}/x/a.page", text)
    put(tmp_path / "help/gu/x/alone.page", MALLARD % "<p>x</p>")
    assert read(tmp_path, english="C") == [("gu", "Mouse", "tgu"), ("gu", "Click it.", "cgu")]


def test_sections_of_another_shape_keep_their_headings_alone(tmp_path):
    put(tmp_path / "aaa/a.md", "First.\n\n# One\n\nA.\n\nB.\n\n# Two\n\nC.\n")
    put(tmp_path / "bbb/a.md", "पहला।\n\n# एक\n\nअ और ब।\n\n# दो\n\nस।\n")
    assert read(tmp_path, english="aaa", folders={"bbb": "hi"}) == [
        ("hi", "First.", "पहला।"),
        ("hi", "One", "एक"),
        ("hi", "Two", "दो"),
        ("hi", "C.", "स।"),
    ]
    put(tmp_path / "bbb/a.md", "# एक\n\nअ।\n\n# दो\n\n# तीन\n")
    with pytest.raises(KleinError, match="source tried: nothing could be read"):
        read(tmp_path, english="aaa", folders={"bbb": "hi"})


BOMB = '<!DOCTYPE p [<!ENTITY a "aaaa">]>' + MALLARD % "<title>&a;</title>"


@pytest.mark.parametrize("content", [BOMB, BOMB.encode("utf-16"), "<page><p>", b"\xff\xfe\x81"])
def test_a_damaged_document_is_skipped_and_named(tmp_path, caplog, content):
    put(tmp_path / "C/a.page", MALLARD % "<title>Yes</title>")
    put(tmp_path / "hi/a.page", MALLARD % "<title>हाँ</title>")
    put(tmp_path / "C/b.page", MALLARD % "<title>No</title>")
    put(tmp_path / "hi/b.page", content)
    assert read(tmp_path, english="C") == [("hi", "Yes", "हाँ")]
    assert len(skipped(caplog)) == 1 and "b.page" in skipped(caplog)[0]


def test_a_document_of_no_known_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\*\.doc"):
        blocks_of(put(tmp_path / "a.doc", "x"))
