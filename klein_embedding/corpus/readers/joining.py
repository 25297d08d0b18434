"""What the interface readers share: joining two catalogues on their keys, each pair once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree

from klein_embedding.text import Pair, fingerprint

K = TypeVar("K", bound=Hashable)


def joined(
    english: Mapping[K, str], other: Mapping[K, str], lang: str, source: str
) -> Iterator[Pair]:
    """Pair the messages that two catalogues hold under the same key, in the order of the second.

    Args:
        english: English messages by key.
        other: Messages of the language by key.
        lang: Code of that language.
        source: Name of the source.
    """
    for key, positive in other.items():
        anchor = english.get(key, "")
        if anchor.strip() and positive.strip():
            yield Pair(anchor, positive, "en", lang, source, "translation")


def once(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Pass on each pair of texts once; the states of one catalogue repeat most of their rows."""
    seen: set[int] = set()
    for pair in pairs:
        key = fingerprint("\0".join((pair.anchor, pair.positive, pair.positive_lang)))
        if key not in seen:
            seen.add(key)
            yield pair


def xml_without_entities(path: Path) -> ElementTree.Element:
    """Root of an XML file whose document type may have a name and nothing more.

    Raises:
        ValueError: If the file is not UTF-8 or declares entities, which can blow up memory.
    """
    # Decoded first: in another encoding the declaration could hide from the search.
    text = path.read_bytes().decode("utf-8-sig")
    if "<!ENTITY" in text:
        raise ValueError("XML that declares entities is refused")
    return ElementTree.fromstring(text)
