"""A bundle: all that another machine needs to train some stages, in loads that fit a call each.

That machine has torch, tokenizers, safetensors and numpy, and no way to fetch more. `bundled` runs
there, `unbundle` takes in what comes back.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from klein_embedding.errors import KleinError
from klein_embedding.files import (
    MANIFEST,
    check_files,
    commit,
    digest_of,
    fresh_folder,
    now,
    read_json,
    read_manifest,
    sha256,
    write_json,
    write_text,
)
from klein_embedding.tokenizer.frozen import FILE
from klein_embedding.tokenizer.shards import check_shards
from klein_embedding.train.order import Workshop, is_mine, stage_key
from klein_embedding.train.pieces import Loads, load_name

STAGE = "bundle"
RUNS, SHARDS, TOKENIZER = "runs", "shards", "tokenizer"
"""Folders over there: the stages, and among them the shards and the tokenizer."""
SAID, RETURNED = "said.txt", "returned.json"
"""Files that come back: lines of progress, and what the parts of the weights make."""
_CODE, _SUMS, _SCRIPT = "code", "code.sha256", "run.sh"
_ROOMS = ("tokenizer", "model", "train")
_BORROWED = "jaxtyping"
"""Pure Python that the code names its shapes with, and that may be missing over there."""
_MANIFEST_ROOM = 256 << 10
_SMALLEST_LOAD = 4 << 10

RUN = """#!/usr/bin/env bash
# Trains for a while; called again, it goes on, and hands over the weights when they are finished.
#   bash run.sh [--seconds N] [--out FOLDER] [--again]
# PYTHON names the interpreter that has torch, tokenizers, safetensors and numpy.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if ! (cd "$here" && sha256sum --check --quiet code.sha256) >&2; then
  echo "run.sh: the files named above are missing or altered; copy code and manifest again" >&2
  exit 2
