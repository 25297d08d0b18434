"""The report of an evaluation as one HTML file that needs nothing beside it."""

from __future__ import annotations

from importlib import resources

from klein_embedding.eval.figures import Results, root
from klein_embedding.eval.page.board import Board, board
from klein_embedding.eval.page.figures import cards, figures_section
from klein_embedding.eval.page.gallery import gallery_section, ranking_section
from klein_embedding.eval.page.languages import by_language_section
from klein_embedding.eval.page.layout import languages_section, map_section, widths_section
from klein_embedding.eval.page.markup import Markup, section, tag
from klein_embedding.eval.page.portrait import Portrait
from klein_embedding.eval.page.sources import Made, sources_section
from klein_embedding.infer.embedder import WIDTH
from klein_embedding.languages import LANGUAGES

_CONTENTS = (
    ("summary", "Summary"),
    ("figures", "Figures of all sets"),
    ("widths", "Fewer dimensions"),
    ("across", "Languages against each other"),
    ("map", "Map of meanings"),
    ("gallery", "Failure gallery"),
    ("pairs", "Misjudged pairs"),
    ("languages", "Language by language"),
    ("sources", "Where the numbers come from"),
)
_ROOM = "klein_embedding.eval.page"
# The browser itself refuses what this page must not do.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def render(results: Results, drawn: Portrait, made: Made) -> str:
    """The page.

    Args:
        results: Content of the results file.
        drawn: What figures alone do not hold.
        made: How that was made.
    """
    shown = board(results)
    title = f"{results.model}: evaluation report"
    main = tag(
        "main",
        _summary(shown),
        figures_section(shown),
        widths_section(results),
        languages_section(drawn),
        map_section(drawn.plane),
        gallery_section(drawn.gallery),
        ranking_section(drawn.ranking),
        by_language_section(shown, drawn),
        sources_section(results, drawn, made),
        id="main",
        tabindex="-1",
    )
    body = tag(
        "body",
        tag("a", "Skip to the content", href="#main", class_="skip"),
        tag("header", tag("h1", title), tag("p", _scope(results, made))),
        _contents(),
        main,
        tag("script", _part("script.js")),
    )
    return f"<!DOCTYPE html>\n{tag('html', _head(title), body, lang='en')}\n"


def _head(title: str) -> Markup:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("title", title),
        tag("style", _part("style.css")),
    )


def _part(name: str) -> Markup:
    return Markup(resources.files(_ROOM).joinpath(name).read_text(encoding="utf-8"))


def _scope(results: Results, made: Made) -> str:
    suites = {root(figure.suite) for figure in results.figures}
    languages = {figure.language for figure in results.figures} & LANGUAGES.keys()
    return (
        f"{len(results.figures):,} figures on {len(suites)} sets in {len(languages)} languages. "
        f"Portrait and gallery drawn on {made.date[:10]} from the {made.precision} vectors."
    )


def _contents() -> Markup:
    links = [tag("li", tag("a", title, href=f"#{ident}")) for ident, title in _CONTENTS]
    codes = [
        tag("li", tag("a", language.name, href=f"#in-{code}"))
        for code, language in LANGUAGES.items()
    ]
    return tag(
        "nav",
        tag("ul", *links),
        tag("details", tag("summary", "Languages"), tag("ul", *codes)),
        aria_label="Contents",
    )


def _summary(shown: Board) -> Markup:
    return section(
        "summary",
        "Summary",
        tag(
            "p",
            f"Headline figures, times 100, at {WIDTH} dimensions. Accuracy is the share of "
            "sentences whose own translation is nearer than every other sentence of the set; "
            "Spearman is the rank correlation of cosines with people's scores.",
        ),
        cards(shown),
    )
