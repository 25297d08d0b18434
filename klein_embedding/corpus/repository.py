"""Read the files of one commit out of a git repository, local or on GitHub."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from klein_embedding.corpus.sources import Source
from klein_embedding.errors import KleinError

# A partial copy would otherwise try to load missing files from its remote, one by one.
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}


def read_commit(
    source: Source, pin: str, mirror: str | None, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of a commit's wanted files, in the order of the tree.

    Args:
        source: Row of the catalogue whose origin is ``owner/name``.
        pin: Commit, 40 hexadecimal digits.
        mirror: Path of local repositories with ``{owner}`` and ``{name}``; None for GitHub.
        wanted: Tells of a path whether it is taken; links and submodules never are.

    Raises:
        KleinError: If the repository, the commit or a wanted file cannot be had.
    """
    if mirror is not None:
        owner, _, name = source.origin.partition("/")
        folder = mirror.replace("{owner}", owner).replace("{name}", name)
        if not Path(folder).is_dir():
            raise KleinError(f"source {source.name}: no repository at {folder}; check the mirror")
        yield from _wanted_files(source, folder, pin, wanted)
        return
    with tempfile.TemporaryDirectory() as folder:
        address = f"https://github.com/{source.origin}"
        _git(source, folder, "init", "-q", "--bare")
        _git(source, folder, "fetch", "-q", "--depth", "1", "--no-tags", address, pin)
        yield from _wanted_files(source, folder, pin, wanted)


def _wanted_files(
    source: Source, folder: str, pin: str, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, bytes]]:
    listing = _git(source, folder, "ls-tree", "-r", "-z", "--full-tree", pin)
    blobs: list[tuple[str, str]] = []
    for row in filter(None, listing.decode("utf-8", "surrogateescape").split("\0")):
        facts, _, path = row.partition("\t")
        mode, kind, blob = facts.split()
        if kind == "blob" and mode != "120000" and wanted(path):
            blobs.append((path, blob))
    command = ["git", "-C", folder, "cat-file", "--batch"]
    with tempfile.TemporaryFile() as wishes:
        wishes.write("".join(f"{blob}\n" for _, blob in blobs).encode())
        wishes.seek(0)
        with subprocess.Popen(
            command, stdin=wishes, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_env()
        ) as process:
            assert process.stdout is not None
            for path, _ in blobs:
                head = process.stdout.readline().split()
                if len(head) != 3:
                    process.kill()
                    raise KleinError(
                        f"source {source.name}: '{path}' of {pin[:12]} is missing from {folder}; "
                        "use a whole copy, or take the file out of the catalogue with a '!' glob"
                    )
                content = process.stdout.read(int(head[2]))
                process.stdout.read(1)
                yield path, content


def _git(source: Source, folder: str, *arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", "-C", folder, *arguments], capture_output=True, check=False, env=_env()
        )
    except FileNotFoundError:
        raise KleinError(f"source {source.name}: 'git' is not installed") from None
    if done.returncode:
        reason = (done.stderr.decode(errors="replace").strip() or "no reason given").splitlines()
        raise KleinError(
            f"source {source.name}: git {arguments[0]} of {source.origin} @ {arguments[-1][:12]} "
            f"failed ({reason[-1]}); check the pin and the mirror"
        )
    return done.stdout


def _env() -> dict[str, str]:
    return {**os.environ, **_QUIET}
