"""Running text: newspaper articles, an Urdu library, and lists of sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from klein_embedding.corpus.readers.members import decoded, members
from klein_embedding.corpus.readers.reading import (
    files_of,
    lines_of,
    option,
    read_lines,
    readable,
    required,
    say_damaged,
    xml_root,
)
from klein_embedding.languages import by_tag
from klein_embedding.text import Kind, Line, Pair, script_share

_MARKUP = re.compile(r"<[^<>]*>")
_MARKDOWN = re.compile(r"[*_#\\]+|!?\[|\]\([^()]*\)")
_MIN_SHARE = 0.3
_LONGEST_TITLE = 20
"""Words; a longer first line is a paragraph like the others."""
BODY_WORDS = 25
"""Words that the text under a title must have to say more than the title, unless told."""
_BODY_SEEN = 400
"""Words of a body that are passed on; no recipe reads further, and some articles are books."""
_SEEN_OF_TEXT = 2000
"""Characters by which the script of an article is known."""


def read_news_text(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read articles, one plain file or archive member each, whose first line may be a title.

    Markup, date lines and all other lines outside the language's script are left out.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the articles; ``lang``: code of their language, or
            a list of codes, of which each article gets the one whose script it is written in;
            ``member``: glob pattern of the members to read if the files are archives; ``title``:
            "first" line (unless given), file's "name", or "none"; ``body_words``: see `article`.
        source: Name of the source.

    Returns:
        A line for each paragraph, and a title-body pair where an article has a title.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_news(root, options, source), source)


def _news(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    lang, titled = option(options, "lang", source), options.get("title", "first")
    paths = files_of(root, option(options, "files", source))
    member = options.get("member", "*")
    for path, contents in readable(paths, lambda path: list(members(path, member))):
        for name, content in contents:
            try:
                rows = lines_of(decoded(content))
            except UnicodeDecodeError as error:
                say_damaged(f"{name} of {path}", error)
                continue
            code = language_of(rows, lang)
            texts = paragraphs_of(rows, code)
            if name.endswith(".md"):
                texts = [" ".join(_MARKDOWN.sub("", text).split()) for text in texts]
            if titled == "name":
                texts = [" ".join(PurePosixPath(name).stem.split("_")), *texts]
            if titled == "none":
                yield from (Line(text, code, source) for text in texts)
            else:
                yield from article(texts, code, source, options.get("body_words", BODY_WORDS))


def language_of(rows: Iterable[str], lang: str | Sequence[str]) -> str:
    """The language named, or the one of several in whose script most of the letters stand."""
    if isinstance(lang, str):
        return lang
    text = _MARKUP.sub(" ", " ".join(rows)[:_SEEN_OF_TEXT])
    return max(lang, key=lambda code: script_share(text, code))


def paragraphs_of(rows: Iterable[str], lang: str) -> list[str]:
    """Lines of an article without markup, those outside the language's script left out."""
    texts = (" ".join(text.split()) for row in rows for text in _MARKUP.sub("\n", row).split("\n"))
    return [text for text in texts if script_share(text, lang) >= _MIN_SHARE]


def article(
    rows: Iterable[str],
    lang: str,
    source: str,
    body_words: int = BODY_WORDS,
    kind: Kind = "title-body",
) -> Iterator[Pair | Line]:
    """Take an article apart whose first paragraph may be its title.

    Args:
        rows: Its paragraphs.
        lang: Code of their language.
        source: Name of the source.
        body_words: Fewest words of a text that says more than its title.
        kind: Of the pair.

    Returns:
        A line for each paragraph, and a title-body pair if the first one is short enough.
    """
    paragraphs = list(rows)
    yield from (Line(paragraph, lang, source) for paragraph in paragraphs)
    if len(paragraphs) > 1 and len(paragraphs[0].split()) <= _LONGEST_TITLE:
        body = " ".join(" ".join(paragraphs[1:]).split()[:_BODY_SEEN])
        if body.count(" ") + 1 >= body_words:
            yield Pair(paragraphs[0], body, lang, lang, source, kind)


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
        full = [text for text in paragraphs if len(text.split()) >= BODY_WORDS]
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
