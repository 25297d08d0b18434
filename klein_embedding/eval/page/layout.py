"""Sections of the page that are drawn: widths, languages against each other, and the map."""

from __future__ import annotations

from collections.abc import Sequence

from klein_embedding.eval.figures import Figure, Results
from klein_embedding.eval.page.board import (
    HEADLINES,
    Place,
    hundred,
    interval,
    metric_name,
    suite_name,
)
from klein_embedding.eval.page.charts import Told, curve, histogram, scatter
from klein_embedding.eval.page.markup import (
    Markup,
    decimal,
    foreign,
    joined,
    language_name,
    scrolled,
    section,
    table,
    tag,
)
from klein_embedding.eval.page.plane import Heat, Plane
from klein_embedding.eval.page.portrait import Histogram, Portrait
from klein_embedding.infer.embedder import DIMS

_CURVES = {"int8": "int8", "static": "static start"}

Lines = dict[str, list[Figure]]


def widths_section(results: Results) -> Markup:
    """Curves and table of the headline figures at all widths."""
    found = [(place, lines) for place in HEADLINES if (lines := _lines(results, place))]
    legend = [
        tag("li", tag("span", class_=f"key key-{at}"), title)
        for at, title in enumerate(_CURVES.values())
    ]
    heads = ["Figure", "Column", *(f"{dim}" for dim in DIMS)]
    rows = [
        _values(place, column, line) for place, lines in found for column, line in lines.items()
    ]
    return section(
        "widths",
        "Fewer dimensions",
        tag(
            "p",
            "The same vectors, cut to their first 256 or 128 coordinates and brought back to "
            "length 1. Whiskers are 95 % intervals; each chart has its own scale.",
        ),
        tag("ul", *legend, class_="legend"),
        tag("div", *(_curve(place, lines) for place, lines in found), class_="charts"),
        table("Values of the curves, times 100", heads, [tag("tbody", *rows)], words=2),
    )


def _lines(results: Results, place: Place) -> Lines:
    lines: Lines = {}
    for figure in results.figures:
        if (figure.suite, figure.language, figure.metric) == place and figure.dim in DIMS:
            lines.setdefault(figure.precision, []).append(figure)
    return {column: lines[column] for column in _CURVES if column in lines}


def _title(place: Place) -> str:
    return f"{suite_name(place[0])}, {metric_name(place[2])}"


def _curve(place: Place, lines: Lines) -> Markup:
    said = "; ".join(
        f"{_CURVES[column]}: "
        + ", ".join(
            f"{hundred(f.value)} at {f.dim}" for f in sorted(line, key=lambda figure: -figure.dim)
        )
        for column, line in lines.items()
    )
    ident = "curve-" + "-".join(part for part in (*place[0].split("/"), place[1]))
    drawn = curve(Told(ident, f"{_title(place)} over the width", said), lines)
    return tag("figure", tag("figcaption", _title(place)), drawn)


def _values(place: Place, column: str, line: Sequence[Figure]) -> Markup:
    cells = {figure.dim: figure for figure in line}
    return tag(
        "tr",
        tag("th", _title(place), scope="row"),
        tag("td", _CURVES[column], class_="word"),
        *(
            tag(
                "td",
                tag("span", hundred(cells[dim].value), class_="value"),
                tag("span", interval(cells[dim]), class_="interval"),
            )
            if dim in cells
            else tag("td", "–")
            for dim in DIMS
        ),
    )


def languages_section(portrait: Portrait) -> Markup:
    """Cosines of all languages with each other."""
    heat = portrait.heat
    return section(
        "across",
        "Languages against each other",
        tag(
            "p",
            f"Mean cosine over {heat.n:,} sentences of TICO-19 in {len(heat.languages)} languages. "
            "The first table takes each sentence with its own translation, the second with every "
            "other sentence: the further the two tables are apart, the more meaning counts beside "
            "language. Colour runs from 0 to 1 in both.",
        ),
        tag(
            "div",
            _heat("Translations", heat, heat.translations, own="–"),
            _heat("Other pairs", heat, heat.others),
            class_="pair",
        ),
        _spread(portrait.histograms),
    )


