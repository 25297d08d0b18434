"""The stages in their order: what each reads, runs and writes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from json import dumps
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors.torch import save_file

from klein_embedding.device import Compute, choose_compute
from klein_embedding.errors import KleinError
from klein_embedding.files import (
    check_files,
    fresh_folder,
    read_manifest,
    write_json,
    write_manifest,
    write_text,
)
from klein_embedding.model.axes import principal_axes, turned
from klein_embedding.model.embedder import SentenceEncoder
from klein_embedding.model.encoder import hugging_face_config
from klein_embedding.model.start import centred, clipped, fitted
from klein_embedding.recipe_stages import ContrastiveRecipe, DistilRecipe, MlmRecipe
from klein_embedding.tokenizer.frozen import open_tokenizer, read_tokenizer
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train import ranks
from klein_embedding.train.aids import NEGATIVES, aids_of, augmenter_of, mined_negatives
from klein_embedding.train.batches import Guide
from klein_embedding.train.bigrams import (
    copy_bigrams,
    frequent,
    write_bigrams_of,
)
from klein_embedding.train.checkpoint import checkpoints, tensors
from klein_embedding.train.contrastive import ContrastiveObjective, Start
from klein_embedding.train.distil import DistilObjective
from klein_embedding.train.drawn import DrawnPairs
from klein_embedding.train.finished import (
    CONFIG,
    TABLE,
    TOKENIZER,
    WEIGHTS,
    model_of,
    static_of,
)
from klein_embedding.train.induced import with_induced
from klein_embedding.train.loop import Run, train
from klein_embedding.train.mine import mine, sampled
from klein_embedding.train.mlm import MlmObjective
from klein_embedding.train.objectives import Objective
from klein_embedding.train.order import (
    ENCODERLESS,
    Workshop,
    is_mine,
    lineage,
    run_of,
    section_of,
    stage_key,
    work_of,
)
from klein_embedding.train.room import check_room
from klein_embedding.train.splits import splits_of
from klein_embedding.train.static import Bigrammed, StaticObjective, bags, random_table

Say = Callable[[str], None]
EncoderRecipe = DistilRecipe | MlmRecipe | ContrastiveRecipe
SAMPLE = "sample.jsonl"
"""Mined negatives to be read by eye."""
_SHOWN = 50


def run_stage(shop: Workshop, name: str) -> bool:
    """Run a stage and write its folder.

    Returns:
        False when a signal ended the run early; it resumes when called again.

    Raises:
        KleinError: If an input is altered, belongs to something else, or the run cannot go on.
    """
    with ranks.processes():
        if is_mine(name):
            return _run_mine(shop, name)
        if name == "static":
            return _run_static(shop)
        if name == "bigrams":
            return _run_bigrams(shop)
        return _run_encoder(shop, name)


def _run_static(shop: Workshop) -> bool:
    """Train token vectors; write the table (V, C) centred and clipped, with the tokenizer."""
    open_tokenizer(shop.tokenizer)
    compute, recipe = _compute(shop.say), shop.recipe
    stage, seed = recipe.stages.static, recipe.stages.static.run.seed
    torch.manual_seed(seed)
    splits = splits_of(shop, "static", shop.tokenizer / TOKENIZER)
    table = random_table(recipe.tokenizer.vocabulary, recipe.model.content, seed)
    shards = splits[0]
    if stage.induced.share:
        shards = with_induced(
            shards, read_tokenizer(shop.tokenizer / TOKENIZER), stage.draw, stage.induced
        )
    drawn = _drawn(shop, shards, seed)
    objective = StaticObjective(drawn, stage.loss, table.to(compute.device))
    return _trained(shop, "static", (objective, splits[1], compute), {})


def _run_bigrams(shop: Workshop) -> bool:
    """Train vectors of bigrams upon the held table; write them, and the table as it was."""
    source = shop.weights_before("bigrams")
    check_files(source)
    compute, stages = _compute(shop.say), shop.recipe.stages
    splits = splits_of(shop, "bigrams", source / TOKENIZER)
    held, _ = static_of(source, compute)
    drawn = _drawn(shop, splits[0], stages.bigrams.run.seed)
    known = frequent(drawn, len(held), stages.bigrams.count)
    # From zero: the first step is the tokens' own space.
    zeros = held.new_zeros((len(known), held.shape[1]))
    objective = StaticObjective(drawn, stages.bigrams.loss, zeros, Bigrammed(known, held))
    return _trained(shop, "bigrams", (objective, splits[1], compute), {})


def _drawn(shop: Workshop, shards: Shards, seed: int) -> DrawnPairs:
    """Pairs of the static stages."""
    stage = shop.recipe.stages.static
    augmenter = augmenter_of(stage.augment, shards, shop.tokenizer)
    return DrawnPairs(shards, stage.draw, seed, augmenter)


def _run_encoder(shop: Workshop, name: str) -> bool:
    """Train the encoder; write its weights, configuration, static table and tokenizer."""
    compute, recipe = _compute(shop.say), shop.recipe
    source = shop.weights_before(name)
    stage = section_of(recipe, name)
    if isinstance(stage, ContrastiveRecipe):
        check_room(stage, recipe.model, compute)
    model = model_of(recipe.model, source, run_of(recipe, name).seed)
    splits = splits_of(shop, name, source / TOKENIZER)
    objective = _encoder_objective(shop, name, (model, splits[0], compute))
    config = hugging_face_config(recipe.model, recipe.tokenizer.vocabulary)
    return _trained(shop, name, (objective, splits[1], compute), config)


def _encoder_objective(
    shop: Workshop, name: str, parts: tuple[SentenceEncoder, Shards, Compute]
) -> Objective:
    model, shards, compute = parts
    model.to(compute.device)
    stage = cast("EncoderRecipe", section_of(shop.recipe, name))
    if isinstance(stage, MlmRecipe):
        return MlmObjective(shards, stage, model, compute)
    table, bigrams = static_of(shop.weights_before(name), compute)
    if isinstance(stage, DistilRecipe):
        if not bigrams:
            raise KleinError(f"{shop.weights_before(name)}: holds no bigrams to learn from")
        return DistilObjective(shards, stage, model, (table, bigrams), compute)
    before = shop.before(name)
    mined = before if before and is_mine(before.name) else None
    negatives = mined_negatives(mined, len(shards.pairs)) if mined else None
    longest = stage.draw.pair_tokens

    def embed(numbers: np.ndarray) -> torch.Tensor:
        return bags(table, shards, (numbers, longest), bigrams)

    run = work_of(shop, name), shop.say
    aids = aids_of((shards, embed, shop.tokenizer), stage, negatives, run)
    start = Start(model, table, shop.recipe.model.radius, bigrams)
    return ContrastiveObjective(shards, stage, start, compute, aids)


def _trained(
    shop: Workshop,
    name: str,
    parts: tuple[Objective, Shards, Compute],
    config: dict[str, object],
) -> bool:
    """Train an objective and write the stage's folder; False when a signal ended the run."""
    objective, valid, compute = parts
    run = Run(
        work_of(shop, name),
        run_of(shop.recipe, name),
        lineage(shop, name),
        compute,
        shop.say,
        shop.begin_from,
    )
    if not train(objective, valid, run):
        return False
    if ranks.rank() == 0:
        # Read before the folder is replaced: a new budget may begin from the folder itself.
        source = shop.tokenizer if name == "static" else shop.weights_before(name)
        with fresh_folder(shop.runs / name) as part:
            shutil.copy(source / TOKENIZER, part / TOKENIZER)
            _write_weights(part, shop, name, objective)
            if config:
                write_json(part / CONFIG, config)
            write_manifest(part, _facts(shop, name))
    ranks.wait()
    return True


