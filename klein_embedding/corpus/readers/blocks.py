"""Documents taken apart into headings and paragraphs, whatever their format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from selectolax.lexbor import LexborHTMLParser, LexborNode

from klein_embedding.corpus.readers.joining import xml_without_entities
from klein_embedding.corpus.readers.manuals import man, pod, text_of
from klein_embedding.corpus.readers.reading import lines_of

HEADING, PARAGRAPH = "heading", "paragraph"

_HTML_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_HTML_BLOCKS = {*_HTML_HEADINGS, "p", "li", "dt", "dd", "td", "th", "caption"}
_HTML_QUIET = "script, style, nav, aside, pre, head, footer, noscript, a.headerlink, sup, .related"
_HTML_MAIN = "[role=main], main, #DisplayArea, #yui-main"
_XML_QUIET = {"info", "screen", "code", "media"}
_XML_BLOCKS = {"title", "p", "desc", "cite"}
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_FENCE = re.compile(r"^[ \t]*(```|~~~).*?^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_BOX = re.compile(r"^[ \t]*:::.*$", re.MULTILINE)
_MARKDOWN_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+")
_MARKDOWN_HEAD = re.compile(r"#{1,6}\s+(.*?)\s*(?:\{[#/][^}]*\})?\s*#*$")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_MARKS = re.compile(r"\*{1,3}(?=\S)|(?<=\S)\*{1,3}|(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)|`+")
_TAG = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One heading or paragraph.

    Attributes:
        kind: `HEADING` or `PARAGRAPH`.
        mark: Finer name of its kind in its format, such as "h2" or "li".
        text: What a reader sees, on one line.
    """

    kind: str
    mark: str
    text: str


def blocks_of(path: Path) -> list[Block]:
    """Blocks of a document, by the ending of its name; code and navigation are left out.

    Raises:
        ValueError: If the file is damaged or no known format.
    """
    ending = Path(path.name.removesuffix(".gz")).suffix
    parse = _man if re.fullmatch(r"\.[1-9][a-z]*", ending) else _FORMATS.get(ending)
    if parse is None:
        raise ValueError(f"no reader for documents named *{ending}")
    return [block for block in parse(path) if block.text]


def _html(path: Path) -> Iterator[Block]:
    tree = LexborHTMLParser(path.read_bytes().decode("utf-8"))
    for node in tree.css(_HTML_QUIET):
        node.decompose()
    content = tree.css_first(_HTML_MAIN) or tree.body
    for node in content.css(", ".join(sorted(_HTML_BLOCKS))) if content else ():
        # A block that holds blocks is told by them.
        if not _holds_blocks(node):
            tag = str(node.tag)
            kind = HEADING if tag in _HTML_HEADINGS else PARAGRAPH
            yield Block(kind, tag, _folded(node.text(deep=True)))


def _holds_blocks(node: LexborNode) -> bool:
    return any(str(inner.tag) in _HTML_BLOCKS for inner in node.css("*") if inner != node)


def _mallard(path: Path) -> Iterator[Block]:
    yield from _elements(xml_without_entities(path))


def _elements(element: ElementTree.Element) -> Iterator[Block]:
    for child in element:
        tag = str(child.tag).rpartition("}")[2]
        if tag in _XML_BLOCKS:
            kind = HEADING if tag == "title" else PARAGRAPH
            yield Block(kind, tag, _folded("".join(child.itertext())))
        elif tag not in _XML_QUIET:
            yield from _elements(child)


def _markdown(path: Path) -> Iterator[Block]:
    text = "\n".join(lines_of(path.read_bytes().decode("utf-8"))) + "\n"
    # A fence parts the paragraphs around it and says nothing itself.
    text = _BOX.sub("\n", _FENCE.sub("\n\n", _FRONT.sub("", text)))
    for chunk in re.split(r"\n\s*\n", text):
        for mark, lines in _pieces(chunk):
            kind = HEADING if mark == "h" else PARAGRAPH
            yield Block(kind, mark, plain_markdown(lines))


def _pieces(chunk: str) -> Iterator[tuple[str, str]]:
    """Headings, items and paragraphs of lines without an empty one between them."""
    mark, gathered = "p", ""
    for line in chunk.split("\n"):
        heading, item = _MARKDOWN_HEAD.match(line), _MARKDOWN_ITEM.match(line)
        if heading or item or line.lstrip().startswith("|"):
            yield mark, gathered
            mark, gathered = "p", ""
        if heading:
            yield "h", heading[1]
        elif item:
            mark, gathered = "li", line[item.end() :]
        elif not line.lstrip().startswith("|") and not re.fullmatch(r"\s*[-=*_]{3,}\s*", line):
            gathered += " " + line.lstrip("> ")
    yield mark, gathered


def plain_markdown(text: str) -> str:
    """Text of a line of Markdown: links by their labels, no emphasis, code ticks, tags, images."""
    text = _LINK.sub(r"\1", _IMAGE.sub("", text))
    return _folded(_MARKS.sub("", _TAG.sub("", text)))


def _pod(path: Path) -> Iterator[Block]:
    for mark, text in pod(text_of(path.read_bytes())):
        yield Block(PARAGRAPH if mark == "p" else HEADING, mark, text)


def _man(path: Path) -> Iterator[Block]:
    for mark, text in man(text_of(path.read_bytes())):
        yield Block(PARAGRAPH if mark == "p" else HEADING, mark, text)


def _folded(text: str) -> str:
    return " ".join(text.split())


_FORMATS: dict[str, Callable[[Path], Iterator[Block]]] = {
    ".html": _html,
    ".md": _markdown,
    ".page": _mallard,
    ".pod": _pod,
}
