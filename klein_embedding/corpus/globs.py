"""Globs of the catalogue: which files of a repository or a package are taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from klein_embedding.errors import KleinError
from klein_embedding.languages import LANGUAGES

_TAGS = ",".join(sorted({tag for language in LANGUAGES.values() for tag in language.tags}))
_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|[{},]|[^*?{},]+")
_FIXED = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}


def matcher(globs: Iterable[str]) -> Callable[[str], bool]:
    """Compile globs into one question about a path.

    Args:
        globs: Patterns as `sources.Source.files` describes them.

    Returns:
        Function that tells whether a path (slashes, no leading one) is matched by any glob and by
        none of those that begin with an exclamation mark.

    Raises:
        KleinError: If braces do not pair up.
    """
    listed = list(globs)
    wanted = _union(glob for glob in listed if not glob.startswith("!"))
    refused = _union(glob[1:] for glob in listed if glob.startswith("!"))
    return lambda path: bool(wanted.fullmatch(path)) and not refused.fullmatch(path)


def _union(globs: Iterable[str]) -> re.Pattern[str]:
    # An empty union must match nothing, which "(?!)" does.
    return re.compile("|".join(f"(?:{_pattern(glob)})" for glob in globs) or "(?!)", re.DOTALL)


def _pattern(glob: str) -> str:
    parts, depth = [], 0
    for token in _TOKEN.findall(glob.replace("{lang}", "{" + _TAGS + "}")):
        depth += (token == "{") - (token == "}")
        if depth not in (0, 1):
            raise KleinError(f"glob '{glob}': braces must pair up and cannot nest")
        if token == ",":
            parts.append("|" if depth else ",")
        else:
            parts.append(_FIXED.get(token) or re.escape(token))
    if depth:
        raise KleinError(f"glob '{glob}': a brace is not closed")
    return "".join(parts)
