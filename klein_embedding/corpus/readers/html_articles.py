"""Articles in HTML, on their own or inside a script that carries them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from klein_embedding.corpus.readers.members import decoded
from klein_embedding.corpus.readers.news import article, paragraphs_of
from klein_embedding.corpus.readers.reading import files_of, option, readable, required
from klein_embedding.text import Line, Pair


def read_html_articles(
    root: Path, options: Mapping[str, Any], source: str
) -> Iterator[Pair | Line]:
    """Read articles, one file each, whose title stands anywhere in the file.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns; ``lang``: code of their language; ``blocks``: CSS
            selector of the paragraphs; ``title``: regular expression whose first group is the
            title, searched in the source text of the file.
        source: Name of the source.

    Returns:
        A line for each title and paragraph, and a title-body pair where an article has both.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_articles(root, options, source), source)


def _articles(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    lang, blocks = option(options, "lang", source), option(options, "blocks", source)
    title = re.compile(option(options, "title", source))
    for _, (head, texts) in readable(
        files_of(root, option(options, "files", source)), lambda path: _parts(path, blocks, title)
    ):
        paragraphs = [text for text in paragraphs_of(texts, lang) if text != head]
        if head:
            yield from article([head, *paragraphs], lang, source)
        else:
            yield from (Line(text, lang, source) for text in paragraphs)


def _parts(path: Path, blocks: str, title: re.Pattern[str]) -> tuple[str, list[str]]:
    text = decoded(path.read_bytes())
    found = title.search(text)
    nodes = LexborHTMLParser(text).css(blocks)
    # Line breaks inside a paragraph are the source's, not the reader's.
    texts = [" ".join(node.text(deep=True).split()) for node in nodes]
    return " ".join(found[1].split()) if found else "", texts
