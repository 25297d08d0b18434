"""The data page: what the corpus holds, where it comes from and what is wrong with it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from klein_embedding.corpus.chart import stacked_bars
from klein_embedding.corpus.sources import TEXT_CLASSES
from klein_embedding.errors import KleinError
from klein_embedding.languages import INDIC, LANGUAGES
from klein_embedding.recipe import read_toml

_HEAD = """# The data

Written by `klein data card {recipe}` from the built corpus (made {date}, {processor}).
Every figure of this page stands in `data.json` beside it. Counts are rows that training may see:
after cleaning, the guard, de-duplication and caps. {held_out:,} further pairs are held out for
validation, chosen by content.

**{total:,} training pairs, {english_indic:,} of them sentences or strings in English and an Indic
language; {english_indic_words:,} more are words and phrases. {indic_title_body:,} pairs are an
Indic title or headline with the text below it.**

![Pairs with English, by language and class]({chart})
"""

_KNOWN = """## What to know before trusting it

* Most English-Indic pairs are interface strings of software. They are professional, short, and
  about settings, files and networks; general prose is the scarcest kind.
* Scripture is capped at {scripture_cap:,} pairs a source and language, interface strings of under
  four words at {short_interface_cap:,}; its language is old, and its names are not of today.
* News, blogs and speeches carry the views of their authors and of their place and time.
* Quiz, inference and caption pairs are English only, and captions describe pictures that people of
  a few countries took.
* Sentences that a machine paired, a teller retold or a crowd translated are a class of their own:
  our own model leaves the worst out (`klein data judge`), and the table of pairs read by eye says
  what is wrong with the rest.
* Machine-translated pages are a class of their own too, and stay out unless a recipe asks for them.
* Samples of every reason for a drop lie in `drops.jsonl` beside the corpus.
"""

_READING = """
Right is a pair whose sides make the same statement; exact is one of them that a strict bilingual
editor would not touch: no adjective, interjection or detail is missing, added or changed. Each pair
was read once, by a language model that reads these languages and not by a native speaker; a second
reader would move a row by two to six pairs of 50. A class that is not in the table has no such
pairs, or was not read.
"""
_LARGE_FAMILY = 20
"""Sources of one family from which the page shows a single row."""
_READ = ["lang", "class", "rows", "right", "exact", "remark"]
_CLASS_ORDER = ("U", "H", "C", "S", "L", "M")


@dataclass(frozen=True, slots=True)
class CardNotes:
    """What people found out and no program can count.

    Attributes:
        left_out: Sources that are not used: name, what they are, and the reason.
        read: Pairs read by eye: language, class, rows, right ones, exact ones, remark.
    """

    left_out: list[dict[str, str]]
    read: list[dict[str, str]]


def load_notes(left_out: Path, read: Path) -> CardNotes:
    """Read the notes that stand beside the catalogue.

    Args:
        left_out: TOML with one table a source: ``what``, ``reason``.
        read: TSV with the columns ``lang``, ``class``, ``rows``, ``right``, ``exact``, ``remark``.

    Raises:
        KleinError: If a file is there and lacks a column.
    """
    tables = read_toml(left_out) if left_out.is_file() else {}
    rows: list[dict[str, str]] = []
    if read.is_file():
        with read.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
    for table, needed in (*((t, ("what", "reason")) for t in tables.values()),):
        for key in needed:
            if key not in table:
                raise KleinError(f"{left_out}: each table needs '{key}'")
    for row in rows:
        if None in row.values() or list(row) != _READ:
            raise KleinError(f"{read}: the columns must be {', '.join(_READ)}")
    return CardNotes([{"name": name, **table} for name, table in tables.items()], rows)


def chart_text(figures: Mapping[str, Any]) -> str:
    """The picture of the page: pairs with English by language and class, as SVG."""
    rows = {
        LANGUAGES[lang].name: figures["pairs"]["english_indic_by_language"].get(lang, {})
        for lang in INDIC
    }
    used = {key for counts in rows.values() for key, count in counts.items() if count}
    series = [(key, TEXT_CLASSES[key]) for key in _CLASS_ORDER if key in used]
    return stacked_bars("Training pairs with English", rows, series)


def card_text(
    figures: Mapping[str, Any], rules: Mapping[str, Any], notes: CardNotes, names: tuple[str, str]
) -> str:
    """Write the data page.

    Args:
        figures: What `klein_embedding.corpus.tally.tally` counted; a ``permissive`` entry adds the
            counts of the permissive build.
        rules: Corpus section of the recipe.
        notes: What people found out.
        names: Path of the recipe as a user would type it, and of the chart beside the page.

    Returns:
        Markdown, ending in a line feed.
    """
    pairs, made = figures["pairs"], figures["corpus"]["made"]
    head = _HEAD.format(
        recipe=names[0],
        chart=names[1],
        date=made.get("date", "unknown")[:10],
        processor=made.get("processor", "unknown processor"),
        **pairs,
    )
    blocks = [
        head,
        _languages(figures),
        _counts("Pairs by class of text", pairs["by_class"], TEXT_CLASSES),
        _counts("Pairs by kind", pairs["by_kind"], {}),
        _counts("Pairs without English", pairs["without_english"], {}),
        _permissive(figures),
        _counts("Pairs by licence", pairs["by_licence"], {}),
        _sources(gathered(figures["sources"])),
        _read(notes.read),
        _table("What was dropped, and why", ("reason", "rows"), figures["dropped"].items()),
        _guard(figures),
        _KNOWN.format(**rules),
        _left_out(notes.left_out),
        _citations(gathered(figures["sources"])),
    ]
    return "\n".join(block.rstrip() + "\n" for block in blocks if block)


def gathered(sources: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Sources for the eye: a large family, such as one repository a lesson, is one row.

    A family shares the first two words of its names; `data.json` lists its members.
    """
    families = Counter(_family(source) for source in sources)
    rows: dict[str, dict[str, Any]] = {}
    for source in sources:
        family = _family(source)
        if families[family] < _LARGE_FAMILY:
            rows[source["name"]] = dict(source)
        elif family in rows:
            rows[family]["pairs"] += source["pairs"]
        else:
            name, title = f"{family}-… ({families[family]})", f"{source['title']}, and the like"
            rows[family] = {**source, "name": name, "title": title}
    return list(rows.values())


