"""Compiled gettext catalogues: English message identifiers and their translations."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.joining import once
from klein_embedding.corpus.readers.reading import files_of, readable, required
from klein_embedding.languages import by_tag
from klein_embedding.text import Line, Pair

_MAGIC = 0x950412DE
# Messages that stand for the translators' own names and addresses.
_CREDITS = re.compile(r"translator[-_ ]credits?|(your )?(names?|emails?)( of translators)?", re.I)
# KDE 3 wrote the context into the message: "_: context\nmessage"; GNOME once "context|message".
_CONTEXT = re.compile(r"\A_:[^\n]*\n")


def read_gettext(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read ``{language}/LC_MESSAGES/*.mo``.

    Args:
        root: Folder of the source's files.
        options: None are known.
        source: Name of the source.

    Returns:
        Translation pairs, singular with singular and plural with plural.

    Raises:
        KleinError: If nothing could be read.

    Source:
        GNU gettext manual, "The Format of GNU MO Files".
    """
    return required(once(_pairs(root, source)), source)


def _pairs(root: Path, source: str) -> Iterator[Pair]:
    paths = [path for path in files_of(root, "**/LC_MESSAGES/*.mo") if _language(path)]
    for path, messages in readable(paths, lambda path: list(_messages(path.read_bytes()))):
        for identifier, translation in messages:
            yield from entry_pairs(identifier, translation, _language(path), source)


def entry_pairs(identifier: str, translation: str, lang: str, source: str) -> Iterator[Pair]:
    """Pairs of one message, none for the catalogue's header and the translators' credits.

    Args:
        identifier: English message, the plural after a NUL, its context before an EOT if need be.
        translation: Its translations, one a grammatical number, with NULs between them.
        lang: Code of the translation's language.
        source: Name of the source.
    """
    identifier = _CONTEXT.sub("", identifier.rpartition("\x04")[2])
    if identifier and not _CREDITS.fullmatch(identifier.partition("\n")[0].strip()):
        for anchor, positive in _forms(identifier, translation):
            if anchor.strip() and positive.strip():
                yield Pair(anchor, positive, "en", lang, source, "translation")


def _language(path: Path) -> str:
    code = by_tag(path.parent.parent.name)
    return code if code and code != "en" else ""


def _messages(content: bytes) -> Iterator[tuple[str, str]]:
    """Identifiers and their translations."""
    if len(content) < 20:
        raise ValueError("too short for a gettext catalogue")
    order = "<" if struct.unpack_from("<I", content)[0] == _MAGIC else ">"
    magic, _, count, identifiers, translations = struct.unpack_from(f"{order}5I", content)
    if magic != _MAGIC:
        raise ValueError("not a gettext catalogue")
    for place in range(count):
        texts = []
        for table in (identifiers, translations):
            try:
                length, start = struct.unpack_from(f"{order}2I", content, table + 8 * place)
            except struct.error as error:
                raise ValueError(f"cut short: {error}") from None
            texts.append(content[start : start + length].decode("utf-8"))
        yield texts[0], texts[1]


def _forms(identifier: str, translation: str) -> list[tuple[str, str]]:
    anchors, positives = identifier.split("\0"), translation.split("\0")
    if len(anchors) == 1:
        return [(anchors[0], positives[0])]
    # One translated form serves all numbers, and more than two end with the general one.
    plural = (anchors[-1], positives[-1])
    return [plural] if len(positives) == 1 else [(anchors[0], positives[0]), plural]
