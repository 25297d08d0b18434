"""Raw sources in, one clean corpus out: read, clean, guard, cap, merge, write."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from threadpoolctl import threadpool_limits

from klein_embedding.corpus import language_id
from klein_embedding.corpus.code import code_digest
from klein_embedding.corpus.gather import harvest
from klein_embedding.corpus.guard import Guard, load_guard
from klein_embedding.corpus.harvest import harvest_key
from klein_embedding.corpus.key_lists import EMPTY, KeyLists
from klein_embedding.corpus.licences import is_permissive
from klein_embedding.corpus.merge import merge
from klein_embedding.corpus.near_duplicates import survives_fork
from klein_embedding.corpus.readers import READERS
from klein_embedding.corpus.sources import Source
from klein_embedding.errors import KleinError
from klein_embedding.files import (
    MANIFEST,
    digest_of,
    fresh_folder,
    read_json,
    read_manifest,
    write_manifest,
)
from klein_embedding.recipe import CorpusRecipe

HARVEST = ".harvest"
"""Folder beside the processed corpora that keeps what each source gave."""


def build_key(
    recipe: CorpusRecipe,
    raw: Path,
    evaluation: Path,
    sources: list[Source],
    out: KeyLists = EMPTY,
) -> str:
    """Digest of all that a build depends on: recipe, code, catalogue, lists, raw, evaluation."""
    sources = chosen(recipe, sources)
    # Their files stand for the guard, which takes many seconds to load.
    sets = {name: read_manifest(evaluation / name)["files"] for name in recipe.evaluation}
    return digest_of(
        {
            "code": code_digest(merge.__module__, *_readers_of(sources)),
            "recipe": asdict(recipe),
            "sources": [asdict(source) for source in sources],
            "raw": {s.name: read_manifest(raw / s.name)["files"] for s in sources},
            "evaluation": sets,
            "left_out": [out.disagreeing.tolist(), out.struck.tolist()],
            "mined": out.mined.tolist(),
        }
    )


def _readers_of(sources: list[Source]) -> list[str]:
    """Modules that read the sources, and the one that gathers what they read."""
    used = {READERS[s.reader].__module__ for s in sources if s.reader in READERS}
    return [harvest.__module__, *sorted(used)]


def chosen(recipe: CorpusRecipe, sources: list[Source]) -> list[Source]:
    """Sources that the recipe's classes and licences let in.

    Raises:
        KleinError: If a licence is unknown, or no source is left.
    """
    found = [
        source
        for source in sources
        if source.text_class not in recipe.without_classes
        and (recipe.licences == "all" or is_permissive(source))
    ]
    if not found:
        raise KleinError("no source is left to build from; fetch some, or let more classes in")
    return found


def build(
    recipe: CorpusRecipe,
    sources: list[Source],
    folders: tuple[Path, Path, Path],
    say: Callable[[str], None],
    out: KeyLists = EMPTY,
) -> dict[str, object]:
    """Build the processed corpus.

    What each source gave is kept beside the target, so that a killed build goes on where it was
    and a source added later costs only itself and the merge.

    Args:
        recipe: Corpus section of a recipe.
        sources: Sources in order of precedence; the first keeps a duplicate.
        folders: Raw folder, evaluation folder, and the processed folder to write.
        say: Called with one line a source.
        out: Pairs and texts to leave out, and lines to pair, by their keys.

    Returns:
        The manifest that was written.

    Raises:
        KleinError: If evaluation text is missing, a source gives nothing at all, or the disk is
            full.
    """
    raw, evaluation, target = folders
    with _whole(target), _alone(target.parent / HARVEST, say) as kept:
        with _forked(1, _end_with, os.getpid()) as beside:
            # The classifier puts no text into the corpus, so every licence may teach it.
            learned = beside.submit(_languages, recipe, sources, raw, kept)
            guard = load_guard(evaluation, recipe.evaluation)
            model, measured = learned.result()
        sources = chosen(recipe, sources)
        harvests = _harvests((recipe, guard, model), sources, (raw, kept), say)
        with fresh_folder(target) as part:
            counts = merge(recipe, sources, harvests, out, part)
            facts = {
                "stage": "corpus",
                "key": build_key(recipe, raw, evaluation, sources, out),
                "recipe": asdict(recipe),
                "guard": guard.digest,
                "weights": {source.name: source.weight for source in sources},
                "language_id": measured,
                "counts": counts,
            }
            write_manifest(part, facts)
    return read_manifest(target)


@contextmanager
def _whole(target: Path) -> Iterator[None]:
    """Leave nothing half-written, and say in one line what the disk refused.

    Raises:
        KleinError: If the disk is full, or refuses to be read or written.
    """
    try:
        yield
    except OSError as error:
        shutil.rmtree(target.with_name(f"{target.name}.part"), ignore_errors=True)
        why = str(error).splitlines()[0]
        raise KleinError(
            f"{target}: could not be built ({why}); free some space, or fetch again what is missing"
        ) from error


@contextmanager
def _alone(folder: Path, say: Callable[[str], None]) -> Iterator[Path]:
    """Wait until no other build, nor a worker that outlives a killed one, uses a folder."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another build that uses {folder}")
            fcntl.flock(file, fcntl.LOCK_EX)
        for part in folder.glob("*.part"):
            shutil.rmtree(part, ignore_errors=True)
        yield folder


