"""Translations of one declaration, marked up alike: articles of titles and paragraphs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from klein_embedding.corpus.readers.blocks import HEADING, PARAGRAPH, Block
from klein_embedding.corpus.readers.documents import matched
from klein_embedding.corpus.readers.joining import once
from klein_embedding.corpus.readers.reading import option, readable, required
from klein_embedding.text import Line, Pair


def read_declaration(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read XML files of one declaration, article by article.

    Args:
        root: Folder of the source's files.
        options: ``english``: path of the original; ``languages``: languages by the paths of the
            translations.
        source: Name of the source.

    Returns:
        Translation pairs, each once.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(once(_pairs(root, options, source)), source)


def _pairs(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    original = root / option(options, "english", source)
    for name, lang in option(options, "languages", source).items():
        sides = [side for _, side in readable((original, root / name), declaration_blocks)]
        if len(sides) == 2:
            for anchor, positive in matched(sides[0], sides[1]):
                yield Pair(anchor, positive, "en", lang, source, "translation")


def declaration_blocks(path: Path) -> list[Block]:
    """Titles and paragraphs of a declaration, in order."""
    found = []
    for element in ElementTree.parse(path).iter():
        tag = str(element.tag).rpartition("}")[2]
        if tag in ("title", "para"):
            text = " ".join("".join(element.itertext()).split())
            found.append(Block(HEADING if tag == "title" else PARAGRAPH, tag, text))
    return [block for block in found if block.text]
