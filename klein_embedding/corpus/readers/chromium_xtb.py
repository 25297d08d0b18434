"""Chromium's translation bundles (.xtb), one file a catalogue and language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from klein_embedding.corpus.readers.icu import all_forms
from klein_embedding.corpus.readers.joining import joined, once, xml_without_entities
from klein_embedding.corpus.readers.reading import files_of, readable, required
from klein_embedding.languages import by_tag
from klein_embedding.text import Line, Pair

_ENGLISH = "en-GB"
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


def read_chromium_xtb(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read ``*_{language}.xtb``, joined on the translation's id with ``*_en-GB.xtb`` beside it.

    Args:
        root: Folder of the source's files, several states of the bundles side by side.
        options: ``brands``: table from a name that a fork of Chromium put in place of another to
            the name that is read instead; pairs with a name on one side alone are left out.
        source: Name of the source.

    Returns:
        Translation pairs, each once over all states; placeholders read ``{NAME}``.

    Raises:
        KleinError: If nothing could be read.
    """
    brands: Mapping[str, str] = options.get("brands", {})
    return required(once(_unbranded(_pairs(root, source), brands)), source)


def _pairs(root: Path, source: str) -> Iterator[Pair]:
    english: dict[tuple[str, str], str] = {}
    for english_path in files_of(root, f"**/*_{_ENGLISH}.xtb"):
        for _, bundle in readable([english_path], _messages):
            english = all_forms(bundle)
            stem = english_path.stem.removesuffix(_ENGLISH)
            paths = files_of(english_path.parent, f"{stem}*.xtb")
            for path, messages in readable([p for p in paths if _lang(p, stem)], _messages):
                yield from joined(english, all_forms(messages), _lang(path, stem), source)


def _lang(path: Path, stem: str) -> str:
    code = by_tag(path.stem.removeprefix(stem))
    return code if code and code != "en" else ""


def _messages(path: Path) -> dict[str, str]:
    return {
        element.get("id", ""): _text(element)
        for element in xml_without_entities(path).iter("translation")
    }


def _text(element: ElementTree.Element) -> str:
    parts = [element.text or ""]
    for child in element:
        parts += [f"{{{child.get('name', '')}}}", child.tail or ""]
    # Bundles of Android's strings keep the escapes of its resource files.
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), "".join(parts)).replace("\\'", "'")


def _unbranded(pairs: Iterable[Pair], brands: Mapping[str, str]) -> Iterator[Pair]:
    """Undo the renaming; where it met one side alone, the two no longer say the same."""
    own = {name.lower(): other for name, other in brands.items()}
    found = re.compile("|".join(re.escape(name) for name in brands) or "(?!)", re.IGNORECASE)
    for pair in pairs:
        names = [
            {own[name.lower()] for name in found.findall(side)}
            for side in (pair.anchor, pair.positive)
        ]
        if not names[0] and not names[1]:
            yield pair
        elif names[0] == names[1]:
            anchor, positive = (
                found.sub(lambda match: own[match[0].lower()], side)
                for side in (pair.anchor, pair.positive)
            )
            yield replace(pair, anchor=anchor, positive=positive)
