"""Quiz questions and their answers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import files_of, lines_of, readable, required
from klein_embedding.text import Line, Pair

# A multi-byte character of UTF-8, or any other byte above ASCII.
_HIGH_BYTES = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|\xe0[\xa0-\xbf][\x80-\xbf]"
    rb"|[\xf0-\xf4][\x80-\xbf]{3}|([\x80-\xff])"
)
# The last byte of a closing quotation mark does not exist in cp1252 and was written as "?".
_BROKEN_QUOTE = b"\xe2\x80?"
_BROKEN_OTHER = re.compile(rb"[\xc2-\xdf]\?|[\xe0-\xef][\x80-\xbf]\?")
_REMARK = re.compile(r"^\([^)]*\)\s*")
_EMPTY_ANSWERS = {"true", "false", "yes", "no", "all of these", "none of these"}


def read_jeopardy(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read clues with header names in which ``answer`` is the clue and ``question`` the response.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the tab-separated files.
        source: Name of the source.

    Returns:
        Question-answer pairs, "category: clue" -> response.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(_jeopardy(root, options, source), source)


def _jeopardy(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    for _, rows in readable(files_of(root, options.get("files", "**/*.tsv")), _clues):
        for category, clue, response in rows:
            if clue and response:
                anchor = f"{category}: {clue}" if category else clue
                yield Pair(anchor, response, "en", "en", source, "question-answer")


def _clues(path: Path) -> list[tuple[str, str, str]]:
    text = path.read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [
        (
            # Categories are written in capitals, which a tokenizer cuts to pieces.
            _unescaped(row["category"]).capitalize(),
            _REMARK.sub("", _unescaped(row["answer"])),
            _unescaped(row["question"]),
        )
        for row in rows
    ]


def _unescaped(field: str | None) -> str:
    return (field or "").replace('\\"', '"').replace("\\'", "'").strip()


def read_open_trivia(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read blocks of ``#Q question``, ``^ right answer`` and lettered options.

    Questions answered by "True" or "All of these" are left out: such an answer says nothing of
    its question.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the category files.
        source: Name of the source.

    Returns:
        Question-answer pairs with the wrong options as negatives.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(_open_trivia(root, options, source), source)


def _open_trivia(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    for _, text in readable(files_of(root, options.get("files", "**/*")), _repaired):
        for block in re.split(r"^#Q ", text, flags=re.MULTILINE)[1:]:
            head, mark, tail = block.partition("\n^ ")
            answer, *rest = lines_of(tail) or [""]
            answer, question = answer.strip(), " ".join(head.split())
            if not mark or not question or answer.lower() in _EMPTY_ANSWERS or "\ufffd" in block:
                continue
            choices = [line[2:].strip() for line in rest if re.match(r"[A-Z] ", line)]
            wrong = tuple(text for text in dict.fromkeys(choices) if text and text != answer)
            if answer:
                yield Pair(question, answer, "en", "en", source, "question-answer", wrong)


def _repaired(path: Path) -> str:
    """Text of a file that mixes UTF-8, cp1252 and Latin-1, with what was lost as U+FFFD."""
    content = path.read_bytes().replace(_BROKEN_QUOTE, "\u201d".encode())
    content = _BROKEN_OTHER.sub("\ufffd".encode(), content)
    text = _HIGH_BYTES.sub(_as_utf8, content).decode("utf-8").replace("\r", "")
    if "#Q " not in text:
        raise ValueError("it holds no line that begins with #Q")
    return text


def _as_utf8(match: re.Match[bytes]) -> bytes:
    lone = match.group(1)
    if lone is None:
        return match.group()
    try:
        return lone.decode("cp1252").encode()
    except UnicodeDecodeError:
        return lone.decode("latin-1").encode()