def _write_weights(part: Path, shop: Workshop, name: str, objective: Objective) -> None:
    alone = name in ("distil", "mlm")
    held = alone or name == "bigrams"
    if held:
        shutil.copy(shop.weights_before(name) / TABLE, part / TABLE)
    else:
        whole, vocabulary = objective.table.detach().cpu().numpy(), shop.recipe.tokenizer.vocabulary
        table, radius = whole[:vocabulary], shop.recipe.model.radius
        if isinstance(objective, StaticObjective) and shop.recipe.stages.static.turned:
            table = turned(table, principal_axes(objective.moments()), table.shape[1])
        else:
            table = centred(table)
        # The encoder holds the contrastive stage's table, each row of which is fitted already.
        table = fitted(table, radius) if name == "static" else clipped(table, radius)
        np.save(part / TABLE, table.astype(np.float32))
    if isinstance(objective, StaticObjective) and objective.bigrams:
        vectors = objective.table.detach().cpu().numpy()
        write_bigrams_of(part, objective.bigrams.kept(centred(vectors)))
    if name not in ENCODERLESS:
        copy_bigrams(shop.weights_before(name), part)
        prefix = "model.encoder." if alone else "encoder."
        weights = {
            key.removeprefix(prefix): value
            for key, value in tensors(objective.module).items()
            if key.startswith(prefix)
        }
        save_file(weights, part / WEIGHTS)


