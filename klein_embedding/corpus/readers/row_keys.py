"""Tables of one language each, whose rows are joined on a number."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import files_of, option, readable, required
from klein_embedding.corpus.readers.records import Record, records
from klein_embedding.corpus.readers.spacing import untokenised
from klein_embedding.errors import KleinError
from klein_embedding.languages import LANGUAGES
from klein_embedding.text import Line, Pair


def read_row_keys(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read tables that hold the same rows in several languages, a file a language.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns; how to read them, see `records`; ``table``: regular
            expression that is found in a file's path and names the groups ``lang``, our code, and
            ``part``: rows are joined among files of equal part; ``on``: the column of a row's key;
            ``texts``: columns whose texts translate each other; ``tokenised``: whether spaces
            around English punctuation are to be taken out.
        source: Name of the source.

    Returns:
        Pairs of every two languages, English first, in the order of parts, keys and columns.

    Raises:
        KleinError: If an option is missing or wrong, or nothing could be read.
    """
    return required(_pairs(root, options, source), source)


def _pairs(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    tables = _tables(root, options, source)
    texts = option(options, "texts", source)
    for part in sorted(tables):
        languages = [lang for lang in LANGUAGES if lang in tables[part]]
        for left, right in combinations(languages, 2):
            ours, theirs = tables[part][left], tables[part][right]
            for key in (key for key in ours if key in theirs):
                for column in texts:
                    anchor, positive = (_text(rows[key], column) for rows in (ours, theirs))
                    if left == "en" and options.get("tokenised"):
                        anchor = untokenised(anchor)
                    if anchor and positive:
                        yield Pair(anchor, positive, left, right, source, "translation")


def _tables(
    root: Path, options: Mapping[str, Any], source: str
) -> dict[str, dict[str, dict[str, Record]]]:
    """Rows by part, language and key."""
    pattern = re.compile(option(options, "table", source))
    if not {"lang", "part"} <= set(pattern.groupindex):
        raise KleinError(f"source {source}: 'table' must name the groups lang and part")
    column = option(options, "on", source)
    found: dict[str, dict[str, dict[str, Record]]] = defaultdict(dict)
    paths = files_of(root, option(options, "files", source))
    for path, rows in readable(paths, lambda path: records(path, options)):
        name = pattern.search(path.relative_to(root).as_posix())
        if name and name["lang"] in LANGUAGES:
            found[name["part"]][name["lang"]] = {str(row[column]): row for row in rows}
    return found


def _text(row: Record, column: str) -> str:
    return str(row.get(column) or "").strip()
