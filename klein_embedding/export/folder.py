"""Writes the model folder: everything that loaders need, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from klein_embedding import files
from klein_embedding.export.card import CardFacts, card_text
from klein_embedding.export.golden import GOLDEN_TEXTS
from klein_embedding.export.modules import (
    write_config,
    write_float32,
    write_modules,
    write_tokenizer,
)
from klein_embedding.export.quantise import quantised_model
from klein_embedding.export.shape import Shape, check_weights, read_shape
from klein_embedding.infer.embedder import DIMS
from klein_embedding.infer.folder import DERIVED, ONNX, check_folder
from klein_embedding.infer.session import OnnxEncoder
from klein_embedding.infer.tokens import MAX_TOKENS, TextTokens, checked_texts

_CARD = "README.md"


@dataclass(frozen=True, slots=True)
class Agreement:
    """Cosine of int8 vectors to float32 vectors of the same texts.

    Attributes:
        mean: Mean over the texts.
        worst: Smallest.
        texts: Number of texts.
    """

    mean: float
    worst: float
    texts: int


def export_model(
    weights: Mapping[str, np.ndarray],
    config: Mapping[str, Any],
    tokenizer: Path,
    target: Path,
    card: CardFacts | str,
) -> Agreement:
    """Write a model folder that replaces the target when it is complete.

    Args:
        weights: Parameters of a ``RobertaModel`` without pooler, named without a prefix.
        config: Content of its ``config.json``.
        tokenizer: The ``tokenizer.json`` that it was trained with.
        target: Folder to write; what it held is replaced.
        card: Facts for the model card, or its whole text.

    Returns:
        How closely the int8 file follows the float32 one on `GOLDEN_TEXTS`.

    Raises:
        KleinError: If weights, configuration and tokenizer do not belong together.
    """
    shape = read_shape(config)
    weights = check_weights(weights, shape)
    with files.fresh_folder(target) as folder:
        write_config(folder, config)
        write_tokenizer(folder, tokenizer, shape)
        write_modules(folder, shape)
        write_float32(folder, weights, shape)
        model = quantised_model(weights, shape)
        (folder / ONNX["int8"]).write_bytes(model.SerializeToString(deterministic=True))
        agreement = measure_agreement(folder)
        name = target.name if isinstance(card, str) else card.name
        text = card if isinstance(card, str) else card_text(card, shape, agreement.mean)
        files.write_text(folder / _CARD, text)
        _write_manifest(folder, {"name": name, **_facts(shape, agreement)})
    return agreement


def rewrite_card(folder: Path, facts: CardFacts) -> None:
    """Write the card of a finished model folder again, once its figures are measured.

    Raises:
        KleinError: If the folder is no intact model folder.
    """
    manifest = check_folder(folder, "int8")
    shape = read_shape(files.read_json(folder / "config.json"))
    files.write_text(folder / _CARD, card_text(facts, shape, manifest["int8_cosine"]["mean"]))
    manifest["files"][_CARD] = files.sha256(folder / _CARD)
    files.write_json(folder / files.MANIFEST, manifest)


def measure_agreement(folder: Path, texts: tuple[str, ...] = GOLDEN_TEXTS) -> Agreement:
    """Compare the two ONNX files of a folder on texts, one text at a time."""
    tokens = TextTokens(folder / "tokenizer.json", special=True)
    rows = tokens.rows(checked_texts(texts))
    exact, rounded = (
        np.concatenate([encoder.vectors([row], tokens.pad) for row in rows])
        for encoder in (OnnxEncoder(folder / ONNX[form]) for form in ("float32", "int8"))
    )
    cosines = (exact * rounded).sum(axis=1)
    return Agreement(float(cosines.mean()), float(cosines.min()), len(rows))


def _facts(shape: Shape, agreement: Agreement) -> dict[str, Any]:
    return {
        "shape": asdict(shape),
        "dims": list(DIMS),
        "max_tokens": MAX_TOKENS,
        "int8_cosine": asdict(agreement),
    }


def _write_manifest(folder: Path, facts: dict[str, Any]) -> None:
    """Write the manifest; files that version control leaves out stand in a list of their own."""
    files.write_manifest(folder, facts)
    manifest = files.read_manifest(folder)
    present = [name for name in DERIVED if name in manifest["files"]]
    manifest["derived"] = {name: manifest["files"].pop(name) for name in present}
    files.write_json(folder / files.MANIFEST, manifest)
