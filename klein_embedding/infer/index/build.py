"""An index built, and kept up to date; one that is there answers all the while."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from klein_embedding.errors import KleinError
from klein_embedding.files import now
from klein_embedding.infer.index.formats import Reading
from klein_embedding.infer.index.graph import PATTERN, recorded, refresh
from klein_embedding.infer.index.identity import Maker
from klein_embedding.infer.index.store import DATABASE, Store, told
from klein_embedding.infer.index.update import Report, Update, listed_files
from klein_embedding.text import check_encodable

UNFINISHED = f"{DATABASE}.part"
_LOCK = "index.lock"
_JOURNAL = "-journal"


def build(folder: Path, sources: Sequence[Path], maker: Maker, reading: Reading) -> Report:
    """Build an index; one that is there answers until the new one takes its place.

    A build that was killed goes on where it was when it is called again with the same model and
    settings.

    Args:
        folder: Folder of the index; made if it is not there.
        sources: Files and folders.
        maker: The model.
        reading: How files are read.

    Returns:
        What was done; without any passage there is no new index.

    Raises:
        KleinError: If a source is missing, the folder holds other things, or another process
            writes to it.
    """
    named = [str(source.absolute()) for source in _existing(sources)]
    fresh = not folder.exists()
    _check_folder(folder)
    with told(folder), _alone(folder):
        with closing(_opened(folder / UNFINISHED, maker, reading)) as store:
            store.set("sources", named)
            report = Update(store, maker, reading).run(listed_files(map(Path, named), folder))
            if report.passages:
                refresh(store, maker.dim)
                store.set("made", now())
        if report.passages:
            _take_place(folder)
        else:
            (folder / UNFINISHED).unlink()
        _sweep(folder)
    if fresh and not report.passages:
        (folder / _LOCK).unlink()
        folder.rmdir()
    return report


def add(folder: Path, sources: Sequence[Path], maker: Maker) -> Report:
    """Bring an index up to date: what is new, changed or gone in its files and folders.

    Args:
        folder: Folder of the index.
        sources: Files and folders to look after from now on, besides those it knows.
        maker: The model that built the index.

    Returns:
        What was done.

    Raises:
        KleinError: If there is no index, another model made it, a source is missing, or another
            process writes to it.
    """
    named = [str(source.absolute()) for source in _existing(sources)]
    with told(folder), _alone(check_built(folder)):
        with closing(Store(folder / DATABASE)) as store:
            facts = facts_of(store)
            maker.check(folder, facts["model"], facts["digest"], facts["dim"])
            everything = list(dict.fromkeys([*_still_there(store), *named]))
            store.set("sources", everything)
            reading = Reading(**{**facts["reading"], "fields": tuple(facts["reading"]["fields"])})
            report = Update(store, maker, reading).run(listed_files(map(Path, everything), folder))
            refresh(store, maker.dim)
            store.set("made", now())
        _sweep(folder)
    return report


def check_built(folder: Path) -> Path:
    """Return the folder of an index.

    Raises:
        KleinError: If there is none, or its first build is not finished.
    """
    if (folder / DATABASE).is_file():
        return folder
    if (folder / UNFINISHED).is_file():
        raise KleinError(f"{folder}: its build is not finished; run `klein index build` again")
    raise KleinError(f"{folder}: holds no index; make one with `klein index build {folder} FILES`")


def facts_of(store: Store) -> dict[str, Any]:
    """What an index says of itself: model, digest, dim, reading, sources, date."""
    return {key: store.get(key) for key in ("model", "digest", "dim", "reading", "sources", "made")}


def _existing(sources: Sequence[Path]) -> Sequence[Path]:
    for source in sources:
        if not source.exists():
            raise KleinError(f"{source}: no such file or folder")
        check_encodable(str(source.absolute()), "a path")
    return sources


def _still_there(store: Store) -> list[str]:
    """Sources of an index without files that are gone; a folder that is gone is an error."""
    files = store.files()
    there = []
    for source in store.get("sources"):
        if Path(source).exists():
            there.append(source)
        elif source not in files:
            # A disk that is not attached must not empty the index.
            raise KleinError(f"{source}: no such folder; bring it back, or build the index again")
    return there


def _check_folder(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise KleinError(f"{folder}: is a file; name a folder for the index")
    names = {path.name for path in folder.iterdir()}
    if names and not names & {DATABASE, UNFINISHED, _LOCK}:
        raise KleinError(f"{folder}: holds other files; name a new folder for the index")


def _opened(part: Path, maker: Maker, reading: Reading) -> Store:
    """The unfinished build, begun again unless model and settings are what they were."""
    wanted = {
        "model": maker.name,
        "digest": maker.digest,
        "dim": maker.dim,
        "reading": {**asdict(reading), "fields": list(reading.fields)},
    }
    if part.is_file():
        try:
            store = Store(part)
            if all(store.get(key) == value for key, value in wanted.items()):
                return store
            store.close()
        except KleinError:
            pass
    _remove(part)
    store = Store(part, create=True)
    with store.transaction():
        for key, value in wanted.items():
            store.set(key, value)
    return store


def _take_place(folder: Path) -> None:
    """Put a finished build in the place of the index."""
    target = folder / DATABASE
    if target.exists():
        # A journal that a killed writer left belongs to the old database, not to the new one.
        try:
            Store(target).close()
        except KleinError:
            _remove(target)
    (folder / UNFINISHED).replace(target)


def _remove(database: Path) -> None:
    database.unlink(missing_ok=True)
    database.with_name(database.name + _JOURNAL).unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove graphs that killed writers left, and the one that was replaced."""
    named = set()
    for path in (folder / DATABASE, folder / UNFINISHED):
        # What a kill left at its very beginning is no database yet, and names none.
        with suppress(KleinError):
            with closing(Store(path)) as store:
                graph = recorded(store)
            named |= {graph.name} if graph else set()
    for path in folder.glob(PATTERN):
        if path.name not in named:
            path.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the right to write to an index; the system takes it back from a killed process."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = sqlite3.connect(folder / _LOCK, timeout=0, isolation_level=None)
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            raise KleinError(
                f"{folder}: another process is writing to it; wait for it to end"
            ) from None
        yield
    finally:
        lock.close()
