"""Which code made a result: a digest of a module and of everything of ours that it imports."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_NAME = _PACKAGE.name
# The table imports every reader, and one reader's code is no concern of another's harvest; files,
# recipes and errors of other rooms change often and never what a text becomes.
_LEFT_OUT = frozenset(
    f"{_NAME}.{name}"
    for name in ("corpus.readers", "corpus.readers.table", "files", "recipe", "errors")
)


@cache
def code_digest(*modules: str) -> str:
    """SHA-256 over the sources of modules and of those of this package that they import.

    Args:
        modules: Full names such as ``klein_embedding.corpus.clean``.
    """
    found: dict[str, bytes] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = _path(name)
        if name in found or path is None:
            continue
        found[name] = path.read_bytes()
        waiting += [other for other in _imports(found[name]) if other not in _LEFT_OUT]
    made = hashlib.sha256()
    for name in sorted(found):
        made.update(name.encode() + b"\0" + hashlib.sha256(found[name]).digest())
    return made.hexdigest()


def _path(module: str) -> Path | None:
    """File of a module of this package, None where the name is no module."""
    path = _PACKAGE.parent.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _imports(source: bytes) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # Each name may be a module of its own or an object of the one it comes from.
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.split(".")[0] == _NAME}
