"""Numbers in prose are those of the figures that they are linked to."""

from __future__ import annotations

from pathlib import Path

import pytest

from klein_embedding.errors import KleinError
from klein_embedding.eval.figures import read_results
from klein_embedding.eval.linked import linked, update_links

DOCS = Path(__file__).resolve().parents[2] / "docs"
TITLE = "tatoeba; hi; accuracy xx->en; int8; 512"


def _value(results):
    return next(
        f for f in results.figures if f.place == ("tatoeba", "hi", "accuracy xx->en", 512, "int8")
    )


def test_a_wrong_number_is_written_anew(results, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f'It finds [1.2](r.json "{TITLE}") of them.\n', encoding="utf-8")
    assert update_links(page, results) == 1
    value = _value(results)
    text = page.read_text(encoding="utf-8")
    assert text == f'It finds [{100 * value.value:.1f}](r.json "{TITLE}") of them.\n'
    found = linked(f'[x](r.json "{TITLE}; ~")', results, "x")
    assert f"({100 * value.low:.1f} to {100 * value.high:.1f})" in found
    assert linked(f'[x](r.json "{TITLE}; =")', results, "x").startswith(f"[{value.value:.2f}]")


def test_a_difference_carries_its_sign(results):
    title = "tatoeba; hi; accuracy xx->en; int8 - static; 512"
    gap = next(
        g
        for g in results.differences
        if (g.suite, g.language, g.metric) == ("tatoeba", "hi", "accuracy xx->en")
        and (g.precision, g.baseline) == ("int8", "static")
    )
    signed = f"{100 * gap.value:+.1f}".replace("-", "−")
    assert linked(f'[x](r.json "{title}")', results, "x").startswith(f"[{signed}]")


@pytest.mark.parametrize(
    "title", ["tatoeba; xx; accuracy xx->en; int8; 512", "tatoeba; hi", f"{TITLE}x"]
)
def test_a_link_to_no_figure_is_refused(results, title):
    with pytest.raises(KleinError, match="which fake has not"):
        linked(f'[1](r.json "{title}")', results, "page")


def test_a_page_without_links_is_refused(results):
    with pytest.raises(KleinError, match="links no number"):
        linked("All is well.", results, "page")


def test_the_analysis_says_what_was_measured():
    text = (DOCS / "analysis.md").read_text(encoding="utf-8")
    results = read_results(DOCS / "results/klein-embedding.json")
    assert linked(text, results, "analysis.md") == text