def _heat(
    caption: str, heat: Heat, rows: Sequence[Sequence[float]], own: str | None = None
) -> Markup:
    """A table of cosines; ``own`` stands where a sentence would meet itself."""
    head = tag(
        "tr",
        tag("td"),
        *(
            tag("th", tag("abbr", code, title=language_name(code)), scope="col")
            for code in heat.languages
        ),
    )
    body = [
        tag(
            "tr",
            tag("th", language_name(code), scope="row"),
            *(
                tag("td", own)
                if own and at == number
                else tag("td", decimal(value), style=f"--heat:{100 * min(max(value, 0), 1):.0f}%")
                for at, value in enumerate(row)
            ),
        )
        for number, (code, row) in enumerate(zip(heat.languages, rows, strict=True))
    ]
    parts = tag("caption", caption), tag("thead", head), tag("tbody", *body)
    return scrolled(tag("table", *parts, class_="heat"), caption)


def _spread(found: Sequence[Histogram]) -> Markup:
    rows = [
        tag(
            "tr",
            tag("th", tag("a", language_name(one.lang), href=f"#in-{one.lang}"), scope="row"),
            tag("td", f"{sum(one.translations):,}"),
            tag("td", decimal(one.translations_mean)),
            tag("td", decimal(one.others_mean)),
            tag("td", decimal(one.translations_mean - one.others_mean)),
        )
        for one in found
    ]
    heads = ["Language", "Pairs", "Translations", "Other pairs", "Difference"]
    caption = "Mean cosine with English, over the bitexts of every set"
    return table(caption, heads, [tag("tbody", *rows)])


def spread_figure(found: Histogram) -> Markup:
    """The histogram of a language with its legend."""
    name = language_name(found.lang)
    said = (
        f"Translations: {sum(found.translations):,} pairs, "
        f"mean {decimal(found.translations_mean)}. "
        f"Other pairs: {sum(found.others):,}, mean {decimal(found.others_mean)}."
    )
    told = Told(f"histogram-{found.lang}", f"Cosines of {name} with English", said)
    legend = tag(
        "ul",
        tag("li", tag("span", class_="key key-bar"), "translations"),
        tag("li", tag("span", class_="key key-outline"), "other pairs"),
        class_="legend",
    )
    caption = tag("figcaption", f"Cosines of {name} sentences with English ones. {said}")
    return tag("figure", legend, histogram(told, found), caption)


def map_section(plane: Plane) -> Markup:
    """The map with its switch and the list of its meanings."""
    shares = [f"{100 * share:.0f} %" for share in plane.shares]
    said = (
        f"{len(plane.meanings)} sentences of TICO-19 in {len(plane.languages)} languages, on the "
        f"two first principal components of their {len(plane.points)} vectors, which hold "
        f"{shares[0]} and {shares[1]} of the variance."
    )
    told = Told("map-drawing", "Map of sentences by meaning and language", said)
    return section(
        "map",
        "Map of meanings",
        tag(
            "p",
            f"{said} Each disc bears its language and the number of its meaning. Where discs of "
            "one number lie together, translations do; what two components leave out, the map "
            "does not show.",
        ),
        tag(
            "fieldset",
            tag("legend", "Colour by"),
            _choice("meaning", checked=True),
            _choice("language", checked=False),
            class_="switch",
        ),
        scrolled(scatter(told, plane), "Map of meanings"),
        tag("ul", *_language_keys(plane), class_="legend keys-language"),
        tag("h3", "Meanings on the map"),
        tag("ol", *_meaning_keys(plane), class_="meanings"),
    )


def _choice(name: str, *, checked: bool) -> Markup:
    field = tag("input", type="radio", name="colour", id=f"by-{name}", value=name, checked=checked)
    return tag("label", field, name)


def _language_keys(plane: Plane) -> list[Markup]:
    return [
        tag("li", tag("span", code, class_=f"key disc language-{at}"), language_name(code))
        for at, code in enumerate(plane.languages)
    ]


def _meaning_keys(plane: Plane) -> list[Markup]:
    return [
        joined([foreign("li", text, "en", class_=f"meaning-{at}")])
        for at, text in enumerate(plane.meanings)
    ]
