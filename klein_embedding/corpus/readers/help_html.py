"""Help pages in HTML whose paragraphs carry the same identifiers in every language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from klein_embedding.corpus.readers.joining import catalogues, joined, once
from klein_embedding.corpus.readers.reading import option, readable, required
from klein_embedding.text import Line, Pair

_BLOCKS = "p[id], h1[id], h2[id], h3[id], h4[id], h5[id], h6[id], li[id], td[id]"
_SPACE = re.compile(r"\s+")


def read_help_html(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read ``{language}/**/*.html``, joined on page and identifier of paragraphs and headings.

    Args:
        root: Folder of the source's files.
        options: ``english``: tags of the English folders, the first that exists is taken.
        source: Name of the source.

    Returns:
        Translation pairs, each once; what is left in English is passed over.

    Raises:
        KleinError: If the option is missing or nothing could be read.
    """
    english = option(options, "english", source)
    return required(once(_pairs(root, english, source)), source)


def _pairs(root: Path, english: list[str], source: str) -> Iterator[Pair]:
    for lang, anchor, path in catalogues(root, ".html", english):
        sides = [side for _, side in readable((anchor, path), _paragraphs)]
        if len(sides) == 2:
            other = {key: text for key, text in sides[1].items() if text != sides[0].get(key)}
            yield from joined(sides[0], other, lang, source)


def _paragraphs(path: Path) -> dict[str, str]:
    page = LexborHTMLParser(path.read_bytes().decode("utf-8"))
    found: dict[str, str] = {}
    for node in page.css(_BLOCKS):
        # A page may say the same paragraph once a system; the first one of each counts.
        key = node.attributes.get("id") or ""
        found.setdefault(key, _SPACE.sub(" ", node.text(deep=True)).strip())
    return found
