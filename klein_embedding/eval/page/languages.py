"""A section a language: its figures, its cosines and its worst misses."""

from __future__ import annotations

from collections.abc import Sequence

from klein_embedding.eval.page.board import Board, suite_name
from klein_embedding.eval.page.figures import of_language
from klein_embedding.eval.page.gallery import miss_item
from klein_embedding.eval.page.layout import spread_figure
from klein_embedding.eval.page.markup import Markup, amount, section, tag
from klein_embedding.eval.page.misses import Gallery
from klein_embedding.eval.page.portrait import Portrait
from klein_embedding.languages import LANGUAGES

SHOWN = 5
"""Most misses shown of a language."""


def by_language_section(shown: Board, drawn: Portrait) -> Markup:
    """All languages of the model, measured or not.

    Args:
        shown: Figures of the results file.
        drawn: The portrait.
    """
    return section(
        "languages",
        "Language by language",
        *(_language(code, shown, drawn) for code in LANGUAGES),
    )


def _language(code: str, shown: Board, drawn: Portrait) -> Markup:
    spread = [spread_figure(one) for one in drawn.histograms if one.lang == code]
    return tag(
        "section",
        tag("h3", LANGUAGES[code].name, id=f"in-{code}-title"),
        of_language(code, shown),
        *spread,
        *_misses(code, drawn.gallery),
        id=f"in-{code}",
        class_="language",
        aria_labelledby=f"in-{code}-title",
    )


def _misses(code: str, gallery: Gallery) -> Sequence[Markup]:
    if code == "en":
        said = "English is the side that is searched: its misses stand with the other languages."
        return [tag("p", said, class_="note")]
    tried = [one for one in gallery.tried if one.lang == code]
    if not tried:
        return [tag("p", "No bitext of the gallery holds this language.", class_="note")]
    worst = [miss for miss in gallery.misses if miss.lang == code][:SHOWN]
    said = ", ".join(f"{suite_name(one.suite)} {one.misses:,} of {one.n:,}" for one in tried)
    missed = tag("p", f"Missed among the gallery’s sentences: {said}.")
    if not worst:
        return [missed]
    items = tag("ul", *map(miss_item, worst), class_="misses")
    return [
        missed,
        tag("details", tag("summary", f"The worst {amount(len(worst), 'miss')}"), items),
    ]
