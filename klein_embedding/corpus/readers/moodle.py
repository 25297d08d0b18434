"""Moodle's language packs: PHP files of ``$string['key'] = 'text';``, one folder a language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.joining import catalogues, joined, once
from klein_embedding.corpus.readers.reading import readable, required
from klein_embedding.text import Line, Pair

_LITERAL = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_STRING = re.compile(
    rf"^\s*\$string\['([^']+)'\]\s*=\s*((?:{_LITERAL})(?:\s*\.\s*(?:{_LITERAL}))*)\s*;",
    re.MULTILINE | re.DOTALL,
)
_ARGUMENT = re.compile(r"\{?\$a(?:->\w+)?\}?")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def read_moodle(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read ``{language}_utf8/*.php``, joined on file and key with ``en_utf8``.

    Args:
        root: Folder of the source's files.
        options: None are known.
        source: Name of the source.

    Returns:
        Translation pairs, each once; Moodle's argument ``$a`` reads ``{a}``. The files are only
        searched for plain assignments of text, never run.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(once(_pairs(root, source)), source)


def _pairs(root: Path, source: str) -> Iterator[Pair]:
    for lang, anchor, path in catalogues(root, ".php", ["en"], "_utf8"):
        sides = [side for _, side in readable((anchor, path), _strings)]
        if len(sides) == 2:
            yield from joined(sides[0], sides[1], lang, source)


def _strings(path: Path) -> dict[str, str]:
    text = path.read_bytes().decode("utf-8-sig")
    return {
        key: _ARGUMENT.sub("{a}", "".join(_literal(part) for part in re.findall(_LITERAL, value)))
        for key, value in _STRING.findall(text)
    }


def _literal(quoted: str) -> str:
    """Text of a PHP literal; between single quotation marks only they and backslashes escape."""
    escaped = _ESCAPED if quoted[0] == '"' else {}
    # Early packs wrote \" between single quotation marks, where PHP keeps the backslash.
    return _ESCAPE.sub(lambda found: escaped.get(found[1], found[1]), quoted[1:-1])
