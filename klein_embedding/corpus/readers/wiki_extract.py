"""Wikipedia as the tool WikiExtractor writes it: ``<doc title="…">`` around plain paragraphs."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.news import article
from klein_embedding.corpus.readers.reading import (
    files_of,
    lines_of,
    option,
    readable,
    required,
)
from klein_embedding.text import Line, Pair, script_share

_DOC = re.compile(r'<doc\b[^>\n]*?\btitle="([^"\n]*)"[^>\n]*>\n(.*?)</doc>', re.DOTALL)
_MARKUP = re.compile(r"<[^<>\n]*>|\[\[|\]\]|\{\{|\}\}|__[A-Z]+__")
_EMPTY_BRACKETS = re.compile(r"\(\s*[,;:]*\s*\)")
_LEAST_SHARE = 0.5
_HEADING_WORDS = 3
"""Section headings are no sentences, and the same few stand in every article."""


def read_wiki_extract(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read articles of WikiExtractor, many in a file.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the files; ``lang``: code of their language.
        source: Name of the source.

    Returns:
        A line for each title and paragraph, and a title-body pair where an article has a body.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_articles(root, options, source), source)


def _articles(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    lang = option(options, "lang", source)
    for _, docs in readable(files_of(root, option(options, "files", source)), _docs):
        for title, body in docs:
            yield from article([title, *_paragraphs(title, body, lang)], lang, source)


def _docs(path: Path) -> list[tuple[str, str]]:
    found = _DOC.findall(path.read_text(encoding="utf-8"))
    if not found:
        raise ValueError("no <doc title=...> in it")
    return [(" ".join(html.unescape(title).split()), body) for title, body in found]


def _paragraphs(title: str, body: str, lang: str) -> Iterator[str]:
    for row in lines_of(body):
        text = _EMPTY_BRACKETS.sub("", _MARKUP.sub(" ", html.unescape(row)))
        text = " ".join(text.split())
        heading = text.count(" ") < _HEADING_WORDS
        if text != title and not heading and script_share(text, lang) >= _LEAST_SHARE:
            yield text
