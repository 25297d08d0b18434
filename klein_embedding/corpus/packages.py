"""Files of Debian and npm packages, read by the registries' own clients."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
import textwrap
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from klein_embedding.corpus.globs import matcher
from klein_embedding.corpus.sources import Source
from klein_embedding.errors import KleinError
from klein_embedding.text import check_encodable


def read_packages(source: Source) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of the wanted files of a source's packages, links left out.

    Args:
        source: Row of the catalogue of origin kind "deb" or "npm".

    Raises:
        KleinError: If a package cannot be had in its version, is damaged, or holds a path that
            leads out of its folder.
    """
    with tempfile.TemporaryDirectory() as folder:
        if source.origin_kind == "npm":
            wish = f"{source.origin}@{source.pins[0]}"
            _download(source, ["npm", "pack", "--ignore-scripts", "--silent", wish], folder)
            for path in sorted(Path(folder).iterdir()):
                yield from _members(path.open("rb"), source, "package/")
            return
        # One call for all: apt reads its lists of packages anew each time, for seconds.
        wishes = [f"{package}={version}" for package, version in source.packages.items()]
        _download(source, ["apt-get", "download", "-qq", *wishes], folder)
        for path in sorted(Path(folder).iterdir()):
            yield from _deb_members(path, source)


def _download(source: Source, command: list[str], folder: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise KleinError(f"source {source.name}: '{command[0]}' is not installed") from None
    if done.returncode or not any(Path(folder).iterdir()):
        call = textwrap.shorten(" ".join(command), 90, placeholder=" …")
        last = (done.stderr.strip() or "nothing was downloaded").splitlines()[-1]
        raise KleinError(
            f"source {source.name}: '{call}' failed ({last}); a version may be "
            "gone from the registry, then choose a newer one in the catalogue"
        )


def _deb_members(path: Path, source: Source) -> Iterator[tuple[str, bytes]]:
    command = ["dpkg-deb", "--fsys-tarfile", str(path)]
    with tempfile.TemporaryFile() as stream:
        done = subprocess.run(command, stdout=stream, stderr=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise KleinError(f"source {source.name}: {path.name} is no readable Debian package")
        stream.seek(0)
        yield from _members(stream, source, "./")


def _members(file: IO[bytes], source: Source, prefix: str) -> Iterator[tuple[str, bytes]]:
    wanted = matcher(source.files)
    try:
        with file, tarfile.open(fileobj=file) as archive:
            for member in archive:
                name = safe_name(member.name.removeprefix(prefix), source)
                content = archive.extractfile(member) if member.isreg() and wanted(name) else None
                if content is not None:
                    yield name, content.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise KleinError(
            f"source {source.name}: a downloaded archive is damaged ({error}); fetch it again"
        ) from None


def safe_name(name: str, source: Source) -> str:
    """Return a path inside an origin, or refuse it when it could be written elsewhere.

    Raises:
        KleinError: If the path is absolute, climbs up, or is no UTF-8.
    """
    if name.startswith("/") or "\\" in name or ".." in PurePosixPath(name).parts:
        raise KleinError(f"source {source.name}: the origin holds the unsafe path '{name}'")
    return check_encodable(name, f"source {source.name}: a file's name")
