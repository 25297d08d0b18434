"""JSON catalogues with one file a language: MediaWiki, DevTools, CLDR."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.icu import all_forms
from klein_embedding.corpus.readers.joining import catalogues, joined, once
from klein_embedding.corpus.readers.reading import option, readable, required
from klein_embedding.corpus.readers.wiki import plain
from klein_embedding.errors import KleinError
from klein_embedding.files import read_json
from klein_embedding.text import Line, Pair

# Angular and i18next write their arguments so; cleaning takes two braces for wiki templates.
_DOUBLE_BRACES = re.compile(r"\{\{[^{}]*\}\}")
_SPOKEN = re.compile(r"annotations\x1f(.+)\x1ftts\x1f0")


def read_locale_json(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read JSON files whose name or folder is a locale tag, joined on the way to each text.

    Args:
        root: Folder of the source's files.
        options: ``english``: tags of the English files, the first that exists is taken;
            ``layout``: "messages" (default) for ``{key: text}`` and ``{key: {"message": text}}``
            with plurals as in ICU, "wiki" for ``{key: text}`` with wiki markup, "names" for any
            nesting, "annotations" for the spoken names of CLDR's annotations.
        source: Name of the source.

    Returns:
        Translation pairs, each once.

    Raises:
        KleinError: If an option is missing or unknown, or nothing could be read.
    """
    layout = options.get("layout", "messages")
    if layout not in _LAYOUTS:
        raise KleinError(
            f"source {source}: layout must be one of {', '.join(_LAYOUTS)}, not '{layout}'"
        )
    english = option(options, "english", source)
    return required(once(_pairs(root, english, _LAYOUTS[layout], source)), source)


def _pairs(
    root: Path,
    english: list[str],
    texts: Callable[[Path], dict[tuple[str, str], str]],
    source: str,
) -> Iterator[Pair]:
    for lang, anchor, path in catalogues(root, ".json", english):
        sides = [side for _, side in readable((anchor, path), texts)]
        if len(sides) == 2:
            yield from joined(sides[0], sides[1], lang, source)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except KleinError as error:
        raise ValueError(str(error)) from None
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")
    return content


def _messages(path: Path) -> dict[tuple[str, str], str]:
    found: dict[str, str] = {}
    for key, value in _read(path).items():
        text = value.get("message") if isinstance(value, dict) else value
        if isinstance(text, str):
            found[key] = text
    # After the forms: the braces of an argument inside a plural's branch also come in pairs.
    return {key: _DOUBLE_BRACES.sub("{value}", text) for key, text in all_forms(found).items()}


def _wiki(path: Path) -> dict[tuple[str, str], str]:
    return {(key, ""): plain(value) for key, value in _read(path).items() if isinstance(value, str)}


def _names(path: Path) -> dict[tuple[str, str], str]:
    # The first two levels of CLDR files name the language itself: main, hi.
    content = _read(path)
    if list(content) == ["main"]:
        content = next(iter(content["main"].values()))
    return {(way, ""): text for way, text in _leaves(content, "")}


def _annotations(path: Path) -> dict[tuple[str, str], str]:
    return {
        (found[1], ""): text
        for (way, _), text in _names(path).items()
        if (found := _SPOKEN.search(way))
    }


def _leaves(value: object, way: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield way, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key != "identity":
                yield from _leaves(item, f"{way}\x1f{key}" if way else key)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _leaves(item, f"{way}\x1f{place}")


_LAYOUTS = {
    "messages": _messages,
    "wiki": _wiki,
    "names": _names,
    "annotations": _annotations,
}
