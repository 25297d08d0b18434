"""Medical questions with answer passages, in XML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import files_of, readable, required, xml_root
from klein_embedding.text import Line, Pair

_BEFORE_MARK = re.compile(r"[\s?]+\?$")
_KEY_POINTS = re.compile(r"^Key Points\s+")


def read_medquad(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read documents of ``QAPair`` elements; those whose answers were removed give nothing.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the documents.
        source: Name of the source.

    Returns:
        Question-answer pairs in the order of paths.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(_medquad(root, options, source), source)


def _medquad(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    for _, rows in readable(files_of(root, options.get("files", "**/*.xml")), _questions):
        for question, answer in rows:
            if question and answer:
                yield Pair(question, answer, "en", "en", source, "question-answer")


def _questions(path: Path) -> list[tuple[str, str]]:
    return [
        (_question(pair.findtext("Question") or ""), _answer(pair.findtext("Answer") or ""))
        for pair in xml_root(path).iter("QAPair")
    ]


def _question(text: str) -> str:
    """A question without the marks of the templates that wrote it: "is (are)" and " ?"."""
    return _BEFORE_MARK.sub("?", " ".join(text.split())).replace(" is (are) ", " is ")


def _answer(text: str) -> str:
    return _KEY_POINTS.sub("", " ".join(text.split()))
