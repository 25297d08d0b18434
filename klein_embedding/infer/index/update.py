"""Files compared with what an index knows of them, and the difference written to it."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from klein_embedding.infer.index.formats import Reading, UnreadableError, load, read_passages_of
from klein_embedding.infer.index.identity import Maker
from klein_embedding.infer.index.pieces import Passage
from klein_embedding.infer.index.store import FileState, Store
from klein_embedding.infer.passages import files_of
from klein_embedding.infer.search import encoded
from klein_embedding.progress import Progress

# Texts that are embedded before the next commit.
_CHUNK = 512
# A file that changes again within the resolution of its clock would look unchanged.
_FRESH_NS = 2_000_000_000


@dataclass(slots=True)
class Report:
    """What a build or an update did.

    Attributes:
        read: Files read anew.
        unchanged: Files left alone.
        removed: Files that are gone.
        embedded: Texts that went through the model.
        passages: Passages in the index now.
        skipped: Reasons for which files have no passages, with the number of files.
    """

    read: int = 0
    unchanged: int = 0
    removed: int = 0
    embedded: int = 0
    passages: int = 0
    skipped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Change:
    """A file to write, and its passages; None where only its time is another."""

    state: FileState
    passages: list[Passage] | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """A file's passages beside those that the index holds of it.

    Attributes:
        state: The file.
        moved: Numbers of passages whose text is the same, and where they stand now.
        fresh: Passages that are new.
        gone: Numbers and texts of those that are no more.
    """

    state: FileState
    moved: list[tuple[int, Passage]]
    fresh: list[Passage]
    gone: list[tuple[int, str]]


class Update:
    """One pass over the files of an index."""

    def __init__(self, store: Store, maker: Maker, reading: Reading) -> None:
        """Prepare a pass.

        Args:
            store: Database that nobody else writes to.
            maker: The model.
            reading: How files are read.
        """
        self._store, self._maker, self._reading = store, maker, reading
        self._progress = Progress("index", unit="files")
        self.report = Report()

    def run(self, listed: Sequence[str]) -> Report:
        """Make the index hold these files and no others.

        Args:
            listed: Absolute paths.

        Returns:
            What was done.
        """
        known = self._store.files()
        here = set(listed)
        gone = [path for path in known if path not in here]
        with self._store.transaction():
            for path in gone:
                self._store.drop_file(path)
        self.report.removed = len(gone)
        self._progress = Progress("index", len(listed), "files")
        for group in _groups(self._changes(listed, known)):
            self._write(group)
        self._progress.close()
        self.report.passages = self._store.count()
        return self.report

    def _changes(self, listed: Sequence[str], known: dict[str, FileState]) -> Iterator[_Change]:
        for path in listed:
            try:
                change = self._change(path, known.get(path))
            except UnreadableError as error:
                self._skip(error.reason)
                change = None
            if change is not None:
                yield change
            self._progress.add(1, f"{self.report.embedded:,} texts embedded")

    def _change(self, path: str, old: FileState | None) -> _Change | None:
        """What has to be written for a file, None if it is as it was.

        Raises:
            UnreadableError: If it cannot be read now; what the index holds of it stays.
        """
        try:
            path.encode()
            stat = Path(path).stat()
        except UnicodeEncodeError:
            raise UnreadableError(path, "its name is not UTF-8") from None
        except OSError as error:
            raise UnreadableError(path, f"not readable ({error.strerror})") from None
        fresh = time.time_ns() - stat.st_mtime_ns < _FRESH_NS
        state = FileState(path, stat.st_size, 0 if fresh else stat.st_mtime_ns, "")
        if old and (old.size, old.modified) == (state.size, stat.st_mtime_ns):
            self._unchanged(old)
            return None
        try:
            data = load(Path(path), self._reading)
            state = replace(state, sha256=hashlib.sha256(data).hexdigest())
            if old and old.sha256 == state.sha256:
                self._unchanged(old)
                return _Change(replace(state, skipped=old.skipped), None)
            passages = list(read_passages_of(Path(path), data, self._reading))
        except UnreadableError as error:
            if not error.lasting:
                raise
            self._skip(error.reason)
            return _Change(replace(state, skipped=error.reason), [])
        self.report.read += 1
        return _Change(state, passages)

    def _unchanged(self, old: FileState) -> None:
        if old.skipped:
            self._skip(old.skipped)
        else:
            self.report.unchanged += 1

    def _skip(self, reason: str) -> None:
        self.report.skipped[reason] = self.report.skipped.get(reason, 0) + 1

    def _write(self, group: list[_Change]) -> None:
        """Embed what is new in some files, and write them in one transaction."""
        plans = [
            _plan(change.state, change.passages, self._store.texts_of(change.state.path))
            for change in group
            if change.passages is not None
        ]
        self._embed(dict.fromkeys(passage.text for plan in plans for passage in plan.fresh))
        with self._store.transaction():
            for change in group:
                if change.passages is None:
                    self._store.put_file(change.state)
            for plan in plans:
                file = self._store.put_file(plan.state)
                self._store.drop_passages(plan.gone)
                for number, passage in plan.moved:
                    self._store.move_passage(number, passage)
                for passage in plan.fresh:
                    vector = self._store.pending(_key(passage.text))
                    self._store.put_passage(file, passage, vector)
            self._store.drop_pending()

    def _embed(self, texts: Iterable[str]) -> None:
        """Make sure that every text has a vector among the pending ones."""
        wanted = [text for text in texts if not self._store.pending(_key(text))]
        for start in range(0, len(wanted), _CHUNK):
            some = wanted[start : start + _CHUNK]
            vectors = encoded(self._maker.embedder, some, self._maker.dim).astype("<f2")
            keys = map(_key, some)
            self._store.keep_pending(zip(keys, (row.tobytes() for row in vectors), strict=True))
            self.report.embedded += len(some)
            self._progress.add(0, f"{self.report.embedded:,} texts embedded")


def listed_files(sources: Iterable[Path], index: Path) -> list[str]:
    """Absolute paths of the files that sources name, each once, those of the index left out."""
    own = index.absolute()
    found: dict[str, None] = {}
    for source in sources:
        for path in files_of(source) if source.is_dir() else [source]:
            if own not in path.absolute().parents:
                found[str(path.absolute())] = None
    return list(found)


def _plan(state: FileState, passages: list[Passage], old: list[tuple[int, str]]) -> _Plan:
    had: dict[str, list[int]] = defaultdict(list)
    for number, text in reversed(old):
        had[text].append(number)
    plan = _Plan(state, [], [], [])
    for passage in passages:
        if had.get(passage.text):
            plan.moved.append((had[passage.text].pop(), passage))
        else:
            plan.fresh.append(passage)
    plan.gone.extend((number, text) for text, numbers in had.items() for number in numbers)
    return plan


def _groups(changes: Iterable[_Change]) -> Iterator[list[_Change]]:
    """Files together until they hold enough passages for a good batch."""
    group: list[_Change] = []
    size = 0
    for change in changes:
        group.append(change)
        size += len(change.passages or ())
        if size >= _CHUNK or len(group) >= _CHUNK:
            yield group
            group, size = [], 0
    if group:
        yield group


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
