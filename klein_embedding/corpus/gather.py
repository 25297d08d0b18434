"""One source: read, cleaned, guarded, its exact duplicates and damaged files counted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from klein_embedding.corpus import readers
from klein_embedding.corpus.clean import clean_line, clean_pair
from klein_embedding.corpus.guard import Guard
from klein_embedding.corpus.harvest import Harvest
from klein_embedding.corpus.readers import READERS
from klein_embedding.corpus.sources import Source
from klein_embedding.errors import KleinError
from klein_embedding.recipe import CorpusRecipe
from klein_embedding.text import Line, Pair, fingerprint, normalised

T = TypeVar("T")


def harvest(source: Source, root: Path, recipe: CorpusRecipe, guard: Guard) -> Harvest:
    """Read, clean and guard one source.

    Raises:
        KleinError: If the source's reader is unknown or it yields nothing.
    """
    if source.reader not in READERS:
        raise KleinError(f"source {source.name}: no reader named '{source.reader}'")
    found, seen = Harvest(), set[int]()
    items = READERS[source.reader](root, source.options, source.name)
    items = _enough(items, recipe.mono_words_cap)
    records = (record for item in items for record in _cleaned(item, source, recipe))
    skipped = _Skipped(found)
    for record, reason in skipped.watching(guard.screened(records)):
        key = record.key if isinstance(record, Pair) else fingerprint(normalised(record.text))
        if reason:
            found.drop(record, reason)
        elif key in seen:
            found.drop(record, "duplicate")
        else:
            seen.add(key)
            found.keep(record)
    if not (found.pairs or found.lines or found.dropped):
        raise KleinError(f"source {source.name}: its reader found nothing; check its options")
    return found


class _Skipped(logging.Handler):
    """Counts what readers say they skip: damaged files, and files that do not fit each other."""

    def __init__(self, found: Harvest) -> None:
        super().__init__(logging.WARNING)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        # `readable` names the file and the kind of error, other warnings a file or two.
        named = isinstance(record.args, tuple) and record.msg.count("%s") == 3
        why = f": {record.args[1]}" if named and isinstance(record.args, tuple) else ""
        self._found.dropped["files", f"file skipped{why}"] += 1

    def watching(self, records: Iterator[T]) -> Iterator[T]:
        """Pass records on while the readers' warnings are counted."""
        log = logging.getLogger(readers.__name__)
        log.addHandler(self)
        try:
            yield from records
        finally:
            log.removeHandler(self)


def _enough(items: Iterator[Pair | Line], cap: int) -> Iterator[Pair | Line]:
    """Pass records on, but no more monolingual words of a language than the merge could keep."""
    words: Counter[str] = Counter()
    for item in items:
        if isinstance(item, Line):
            if words[item.lang] > cap:
                continue
            words[item.lang] += item.text.count(" ") + 1
        yield item


def _cleaned(
    item: Pair | Line, source: Source, recipe: CorpusRecipe
) -> Iterator[tuple[Pair | Line, str]]:
    if isinstance(item, Pair):
        yield clean_pair(item, source.text_class, recipe.max_words)
    else:
        lines, reason = clean_line(item, recipe.max_words)
        yield from ((line, "") for line in lines) if lines else ((item, reason),)
