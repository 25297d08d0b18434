"""Counting a built corpus: one pass over its Parquet files, every figure of the data page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from klein_embedding.corpus.audit import AUDIT
from klein_embedding.corpus.sources import Source
from klein_embedding.files import MANIFEST, read_json, read_manifest, sha256

_PAIR_COLUMNS = ["anchor_lang", "positive_lang", "source", "kind", "text_class", "licence"]
WORD_LISTS = "L"
"""The class whose rows are words and phrases, which do not count as sentence pairs."""


def tally(processed: Path, sources: Iterable[Source]) -> dict[str, Any]:
    """Count the training pairs and the monolingual words of a corpus.

    Args:
        processed: Folder of a built corpus.
        sources: Catalogue rows it was built from.

    Returns:
        The figures of ``docs/data.json``: ``pairs`` (total, english_indic, by_language, by_class,
        by_kind, by_licence, english_indic_by_language), ``mono_words`` (by_language, side_share),
        ``audit`` and ``sources``. ``english_indic`` leaves words and phrases out.

    Raises:
        KleinError: If the corpus is missing or unfinished.
    """
    manifest = read_manifest(processed)
    groups = _groups(processed / "pairs-train.parquet")
    return {
        "corpus": {
            "made": manifest.get("made", {}),
            "guard": manifest["guard"],
            "manifest": sha256(processed / MANIFEST),
        },
        "pairs": _pairs(groups) | {"held_out": manifest["counts"]["pairs_valid"]},
        "mono_words": _mono(processed / "mono.parquet"),
        "dropped": _dropped(manifest["counts"]["dropped"]),
        "audit": _audit(processed),
        "sources": _sources(groups, sources),
    }


def _groups(path: Path) -> list[dict[str, Any]]:
    table = pq.read_table(path, columns=_PAIR_COLUMNS)
    counted = table.group_by(_PAIR_COLUMNS).aggregate([([], "count_all")])
    return counted.to_pylist()


def _pairs(groups: list[dict[str, Any]]) -> dict[str, Any]:
    languages: Counter[str] = Counter()
    with_english: dict[str, Counter[str]] = {}
    between: Counter[str] = Counter()
    for group in groups:
        count, both = group["count_all"], {group["anchor_lang"], group["positive_lang"]}
        for lang in both:
            languages[lang] += count
        if len(both) == 2 and "en" in both:
            (lang,) = both - {"en"}
            with_english.setdefault(lang, Counter())[group["text_class"]] += count
        elif "en" not in both:
            between["within one Indic language" if len(both) == 1 else "Indic-Indic"] += count
    words = sum(counts[WORD_LISTS] for counts in with_english.values())
    return {
        "total": sum(group["count_all"] for group in groups),
        "english_indic": sum(sum(counts.values()) for counts in with_english.values()) - words,
        "english_indic_words": words,
        "by_language": dict(sorted(languages.items())),
        "english_indic_by_language": {
            lang: dict(sorted(counts.items())) for lang, counts in sorted(with_english.items())
        },
        "without_english": dict(sorted(between.items())),
        "by_class": _by(groups, "text_class"),
        "by_kind": _by(groups, "kind"),
        "by_licence": _by(groups, "licence"),
        "indic_title_body": sum(
            group["count_all"]
            for group in groups
            if group["kind"] == "title-body" and group["anchor_lang"] != "en"
        ),
    }


def _by(groups: list[dict[str, Any]], column: str) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for group in groups:
        counts[group[column]] += group["count_all"]
    return dict(sorted(counts.items()))


def _mono(path: Path) -> dict[str, Any]:
    file = pq.ParquetFile(path)
    words: Counter[str] = Counter()
    sides: Counter[str] = Counter()
    for batch in file.iter_batches(batch_size=1 << 16, columns=["text", "lang", "side"]):
        counts = pc.add(pc.count_substring(batch["text"], " "), 1)  # pyright: ignore[reportAttributeAccessIssue]
        table = pa.table({"words": counts, "lang": batch["lang"], "side": batch["side"]})
        for row in table.group_by(["lang", "side"]).aggregate([("words", "sum")]).to_pylist():
            words[row["lang"]] += row["words_sum"]
            sides[row["lang"]] += row["words_sum"] if row["side"] else 0
    return {
        "by_language": dict(sorted(words.items())),
        "side_share": {lang: round(sides[lang] / words[lang], 3) for lang in sorted(words)},
    }


def _dropped(by_source: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for reasons in by_source.values():
        totals.update(reasons)
    return dict(totals.most_common())


def _audit(processed: Path) -> dict[str, Any]:
    """What the last audit of exactly this corpus found; no figure stands for no audit."""
    if not (processed / AUDIT).is_file():
        return {"hits": None}
    found = read_json(processed / AUDIT)
    if found["corpus"] != sha256(processed / MANIFEST):
        return {"hits": None}
    return {name: found[name] for name in ("hits", "texts", "threshold")}


def _sources(groups: list[dict[str, Any]], sources: Iterable[Source]) -> list[dict[str, Any]]:
    counts: dict[str, Counter[str]] = {}
    for group in groups:
        langs = "-".join((group["anchor_lang"], group["positive_lang"]))
        counts.setdefault(group["source"], Counter())[langs] += group["count_all"]
    return [
        {
            "name": source.name,
            "title": source.title,
            "origin": f"{source.origin_kind}: {source.origin}",
            "class": source.text_class,
            "licence": source.licence,
            "weight": source.weight,
            "citation": source.citation,
            "pairs": sum(counts.get(source.name, Counter()).values()),
            "pairs_by_languages": dict(sorted(counts.get(source.name, Counter()).items())),
        }
        for source in sources
    ]
