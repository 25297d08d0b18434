"""What leaves the other machine: logs, and the finished weights at half their size, in parts.

Shapes: V vocabulary, D width, C content coordinates.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from klein_embedding.files import fresh_folder, read_json, read_manifest, sha256, write_json
from klein_embedding.train.bundle import RETURNED, SAID
from klein_embedding.train.finished import TABLE, WEIGHTS
from klein_embedding.train.order import Workshop
from klein_embedding.train.pieces import Whole, cut
from klein_embedding.train.telling import LOG

WORDS = "embeddings.word_embeddings.weight"
STATIC = "static.table"
"""Name of the static table among the weights, where the token table does not hold it."""
PART_BYTES = 15 * 2**20
_CALL_FILES, _CALL_BYTES = 8, 60 * 2**20
_FOLDER, _HANDED = "handover", "handed.json"
_CLOSE = 1e-3


def hand_over(shop: Workshop, bundle: dict[str, Any] | None, out: Path, again: bool) -> int:
    """Copy what is new to the folder that goes back: the weights first, then logs.

    Args:
        shop: Workshop over there.
        bundle: The bundle's manifest when its stages are finished, None before.
        out: Folder to copy to.
        again: Whether what was handed over before is handed over again.

    Returns:
        How many files are left for further calls.
    """
    ready = _weights(shop, bundle) if bundle else []
    logs = sorted(shop.runs.glob(f"*-work/{LOG}"), key=lambda path: -path.stat().st_mtime)
    named = [(path.name, path) for path in ready]
    named += [(f"log-{path.parent.name.removesuffix('-work')}.jsonl", path) for path in logs]
    book = shop.runs / _HANDED
    handed = {} if again or not book.is_file() else read_json(book)
    digests = {name: sha256(path) for name, path in named}
    new = [(name, path) for name, path in named if handed.get(name) != digests[name]]
    # What was said changes with every call, and is told last.
    chosen = _fitting([*new, (SAID, shop.runs / SAID)])
    out.mkdir(parents=True, exist_ok=True)
    for name, path in chosen:
        part = out / f"{name}.part"
        shutil.copyfile(path, part)
        part.replace(out / name)
    told = {name: digests[name] for name, _ in chosen if name in digests}
    write_json(book, {**handed, **told})
    return len(new) - len(told)


def _fitting(files: list[tuple[str, Path]]) -> list[tuple[str, Path]]:
    """The first files that one call may bring back."""
    chosen: list[tuple[str, Path]] = []
    room = _CALL_BYTES
    for name, path in files:
        size = path.stat().st_size
        if len(chosen) < _CALL_FILES and size <= room:
            chosen.append((name, path))
            room -= size
    return chosen


def _weights(shop: Workshop, bundle: dict[str, Any]) -> list[Path]:
    """Manifest and parts of the last stage's weights, written once."""
    folder, names = shop.runs / _FOLDER, bundle["stages"]
    facts = {name: read_manifest(shop.runs / name) for name in names}
    files = {name: found["files"] for name, found in facts.items()}
    listed = folder / RETURNED
    if not listed.is_file() or read_json(listed)["files"] != files:
        with fresh_folder(folder) as part:
            whole = _cut_weights(shop.runs / names[-1], part)
            rows = {
                "stage": "returned",
                "mark": bundle["mark"],
                "stages": names,
                "files": files,
                "checkpoint": facts[names[-1]].get("checkpoint"),
                "made": {name: found["made"] for name, found in facts.items()},
                "weights": asdict(whole),
            }
            write_json(part / RETURNED, rows)
    parts = Whole.read(read_json(listed)["weights"]).pieces
    return [listed, *(folder / piece.name for piece in parts)]


def _cut_weights(stage: Path, folder: Path) -> Whole:
    light = folder / WEIGHTS
    save_file(lightened(stage), light)
    size = light.stat().st_size
    pieces = tuple(
        cut(light, start, PART_BYTES, (folder, f"weights-{start // PART_BYTES:02}.part"))
        for start in range(0, size, PART_BYTES)
    )
    digest = sha256(light)
    light.unlink()
    return Whole(size, digest, packed=False, pieces=pieces)


def lightened(stage: Path) -> dict[str, Tensor]:
    """Weights of a stage's folder, matrices in bfloat16, with the static table if they lack it."""
    found = load_file(stage / WEIGHTS) if (stage / WEIGHTS).is_file() else {}
    table = torch.from_numpy(np.load(stage / TABLE))
    if WORDS not in found or not _holds(found[WORDS], table):
        found[STATIC] = table
    # Vectors weigh nothing, and norms near one would lose much.
    return {name: value.bfloat16() if value.ndim > 1 else value for name, value in found.items()}


def _holds(words: Tensor, table: Tensor) -> bool:
    """Whether a token table (V, D) begins with the static one (V, C), special tokens aside."""
    content = words[:, : table.shape[1]]
    near = torch.isclose(content, table, rtol=_CLOSE, atol=_CLOSE).all(1)
    return bool((near | (content == 0).all(1)).all())