def _family(source: Mapping[str, Any]) -> str:
    return "-".join(source["name"].split("-")[:2])


def _languages(figures: Mapping[str, Any]) -> str:
    pairs, mono = figures["pairs"], figures["mono_words"]
    rows = []
    for code in ("en", *INDIC):
        counts = pairs["english_indic_by_language"].get(code, {})
        share = f"{100 * mono['side_share'].get(code, 0):.0f} %"
        rows.append(
            (
                f"{LANGUAGES[code].name} ({code})",
                *(counts.get(key, 0) for key in _CLASS_ORDER[:5]),
                pairs["by_language"].get(code, 0),
                mono["by_language"].get(code, 0),
                share,
            )
        )
    head = (
        "language",
        *(f"with English: {TEXT_CLASSES[key]}" for key in _CLASS_ORDER[:5]),
        "all pairs with the language",
        "words for the tokenizer",
        "of them from parallel sources",
    )
    return _table("Languages", head, rows)


def _counts(title: str, counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return _table(title, ("", "pairs"), ((names.get(key, key), n) for key, n in ranked))


def _permissive(figures: Mapping[str, Any]) -> str:
    if "permissive" not in figures:
        return ""
    both = (figures["pairs"], figures["permissive"]["pairs"])
    rows = [
        (title, *(counts[key] for counts in both))
        for title, key in (
            ("all pairs", "total"),
            ("English-Indic", "english_indic"),
            ("words and phrases", "english_indic_words"),
        )
    ]
    note = (
        "\nThe permissive build takes only sources whose licence clearly allows training and "
        "redistribution of the result: none that states no licence, forbids commercial use or "
        "forbids derivatives.\n"
    )
    return _table("Two builds", ("", "everything", "permissive"), rows) + note


def _sources(sources: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        (
            s["name"],
            s["title"],
            s["pairs"],
            TEXT_CLASSES[s["class"]],
            f"{s['weight']:g}",
            s["licence"],
        )
        for s in sources
    ]
    head = ("source", "what it is", "pairs", "class", "weight", "licence")
    return _table("Sources", head, rows)


def _read(rows: list[dict[str, str]]) -> str:
    if not rows:
        return ""
    cells = [
        (
            LANGUAGES[row["lang"]].name,
            TEXT_CLASSES[row["class"]],
            int(row["rows"]),
            *(
                f"{100 * int(row[column]) / int(row['rows']):.0f} %"
                for column in ("right", "exact")
            ),
            row["remark"],
        )
        for row in rows
    ]
    head = ("language", "class", "pairs read", "right", "exact", "what was wrong")
    return _table("Pairs read by eye", head, cells) + _READING


def _guard(figures: Mapping[str, Any]) -> str:
    hits = figures["audit"].get("hits")
    audit = "No audit of this corpus was made." if hits is None else f"The audit found {hits} hits."
    return f"""## Evaluation text

No text of an evaluation set may enter: the guard knows all of them as fingerprints, exact and near,
and drops a pair when either side or a hard negative matches (digest
`{figures["corpus"]["guard"][:16]}`). `klein data audit` looks again by a second method. {audit}
"""


def _left_out(rows: list[dict[str, str]]) -> str:
    if not rows:
        return ""
    cells = [(row["name"], row["what"], row["reason"]) for row in rows]
    return _table("What was left out, and why", ("name", "what it is", "reason"), cells)


def _citations(sources: Iterable[Mapping[str, Any]]) -> str:
    rows = [f"* **{source['name']}**: {source['citation']}" for source in sources]
    return "\n".join(["## Whom to cite", "", *rows]) + "\n"


def _table(title: str, head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [f"## {title}", "", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row]
        lines.append(f"| {' | '.join(cell.replace('|', ' ') for cell in cells)} |")
    return "\n".join(lines) + "\n"
