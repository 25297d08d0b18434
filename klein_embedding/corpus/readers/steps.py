"""Steps of coding projects beside their translations, block by block."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.blocks import Block, blocks_of
from klein_embedding.corpus.readers.documents import matched
from klein_embedding.corpus.readers.joining import once
from klein_embedding.corpus.readers.reading import files_of, option, readable, required
from klein_embedding.languages import by_tag
from klein_embedding.text import Line, Pair

# What follows a word, as in "**Remix**{:class="block3events"}".
_ATTRIBUTES = re.compile(r"\{:?[^{}]*\}")
# What surrounds the text: "--- task ---", "[[[generic-scratch-saving]]]".
_MARKS = re.compile(r"\\?-{3} */?[\w -]+? *\\?-{3}|\[\[\[[^\]]*\]\]\]")
# The heading of a box that opens at a click, between the marks of its front matter.
_BOX = re.compile(r"^(?:-{3} )?title: | -{3}$")


def read_steps(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read projects with one folder a language, each with a Markdown file a step.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the translated steps; the folder above a step names
            its language, and the English step lies in a folder ``en`` beside it.
        source: Name of the source.

    Returns:
        Translation pairs, each once; blocks that were left in English are left out.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(once(_pairs(root, options, source)), source)


def _pairs(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    for path in files_of(root, option(options, "files", source)):
        lang = by_tag(path.parent.name)
        original = path.parents[1] / "en" / path.name
        if not lang or lang == "en" or not original.is_file():
            continue
        sides = [side for _, side in readable((original, path), step_blocks)]
        if len(sides) == 2:
            for anchor, positive in matched(sides[0], sides[1]):
                yield Pair(anchor, positive, "en", lang, source, "translation")


def step_blocks(path: Path) -> list[Block]:
    """Blocks of a step without the marks that surround its text.

    Raises:
        ValueError: If the file is damaged.
    """
    blocks = [replace(block, text=_bare(block.text)) for block in blocks_of(path)]
    return [block for block in blocks if block.text]


def _bare(text: str) -> str:
    text = _MARKS.sub(" ", _ATTRIBUTES.sub("", text))
    return _BOX.sub("", " ".join(text.split()))
