"""Picture-book stories in Markdown, one folder a language, one heading a page."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import files_of, readable, required
from klein_embedding.languages import LANGUAGES
from klein_embedding.text import Line, Pair

_PAGE = re.compile(r"^##[ \t]*", re.MULTILINE)
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def read_stories(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read stories and join the versions of one story page by page.

    The title is left out because versions of a story are often retitled, and so is a story of
    which two versions differ in their number of pages.

    Args:
        root: Folder that holds ``{lang}/{nnnn}_{name}.md``.
        options: ``english``: name of the source, a folder beside this one, that holds the English
            versions, if this one does not; ``alone``: true if every page is read as a text of its
            own, where the translations stand elsewhere.
        source: Name of the source.

    Returns:
        Translation pairs of pages for every two of our languages, English first; or texts.

    Raises:
        KleinError: If nothing could be read.
    """
    other = options.get("english")
    english = root.parent.parent / other / "files" if other else root
    versions: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for lang in LANGUAGES:
        folder = (english if lang == "en" else root) / lang
        for path, pages in readable(files_of(folder, "[0-9][0-9][0-9][0-9]_*.md"), _pages):
            versions[path.name[:4]].setdefault(lang, pages)
    return required(
        _alone(versions, source) if options.get("alone") else _pairs(versions, source), source
    )


def _alone(versions: Mapping[str, Mapping[str, list[str]]], source: str) -> Iterator[Line]:
    for number in sorted(versions):
        for lang, pages in versions[number].items():
            yield from (Line(page, lang, source) for page in pages if page)


def _pairs(versions: Mapping[str, Mapping[str, list[str]]], source: str) -> Iterator[Pair]:
    for number in sorted(versions):
        for left, right in combinations(versions[number], 2):
            pages, others = versions[number][left], versions[number][right]
            if len(pages) != len(others):
                continue
            for page, other in zip(pages, others, strict=True):
                if page and other:
                    yield Pair(page, other, left, right, source, "translation")


def _pages(path: Path) -> list[str]:
    parts = _PAGE.split(path.read_text(encoding="utf-8"))[1:]
    # The last page lists licence, authors and language as bullet points.
    pages = [part.strip() for part in parts if not part.lstrip().startswith("* License")]
    return [_LINK.sub(r"\1", _IMAGE.sub("", page)).strip() for page in pages]