def _run_mine(shop: Workshop, name: str) -> bool:
    """Search the training side for hard negatives; write one text number a pair."""
    compute, recipe = _compute(shop.say), shop.recipe
    source, dials = shop.weights_before(name), recipe.stages.mine
    seed = recipe.stages.contrastive.run.seed
    splits = splits_of(shop, name, source / TOKENIZER)
    embed = _embed_of(shop, source, splits[0], compute)
    found = mine(embed, splits[0], dials, seed + int(name.rpartition("-")[2]), shop.say)
    tokenizer = read_tokenizer(source / TOKENIZER)
    shown = sampled(found, splits[0], tokenizer, _SHOWN, seed)
    if ranks.rank():
        ranks.wait()
        return True
    with fresh_folder(shop.runs / name) as part:
        np.save(part / NEGATIVES, found.negatives)
        write_text(part / SAMPLE, "".join(f"{dumps(row, ensure_ascii=False)}\n" for row in shown))
        facts = {"stage": name, "key": stage_key(shop, name), "counts": found.counts}
        write_manifest(part, {**facts, "guard": read_manifest(shop.shards)["guard"]})
    ranks.wait()
    return True


def _embed_of(
    shop: Workshop, source: Path, shards: Shards, compute: Compute
) -> Callable[[np.ndarray], np.ndarray]:
    """What gives the vectors (N, C) that a round of mining compares."""
    recipe = shop.recipe
    table, bigrams = static_of(source, compute)
    stage = recipe.stages.contrastive
    if recipe.stages.mine.vectors == "static":
        longest = stage.draw.pair_tokens
        return lambda numbers: bags(table, shards, (numbers, longest), bigrams).cpu().numpy()
    model = model_of(recipe.model, source, stage.run.seed)
    # Negatives of the round before are no part of what is searched.
    plain = replace(stage, run=replace(stage.run, compiled=False), negatives=False)
    start = Start(model.to(compute.device), table, recipe.model.radius, bigrams)
    objective = ContrastiveObjective(shards, plain, start, compute, (Guide(), None))

    def embed(numbers: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return objective.embed(shards, numbers).cpu().numpy()

    return embed


def _compute(say: Say) -> Compute:
    compute = choose_compute()
    if ranks.rank() == 0:
        say(compute.reason)
    return compute


def _facts(shop: Workshop, name: str) -> dict[str, object]:
    return {
        "stage": name,
        "key": stage_key(shop, name),
        "guard": read_manifest(shop.shards)["guard"],
        "recipe": asdict(section_of(shop.recipe, name)),
        "checkpoint": checkpoints(work_of(shop, name))[-1].name,
    }
