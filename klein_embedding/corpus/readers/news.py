"""Running text: newspaper articles, an Urdu library, and lists of sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import (
    files_of,
    lines_of,
    option,
    read_lines,
    readable,
    required,
    xml_root,
)
from klein_embedding.languages import by_tag
from klein_embedding.text import Line, Pair, script_share

_MARKUP = re.compile(r"<[^<>]*>")
_MIN_SHARE = 0.3
_LONGEST_TITLE = 20
"""Words; a longer first line is a paragraph like the others."""
_BODY_WORDS = 25
"""Words that the text under a title must have to say more than the title."""


def read_news_text(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read articles, one plain file each, whose first line may be a title.

    Markup, date lines and all other lines outside the language's script are left out.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the articles; ``lang``: code of their language.
        source: Name of the source.

    Returns:
        A line for each paragraph, and a title-body pair where an article has a title.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_news(root, options, source), source)


def _news(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    lang = option(options, "lang", source)
    for _, text in readable(files_of(root, option(options, "files", source)), _text):
        rows = [" ".join(row.split()) for row in lines_of(_MARKUP.sub("\n", text))]
        paragraphs = [row for row in rows if script_share(row, lang) >= _MIN_SHARE]
        yield from _article(paragraphs, lang, source)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _article(paragraphs: list[str], lang: str, source: str) -> Iterator[Pair | Line]:
    yield from (Line(paragraph, lang, source) for paragraph in paragraphs)
    if len(paragraphs) > 1 and len(paragraphs[0].split()) <= _LONGEST_TITLE:
        body = " ".join(paragraphs[1:])
        if len(body.split()) >= _BODY_WORDS:
            yield Pair(paragraphs[0], body, lang, lang, source, "title-body")


def read_makhzan(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read Urdu articles in XML: ``meta/title`` and ``body//p``.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the articles.
        source: Name of the source.

    Returns:
        A line for each paragraph, and a pair of the title and the first full paragraph.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(_makhzan(root, options, source), source)


def _makhzan(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    paths = files_of(root, options.get("files", "**/*.xml"))
    for _, (title, paragraphs) in readable(paths, _xml_article):
        yield from (Line(paragraph, "ur", source) for paragraph in paragraphs)
        full = [text for text in paragraphs if len(text.split()) >= _BODY_WORDS]
        if title and full:
            yield Pair(title, full[0], "ur", "ur", source, "title-body")


def _xml_article(path: Path) -> tuple[str, list[str]]:
    article = xml_root(path)
    title = " ".join((article.findtext("meta/title") or "").split())
    texts = [" ".join("".join(p.itertext()).split()) for p in article.findall("body//p")]
    return title, [text for text in texts if text]


def read_plain_lines(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read files of one sentence a line in folders that bear a language tag.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns such as ``server/data/*/sentences.txt``; files in
            folders of other languages are passed over.
        source: Name of the source.

    Returns:
        A line for each line that is not empty.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_plain(root, options, source), source)


def _plain(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Line]:
    paths = files_of(root, option(options, "files", source))
    for path, lines in readable([p for p in paths if by_tag(p.parent.name)], read_lines):
        lang = by_tag(path.parent.name) or ""
        yield from (Line(line.strip(), lang, source) for line in lines if line.strip())
