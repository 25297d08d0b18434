"""The results file on the page: cards, a table at a glance, and one table a suite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from klein_embedding.eval.figures import Figure, root
from klein_embedding.eval.page.board import (
    HEADLINES,
    NAMES,
    Board,
    Place,
    hundred,
    interval,
    main_figure,
    metric_name,
    suite_name,
    value_of,
)
from klein_embedding.eval.page.markup import (
    Markup,
    amount,
    joined,
    language_name,
    section,
    table,
    tag,
)
from klein_embedding.infer.embedder import WIDTH
from klein_embedding.languages import LANGUAGES

_WHOLE = ("mean", "all")


def cards(shown: Board) -> Markup:
    """One card a headline figure."""
    found = [
        _card(place, shown.cells[place], shown.columns)
        for place in HEADLINES
        if place in shown.cells
    ]
    return tag("ul", *found, class_="cards") if found else joined(())


def _card(place: Place, cells: Mapping[str, Figure], columns: Mapping[str, str]) -> Markup:
    suite, language, metric = place
    figure = main_figure(cells)
    others = [
        tag("span", f"{title} ", tag("b", hundred(cells[key].value)))
        for key, title in columns.items()
        if key in cells and cells[key] is not figure
    ]
    whole = "mean of languages" if language == "mean" and suite != "held-out" else ""
    whole = whole or ("mean of kinds" if language == "mean" else language_name(language))
    return tag(
        "li",
        tag("span", suite_name(suite), class_="card-name"),
        tag("span", f"{metric_name(metric)}, {whole}", class_="card-metric"),
        tag("span", hundred(figure.value), class_="card-value"),
        tag(
            "span",
            f"{columns[figure.precision]}, 95 % interval {interval(figure)}",
            class_="card-interval",
        ),
        tag("span", *others, class_="card-others"),
        class_="card",
    )


def glance(shown: Board) -> Markup:
    """The main metric of each set: its mean, or each language where there is none."""
    rows = []
    for name in shown.names():
        facts = shown.results.data.get(name)
        places = [place for place in shown.cells if root(place[0]) == name]
        main = [place for place in places if facts and place[2] == facts.metric]
        for place in _summed(main or places):
            title = f"{suite_name(place[0])}, {_language(place[1])}"
            rows.append(_row(title, metric_name(place[2]), shown, place))
    heads = ["Set", "Metric", "n", *shown.columns.values()]
    return table("The main figure of each set", heads, [tag("tbody", *rows)], words=2)


def _summed(places: Sequence[Place]) -> list[Place]:
    """Places that sum their suite and metric up; all of them where none does."""
    whole = {(suite, metric) for suite, language, metric in places if language in _WHOLE}
    return [place for place in places if place[1] in _WHOLE or (place[0], place[2]) not in whole]


def _language(code: str) -> str:
    return {"mean": "mean", "all": "all pairs"}.get(code, language_name(code))


def _row(title: str, metric: str, shown: Board, place: Place) -> Markup:
    cells = shown.cells[place]
    said = [tag("td", metric, class_="word")] if metric else []
    return tag(
        "tr",
        tag("th", title, scope="row"),
        *said,
        tag("td", f"{main_figure(cells).n:,}"),
        *(_cell(cells.get(column)) for column in shown.columns),
    )


def _cell(figure: Figure | None) -> Markup:
    if figure is None:
        return tag("td", tag("span", "–", aria_label="not measured"))
    return tag(
        "td",
        tag("span", value_of(figure), class_="value"),
        tag("span", interval(figure), class_="interval"),
    )


def suites(shown: Board) -> Markup:
    """Every figure at the full width, a table a set, folded."""
    return joined(_suite(name, shown) for name in shown.names())


def _suite(name: str, shown: Board) -> Markup:
    places = [place for place in shown.cells if root(place[0]) == name]
    groups = dict.fromkeys((suite, metric) for suite, _, metric in places)
    bodies = [
        _body(
            f"{suite_name(suite)}, {metric_name(metric)}",
            [(_language(place[1]), place) for place in _ordered(places, suite, metric)],
            shown,
        )
        for suite, metric in groups
    ]
    facts = shown.results.data.get(name)
    note = tag("p", f"{facts.citation}. Licence: {facts.licence}.", class_="note") if facts else ""
    title = NAMES.get(name, name)
    heads = ["Language", "n", *shown.columns.values()]
    return tag(
        "details",
        tag("summary", tag("h3", title), tag("span", amount(len(places), "row"), class_="note")),
        note,
        table(f"{title}: every figure", heads, bodies),
        id=f"suite-{name}",
    )


def _ordered(places: Iterable[Place], suite: str, metric: str) -> list[Place]:
    """Means first, then the languages in the order of this project."""
    order = {code: at for at, code in enumerate((*_WHOLE, *LANGUAGES))}
    chosen = [place for place in places if (place[0], place[2]) == (suite, metric)]
    return sorted(chosen, key=lambda place: (order.get(place[1], len(order)), place[1]))


def _body(title: str, rows: Iterable[tuple[str, Place]], shown: Board) -> Markup:
    head = tag(
        "tr", tag("th", title, scope="rowgroup", colspan=2 + len(shown.columns)), class_="part"
    )
    return tag("tbody", head, *(_row(said, "", shown, place) for said, place in rows))


def of_language(code: str, shown: Board) -> Markup:
    """All figures of one language."""
    rows = [
        _row(suite_name(place[0]), metric_name(place[2]), shown, place)
        for name in shown.names()
        for place in shown.cells
        if root(place[0]) == name and place[1] == code
    ]
    if not rows:
        return tag("p", "No suite of the results file has a figure of this language.")
    heads = ["Set", "Metric", "n", *shown.columns.values()]
    caption = f"Figures of {language_name(code)}"
    return table(caption, heads, [tag("tbody", *rows)], words=2)


def figures_section(shown: Board) -> Markup:
    """The tables of all suites."""
    return section(
        "figures",
        "Figures of all sets",
        tag(
            "p",
            f"At {WIDTH} dimensions; columns that have no widths, or others than ours, keep their "
            "own. Figures are times 100, but for measures of geometry, which stand as they are. "
            "Below each value stands its 95 % bootstrap interval, and n is the number of items "
            "measured. The first table holds the main metric of each set, those below hold every "
            "figure.",
        ),
        glance(shown),
        tag("div", suites(shown), class_="folds"),
    )
