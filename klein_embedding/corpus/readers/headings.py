"""English manuals: a heading and the paragraph below it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.blocks import HEADING, Block, blocks_of
from klein_embedding.corpus.readers.reading import files_of, option, readable, required
from klein_embedding.text import Line, Pair, fingerprint

_FEWEST_WORDS = 8
_CLEAR_WORDS = 4
_NUMBER = re.compile(r"(?:[A-Z]\.|\d+\.)(?:\d+\.?)*\s+")


def read_headings(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read documents of any format that `blocks_of` knows.

    A heading of fewer than four words, such as "Description", says little by itself, so the
    title of its document stands before it. Paragraphs below eight words, and those that were told
    before, are left out.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the documents.
        source: Name of the source.

    Returns:
        Title-body pairs in the order of paths.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_pairs(root, option(options, "files", source), source), source)


def _pairs(root: Path, patterns: list[str], source: str) -> Iterator[Pair]:
    told: set[int] = set()
    for _, blocks in readable(files_of(root, patterns), blocks_of):
        for heading, paragraph in headed(blocks):
            key = fingerprint(paragraph)
            if key not in told:
                told.add(key)
                yield Pair(heading, paragraph, "en", "en", source, "title-body")


def headed(blocks: list[Block]) -> Iterator[tuple[str, str]]:
    """Headings with the first paragraph right below each."""
    title = ""
    for above, below in pairwise(blocks):
        if above.kind != HEADING:
            continue
        heading = _NUMBER.sub("", above.text)
        heading = heading.capitalize() if heading.isupper() else heading
        if heading == "Name" and below.kind != HEADING:
            # Manuals introduce themselves below it: "cat - concatenate files".
            title = below.text
            continue
        alone = not title or heading.count(" ") + 1 >= _CLEAR_WORDS
        title = title or heading
        if below.kind != HEADING and below.text.count(" ") + 1 >= _FEWEST_WORDS:
            yield (heading if alone else f"{title}: {heading}"), below.text