_Model = tuple[language_id.LanguageModel, str] | None


def _languages(
    recipe: CorpusRecipe, sources: list[Source], raw: Path, kept: Path
) -> tuple[_Model, dict[str, dict[str, float]]]:
    """The model that tells shared scripts apart, learned anew when its sources change."""
    certain = [source for source in sources if source.name in recipe.language_sources]
    if not certain:
        return None, {}
    read = [[s.name, s.reader, s.options, read_manifest(raw / s.name)["files"]] for s in certain]
    key = digest_of({"code": code_digest(language_id.__name__), "sources": read})
    folder = kept / "language-id"
    if not (folder / MANIFEST).is_file() or read_manifest(folder)["key"] != key:
        with fresh_folder(folder) as part:
            examples = language_id.examples_of(certain, raw)
            language_id.save(*language_id.train_language_model(examples), part, key)
    model, measured = language_id.load(folder)
    return (model, key), measured


def _harvests(
    work: tuple[CorpusRecipe, Guard, _Model],
    sources: list[Source],
    folders: tuple[Path, Path],
    say: Callable[[str], None],
) -> list[Path]:
    """Folders of the sources' harvests, those made that are missing or stale."""
    recipe, guard, model = work
    raw, kept = folders
    keys = [harvest_key(s, raw, recipe, guard.digest, model[1] if model else "") for s in sources]
    found = [kept / f"{s.name}-{key[:12]}" for s, key in zip(sources, keys, strict=True)]
    with _workers(work) as pool:
        missing = [n for n, folder in enumerate(found) if not (folder / MANIFEST).is_file()]
        # The largest first, or one worker waits for the other at the end.
        missing.sort(key=lambda n: -_bytes_of(raw / sources[n].name))
        jobs = {n: pool.submit(_work, sources[n], raw, found[n]) for n in missing}
        try:
            for place, (source, folder) in enumerate(zip(sources, found, strict=True)):
                if place in jobs:
                    jobs[place].result()
                _forget_others(source, folder, keep=2)
                facts = read_json(folder / MANIFEST)
                say(f"{source.name}: {facts['pairs']:,} pairs, {facts['lines']:,} lines")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found


def _workers(work: tuple[CorpusRecipe, Guard, _Model]) -> Executor:
    """Two processes, or a thread of this one where its copies could not work."""
    if survives_fork():
        return _forked(2, _start_worker, os.getpid(), work)
    _WORK[:] = [work]
    return ThreadPoolExecutor(1)


def _forked(workers: int, start: Callable[..., None], *args: object) -> ProcessPoolExecutor:
    """Workers that have this process for a parent, which `_end_with` watches."""
    return ProcessPoolExecutor(workers, get_context("fork"), initializer=start, initargs=args)


def _bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _forget_others(source: Source, folder: Path, keep: int) -> None:
    """Remove the oldest harvests of a source, so that two recipes have room and no more."""
    pattern = f"{source.name}-{'[0-9a-f]' * 12}"
    others = [path for path in folder.parent.glob(pattern) if path != folder]
    for path in sorted(others, key=lambda path: path.stat().st_mtime)[: -(keep - 1) or None]:
        shutil.rmtree(path, ignore_errors=True)


_WORK: list[tuple[CorpusRecipe, Guard, _Model]] = []


def _start_worker(parent: int, work: tuple[CorpusRecipe, Guard, _Model]) -> None:
    _WORK[:] = [work]
    # There is a worker for each core; matrix products with threads of their own hold both up.
    threadpool_limits(1)
    _end_with(parent)


def _end_with(parent: int) -> None:
    """End this worker soon after its parent is killed; nobody else would tell it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _work(source: Source, raw: Path, folder: Path) -> None:
    recipe, guard, model = _WORK[0]
    found = harvest(source, raw / source.name / "files", recipe, guard)
    found.finish(source, recipe, model[0] if model else None)
    with fresh_folder(folder) as part:
        found.write(part, folder.name)
