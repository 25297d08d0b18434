"""Files and manifests: whole or absent, and always traceable to what they were made from."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from klein_embedding.errors import KleinError

MANIFEST = "manifest.json"


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(value: object) -> str:
    """Hexadecimal SHA-256 of a JSON-like value, independent of the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def write_json(path: Path, value: object) -> None:
    """Write a value as indented UTF-8 JSON, whole or not at all."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        KleinError: If the file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KleinError(f"{path}: no such file") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise KleinError(f"{path}: not valid JSON ({error}); make the folder again") from None


@contextmanager
def fresh_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder beside the target that takes its place when the block ends well.

    A failure or a kill leaves the target as it was; a leftover of a killed run is removed first.
    """
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    yield part
    old = target.with_name(f"{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.replace(old)
    part.replace(target)
    shutil.rmtree(old, ignore_errors=True)


def processor() -> str:
    """Name of the processor and number of cores that this process may use."""
    name = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        name = names[0].partition(":")[2].strip() if names else name
    return f"{name}, {len(os.sched_getaffinity(0))} cores"


def versions(*packages: str) -> dict[str, str]:
    """Version of Python and of each named package ("absent" where it is not installed)."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


def commit() -> str:
    """Commit of the checkout that this package runs from, "unknown" outside a checkout."""
    here = Path(__file__).resolve().parent.parent
    command = ["git", "-C", str(here), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:  # no git on this machine
        return "unknown"
    return done.stdout.strip() or "unknown"


def now() -> str:
    """Current time in UTC, to the second, as ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_manifest(folder: Path, facts: Mapping[str, Any], *, volatile: bool = True) -> None:
    """Write ``manifest.json``: digests of every file below the folder, and the facts given.

    Written last, so that a folder with a manifest is a finished one.

    Args:
        folder: Folder whose files are described.
        facts: What the folder was made from (input digests, resolved recipe, counts).
        volatile: Also record date, commit, processor and command; left out where the same
            input must give the same bytes.
    """
    files = {
        str(path.relative_to(folder)): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    made = (
        {
            "made": {
                "date": now(),
                "commit": commit(),
                "processor": processor(),
                "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
                "versions": versions("numpy", "tokenizers", "onnxruntime", "torch"),
            }
        }
        if volatile
        else {}
    )
    write_json(folder / MANIFEST, {**facts, **made, "files": files})


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read a folder's manifest.

    Raises:
        KleinError: If the folder is missing or unfinished.
    """
    if not (folder / MANIFEST).is_file():
        raise KleinError(f"{folder}: holds no finished {MANIFEST}; run the stage that makes it")
    return read_json(folder / MANIFEST)


def check_files(folder: Path, remedy: str = "fetch the folder again") -> dict[str, Any]:
    """Read a folder's manifest and compare every file that it lists with its SHA-256.

    Args:
        folder: Folder with a manifest.
        remedy: What to do about a bad file, for the message.

    Raises:
        KleinError: If a listed file is missing or altered.
    """
    manifest = read_manifest(folder)
    for name, expected in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise KleinError(f"{path}: listed in the manifest but missing; {remedy}")
        if sha256(path) != expected:
            raise KleinError(f"{path}: differs from its manifest's sha256; {remedy}")
    return manifest
