"""Resource files in XML outside Android: XLIFF translation units and Windows' .resw."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from klein_embedding.corpus.readers.joining import (
    catalogues,
    joined,
    once,
    xml_without_entities,
)
from klein_embedding.corpus.readers.reading import files_of, option, readable, required
from klein_embedding.languages import by_tag
from klein_embedding.text import Line, Pair

_MACRO = re.compile(r"@@(\w+)@@")


def read_xliff(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read the translation units of XLIFF 1 files whose target language is one of ours.

    Args:
        root: Folder of the source's files.
        options: None are known.
        source: Name of the source.

    Returns:
        Translation pairs of source and target, each once; a macro ``@@NAME@@`` reads ``{NAME}``.

    Raises:
        KleinError: If nothing could be read.

    Source:
        OASIS, "XLIFF 1.1 Specification".
    """
    return required(once(_units(root, source)), source)


def _units(root: Path, source: str) -> Iterator[Pair]:
    for _, document in readable(files_of(root, "**/*.xml"), xml_without_entities):
        for file in document.iter():
            lang = by_tag(file.get("target-language", "")) if _tag(file) == "file" else None
            for unit in file.iter() if lang and lang != "en" else ():
                texts = {_tag(p): _MACRO.sub(r"{\1}", "".join(p.itertext())) for p in unit}
                anchor, positive = texts.get("source", ""), texts.get("target", "")
                if _tag(unit) == "trans-unit" and anchor.strip() and positive.strip():
                    yield Pair(anchor, positive, "en", str(lang), source, "translation")


def read_resw(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read ``{language}/*.resw``, joined on the name of each text.

    Args:
        root: Folder of the source's files.
        options: ``english``: tags of the English folders, the first that exists is taken.
        source: Name of the source.

    Returns:
        Translation pairs, each once.

    Raises:
        KleinError: If the option is missing or nothing could be read.
    """
    english = option(options, "english", source)
    return required(once(_values(root, english, source)), source)


def _values(root: Path, english: list[str], source: str) -> Iterator[Pair]:
    for lang, anchor, path in catalogues(root, ".resw", english):
        sides = [_named(side) for _, side in readable((anchor, path), xml_without_entities)]
        if len(sides) == 2:
            yield from joined(sides[0], sides[1], lang, source)


def _named(document: ElementTree.Element) -> dict[str, str]:
    return {row.get("name", ""): row.findtext("value", "") for row in document.iter("data")}


def _tag(element: ElementTree.Element) -> str:
    """Name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]
