"""What the interface readers share: joining two catalogues on their keys, each pair once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree

from klein_embedding.corpus.readers.reading import files_of
from klein_embedding.languages import by_tag
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


def catalogues(
    root: Path, ending: str, english: Iterable[str], suffix: str = ""
) -> Iterator[tuple[str, Path, Path]]:
    """Find catalogues with one file or folder a language, and the English one of each.

    Args:
        root: Folder of the source's files.
        ending: Ending of the catalogues' names, such as ``.json``.
        english: Tags of the English files, the first that exists is taken.
        suffix: What follows the tag in the name of each language's file or folder.

    Yields:
        Our code, the English path and the path of the language, in the order of the latter; the
        innermost part of a path that is a locale tag counts.
    """
    for path in files_of(root, f"**/*{ending}"):
        parts = list(path.relative_to(root).parts)
        for place in reversed(range(len(parts))):
            tag = parts[place].removesuffix(ending)
            lang = by_tag(tag.removesuffix(suffix)) if tag.endswith(suffix) else None
            if lang:
                break
        else:
            continue
        tail = suffix + (ending if place == len(parts) - 1 else "")
        others = [root.joinpath(*parts[:place], e + tail, *parts[place + 1 :]) for e in english]
        anchor = next((other for other in others if other.is_file()), None)
        if lang != "en" and anchor:
            yield lang, anchor, path


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
