"""Chromium's packed resources (.pak, format version 5), one file a language."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.icu import all_forms
from klein_embedding.corpus.readers.joining import joined, once
from klein_embedding.corpus.readers.reading import files_of, readable, required
from klein_embedding.languages import by_tag
from klein_embedding.text import Line, Pair

_ENGLISH = "en-GB"
_ENCODINGS = {1: "utf-8", 2: "utf-16-le"}
_HEADER = struct.Struct("<IB3xHH")
_ENTRY = struct.Struct("<HI")
_ALIAS = struct.Struct("<HH")


def read_chromium_pak(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read ``locales/{language}.pak``, joined on the resource's number with ``en-GB.pak``.

    Args:
        root: Folder of the source's files.
        options: None are known.
        source: Name of the source.

    Returns:
        Translation pairs; plural messages are written out, singular and plural.

    Raises:
        KleinError: If nothing could be read.

    Source:
        Chromium's ui/base/resource/data_pack.cc.
    """
    return required(once(_pairs(root, source)), source)


def _pairs(root: Path, source: str) -> Iterator[Pair]:
    texts = {
        path: all_forms(messages)
        for path, messages in readable(files_of(root, "**/*.pak"), _messages)
    }
    for path, messages in texts.items():
        lang = by_tag(path.stem)
        english = texts.get(path.with_stem(_ENGLISH))
        if lang and lang != "en" and english:
            yield from joined(english, messages, lang, source)


def _messages(path: Path) -> dict[str, str]:
    content = path.read_bytes()
    try:
        return _unpacked(content)
    except struct.error as error:
        raise ValueError(f"cut short: {error}") from None


def _unpacked(content: bytes) -> dict[str, str]:
    version, encoding, count, aliases = _HEADER.unpack_from(content)
    if version != 5 or encoding not in _ENCODINGS:
        raise ValueError("not a .pak file of format version 5 with text")
    entries = [
        _ENTRY.unpack_from(content, _HEADER.size + _ENTRY.size * n) for n in range(count + 1)
    ]
    # An alias shares the text of another resource; each text is wanted once for its number.
    start = _HEADER.size + _ENTRY.size * (count + 1)
    numbers = {n: [entries[n][0]] for n in range(count)}
    for place in range(aliases):
        number, entry = _ALIAS.unpack_from(content, start + _ALIAS.size * place)
        numbers[entry].append(number)
    messages: dict[str, str] = {}
    for n, shared in numbers.items():
        try:
            text = content[entries[n][1] : entries[n + 1][1]].decode(_ENCODINGS[encoding])
        except UnicodeDecodeError:  # a compressed resource
            continue
        messages.update({str(number): text for number in shared})
    return messages
