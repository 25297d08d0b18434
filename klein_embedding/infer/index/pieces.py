"""Text cut into passages that know where in their file they stand."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Unit = Literal["line", "passage"]
Place = Literal["line", "page", "row"]

# What the model reads of a passage ends at 256 tokens; longer ones are cut into pieces.
MAX_PASSAGE = 700
_FENCE = re.compile(r"\s*(```|~~~)")
_HEADING = re.compile(r"#{1,6}\s")
_SENTENCE_END = re.compile(r"(?<=[.!?।॥۔؟])\s+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a file.

    Attributes:
        path: The file, as it was named, or ``-`` for standard input.
        line: Number of its first line, page or row, from 1.
        text: The piece, its line ends replaced by blanks.
        start: Its first character, from 0: in the file's text (a byte order mark not counted,
            line ends as they are), and for a page or a row in the text of that.
        stop: One behind its last character.
        place: What `line` counts.
    """

    path: str
    line: int
    text: str
    start: int = 0
    stop: int = 0
    place: Place = "line"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph whose characters know where they come from.

    Attributes:
        text: The paragraph, white space between its parts reduced to single blanks.
        where: For each of its characters the position in the file's text.
    """

    text: str
    where: array[int]


class Lines:
    """Which line a character of a text stands in."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._text = text

    def number(self, position: int) -> int:
        """Number of the line, from 1, that holds a character."""
        return bisect_right(self._starts, position)

    def stripped(self) -> Iterator[tuple[int, str, str]]:
        """Yield position of the first visible character, visible part and whole of each line."""
        for start, stop in zip(self._starts, [*self._starts[1:], len(self._text)], strict=True):
            line = self._text[start:stop]
            yield start + len(line) - len(line.lstrip()), line.strip(), line


def cut(text: str, path: str, by: Unit) -> Iterator[Passage]:
    """Cut plain text or Markdown.

    Args:
        text: The whole text of a file.
        path: Its name.
        by: "line" for every line that is not blank, "passage" for paragraphs: what blank lines
            separate, a Markdown heading joined to what follows it, a fenced block kept whole.
    """
    lines = Lines(text)
    if by == "line":
        for number, (start, visible, _) in enumerate(lines.stripped(), start=1):
            if visible:
                yield Passage(path, number, visible, start, start + len(visible))
        return
    yield from placed(_blocks(lines), path, lines)


def placed(blocks: Iterable[Block], path: str, lines: Lines) -> Iterator[Passage]:
    """Turn paragraphs into passages of about `MAX_PASSAGE` characters at most.

    Args:
        blocks: Paragraphs of a text.
        path: Its file.
        lines: Its lines.
    """
    for block in blocks:
        for first, last in packed(block.text):
            start = block.where[first]
            piece = block.text[first:last]
            yield Passage(path, lines.number(start), piece, start, block.where[last - 1] + 1)


def packed(text: str) -> Iterator[tuple[int, int]]:
    """Group the sentences of a text into pieces of at most `MAX_PASSAGE` characters.

    A sentence longer than that is cut between words, a word longer than that within.

    Yields:
        First character of a piece, and one behind its last.
    """
    first, last = 0, 0
    for start, stop in sentences(text):
        for begin, end in _bounded(text, start, stop):
            if last > first and end - first > MAX_PASSAGE:
                yield first, last
                first = begin
            elif last == first:
                first = begin
            last = end
    if last > first:
        yield first, last


def sentences(text: str) -> list[tuple[int, int]]:
    """First character and one behind the last of each sentence, blanks around it left out."""
    found = []
    start = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    for match in _SENTENCE_END.finditer(text, start, end):
        found.append((start, match.start()))
        start = match.end()
    return [*found, (start, end)] if end > start else found


def _bounded(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    while stop - start > MAX_PASSAGE:
        blank = text.rfind(" ", start + 1, start + MAX_PASSAGE + 1)
        end = blank if blank > start else start + MAX_PASSAGE
        yield start, end
        start = end + (blank > start)
    yield start, stop


def _blocks(lines: Lines) -> Iterator[Block]:
    """Paragraphs, blank lines left out."""
    block: list[tuple[int, str]] = []
    fenced = False
    for start, visible, line in lines.stripped():
        heading = not fenced and _HEADING.match(line) is not None
        waits = len(block) == 1 and _HEADING.match(block[0][1]) is not None
        ends = not fenced and not visible and not waits
        if block and (heading or ends):
            yield _joined(block)
            block = []
        if visible:
            block.append((start, visible))
        fenced ^= _FENCE.match(line) is not None
    if block:
        yield _joined(block)


def _joined(block: list[tuple[int, str]]) -> Block:
    where: array[int] = array("q")
    for start, text in block:
        if where:
            where.append(where[-1])
        where.extend(range(start, start + len(text)))
    return Block(" ".join(text for _, text in block), where)
