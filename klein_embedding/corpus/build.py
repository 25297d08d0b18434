"""Raw sources in, one clean corpus out: read, clean, guard, cap, merge, write."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from klein_embedding.corpus.clean import clean_line, clean_pair
from klein_embedding.corpus.guard import Guard, load_guard
from klein_embedding.corpus.merge import Harvest, Merge
from klein_embedding.corpus.readers import READERS
from klein_embedding.corpus.sources import Source
from klein_embedding.errors import KleinError
from klein_embedding.files import digest_of, fresh_folder, read_manifest, write_manifest
from klein_embedding.recipe import CorpusRecipe
from klein_embedding.text import Line, Pair, fingerprint, normalised


def build_key(recipe: CorpusRecipe, raw: Path, evaluation: Path, sources: list[Source]) -> str:
    """Digest of everything a build depends on: recipe, catalogue rows, raw bytes, guard."""
    return _key(recipe, raw, sources, load_guard(evaluation, recipe.evaluation))


def _key(recipe: CorpusRecipe, raw: Path, sources: list[Source], guard: Guard) -> str:
    return digest_of(
        {
            "recipe": asdict(recipe),
            "sources": [asdict(source) for source in sources],
            "raw": {s.name: read_manifest(raw / s.name)["files"] for s in sources},
            "guard": guard.digest,
        }
    )


def build(
    recipe: CorpusRecipe,
    sources: list[Source],
    folders: tuple[Path, Path, Path],
    say: Callable[[str], None],
) -> dict[str, object]:
    """Build the processed corpus.

    Args:
        recipe: Corpus section of a recipe.
        sources: Sources in order of precedence; the first keeps a duplicate.
        folders: Raw folder, evaluation folder, and the processed folder to write.
        say: Called with one line a source.

    Returns:
        The manifest that was written.

    Raises:
        KleinError: If evaluation text is missing, or a source gives nothing at all.
    """
    raw, evaluation, target = folders
    guard = load_guard(evaluation, recipe.evaluation)
    merged = Merge(recipe)
    with ProcessPoolExecutor(2, initializer=_end_with, initargs=(os.getpid(),)) as pool:
        jobs = [pool.submit(harvest, s, raw / s.name / "files", recipe, guard) for s in sources]
        for source, job in zip(sources, jobs, strict=True):
            found = job.result()
            merged.add(source, found)
            say(f"{source.name}: {len(found.pairs):,} pairs, {len(found.lines):,} lines")
    with fresh_folder(target) as part:
        counts = merged.write(part)
        facts = {
            "stage": "corpus",
            "key": _key(recipe, raw, sources, guard),
            "recipe": asdict(recipe),
            "guard": guard.digest,
            "weights": {source.name: source.weight for source in sources},
            "counts": counts,
        }
        write_manifest(part, facts)
    return read_manifest(target)


def _end_with(parent: int) -> None:
    """End this worker soon after its parent is killed; nobody else would tell it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def harvest(source: Source, root: Path, recipe: CorpusRecipe, guard: Guard) -> Harvest:
    """Read, clean, guard and cap one source.

    Raises:
        KleinError: If the source's reader is unknown or it yields nothing.
    """
    if source.reader not in READERS:
        raise KleinError(f"source {source.name}: no reader named '{source.reader}'")
    found, seen = Harvest(), set[int]()
    items = READERS[source.reader](root, source.options, source.name)
    records = (record for item in items for record in _cleaned(item, source, recipe))
    for record, reason in guard.screened(records):
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
    found.pairs = list(_capped(found, source, recipe))
    return found


def _cleaned(
    item: Pair | Line, source: Source, recipe: CorpusRecipe
) -> Iterator[tuple[Pair | Line, str]]:
    if isinstance(item, Pair):
        yield clean_pair(item, source.text_class, recipe.max_words)
    else:
        lines, reason = clean_line(item, recipe.max_words)
        yield from ((line, "") for line in lines) if lines else ((item, reason),)


def _capped(found: Harvest, source: Source, recipe: CorpusRecipe) -> Iterator[Pair]:
    """Keep the pairs with the lowest keys of each capped group: a sample no order can bias."""
    keys = [pair.key for pair in found.pairs]
    ranked: dict[tuple[str, ...], list[int]] = {}
    for pair, key in zip(found.pairs, keys, strict=True):
        for group, _ in _caps(pair, source, recipe):
            ranked.setdefault(group, []).append(key)
    limits = {group: sorted(members) for group, members in ranked.items()}
    for pair, key in zip(found.pairs, keys, strict=True):
        over = ""
        for group, cap in _caps(pair, source, recipe):
            members = limits[group]
            if len(members) > cap and key >= members[cap]:
                over = f"cap: {group[0]}"
        if over:
            found.drop(pair, over)
        else:
            yield pair


def _caps(
    pair: Pair, source: Source, recipe: CorpusRecipe
) -> Iterator[tuple[tuple[str, ...], int]]:
    languages = (pair.anchor_lang, pair.positive_lang)
    if source.cap:
        yield ("source", *languages), source.cap
    if source.text_class == "S":
        yield ("scripture", *languages), recipe.scripture_cap
    if source.text_class == "U" and pair.anchor.count(" ") < 3:
        yield ("short interface", *languages), recipe.short_interface_cap
