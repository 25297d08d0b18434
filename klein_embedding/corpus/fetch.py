"""Bring sources onto this disk: pinned, whole or absent, the same bytes at every rerun."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from klein_embedding.corpus.globs import matcher
from klein_embedding.corpus.packages import read_packages, safe_name
from klein_embedding.corpus.repository import read_commit
from klein_embedding.corpus.sources import Source
from klein_embedding.errors import KleinError
from klein_embedding.files import (
    MANIFEST,
    digest_of,
    fresh_folder,
    read_manifest,
    sha256,
    write_manifest,
)
from klein_embedding.text import fingerprint

_LONGEST_NAME = 255
"""Bytes."""


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What stands on disk for one source.

    Attributes:
        name: Name of the source.
        folder: Its folder, with ``files/`` and a manifest.
        fetched: False when a finished copy was there already.
        files: Number of files.
        size: Their bytes, all together.
        digest: Digest of the manifest's file table, what the catalogue pins as sha256.
    """

    name: str
    folder: Path
    fetched: bool
    files: int
    size: int
    digest: str


def fetch(source: Source, raw_root: Path, mirror: str | None) -> FetchResult:
    """Bring one source into its folder, or find it there.

    Args:
        source: Row of the catalogue.
        raw_root: Folder that holds one folder a source.
        mirror: Path of local repositories with ``{owner}`` and ``{name}`` to be filled in; None
            reads git sources from GitHub.

    Returns:
        What stands on disk now.

    Raises:
        KleinError: If the source cannot be had as it is pinned; nothing is written then.
    """
    target = raw_root / source.name
    request = _request(source)
    fetched = not (target / MANIFEST).is_file() or read_manifest(target).get("request") != request
    if fetched:
        with fresh_folder(target) as part:
            try:
                _fill(source, part, mirror)
                _seal(source, part, request)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
    result = _result(source, target, fetched)
    _check_digest(source, result.digest)
    return result


def fetch_all(
    sources: Iterable[Source],
    raw_root: Path,
    mirror: str | None,
    strict: bool,
    report: Callable[[str], None],
) -> dict[str, str]:
    """Bring many sources, going on with the rest when one cannot be had.

    Args:
        sources: Rows of the catalogue.
        raw_root: Folder that holds one folder a source.
        mirror: See `fetch`.
        strict: Stop at the first source that cannot be had.
        report: Called with one line a source.

    Returns:
        Reason by name of the sources that could not be had.

    Raises:
        KleinError: If strict and a source cannot be had.
    """
    failed: dict[str, str] = {}
    for source in sources:
        try:
            result = fetch(source, raw_root, mirror)
        except KleinError as error:
            if strict:
                raise
            failed[source.name] = str(error)
            report(f"{source.name}: NOT fetched: {error}")
        else:
            state = "fetched" if result.fetched else "present"
            report(f"{source.name}: {state}, {result.files:,} files, {result.size / 1e6:,.1f} MB")
    return failed


def _request(source: Source) -> str:
    """Digest of what was asked for; a folder's own bytes count, since nothing else pins them."""
    asked: dict[str, object] = {
        "kind": source.origin_kind,
        "origin": source.origin,
        "pins": source.pins,
        "packages": source.packages,
        "files": source.files,
    }
    if source.origin_kind == "folder":
        asked["origin"] = {name: sha256(path) for name, path in _local_files(source)}
    return digest_of(asked)


def _fill(source: Source, part: Path, mirror: str | None) -> None:
    if source.origin_kind == "git":
        found = _from_git(source, mirror)
    elif source.origin_kind == "folder":
        found = ((name, path.read_bytes()) for name, path in _local_files(source))
    else:
        found = read_packages(source)
    for name, content in found:
        path = part / "files" / _fitting(name)
        if path.is_file() and path.read_bytes() != content:
            raise KleinError(f"source {source.name}: two packages hold different files '{name}'")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if not (part / "files").is_dir():
        raise KleinError(f"source {source.name}: no file matches {', '.join(source.files)}")


def _fitting(name: str) -> str:
    """The same path with no part longer than file systems take.

    Windows counts 255 characters and Linux 255 bytes, which is a third of that in Indic scripts.
    """
    return "/".join(_fitting_part(part) for part in name.split("/"))


def _fitting_part(part: str) -> str:
    encoded = part.encode()
    if len(encoded) <= _LONGEST_NAME:
        return part
    stem, dot, suffix = part.rpartition(".")
    tail = f"-{fingerprint(part):016x}{dot}{suffix if stem else ''}"
    return encoded[: _LONGEST_NAME - len(tail.encode())].decode(errors="ignore") + tail


def _seal(source: Source, part: Path, request: str) -> None:
    facts = {
        "source": source.name,
        "origin_kind": source.origin_kind,
        # A folder's place differs from machine to machine, its name does not.
        "origin": Path(source.origin).name if source.origin_kind == "folder" else source.origin,
        "pins": source.pins,
        "packages": source.packages,
        "globs": source.files,
        "licence": source.licence,
        "request": request,
    }
    write_manifest(part, facts, volatile=False)
    _check_digest(source, digest_of(read_manifest(part)["files"]))


def _result(source: Source, target: Path, fetched: bool) -> FetchResult:
    table = read_manifest(target)["files"]
    size = sum((target / name).stat().st_size for name in table if (target / name).is_file())
    return FetchResult(source.name, target, fetched, len(table), size, digest_of(table))


def _check_digest(source: Source, digest: str) -> None:
    if source.sha256 and digest != source.sha256:
        raise KleinError(
            f"source {source.name}: the files' digest is {digest}, the catalogue says "
            f"{source.sha256}; the origin changed, so look at it before changing the catalogue"
        )


def _local_files(source: Source) -> Iterator[tuple[str, Path]]:
    root, wanted = Path(source.origin), matcher(source.files)
    if not root.is_dir():
        raise KleinError(f"source {source.name}: {root} is no folder")
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not path.is_symlink() and wanted(name):
            yield name, path


def _from_git(source: Source, mirror: str | None) -> Iterator[tuple[str, bytes]]:
    wanted = matcher(source.files)
    for pin in source.pins:
        # Several commits hold the same paths, so each gets a folder of its own.
        head = f"{pin[:12]}/" if len(source.pins) > 1 else ""
        for name, content in read_commit(source, pin, mirror, wanted):
            yield head + safe_name(name, source), content
