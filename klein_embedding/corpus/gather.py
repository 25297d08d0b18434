"""One source: read, cleaned, guarded, its exact duplicates and damaged files counted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from klein_embedding.corpus import readers
from klein_embedding.corpus.clean import clean_line, clean_pair, cut
from klein_embedding.corpus.guard import Guard
from klein_embedding.corpus.harvest import Harvest
from klein_embedding.corpus.readers import READERS
from klein_embedding.corpus.readers.reading import DAMAGED
from klein_embedding.corpus.sources import Source
from klein_embedding.errors import KleinError
from klein_embedding.recipe import CorpusRecipe
from klein_embedding.text import Line, Pair, text_key

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
    records = _cleaned(items, source, recipe)
    skipped = _Skipped(found)
    for whole, reason in skipped.watching(guard.screened(records)):
        if reason:
            found.drop(whole, reason)
            continue
        for record in cut(whole, recipe.max_words):
            key = record.key if isinstance(record, Pair) else text_key(record.text)
            if key in seen:
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
        # A damaged file is named with the kind of its error, others without one.
        arguments = record.args if record.msg == DAMAGED else ()
        why = f": {arguments[1]}" if isinstance(arguments, tuple) and arguments else ""
        self._found.dropped["files", f"file skipped{why}"] += 1

    def watching(self, records: Iterator[T]) -> Iterator[T]:
        """Pass records on while the readers' warnings are counted."""
        log = logging.getLogger(readers.__name__)
        log.addHandler(self)
        try:
            yield from records
        finally:
            log.removeHandler(self)


def _cleaned(
    items: Iterator[Pair | Line], source: Source, recipe: CorpusRecipe
) -> Iterator[tuple[Pair | Line, str]]:
    """Clean records; monolingual text beyond what the merge could keep is not looked at."""
    words: Counter[str] = Counter()
    for item in items:
        if isinstance(item, Pair):
            yield clean_pair(item, source.text_class, recipe.max_words)
        elif words[item.lang] > recipe.mono_words_cap:
            yield item, "cap: words"
        else:
            words[item.lang] += item.text.count(" ") + 1
            yield clean_line(item)
