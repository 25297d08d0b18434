"""YAML catalogues of Ruby on Rails, one file a language, read without building any object."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from klein_embedding.corpus.readers.joining import catalogues, joined, once
from klein_embedding.corpus.readers.reading import option, readable, required
from klein_embedding.text import Line, Pair

_ARGUMENT = re.compile(r"%(\{\w+\})")


def read_locale_yaml(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read ``{language}.yml``, joined on the way to each text below the language's own key.

    Args:
        root: Folder of the source's files.
        options: ``english``: tags of the English files, the first that exists is taken.
        source: Name of the source.

    Returns:
        Translation pairs, each once; an argument ``%{name}`` reads ``{name}``.

    Raises:
        KleinError: If the option is missing or nothing could be read.

    Source:
        Ruby on Rails guides, "Rails Internationalization (I18n) API".
    """
    english = option(options, "english", source)
    return required(once(_pairs(root, english, source)), source)


def _pairs(root: Path, english: list[str], source: str) -> Iterator[Pair]:
    for lang, anchor, path in catalogues(root, ".yml", english):
        sides = [side for _, side in readable((anchor, path), _texts)]
        if len(sides) == 2:
            yield from joined(sides[0], sides[1], lang, source)


class _Loader(yaml.SafeLoader):
    """Composes a document without aliases, which can multiply what they stand for."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are refused")
        return super().compose_node(parent, index)


def _texts(path: Path) -> dict[tuple[str, ...], str]:
    try:
        # Nodes keep every scalar as it is written: no "no" becomes False.
        document = yaml.compose(path.read_bytes().decode("utf-8"), _Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"not read as YAML: {error}") from None
    return {way[1:]: _ARGUMENT.sub(r"\1", text) for way, text in _leaves(document, ())}


def _leaves(node: yaml.Node, way: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(node, yaml.ScalarNode):
        yield way, node.value
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _leaves(value, (*way, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield from _leaves(item, (*way, str(place)))
