"""Fluent catalogues (.ftl), one folder a language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fluent.syntax import FluentParser, ast

from klein_embedding.corpus.readers.joining import catalogues, joined, once
from klein_embedding.corpus.readers.reading import files_of, option, readable, required
from klein_embedding.text import Line, Pair

_PARSER = FluentParser(with_spans=False)


def read_fluent(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read ``*.ftl`` files whose name or folder is a locale tag, joined on message and attribute.

    Args:
        root: Folder of the source's files.
        options: ``english``: tags of the English files, the first that exists is taken.
        source: Name of the source.

    Returns:
        Translation pairs, each once; variables read ``{name}``, names of brands as English
        files give them, and of several forms the default one (the plural) is taken.

    Raises:
        KleinError: If the option is missing or nothing could be read.

    Source:
        Project Fluent, "Fluent Syntax 1.0".
    """
    english = option(options, "english", source)
    return required(once(_pairs(root, english, source)), source)


def _pairs(root: Path, english: list[str], source: str) -> Iterator[Pair]:
    terms: dict[str, str] = {}
    paths = files_of(root, [f"**/{tag}/**/*.ftl" for tag in english])
    for _, entries in readable(paths, _entries):
        terms.update({name: text for name, text in _texts(entries, {}).items() if name[0] == "-"})
    for lang, anchor, path in catalogues(root, ".ftl", english):
        sides = [_texts(side, terms) for _, side in readable((anchor, path), _entries)]
        if len(sides) == 2:
            yield from joined(sides[0], sides[1], lang, source)


def _entries(path: Path) -> list[ast.EntryType]:
    return _PARSER.parse(path.read_bytes().decode("utf-8-sig")).body


def _texts(entries: list[ast.EntryType], terms: Mapping[str, str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for entry in entries:
        if not isinstance(entry, ast.Message | ast.Term):
            continue
        name = f"-{entry.id.name}" if isinstance(entry, ast.Term) else entry.id.name
        if entry.value:
            texts[name] = _text(entry.value, terms)
        for attribute in entry.attributes:
            texts[f"{name}.{attribute.id.name}"] = _text(attribute.value, terms)
    return texts


def _text(pattern: ast.Pattern, terms: Mapping[str, str]) -> str:
    return "".join(
        element.value if isinstance(element, ast.TextElement) else _shown(element, terms)
        for element in pattern.elements
    )


def _shown(placeable: ast.Placeable, terms: Mapping[str, str]) -> str:
    inner = placeable.expression
    if isinstance(inner, ast.Placeable):
        return _shown(inner, terms)
    if isinstance(inner, ast.StringLiteral | ast.NumberLiteral):
        return str(inner.parse()["value"])
    if isinstance(inner, ast.TermReference):
        return terms.get(f"-{inner.id.name}", f"{{{inner.id.name}}}")
    if isinstance(inner, ast.SelectExpression):
        return _text(next(form.value for form in inner.variants if form.default), terms)
    return f"{{{inner.id.name}}}"
