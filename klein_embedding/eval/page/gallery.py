"""The failure gallery of the page: the worst misses of each group, and misjudged pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from klein_embedding.eval.page.board import suite_name
from klein_embedding.eval.page.groups import GROUPS, NONE, Count
from klein_embedding.eval.page.markup import (
    Markup,
    amount,
    decimal,
    foreign,
    language_name,
    section,
    table,
    tag,
)
from klein_embedding.eval.page.misses import FAR, Gallery, Misjudged, Miss, Ranking
from klein_embedding.eval.page.portrait import SENTENCES

SHOWN = 8
"""Most misses shown of a group."""
OF_ONE = 2
"""Most of them in one language, so that a group shows several."""
_TITLES = {group.key: group.title for group in (*GROUPS, NONE)}
_OF_PAIRS = {**_TITLES, "duplicate": "Mostly the same words"}


def gallery_section(gallery: Gallery) -> Markup:
    """Misses by what they have in common, with filters that need a script."""
    picked = {group.key: picked_of(gallery.misses, group.key) for group in (*GROUPS, NONE)}
    counts = {count.key: count for count in gallery.counts}
    n = sum(tried.n for tried in gallery.tried)
    parts = [
        _group(counts[group.key], group.title, group.rule, picked[group.key])
        for group in (*GROUPS, NONE)
        if picked[group.key]
    ]
    return section(
        "gallery",
        "Failure gallery",
        tag(
            "p",
            f"{len(gallery.misses):,} of {n:,} sentences have another English sentence nearer than "
            "their translation, or as near. They were looked for among at most the first "
            f"{SENTENCES} of a set and language, so fewer are missed than in the figures above. "
            "The largest difference of cosines comes first; each group shows up to "
            f"{SHOWN}, at most {OF_ONE} of a language. A miss may be in several groups.",
        ),
        _sizes(gallery.counts, len(gallery.misses), n),
        _filters([miss for found in picked.values() for miss in found]),
        *(parts or [tag("p", "Every sentence found its translation.")]),
    )


def picked_of(misses: Iterable[Miss], key: str) -> list[Miss]:
    """The misses of a group that are shown, from all, worst first."""
    found: list[Miss] = []
    for miss in misses:
        same = sum(other.lang == miss.lang for other in found)
        if key in miss.groups and same < OF_ONE and len(found) < SHOWN:
            found.append(miss)
    return found


def _sizes(counts: Sequence[Count], misses: int, n: int) -> Markup:
    rows = [_size(_TITLES[count.key], count) for count in counts]
    rows.append(_size("All", Count("all", misses, n)))
    heads = ["Group", "Misses", "Sentences that fit", "Share missed"]
    caption = "Size of the groups (– where a rule needs a wrong answer, or nothing fits)"
    return table(caption, heads, [tag("tbody", *rows)])


def _size(title: str, count: Count) -> Markup:
    share = f"{decimal(100 * count.misses / count.queries, 1)} %" if count.queries else "–"
    return tag(
        "tr",
        tag("th", title, scope="row"),
        tag("td", f"{count.misses:,}"),
        tag("td", f"{count.queries:,}" if count.queries else "–"),
        tag("td", share),
    )


def _filters(shown: Sequence[Miss]) -> Markup:
    languages = {miss.lang: language_name(miss.lang) for miss in shown}
    suites = {miss.suite: suite_name(miss.suite) for miss in shown}
    groups = {key: _TITLES[key] for miss in shown for key in miss.groups}
    return tag(
        "form",
        _select("group", "Group", {key: title for key, title in _TITLES.items() if key in groups}),
        _select("lang", "Language", dict(sorted(languages.items(), key=lambda item: item[1]))),
        _select("suite", "Set", suites),
        tag("button", "Show all", type="reset"),
        tag("output", id="shown", aria_live="polite"),
        id="filters",
        class_="filters",
        aria_label="Filter the gallery",
        hidden=True,
    )


def _select(name: str, title: str, options: dict[str, str]) -> Markup:
    every = tag("option", "all", value="")
    chosen = [tag("option", said, value=value) for value, said in options.items()]
    label = tag("label", title, for_=f"filter-{name}")
    return tag("span", label, tag("select", every, *chosen, name=name, id=f"filter-{name}"))


def _group(count: Count, title: str, rule: str, shown: Sequence[Miss]) -> Markup:
    return tag(
        "section",
        tag("h3", title, id=f"group-{count.key}-title"),
        tag("p", f"{rule} {amount(count.misses, 'miss')}, {len(shown)} shown.", class_="note"),
        tag("ul", *map(miss_item, shown), class_="misses"),
        class_="group",
        aria_labelledby=f"group-{count.key}-title",
        data_group=count.key,
    )


def miss_item(miss: Miss) -> Markup:
    """One miss with its texts, cosines, set and groups."""
    tags = [tag("li", _TITLES[key]) for key in miss.groups]
    return tag(
        "li",
        tag("p", f"{language_name(miss.lang)}, {suite_name(miss.suite)}", class_="from"),
        tag(
            "dl",
            tag("dt", "Query"),
            foreign("dd", miss.query, miss.lang),
            tag("dt", "Right answer, cosine ", tag("b", decimal(miss.right_cosine, 3))),
            foreign("dd", miss.right, "en"),
            tag("dt", "Found instead, cosine ", tag("b", decimal(miss.found_cosine, 3))),
            foreign("dd", miss.found, "en"),
        ),
        tag("ul", *tags, class_="tags", aria_label="Groups"),
        class_="miss",
        data_lang=miss.lang,
        data_suite=miss.suite,
    )


def ranking_section(ranking: Ranking) -> Markup:
    """STS-B pairs that the model ranks far from where people do."""
    near = [pair for pair in ranking.pairs if pair.shift > 0]
    far = [pair for pair in ranking.pairs if pair.shift < 0]
    rows = [_size(_OF_PAIRS[count.key], count) for count in ranking.counts if count.queries]
    rows.append(_size("All", Count("all", len(ranking.pairs), ranking.n)))
    heads = ["Group", "Misjudged", "Pairs that fit", "Share misjudged"]
    return section(
        "pairs",
        "Misjudged pairs of STS-B",
        tag(
            "p",
            f"{ranking.n:,} English pairs (test) are ordered once by people's score and once by "
            f"cosine. {len(ranking.pairs):,} of them stand more than {100 * FAR:.0f} % of all "
            "pairs apart in the two orders. A pair fits a group if its rule fits either order of "
            "the two sentences.",
        ),
        table("Misjudged pairs by group", heads, [tag("tbody", *rows)]),
        tag("h3", "Nearer to the model than to people"),
        tag("p", f"{amount(len(near), 'pair')}, {len(near[:SHOWN])} shown.", class_="note"),
        tag("ul", *map(_pair, near[:SHOWN]), class_="misses"),
        tag("h3", "Further apart to the model than to people"),
        tag("p", f"{amount(len(far), 'pair')}, {len(far[:SHOWN])} shown.", class_="note"),
        tag("ul", *map(_pair, far[:SHOWN]), class_="misses"),
    )


def _pair(pair: Misjudged) -> Markup:
    tags = [tag("li", _OF_PAIRS[key]) for key in pair.groups]
    return tag(
        "li",
        tag(
            "p",
            f"score {decimal(pair.score, 1)} of 5, cosine {decimal(pair.cosine)}, ranks "
            f"{100 * abs(pair.shift):.0f} % apart",
            class_="from",
        ),
        foreign("p", pair.first, "en"),
        foreign("p", pair.second, "en"),
        tag("ul", *tags, class_="tags", aria_label="Groups"),
        class_="miss",
    )
