"""From the int8 file back to float32 weights, for loaders that read nothing else.

Version control holds the int8 file alone; the float32 files made here compute what it computes
except for its rounding of activations, not what the checkpoint computed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from klein_embedding import files
from klein_embedding.errors import KleinError
from klein_embedding.export.modules import write_float32
from klein_embedding.export.quantise import LEVELS
from klein_embedding.export.shape import Linear, Shape, Source, read_shape
from klein_embedding.export.twin import SLACK, twin_model
from klein_embedding.infer.folder import DERIVED, DERIVED_NOTE, ONNX, check_folder

_SHIFTED_STEPS = 255


def dequantise_folder(folder: Path) -> list[str]:
    """Write the float32 files of a model folder from its int8 file.

    ``derived.json`` records their digests and the digest of the int8 file.

    Args:
        folder: Model folder; its other files must agree with the manifest.

    Returns:
        Names of the files written.

    Raises:
        KleinError: If the folder is no intact model folder.
    """
    check_folder(folder, "int8")
    shape = read_shape(files.read_json(folder / "config.json"))
    weights = dequantised_weights(onnx.load(folder / ONNX["int8"]), shape)
    part = folder / "derived.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        write_float32(part, weights, shape)
        names = [name for name in DERIVED if (part / name).is_file()]
        note = {
            "from": ONNX["int8"],
            "sha256": files.sha256(folder / ONNX["int8"]),
            "files": {name: files.sha256(part / name) for name in names},
        }
        for name in names:
            (part / name).replace(folder / name)
        files.write_json(folder / DERIVED_NOTE, note)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return names


def dequantised_weights(model: onnx.ModelProto, shape: Shape) -> dict[str, np.ndarray]:
    """Parameters of a ``RobertaModel``, from the constants of an int8 graph.

    Args:
        model: ONNX model as `quantise.quantised_model` writes it.
        shape: Sizes of the encoder.

    Returns:
        float32 parameters, named as `Shape.parameters` names them.

    Raises:
        KleinError: If the file is no such model.
    """
    constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    try:
        loud = constants.get("loud.coordinates", np.zeros(0, dtype=np.int64))
        word = "embeddings.word_embeddings.weight"
        table = constants[f"{word}.int8"] * constants[f"{word}.scale"]
        if loud.size:
            table[:, loud] = constants[f"{word}.loud"]
        if not shape.layers:
            content = table[:, : shape.width - SLACK].astype(np.float32)
            return twin_model(content - content.mean(axis=1, keepdims=True))[0]
        found = {word: table}
        for block in range(shape.layers):
            for layer in shape.linears(block):
                found |= _split(constants, layer, loud)
        return {
            name: np.ascontiguousarray(found.get(name, constants.get(name)), dtype=np.float32)
            for name in shape.parameters()
        }
    except (KeyError, TypeError) as error:
        raise KleinError(f"{ONNX['int8']}: not written by `klein export` ({error})") from None


def _split(
    constants: dict[str, np.ndarray], layer: Linear, loud: np.ndarray
) -> dict[str, np.ndarray]:
    """Weights and biases of a joint layer's parts, as the checkpoint names them."""
    steps, shift = LEVELS[layer.source].steps, np.float32(0)
    if layer.source is Source.GELU and "shift" in constants:
        # Earlier files shift GELU's outputs above zero, and the bias takes the shift off again.
        steps, shift = _SHIFTED_STEPS, constants["shift"]
    columns = constants[f"{layer.name}.weight.int8"]
    scale = constants[f"{layer.name}.weight.scale"] * np.float32(steps)
    weight = columns * scale
    bias = constants[f"{layer.name}.bias"] + shift * weight.sum(axis=0)
    if layer.source is Source.STREAM and loud.size:
        weight[loud] = constants[f"{layer.name}.weight.loud"]
    found = {}
    count = len(layer.parts)
    for part, rows, offset in zip(
        layer.parts, np.split(weight.T, count), np.split(bias, count), strict=True
    ):
        found[f"{part}.weight"], found[f"{part}.bias"] = rows, offset
    return found
