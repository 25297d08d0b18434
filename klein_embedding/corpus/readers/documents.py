"""Translated documents beside their originals, paragraph by paragraph where their shapes agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.blocks import HEADING, Block, blocks_of
from klein_embedding.corpus.readers.joining import once
from klein_embedding.corpus.readers.reading import files_of, option, readable, required
from klein_embedding.languages import by_tag
from klein_embedding.text import Line, Pair


def read_documents(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read documents whose path differs from the original's in one folder, which names a language.

    Blocks are joined in order where both documents have the same blocks of the same kinds; else
    section by section, between headings, if the documents have as many headings.

    Args:
        root: Folder of the source's files.
        options: ``english``: name of the folder of the originals; ``folders``: languages by the
            names of other folders, when these are no locale tags; ``files``: glob patterns.
        source: Name of the source.

    Returns:
        Translation pairs, each once; blocks that were left in English are left out.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(once(_pairs(root, options, source)), source)


def _pairs(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    english, folders = option(options, "english", source), options.get("folders", {})
    patterns = options.get("files", ["**/*.html", "**/*.md", "**/*.page"])
    for path in files_of(root, patterns):
        original, lang = _original(path, root, english, folders)
        if not lang or not original.is_file():
            continue
        sides = [side for _, side in readable((original, path), blocks_of)]
        if len(sides) == 2:
            for anchor, positive in matched(sides[0], sides[1]):
                yield Pair(anchor, positive, "en", lang, source, "translation")


def _original(path: Path, root: Path, english: str, folders: Mapping[str, str]) -> tuple[Path, str]:
    """Path of the original of a document, and the document's language, "" for none of ours."""
    parts = list(path.relative_to(root).parts)
    for place, part in enumerate(parts[:-1]):
        lang = folders.get(part) or by_tag(part)
        if part == english:
            break
        if lang and lang != "en":
            parts[place] = english
            return root.joinpath(*parts), lang
    return path, ""


def matched(original: list[Block], translation: list[Block]) -> Iterator[tuple[str, str]]:
    """Texts of the blocks that belong together, equal ones left out."""
    if _shape(original) == _shape(translation):
        parts = [(original, translation)]
    else:
        lefts, rights = _sections(original), _sections(translation)
        parts = list(zip(lefts, rights, strict=True)) if len(lefts) == len(rights) else []
    for one, other in parts:
        # The headings of a section correspond even where its paragraphs do not.
        whole = _shape(one) == _shape(other)
        for left, right in zip(one, other, strict=False):
            alike = whole or left.kind == right.kind == HEADING
            if alike and left.text != right.text:
                yield left.text, right.text


def _shape(blocks: list[Block]) -> list[str]:
    return [block.mark for block in blocks]


def _sections(blocks: list[Block]) -> list[list[Block]]:
    """The blocks before the first heading, and then from each heading to the next."""
    sections: list[list[Block]] = [[]]
    for block in blocks:
        if block.kind == HEADING:
            sections.append([])
        sections[-1].append(block)
    return sections
