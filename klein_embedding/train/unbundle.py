"""The way back: parts of weights that another machine trained become a finished stage here.

Shapes: V vocabulary, C content coordinates.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from klein_embedding.errors import KleinError
from klein_embedding.files import (
    fresh_folder,
    read_json,
    read_manifest,
    sha256,
    write_json,
    write_manifest,
)
from klein_embedding.model.encoder import Encoder, hugging_face_config
from klein_embedding.model.start import centred, clipped, write_table
from klein_embedding.recipe_stages import ContrastiveRecipe
from klein_embedding.tokenizer.frozen import FILE
from klein_embedding.train.bundle import RETURNED, is_finished, mark_of
from klein_embedding.train.checkpoint import tensors
from klein_embedding.train.finished import CONFIG, TABLE, TOKENIZER, WEIGHTS
from klein_embedding.train.handing import STATIC, WORDS
from klein_embedding.train.order import Workshop, section_of, stage_key
from klein_embedding.train.pieces import Piece, Whole, join

_STAYED = "stayed"
"""Key in the manifest of a stage whose weights stayed where it was trained."""


def unbundle(shop: Workshop, folders: Sequence[Path]) -> str:
    """Write the folder of the last stage that a bundle trained, and mark those before it as done.

    The weights of the stages before stay where they were made; here they leave a manifest.

    Args:
        shop: Recipe and folders here.
        folders: What came back, a folder a call.

    Returns:
        Name of the last stage.

    Raises:
        KleinError: If a part is missing or altered, the recipe, the shards or the stage before
            have changed since the bundle was written, or a stage is finished here already.
    """
    returned = _returned(folders)
    names = returned["stages"]
    if returned["mark"] != mark_of(shop, names):
        raise KleinError(
            f"{RETURNED}: trained from another recipe, other shards or another stage before than "
            "those here; name the recipe that the bundle was written with"
        )
    _check_passed(shop, names[:-1])
    whole = Whole.read(returned["weights"])
    with TemporaryDirectory(dir=shop.runs) as place:
        joined = Path(place) / WEIGHTS
        join(whole, lambda piece: _find(piece, folders), joined)
        found = {name: value.float() for name, value in load_file(joined).items()}
    for name in names[:-1]:
        with fresh_folder(shop.runs / name) as part:
            write_manifest(part, _facts(shop, name, returned) | {_STAYED: returned["files"][name]})
    _write_stage(shop, names[-1], found, returned)
    return names[-1]


def _returned(folders: Sequence[Path]) -> dict[str, Any]:
    for folder in folders:
        if (folder / RETURNED).is_file():
            return read_json(folder / RETURNED)
    told = ", ".join(map(str, folders))
    raise KleinError(f"{told}: no {RETURNED} here; it comes with the first part of the weights")


def _find(piece: Piece, folders: Sequence[Path]) -> Path:
    """Where a part lies; one that was fetched twice may be whole the second time."""
    found = [folder / piece.name for folder in folders if (folder / piece.name).is_file()]
    if not found:
        raise KleinError(
            f"{piece.name}: not come back yet; call run.sh again, with --again if it did hand it "
            "over, and name the new folder too"
        )
    return next((path for path in found if sha256(path) == piece.sha256), found[0])


def _check_passed(shop: Workshop, names: Sequence[str]) -> None:
    for name in names:
        if is_finished(shop, name) and _STAYED not in read_manifest(shop.runs / name):
            raise KleinError(
                f"{shop.runs / name}: finished here too, with other weights than over there; "
                "move it away"
            )


def _write_stage(
    shop: Workshop, name: str, found: dict[str, Tensor], returned: dict[str, Any]
) -> None:
    model, vocabulary = shop.recipe.model, shop.recipe.tokenizer.vocabulary
    table = found.pop(STATIC, None)
    if table is None:
        table = found[WORDS][:, : model.content]
    # Rounding has moved the rows a little off their mean and their longest.
    held = clipped(centred(table.numpy()), model.radius).astype(np.float32)
    with fresh_folder(shop.runs / name) as part:
        shutil.copy(shop.tokenizer / FILE, part / TOKENIZER)
        np.save(part / TABLE, held)
        if found:
            save_file(_weights(shop, name, found, held), part / WEIGHTS)
            write_json(part / CONFIG, hugging_face_config(model, vocabulary))
        write_manifest(part, _facts(shop, name, returned))


def _weights(
    shop: Workshop, name: str, found: dict[str, Tensor], table: np.ndarray
) -> dict[str, Tensor]:
    """Weights that the recipe's encoder takes, its token vectors brought to one length again."""
    encoder = Encoder(shop.recipe.model, shop.recipe.tokenizer.vocabulary)
    try:
        encoder.load_state_dict(found)
    except RuntimeError as error:
        why = str(error).splitlines()[-1].strip()
        raise KleinError(f"{RETURNED}: of another shape than the recipe's ({why})") from None
    if isinstance(section_of(shop.recipe, name), ContrastiveRecipe):
        write_table(encoder, torch.from_numpy(table), shop.recipe.model.radius)
    return tensors(encoder)


def _facts(shop: Workshop, name: str, returned: dict[str, Any]) -> dict[str, Any]:
    """Facts of a stage as it has them here, with those of where it was trained beside them."""
    return {
        "stage": name,
        "key": stage_key(shop, name),
        "guard": read_manifest(shop.shards)["guard"],
        "recipe": asdict(section_of(shop.recipe, name)),
        "checkpoint": returned["checkpoint"],
        "trained": {**returned["made"][name], "files": returned["files"][name]},
    }
