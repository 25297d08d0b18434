"""Gettext catalogues as translators edit them (.po): English identifiers and translations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polib

from klein_embedding.corpus.readers.gettext import entry_pairs
from klein_embedding.corpus.readers.joining import once
from klein_embedding.corpus.readers.reading import files_of, readable, required
from klein_embedding.languages import by_tag
from klein_embedding.text import Line, Pair


def read_gettext_po(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read ``{language}.po`` and ``{language}/LC_MESSAGES/*.po``.

    Args:
        root: Folder of the source's files.
        options: None are known.
        source: Name of the source.

    Returns:
        Translation pairs, singular with singular and plural with plural, each once; what is
        marked as fuzzy (a guess from a similar message) or obsolete is left out.

    Raises:
        KleinError: If nothing could be read.

    Source:
        GNU gettext manual, "The Format of PO Files".
    """
    return required(once(_pairs(root, source)), source)


def _pairs(root: Path, source: str) -> Iterator[Pair]:
    paths = [path for path in files_of(root, "**/*.po") if _language(path)]
    for path, messages in readable(paths, lambda path: list(_messages(path))):
        for identifier, translation in messages:
            yield from entry_pairs(identifier, translation, _language(path), source)


def _language(path: Path) -> str:
    code = by_tag(path.parent.parent.name if path.parent.name == "LC_MESSAGES" else path.stem)
    return code if code and code != "en" else ""


def _messages(path: Path) -> Iterator[tuple[str, str]]:
    """Identifier and translation as a compiled catalogue holds them, plural forms after NULs."""
    for entry in polib.pofile(str(path), encoding="utf-8"):
        if entry.obsolete or entry.fuzzy:
            continue
        forms = [entry.msgstr_plural[n] for n in sorted(entry.msgstr_plural)] or [entry.msgstr]
        names = [entry.msgid, entry.msgid_plural] if entry.msgid_plural else [entry.msgid]
        yield "\0".join(names), "\0".join(forms)
