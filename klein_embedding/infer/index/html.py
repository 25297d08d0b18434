"""Paragraphs of an HTML page, each character with its place in the source."""

from __future__ import annotations

import html
import re
from array import array
from html.parser import HTMLParser

from klein_embedding.infer.index.pieces import Block

# Elements inside a line of text; every other one begins a paragraph and ends one.
_INLINE = re.compile(
    "a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|img|input|ins|kbd|label|mark|q|"
    "rb|rp|rt|ruby|s|samp|small|span|strike|strong|sub|sup|time|tt|u|var|wbr"
)
_UNSEEN = frozenset({"script", "style", "template", "noscript", "svg", "math", "iframe", "object"})
_BLANKS = re.compile(r"\s+")


def html_blocks(source: str) -> list[Block]:
    """Read the visible text of a page.

    Args:
        source: The page. Broken markup is read as a browser would at best guess: an unclosed
            element ends where its paragraph does.

    Returns:
        Paragraphs in the order of the source, the title among them.
    """
    reader = _Reader(source)
    reader.feed(source)
    reader.close()
    reader.end_block()
    return reader.blocks


class _Reader(HTMLParser):
    # The library's parser tells where in the source each piece stands, which faster ones do not.
    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=False)
        self.blocks: list[Block] = []
        self._starts = [0, *(match.end() for match in re.finditer("\n", source))]
        self._text: list[str] = []
        self._where: array[int] = array("q")
        self._unseen: list[str] = []

    def end_block(self) -> None:
        """Close the paragraph that is open."""
        if self._text and self._text[-1] == " ":
            self._text.pop()
            self._where.pop()
        if self._text:
            self.blocks.append(Block("".join(self._text), self._where))
        self._text, self._where = [], array("q")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen.append(tag)
        if not _INLINE.fullmatch(tag):
            self.end_block()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not _INLINE.fullmatch(tag):
            self.end_block()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        if not _INLINE.fullmatch(tag):
            self.end_block()

    def handle_data(self, data: str) -> None:
        start = self._position()
        at = 0
        for blank in _BLANKS.finditer(data):
            self._put(data[at : blank.start()], start + at)
            if self._text and self._text[-1] != " ":
                self._put(" ", start + blank.start())
            at = blank.end()
        self._put(data[at:], start + at)

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name};")

    def _reference(self, written: str) -> None:
        start = self._position()
        for char in html.unescape(written):
            seen = " " if char.isspace() else char
            if seen != " " or (self._text and self._text[-1] != " "):
                self._put(seen, start)

    def _put(self, text: str, start: int) -> None:
        if not self._unseen:
            self._text += text
            self._where.extend([start] if len(text) == 1 else range(start, start + len(text)))

    def _position(self) -> int:
        line, column = self.getpos()
        return self._starts[line - 1] + column
