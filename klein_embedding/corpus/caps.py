"""Caps of one source: how much scripture, glossary, template and short string a language keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator

from klein_embedding.corpus.sources import Source
from klein_embedding.recipe import CorpusRecipe
from klein_embedding.text import Pair, normalised

_DIGITS = re.compile(r"\d+")


def over_caps(pairs: list[Pair], source: Source, recipe: CorpusRecipe) -> list[str]:
    """Reason to drop each pair of a source, "" to keep it.

    Each capped group keeps the pairs with the lowest keys: a sample no order can bias.
    """
    keys = [pair.key for pair in pairs]
    groups = [list(_caps(pair, source, recipe)) for pair in pairs]
    members: dict[tuple[str, ...], list[int]] = {}
    for key, found in zip(keys, groups, strict=True):
        for group, _ in found:
            members.setdefault(group, []).append(key)
    limits = {group: sorted(found) for group, found in members.items()}
    reasons = []
    for key, found in zip(keys, groups, strict=True):
        over = [
            f"cap: {group[0]}"
            for group, cap in found
            if len(limits[group]) > cap and key >= limits[group][cap]
        ]
        reasons.append(over[-1] if over else "")
    return reasons


def _caps(
    pair: Pair, source: Source, recipe: CorpusRecipe
) -> Iterator[tuple[tuple[str, ...], int]]:
    languages = (pair.anchor_lang, pair.positive_lang)
    if source.cap:
        yield ("source", *languages), source.cap
    if source.text_class == "S":
        yield ("scripture", *languages), recipe.scripture_cap
    if source.text_class == "L":
        yield ("glossary", *languages), recipe.glossary_cap
    if source.text_class == "U" and pair.anchor.count(" ") < 3:
        yield ("short interface", *languages), recipe.short_interface_cap
    if pair.kind == "translation" and _DIGITS.search(pair.anchor):
        # "Page 1", "Page 2", …: the same sentence but for its numbers.
        frame = _DIGITS.sub("0", normalised(pair.anchor))
        yield ("template", *languages, frame), recipe.template_cap
