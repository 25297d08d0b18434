"""The stages in their order: what each reads, runs and writes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from klein_embedding.device import Compute, choose_compute
from klein_embedding.errors import KleinError
from klein_embedding.files import (
    check_files,
    digest_of,
    fresh_folder,
    read_manifest,
    write_json,
    write_manifest,
)
from klein_embedding.model.embedder import SentenceEncoder
from klein_embedding.model.encoder import Encoder, hugging_face_config
from klein_embedding.model.start import centred, clipped, start_from_static
from klein_embedding.recipe import ModelRecipe, Recipe, StageRecipe
from klein_embedding.tokenizer.frozen import open_tokenizer
from klein_embedding.tokenizer.shards import Shards, check_shards, open_shards
from klein_embedding.train.checkpoint import checkpoints
from klein_embedding.train.loop import Run, train
from klein_embedding.train.objectives import ContrastiveObjective, StaticObjective, neighbourhoods

Say = Callable[[str], None]
_BUDGET = ("seconds", "max_steps", "valid_every", "checkpoint_seconds")


def static_key(recipe: Recipe, shards: Path) -> str:
    """Digest of everything the static stage depends on."""
    return digest_of(
        {
            "stage": asdict(recipe.stages.static),
            "content": recipe.model.content,
            "radius": recipe.model.radius,
            "shards": read_manifest(shards)["files"],
        }
    )


def contrastive_key(recipe: Recipe, shards: Path, static: Path) -> str:
    """Digest of everything the contrastive stage depends on."""
    return digest_of(
        {
            "stage": asdict(recipe.stages.contrastive),
            "model": asdict(recipe.model),
            "shards": read_manifest(shards)["files"],
            "static": read_manifest(static)["files"],
        }
    )


def run_static(recipe: Recipe, shards: Path, tokenizer: Path, target: Path, say: Say) -> bool:
    """Train token vectors; write ``table.npy`` (V, C) centred and clipped, with the tokenizer.

    Returns:
        False when a signal ended the run early; it resumes when called again.

    Raises:
        KleinError: If the tokenizer's bytes are not those of its manifest.
    """
    open_tokenizer(tokenizer)
    compute, key = _compute(say), static_key(recipe, shards)
    stage = recipe.stages.static
    torch.manual_seed(stage.seed)
    splits = _splits(recipe, shards, tokenizer / "tokenizer.json")
    shape = (recipe.tokenizer.vocabulary, recipe.model.content)
    objective = StaticObjective(splits[0], stage, shape)
    run = Run(_work(target), stage, _lineage(recipe, "static", shards), compute, say)
    if not train(objective, splits[1], run):
        return False
    table = clipped(centred(objective.table.detach().numpy()), recipe.model.radius)
    with fresh_folder(target) as part:
        np.save(part / "table.npy", table.astype(np.float32))
        shutil.copy(tokenizer / "tokenizer.json", part / "tokenizer.json")
        write_manifest(part, _facts("static", key, shards, stage, _work(target)))
    return True


def run_contrastive(recipe: Recipe, folders: tuple[Path, Path], target: Path, say: Say) -> bool:
    """Train the encoder from the static vectors; write its weights, configuration and tokenizer.

    Args:
        recipe: The recipe.
        folders: Shards and finished static stage.
        target: Folder to write.
        say: Called with each line of progress.

    Returns:
        False when a signal ended the run early; it resumes when called again.
    """
    shards, static = folders
    compute, key = _compute(say), contrastive_key(recipe, shards, static)
    stage = recipe.stages.contrastive
    model = start_model(recipe.model, static, stage.seed)
    splits = _splits(recipe, shards, static / "tokenizer.json")
    lineage = _lineage(recipe, "contrastive", static)
    run = Run(_work(target), stage, lineage, compute, say)
    table = torch.from_numpy(np.load(static / "table.npy"))
    objective = ContrastiveObjective(
        splits[0], stage, model, compute, _order(run, table, splits[0])
    )
    if not train(objective, splits[1], run):
        return False
    objective.settle()
    with fresh_folder(target) as part:
        save_file(dict(model.encoder.state_dict()), part / "model.safetensors")
        vocabulary = recipe.tokenizer.vocabulary
        write_json(part / "config.json", hugging_face_config(recipe.model, vocabulary))
        shutil.copy(static / "tokenizer.json", part / "tokenizer.json")
        write_manifest(part, _facts("contrastive", key, shards, stage, _work(target)))
    return True


def _order(run: Run, table: torch.Tensor, shards: Shards) -> np.ndarray | None:
    """The neighbourhood order of a run, worked out once and kept beside its checkpoints."""
    if run.stage.hard == 0:
        return None
    path = run.folder / f"order-{run.key[:16]}.npy"
    if not path.is_file():
        run.say("ordering pairs by their static neighbourhoods")
        run.folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npy")
        np.save(part, neighbourhoods(table, shards, run.stage))
        part.replace(path)
    return np.load(path)


def start_model(shape: ModelRecipe, static: Path, seed: int) -> SentenceEncoder:
    """Random encoder with the slack-coordinate start from a finished static stage.

    Raises:
        KleinError: If the static folder is altered or its table has another width.
    """
    check_files(static)
    table = np.load(static / "table.npy")
    if table.shape[1] != shape.content:
        raise KleinError(f"{static}: vectors of {table.shape[1]}, the recipe says {shape.content}")
    torch.manual_seed(seed)
    encoder = Encoder(shape, table.shape[0])
    start_from_static(encoder, table, shape.radius)
    return SentenceEncoder(encoder, shape.content)


def _splits(recipe: Recipe, shards: Path, tokenizer: Path) -> tuple[Shards, Shards]:
    """Training and validation split, every byte checked.

    Raises:
        KleinError: If the shards are altered, or made with another tokenizer or vocabulary.
    """
    entries = check_shards(shards, tokenizer)["vocabulary"]
    if entries != recipe.tokenizer.vocabulary:
        raise KleinError(
            f"{shards}: made with {entries:,} entries, the recipe says "
            f"{recipe.tokenizer.vocabulary:,}; correct vocabulary or train the tokenizer again"
        )
    return open_shards(shards, "train"), open_shards(shards, "valid")


def _compute(say: Say) -> Compute:
    compute = choose_compute()
    say(compute.reason)
    return compute


def _lineage(recipe: Recipe, stage: str, source: Path) -> str:
    """Digest of what a checkpoint must share with the run that goes on from it.

    The budget is no part of it, so that a finished run can be given more time.
    """
    dials = asdict(getattr(recipe.stages, stage))
    kept = {name: value for name, value in dials.items() if name not in _BUDGET}
    shape = recipe.model.content if stage == "static" else asdict(recipe.model)
    return digest_of({"stage": kept, "model": shape, "files": read_manifest(source)["files"]})


def _work(target: Path) -> Path:
    return target.with_name(f"{target.name}-work")


def _facts(name: str, key: str, shards: Path, stage: StageRecipe, work: Path) -> dict[str, object]:
    newest = checkpoints(work)[-1]
    return {
        "stage": name,
        "key": key,
        "guard": read_manifest(shards)["guard"],
        "recipe": asdict(stage),
        "checkpoint": newest.name,
    }
