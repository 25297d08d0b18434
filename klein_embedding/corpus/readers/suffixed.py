"""Translated documents whose names tell their language, beside or below their originals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.blocks import blocks_of
from klein_embedding.corpus.readers.documents import matched
from klein_embedding.corpus.readers.joining import once
from klein_embedding.corpus.readers.reading import files_of, readable, required
from klein_embedding.languages import by_tag
from klein_embedding.text import Line, Pair

_NAME = re.compile(r"(.+?)[._-]([a-zA-Z]{2}(?:[_-][A-Za-z]{2})?)(\.[a-z]+)")


def read_suffixed(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read documents such as ``README.hi.md``, each with its original ``README.md``.

    Args:
        root: Folder of the source's files.
        options: ``folder``: name of the folder of translations that lies beside the originals, ""
            unless given; ``english``: name of the original of a document that is named by its
            language alone, such as ``en-US.md`` for ``hi.md``; ``files``: glob patterns.
        source: Name of the source.

    Returns:
        Translation pairs, each once; blocks that were left in English are left out.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(once(_pairs(root, options, source)), source)


def _pairs(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    for path in files_of(root, options.get("files", ["**/*.md"])):
        lang, name = _language(path, options.get("english", ""))
        folder = path.parent.parent if path.parent.name == options.get("folder") else path.parent
        if not lang or not (folder / name).is_file():
            continue
        sides = [side for _, side in readable((folder / name, path), blocks_of)]
        if len(sides) == 2:
            for anchor, positive in matched(sides[0], sides[1]):
                yield Pair(anchor, positive, "en", lang, source, "translation")


def _language(path: Path, english: str) -> tuple[str, str]:
    """Language of a document, "" for none of ours, and the name of its original."""
    name = _NAME.fullmatch(path.name)
    whole = by_tag(path.stem)
    lang = whole or (by_tag(name[2]) if name else None)
    if not lang or lang == "en":
        return "", ""
    return lang, english if whole or not name else name[1] + name[3]
