"""Files and the members of archives as one stream of names and bytes; nothing is unpacked."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import tarfile
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

MOST_BYTES = 256 << 20
"""Largest file or member once it is unpacked; a small archive could hold more than memory does."""

_PACKED = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def members(path: Path, wanted: str = "*") -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of a plain file, or of an archive's wanted members by name.

    Args:
        path: A plain file, a file packed by itself (.gz, .bz2, .xz), a .zip or a .tar of any kind.
        wanted: Glob pattern of the members to read; ``*`` passes over slashes.

    Raises:
        ValueError: If a member is larger than `MOST_BYTES`.
    """
    if path.suffix == ".zip":
        yield from _zip_members(path, wanted)
    elif ".tar" in path.suffixes or path.suffix == ".tgz":
        yield from _tar_members(path, wanted)
    elif path.suffix in _PACKED:
        with _PACKED[path.suffix](path) as file:
            yield path.stem, _limited(file.read(MOST_BYTES + 1), path.name)
    else:
        yield path.name, _limited(path.read_bytes(), path.name)


def decoded(content: bytes) -> str:
    """Text of a file in UTF-8, or in UTF-16 if its first two bytes say so."""
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if marked else "utf-8-sig")


def _zip_members(path: Path, wanted: str) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
            if not entry.is_dir() and fnmatch(entry.filename, wanted):
                with archive.open(entry) as file:
                    yield entry.filename, _limited(file.read(MOST_BYTES + 1), entry.filename)


def _tar_members(path: Path, wanted: str) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        # In the order of the archive, which a packed stream can be read in only once.
        for entry in archive:
            file = archive.extractfile(entry) if entry.isreg() else None
            if file is not None and fnmatch(entry.name, wanted):
                yield entry.name, _limited(file.read(MOST_BYTES + 1), entry.name)


def _limited(content: bytes, name: str) -> bytes:
    if len(content) > MOST_BYTES:
        raise ValueError(f"{name} is larger than {MOST_BYTES >> 20} MiB")
    return content
