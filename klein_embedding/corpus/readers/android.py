"""Android string resources: ``values-{language}`` folders beside the English ``values``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from klein_embedding.corpus.readers.icu import all_forms
from klein_embedding.corpus.readers.joining import joined, once, xml_without_entities
from klein_embedding.corpus.readers.reading import files_of, readable, required
from klein_embedding.languages import by_tag
from klein_embedding.text import Line, Pair

Key = tuple[str, str, str]

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)|(\")|\s+", re.DOTALL)
# Android's TextUtils.expandTemplate writes its arguments so.
_TEMPLATE = re.compile(r"\^(\d)")
_ESCAPED = {"n": "\n", "t": "\t"}
_LISTS = ("string-array", "array")


def read_android(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read ``res/values-{language}/*.xml``, joined with ``res/values/*.xml``.

    Args:
        root: Folder of the source's files, several states side by side if need be.
        options: ``folders``: table from a tag of the source's own making, as in ``values-ka``, to
            our code; it goes before the usual meaning of the tag.
        source: Name of the source.

    Returns:
        Translation pairs by type, name and quantity or place in a list, each once.

    Raises:
        KleinError: If nothing could be read.

    Source:
        Android developers' guide, "String resources".
    """
    return required(once(_pairs(root, options.get("folders", {}), source)), source)


def _pairs(root: Path, folders: Mapping[str, str], source: str) -> Iterator[Pair]:
    for folder in sorted(path for path in root.glob("**/values") if path.is_dir()):
        english = _resources(folder)
        for other in sorted(folder.parent.glob("values-*")):
            tag = other.name.removeprefix("values-")
            lang = folders.get(tag) or by_tag(tag)
            if lang and lang != "en":
                yield from joined(english, _resources(other), lang, source)


def _resources(folder: Path) -> dict[tuple[Key, str], str]:
    texts: dict[Key, str] = {}
    for _, root in readable(files_of(folder, "*.xml"), xml_without_entities):
        for element in root:
            if element.get("translatable") != "false":
                texts.update(_texts(element))
    # Since Android 12 a plain string may hold the plurals of ICU, too.
    return all_forms({k: text for k, text in texts.items() if not text.startswith(("@", "?"))})


def _texts(element: ElementTree.Element) -> Iterator[tuple[Key, str]]:
    name = element.get("name", "")
    if element.tag == "string":
        yield ("string", name, ""), _text(element)
    elif element.tag == "plurals":
        for item in element.iter("item"):
            yield ("plurals", name, item.get("quantity", "")), _text(item)
    elif element.tag in _LISTS:
        for place, item in enumerate(element.iter("item")):
            yield ("array", name, str(place)), _text(item)


def _text(element: ElementTree.Element) -> str:
    """Text as a phone shows it: escapes read, bare quotation marks gone, white space folded."""
    text = _ESCAPE.sub(_unescaped, "".join(element.itertext()).strip())
    return _TEMPLATE.sub(r"{\1}", text)


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if code is None:
        return "" if found[2] else " "
    if code[0] == "u" and len(code) == 5:
        return chr(int(code[1:], 16))
    return _ESCAPED.get(code, code)
