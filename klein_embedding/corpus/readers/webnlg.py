"""Texts that state the same facts, in the XML of WebNLG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import files_of, readable, required, xml_root
from klein_embedding.text import Line, Pair


def read_webnlg(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read documents of ``entry`` elements, each with several ``lex/text``.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the documents.
        source: Name of the source.

    Returns:
        Paraphrase pairs: each text with the next one of its entry; texts that the authors call
        bad are left out.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(_webnlg(root, options, source), source)


def _webnlg(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    for _, entries in readable(files_of(root, options.get("files", "**/*.xml")), _entries):
        for texts in entries:
            for anchor, positive in pairwise(texts):
                yield Pair(anchor, positive, "en", "en", source, "paraphrase")


def _entries(path: Path) -> list[list[str]]:
    return [
        list(
            dict.fromkeys(
                " ".join(text.split())
                for lex in entry.iter("lex")
                if lex.get("comment") != "bad" and (text := lex.findtext("text") or "").strip()
            )
        )
        for entry in xml_root(path).iter("entry")
    ]
