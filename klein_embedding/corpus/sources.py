"""The catalogue of sources: one table that says where every text comes from, and on what terms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from klein_embedding.errors import KleinError
from klein_embedding.recipe import parse_table, read_toml

ORIGIN_KINDS = ("git", "deb", "npm", "folder")
TEXT_CLASSES = {
    "H": "human sentences",
    "C": "sentences paired loosely",
    "S": "scripture",
    "U": "interface strings",
    "L": "words and phrases",
    "M": "machine-translated documents",
    "E": "English only",
    "T": "monolingual or evaluation text",
}

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Source:
    """One row of the catalogue.

    Attributes:
        name: Key of the row, and name of its folder below ``data/raw``.
        title: What the source is, for the reader of the table.
        origin_kind: How it is had: "git", "deb", "npm" or "folder".
        origin: ``owner/name`` of a repository on GitHub, ``debian``, name of a package on npm,
            or a folder relative to the catalogue.
        files: Globs of the files to take; ``**/`` any folders, ``*`` inside a name, ``{a,b}``
            alternatives, ``{lang}`` every locale tag of the fifteen languages, a leading ``!``
            takes files away again.
        reader: Name of its reader, empty for evaluation sets.
        text_class: H, C, S, U, L, M, E or T, see `TEXT_CLASSES`.
        licence: Licence of the text, or that none is stated.
        objective: What it is trained for: a kind of pair, "monolingual" or "evaluation".
        weight: Factor on its share of the training batches.
        cap: Most pairs a language, 0 for all.
        citation: Where it is described or whom to thank.
        pins: Commits of a git source (40 digits), or the one version of an npm package.
        packages: Version by name of the Debian packages of a deb source.
        options: What its reader wants to know besides.
        sha256: Digest of the fetched files (`files.digest_of` of the manifest's file table).
    """

    name: str
    title: str
    origin_kind: str
    origin: str
    files: list[str]
    reader: str
    text_class: str
    licence: str
    objective: str
    weight: float
    cap: int
    citation: str
    pins: list[str] = field(default_factory=list)
    packages: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""


def load_sources(path: Path) -> dict[str, Source]:
    """Read and check a catalogue.

    Args:
        path: TOML file with one table a source.

    Returns:
        The sources by name, in the order of the file; the origin of a folder source is absolute.

    Raises:
        KleinError: If the file is missing or not TOML, a key is unknown or missing, or a value
            cannot be right.
    """
    return {name: _source(name, table, path) for name, table in read_toml(path).items()}


def is_source_name(name: str) -> bool:
    """Whether a source may be called so: lower-case letters, digits and hyphens."""
    return _NAME.fullmatch(name) is not None


def _source(name: str, table: object, path: Path) -> Source:
    where = f"{path}: {name}"
    if not isinstance(table, Mapping):
        raise KleinError(f"{where}: expected a table")
    if "name" in table:
        raise KleinError(f"{where}: the table's heading is the name; remove the key 'name'")
    source = parse_table(Source, {"name": name, **table}, where)
    for problem, found in _problems(source).items():
        if found:
            raise KleinError(f"{where}: {problem}")
    if source.origin_kind == "folder":
        return replace(source, origin=str((path.parent / source.origin).resolve()))
    return source


def _problems(source: Source) -> dict[str, bool]:
    kind, pins = source.origin_kind, source.pins
    return {
        "the name must be lower-case letters, digits and hyphens": not is_source_name(source.name),
        f"origin_kind must be one of {', '.join(ORIGIN_KINDS)}": kind not in ORIGIN_KINDS,
        f"text_class must be one of {', '.join(TEXT_CLASSES)}": source.text_class
        not in TEXT_CLASSES,
        "files must name at least one glob": not source.files,
        "cap must be 0 (none) or more": source.cap < 0,
        "weight must be positive": source.weight <= 0,
        "origin must be owner/name": kind == "git" and not _REPOSITORY.fullmatch(source.origin),
        "pins must be commits of 40 hexadecimal digits": kind == "git"
        and not (pins and all(_COMMIT.fullmatch(pin) for pin in pins)),
        "pins must hold the package's one version": kind == "npm" and len(pins) != 1,
        "packages must give a version to each Debian package": kind == "deb"
        and not source.packages,
        "packages are for origin_kind deb alone": kind != "deb" and bool(source.packages),
        "pins are for origin_kind git and npm alone": kind in ("deb", "folder") and bool(pins),
        "sha256 must be 64 hexadecimal digits": bool(source.sha256)
        and not _SHA256.fullmatch(source.sha256),
    }
