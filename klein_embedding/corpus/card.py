"""The data page: what the corpus holds and where it comes from, written from its manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from klein_embedding.corpus.sources import TEXT_CLASSES, Source
from klein_embedding.languages import INDIC, LANGUAGES

_HEAD = """# The data

Written by `klein data card {recipe}` from the manifest of the built corpus
(made {date}, {processor}). Counts are rows that training may see, after cleaning, the guard,
de-duplication and caps; {valid:,} further pairs are held out for validation, by content.

**{pairs:,} training pairs, {english_indic:,} of them English-Indic.**
"""

_KNOWN = """## What to know before trusting it

* Most English-Indic pairs are interface strings of free software. They are professional, short, and
  about settings, files and networks; general prose is the scarcest kind.
* Scripture is capped at {scripture_cap:,} pairs a source and language, interface strings of under
  four words at {short_interface_cap:,}.
* A text that equals an evaluation text after NFKC, case folding and the removal of everything but
  letters and digits never enters the corpus, on either side of a pair or as a hard negative. Near
  copies are not looked for yet.
* Captions of one picture are paired with their neighbours; a picture of which one caption is
  evaluation text loses that caption's pairs, not all of its captions.
* Languages that share a script are told apart by their source alone.
* Samples of every reason for a drop lie in `drops.jsonl` beside the corpus.
"""


def card_text(manifest: Mapping[str, Any], sources: Iterable[Source], recipe: str) -> str:
    """Write the data page.

    Args:
        manifest: Manifest of a processed corpus.
        sources: The sources it was built from.
        recipe: Path of the recipe as a user would type it.

    Returns:
        Markdown, ending in a line feed.
    """
    counts, rules = manifest["counts"], manifest["recipe"]
    blocks = [
        _HEAD.format(
            recipe=recipe,
            date=manifest["made"]["date"][:10],
            processor=manifest["made"]["processor"],
            valid=counts["pairs_valid"],
            pairs=counts["pairs"],
            english_indic=counts["pairs_english_indic"],
        ),
        _languages(counts),
        _table("Pairs by kind", ("kind", "pairs"), counts["pairs_by_kind"].items()),
        _table(
            "Pairs by class of text",
            ("class", "pairs"),
            ((TEXT_CLASSES[c], n) for c, n in counts["pairs_by_class"].items()),
        ),
        _sources(counts, sources),
        _drops(counts["dropped"]),
        _KNOWN.format(**rules),
    ]
    return "\n".join(block.rstrip() + "\n" for block in blocks)


def _languages(counts: Mapping[str, Any]) -> str:
    rows = []
    for code in ("en", *INDIC):
        with_english = counts["pairs_by_languages"].get(f"en-{code}", 0)
        words = counts["mono_words"].get(code, 0)
        rows.append((f"{LANGUAGES[code].name} ({code})", with_english, words))
    head = ("language", "pairs with English", "words for the tokenizer")
    others = counts["pairs"] - sum(row[1] for row in rows)
    note = (
        f"\n{others:,} further pairs stand between or inside Indic languages. English with English "
        "counts paraphrases, entailments, glosses and questions with their answers.\n"
    )
    return _table("Languages", head, rows) + note


def _sources(counts: Mapping[str, Any], sources: Iterable[Source]) -> str:
    rows = [
        (
            source.name,
            source.title,
            counts["pairs_by_source"].get(source.name, 0),
            TEXT_CLASSES[source.text_class],
            f"{source.weight:g}",
            source.licence,
        )
        for source in sources
    ]
    head = ("source", "what it is", "pairs", "class", "weight", "licence")
    return _table("Sources", head, rows)


def _drops(dropped: Mapping[str, Mapping[str, int]]) -> str:
    totals: dict[str, int] = {}
    for reasons in dropped.values():
        for reason, count in reasons.items():
            totals[reason] = totals.get(reason, 0) + count
    ranked = sorted(totals.items(), key=lambda item: -item[1])
    return _table("What was dropped, and why", ("reason", "rows"), ranked)


def _table(title: str, head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [f"## {title}", "", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
