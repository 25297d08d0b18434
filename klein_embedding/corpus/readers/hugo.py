"""Documents of sites made with Hugo beside their originals, without the marks of its templates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.documents import read_documents
from klein_embedding.text import Line, Pair

# "{{< glossary_tooltip text="nodes" term_id="node" >}}" shows "nodes", most other marks nothing.
_SHOWN = re.compile(r"\{\{[<%] *glossary_tooltip\b([^{}]*)\}\}")
_TEXT = re.compile(r"\b(?:text|term_id)=[\"“”']([^\"“”']*)[\"“”']")
_MARK = re.compile(r"\{\{[<%][^{}]*[>%]\}\}")


def read_hugo(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read documents as `documents.read_documents` does, and take the marks of templates out.

    Args:
        root: Folder of the source's files.
        options: See `documents.read_documents`.
        source: Name of the source.

    Returns:
        Translation pairs; those with a mark that cannot be read are left out.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    for pair in read_documents(root, options, source):
        if not isinstance(pair, Pair):
            continue
        bare = replace(pair, anchor=_bare(pair.anchor), positive=_bare(pair.positive))
        # A mark without a blank after its bracket was taken for HTML, and a word went with it.
        if bare.anchor and bare.positive and "{{" not in bare.anchor + bare.positive:
            yield bare


def _bare(text: str) -> str:
    return " ".join(_MARK.sub(" ", _SHOWN.sub(_shown, text)).split())


def _shown(mark: re.Match[str]) -> str:
    """What a mark of the glossary shows: its text, else the name of its entry."""
    found = sorted(_TEXT.finditer(mark[1]), key=lambda text: not text[0].startswith("text"))
    return found[0][1] if found else ""
