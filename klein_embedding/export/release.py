"""The last stage of a recipe: a trained encoder becomes the model folder that people load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from klein_embedding import files
from klein_embedding.errors import KleinError
from klein_embedding.export.card import CardFacts, DataRow, FigureRow, read_figures
from klein_embedding.export.folder import export_model, rewrite_card
from klein_embedding.export.twin import twin_model
from klein_embedding.infer.folder import ONNX
from klein_embedding.languages import LANGUAGES

SUMMARY = (
    "Sentence vectors for semantic similarity and retrieval in English and fourteen Indic "
    "languages, trained from random numbers on public text with no pretrained model anywhere."
)
STATIC_SUMMARY = (
    "Static sentence vectors, a mean of one vector a token, for semantic similarity and retrieval "
    "in English and fourteen Indic languages, these in their own scripts or in Latin letters, "
    "trained from random numbers on public text with no pretrained model anywhere."
)
STATIC_LIMITS = (
    "It sees no word order: who does what to whom, and which word a negation belongs to, are lost.",
    "Much of its Indic text is interface strings, scripture and speeches; everyday speech, names "
    "and specialist prose are thinner, most of all in Odia, Assamese, Nepali, Sinhala and Punjabi.",
    "The training text has mixed licences, some of them non-commercial or unstated; see "
    "WEIGHTS-LICENSE.md and docs/data.md in the repository.",
)
LIMITS = (
    "Trained for about two hours on two CPU cores, and little more yet than the sum of what its "
    "tokens and pairs of neighbouring tokens mean: expect it to find texts on a topic, in any of "
    "its languages, and not to reason about them.",
    "Trained mostly on pairs of up to 64 tokens; longer texts work but were hardly trained.",
    "Much of its Indic text is interface strings, scripture and speeches; everyday speech, names "
    "and specialist prose are thinner, most of all in Odia, Assamese, Nepali, Sinhala and Punjabi.",
    "Evaluated mostly on translations, and on English similarity and search; of similarity in "
    "Indic languages Marathi and machine-translated Hindi alone are measured, of search questions "
    "on law.",
    "Indic text in Latin letters is understood in part. Negations and exchanged roles are mostly "
    "not seen, and numbers weigh little.",
    "The training text has mixed licences, some of them non-commercial or unstated; see "
    "WEIGHTS-LICENSE.md and docs/data.md in the repository.",
)


def data_rows(corpus: Path, catalogue: Mapping[str, tuple[str, str]]) -> tuple[DataRow, ...]:
    """Rows of the card's data table.

    Args:
        corpus: Processed corpus that the model was trained on.
        catalogue: Title and licence of each source by name; a model may outlive an entry.
    """
    gone = "no longer in the catalogue"
    counts = files.read_manifest(corpus)["counts"]["pairs_by_source"]
    return tuple(
        DataRow(*catalogue.get(name, (name, gone)), count, ())
        for name, count in sorted(counts.items(), key=lambda item: -item[1])
    )


def export_stage(stage: Path, target: Path, name: str, data: tuple[DataRow, ...]) -> None:
    """Write the model folder of a finished contrastive stage.

    Args:
        stage: Folder with ``model.safetensors``, ``config.json`` and ``tokenizer.json``.
        target: Model folder to write.
        name: Name of the model.
        data: Rows of the card's data table.

    Raises:
        KleinError: If the stage is unfinished or altered.
    """
    key = files.check_files(stage)["files"]["model.safetensors"]
    weights = load_file(stage / "model.safetensors")
    config = files.read_json(stage / "config.json")
    export_model(weights, config, stage / "tokenizer.json", target, card_facts(name, data, ()))
    _mark(target, "export", key)


def export_twin(stage: Path, target: Path, name: str, data: tuple[DataRow, ...]) -> None:
    """Write the static vectors of a finished stage as a model folder.

    Args:
        stage: Folder with ``table.npy`` and ``tokenizer.json``.
        target: Model folder to write.
        name: Name of the model.
        data: Rows of the card's data table.

    Raises:
        KleinError: If the stage is unfinished or altered.
    """
    key = files.check_files(stage)["files"]["table.npy"]
    weights, config = twin_model(np.load(stage / "table.npy"))
    export_model(weights, config, stage / "tokenizer.json", target, twin_facts(name, data, ()))
    _mark(target, "twin", key)


def _mark(target: Path, stage: str, key: str) -> None:
    """Write into a folder's manifest which stage made it, and from which weights."""
    manifest = files.read_manifest(target)
    files.write_json(target / files.MANIFEST, {**manifest, "key": key, "stage": stage})


def card_facts(name: str, data: tuple[DataRow, ...], figures: tuple[FigureRow, ...]) -> CardFacts:
    """Facts of the card that do not come from measurements, with those that do."""
    return CardFacts(name, SUMMARY, "other", data, figures, LIMITS)


def twin_facts(name: str, data: tuple[DataRow, ...], figures: tuple[FigureRow, ...]) -> CardFacts:
    """The same for the static vectors."""
    return CardFacts(name, STATIC_SUMMARY, "other", data, figures, STATIC_LIMITS)


def write_card(target: Path, results: Path, data: tuple[DataRow, ...]) -> None:
    """Write the card of a model folder again, with the figures of its results file.

    Only means and languages at the full width are shown; the results file holds the rest.

    Raises:
        KleinError: If the results were measured on another model.
    """
    manifest = files.read_manifest(target)
    _check_measured(target, results)
    figures = read_figures(results)
    shown = tuple(
        row
        for row in figures
        if row.dim == max(r.dim for r in figures)
        and row.precision == "int8"
        and (row.language in LANGUAGES or row.language in ("mean", "all"))
    )
    if not shown:
        raise KleinError(f"{results}: holds no int8 figures; measure with klein eval first")
    facts = twin_facts if manifest.get("stage") == "twin" else card_facts
    rewrite_card(target, facts(manifest["name"], data, shown))


def _check_measured(target: Path, results: Path) -> None:
    """Refuse figures whose model digest is not that of the folder's int8 file and tokenizer."""
    names = (ONNX["int8"], "tokenizer.json")
    digest = files.digest_of({name: files.sha256(target / name) for name in names})
    measured = {
        row["model_digest"]
        for row in files.read_json(results)["figures"]
        if row["precision"] == "int8"
    }
    if measured - {digest}:
        raise KleinError(f"{results}: measured on another model; run klein eval {target}")
