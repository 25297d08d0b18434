"""Pages that explain commands by example, in English and in translation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import files_of, read_lines, readable, required
from klein_embedding.text import Line, Pair

MOST_REPEATS = 3
"""Pages that one description may come from: "Display help" fits every command."""

_HINT = re.compile(r"\[(\w+)\]")
_MARKS = re.compile(r"\{\{(.*?)\}\}")
# Options stand in such marks too, and they tell one example from another.
_OPTION = re.compile(r"\[(-\w+)\|(--[\w-]+)\]")
_LINKS = re.compile(r"<[^<>]*>|`")


@dataclass(frozen=True, slots=True)
class _Page:
    name: str
    summary: str
    examples: dict[str, str]


def read_tldr(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read pages ``pages/{platform}/{command}.md`` of the tldr project.

    Args:
        root: Folder of the source's files.
        options: None are used.
        source: Name of the source.

    Returns:
        Pairs of what a command does and the command, and of a command's name and its summary, in
        the order of paths.

    Raises:
        KleinError: If nothing could be read.
    """
    del options
    return required(_explained(root, source), source)


def _explained(root: Path, source: str) -> Iterator[Pair]:
    used: Counter[str] = Counter()
    for _, page in readable(files_of(root, "pages/**/*.md"), _page):
        if page.summary:
            yield Pair(page.name, page.summary, "en", "en", source, "gloss")
        for command, text in page.examples.items():
            used[text] += 1
            if used[text] <= MOST_REPEATS:
                shown = _MARKS.sub(r"\1", _OPTION.sub(r"\2", command))
                yield Pair(text, shown, "en", "en", source, "question-answer")


def _page(path: Path) -> _Page:
    name, summary, text = "", "", ""
    examples: dict[str, str] = {}
    for line in map(str.strip, read_lines(path)):
        if line.startswith("# "):
            name = line[2:]
        elif line.startswith("> ") and not summary and "is an alias of" not in line:
            summary = _LINKS.sub("", line[2:]).strip()
        elif line.startswith("- "):
            text = _HINT.sub(r"\1", line[2:]).rstrip(": ").replace("`", "")
        elif line.startswith("`") and text:
            # A command in angle brackets is a key to press inside the program.
            if not line.startswith("`<"):
                examples[line.strip("`")] = text
            text = ""
    return _Page(name, summary, examples)
