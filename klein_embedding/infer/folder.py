"""The model folder: where it is, which of its files must be there, and whether they are intact."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from klein_embedding import files
from klein_embedding.errors import KleinError

Precision = Literal["int8", "float32"]

WEIGHTS = "model.safetensors"
DENSE_WEIGHTS = "2_Dense/model.safetensors"
ONNX: dict[str, str] = {"int8": "onnx/model_quantized.onnx", "float32": "onnx/model.onnx"}
# Too large to keep in version control and made again from the int8 file by one command.
DERIVED = (WEIGHTS, DENSE_WEIGHTS, ONNX["float32"])
DERIVED_NOTE = "derived.json"


def default_folder() -> Path:
    """Folder named by KLEIN_MODEL, else the one in the package, else the checkout's ``release``.

    Raises:
        KleinError: If there is none.
    """
    named = os.environ.get("KLEIN_MODEL")
    if named:
        return Path(named)
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "release", package.parent / "release"):
        if (folder / files.MANIFEST).is_file():
            return folder
    raise KleinError(
        "no model found: name its folder with --model or KLEIN_MODEL, or make one with "
        "`klein make recipes/v0.2.toml`"
    )


def check_folder(folder: Path, precision: Precision) -> dict[str, Any]:
    """Compare the files that a precision needs with the manifest and return the manifest.

    Args:
        folder: Model folder.
        precision: Which ONNX file will be read.

    Raises:
        KleinError: If the folder is no finished model folder, or a file is missing or altered.
    """
    if precision not in ONNX:
        raise KleinError(f"precision {precision!r}: choose int8 or float32")
    if not folder.is_dir():
        raise KleinError(f"{folder}: no such model folder; check --model or KLEIN_MODEL")
    manifest = files.read_manifest(folder)
    listed = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(listed, dict) or ONNX["int8"] not in listed:
        raise KleinError(f"{folder}: holds no sentence model; name the folder of an export")
    files.check_files(folder)
    if precision == "float32":
        check_derived(folder, manifest, ONNX["float32"])
    return manifest


def check_derived(folder: Path, manifest: dict[str, Any], name: str) -> str:
    """Check a file that version control leaves out, and say what it was made from.

    Args:
        folder: Model folder.
        manifest: Its manifest, which holds the digests of the files made from the checkpoint.
        name: The file's name below the folder; one of `DERIVED`.

    Returns:
        "checkpoint", or "int8" if the file was made from the int8 file later.

    Raises:
        KleinError: If it is missing or altered.
    """
    path, origin = folder / name, "checkpoint"
    expected = manifest.get("derived", {}).get(name)
    if not path.is_file():
        raise KleinError(f"{path}: missing; make it with `klein export {folder} --to safetensors`")
    if (folder / DERIVED_NOTE).is_file():
        note = files.read_json(folder / DERIVED_NOTE)
        if name in note["files"]:
            expected, origin = note["files"][name], "int8"
    if files.sha256(path) != expected:
        raise KleinError(
            f"{path}: differs from its recorded sha256; make it again with "
            f"`klein export {folder} --to safetensors`"
        )
    return origin


def describe(folder: Path) -> dict[str, Any]:
    """Check a whole model folder and say what it holds.

    Args:
        folder: Model folder.

    Returns:
        Name, sizes, vector widths, agreement of the int8 file, origin of the float32 files
        ("checkpoint", "int8" or "absent"), sizes of the files in bytes, and what made it.

    Raises:
        KleinError: If it is no intact model folder.
    """
    manifest = check_folder(folder, "int8")
    present = [name for name in manifest["derived"] if (folder / name).is_file()]
    origins = {name: check_derived(folder, manifest, name) for name in present}
    facts = {key: manifest[key] for key in ("name", "dims", "max_tokens", "shape", "int8_cosine")}
    return {
        "folder": str(folder),
        **facts,
        "float32": {name: origins.get(name, "absent") for name in manifest["derived"]},
        "bytes": {name: (folder / name).stat().st_size for name in [*manifest["files"], *present]},
        "made": manifest["made"],
    }