fi
export PYTHONPATH="$here/code${PYTHONPATH:+:$PYTHONPATH}"
export PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
exec "${PYTHON:-python3}" -P -m klein_embedding.train.bundled "$here" "$@"
"""


@dataclass(frozen=True, slots=True)
class Call:
    """What is carried over at once.

    Attributes:
        paths: Names below the bundle's folder, folders with all that they hold.
        bytes: Their size.
    """

    paths: tuple[str, ...]
    bytes: int


def write_bundle(shop: Workshop, named: Sequence[str], target: Path, most: int) -> list[Call]:
    """Write the folder of a bundle.

    Args:
        shop: Recipe and folders here.
        named: Stages to train over there; none for all that are not finished here.
        target: Folder to write; an earlier bundle there is replaced.
        most: Most bytes of a call, the code included.

    Returns:
        What to carry over, call by call.

    Raises:
        KleinError: If the stages do not follow one another, one before them is not finished, an
            input is altered, the target holds something else, or a call has no room for data.
    """
    names = stages_to_train(shop, named)
    folders = _inputs(shop, names)
    if target.is_dir() and any(target.iterdir()):
        if not is_bundle(target):
            raise KleinError(f"{target}: holds other files; name a folder that is new or empty")
        if (target / RUNS).exists():
            raise KleinError(f"{target}: stages were trained in it; name a folder that is new")
    with fresh_folder(target) as part:
        code = _write_code(part)
        fixed = sum((part / name).stat().st_size for name in code) + _MANIFEST_ROOM
        if most - fixed < _SMALLEST_LOAD:
            raise KleinError(
                f"a call of {most:,} bytes has no room beside the code's {fixed:,}; allow more"
            )
        loads = Loads(part, most - fixed)
        files = _loaded(loads, folders)
        calls = [
            Call((_SCRIPT, MANIFEST, _SUMS, _CODE, load_name(number)), fixed + size)
            for number, size in enumerate(loads.sizes, start=1)
        ]
        _finish(part, _facts(shop, names, calls) | {"code": code, "files": files})
    return calls


def _loaded(loads: Loads, folders: Mapping[str, Path]) -> dict[str, Any]:
    """Lay every file of the folders into the loads; describe each by its place over there."""
    files = {}
    for name, folder in folders.items():
        for file in (*sorted(read_manifest(folder)["files"]), MANIFEST):
            place = f"{RUNS}/{name}/{file}"
            files[place] = asdict(loads.add(folder / file, place.replace("/", ".")))
    return files


def stages_to_train(shop: Workshop, named: Sequence[str]) -> tuple[str, ...]:
    """Stages of a bundle in their order: the named ones, or all that are not finished.

    Raises:
        KleinError: If they do not follow one another in the recipe, one before them is not
            finished, the last one trains nothing, or none is left.
    """
    planned = shop.recipe.stages.planned()
    ready = 0
    while ready < len(planned) and is_finished(shop, planned[ready]):
        ready += 1
    names = tuple(named) or planned[ready:]
    if not names:
        raise KleinError("every stage is finished already; name one with --stage to train it anew")
    first = planned.index(names[0]) if names[0] in planned else 0
    if names != planned[first : first + len(names)]:
        raise KleinError(
            f"--stage {' --stage '.join(names)}: name stages that follow one another in "
            f"{', '.join(planned)}"
        )
    if first > ready:
        raise KleinError(f"{planned[ready]} is not finished; train it first, or bundle it too")
    if is_mine(names[-1]):
        raise KleinError(f"{names[-1]} trains nothing; bundle the stage behind it too")
    return names


def is_finished(shop: Workshop, name: str) -> bool:
    """Whether a stage's folder is there and was made from today's inputs."""
    folder = shop.runs / name
    if not (folder / MANIFEST).is_file():
        return False
    return read_manifest(folder).get("key") == stage_key(shop, name)


def is_bundle(folder: Path) -> bool:
    """Whether a folder holds a bundle."""
    path = folder / MANIFEST
    return path.is_file() and read_json(path).get("stage") == STAGE


def mark_of(shop: Workshop, names: Sequence[str]) -> str:
    """Digest of what the stages of a bundle are made from, the same here and over there."""
    before = shop.before(names[0])
    recipe = asdict(shop.recipe)
    return digest_of(
        {
            "names": list(names),
            "recipe": {part: recipe[part] for part in ("model", "stages")},
            "shards": read_manifest(shop.shards)["files"],
            "before": read_manifest(before)["files"] if before else None,
        }
    )


def _inputs(shop: Workshop, names: tuple[str, ...]) -> dict[str, Path]:
    """Folders to carry by their names over there, every byte of them checked."""
    found = {SHARDS: shop.shards, TOKENIZER: shop.tokenizer}
    check_files(shop.tokenizer)
    check_shards(shop.shards, shop.tokenizer / FILE)
    before = shop.before(names[0])
    if before:
        for folder in (before, shop.weights_before(names[0])):
            if not check_files(folder)["files"]:
                raise KleinError(f"{folder}: its weights stayed on another machine; train it again")
            found[folder.name] = folder
    return found


def _write_code(part: Path) -> dict[str, str]:
    """Write code and script; return the digest of each file."""
    package = Path(__file__).resolve().parent.parent
    target = part / _CODE / package.name
    for path in (*package.glob("*.py"), *(p for r in _ROOMS for p in (package / r).glob("*.py"))):
        copy = target / path.relative_to(package)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    _borrow(_BORROWED, part / _CODE)
    write_text(part / _SCRIPT, RUN)
    files = [path for path in sorted((part / _CODE).rglob("*")) if path.is_file()]
    return {str(path.relative_to(part)): sha256(path) for path in (*files, part / _SCRIPT)}


def _borrow(name: str, target: Path) -> None:
    """Copy an installed package with its licence, and what it needs."""
    found = metadata.distribution(name)
    for path in found.files or ():
        if ".." not in path.parts and path.suffix != ".pyc":
            copy = target / str(path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(path.locate()), copy)
    for line in found.requires or ():
        needed, _, condition = line.partition(";")
        if "extra" not in condition:
            _borrow(re.split(r"[^\w.-]", needed.strip())[0], target)


def _facts(shop: Workshop, names: Sequence[str], calls: Sequence[Call]) -> dict[str, Any]:
    return {
        "stage": STAGE,
        "mark": mark_of(shop, names),
        "stages": list(names),
        "recipe": asdict(shop.recipe),
        "calls": [asdict(call) for call in calls],
        "made": {"date": now(), "commit": commit()},
    }


def _finish(part: Path, facts: dict[str, Any]) -> None:
    """Write the manifest, and the digests of all that goes with every call."""
    write_json(part / MANIFEST, facts)
    listed = {**facts["code"], MANIFEST: sha256(part / MANIFEST)}
    write_text(part / _SUMS, "".join(f"{digest}  {name}\n" for name, digest in listed.items()))
