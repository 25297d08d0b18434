"""Which stages a recipe plans, where each stands, and what its result depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from klein_embedding.files import digest_of, read_manifest
from klein_embedding.recipe import ModelRecipe, Recipe
from klein_embedding.recipe_stages import (
    ROUND,
    BigramsRecipe,
    ContrastiveRecipe,
    DistilRecipe,
    MineRecipe,
    MlmRecipe,
    RunRecipe,
    StaticRecipe,
)

Say = Callable[[str], None]
Section = StaticRecipe | BigramsRecipe | DistilRecipe | MlmRecipe | ContrastiveRecipe | MineRecipe
_BUDGET = ("seconds", "max_steps", "valid_every", "valid_pairs", "checkpoint_seconds", "compiled")
_HOW = ("chunk_tokens", "recompute")
"""Dials of how a step is computed, not of what: with less memory a run may go on with others."""
_MINE, _REFINE = ROUND
ENCODERLESS = "static", "bigrams"
"""Stages that train no encoder."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where the stages of one recipe read and write.

    Attributes:
        recipe: The recipe.
        shards: Token shards.
        tokenizer: Folder of the tokenizer that made them.
        runs: Folder that holds one folder a stage.
        say: Called with each line of progress.
        begin_from: Checkpoint from which a stage takes a new budget, None to go on as it was.
    """

    recipe: Recipe
    shards: Path
    tokenizer: Path
    runs: Path
    say: Say
    begin_from: Path | None = None

    def before(self, name: str) -> Path | None:
        """Folder of the stage before another, None for the first."""
        planned = self.recipe.stages.planned()
        at = planned.index(name)
        return self.runs / planned[at - 1] if at else None

    def weights_before(self, name: str) -> Path:
        """Folder of the last stage before another that wrote weights or a table."""
        planned = self.recipe.stages.planned()
        earlier = [n for n in planned[: planned.index(name)] if not is_mine(n)]
        return self.runs / earlier[-1]


def stage_key(shop: Workshop, name: str) -> str:
    """Digest of everything a stage depends on."""
    before = shop.before(name)
    return digest_of(
        {
            "name": name,
            "stage": _dials(shop.recipe, name),
            "model": _shape(shop.recipe.model, name),
            "shards": read_manifest(shop.shards)["files"],
            "before": read_manifest(before)["files"] if before else None,
            **_unseen(shop.recipe),
        }
    )


def section_of(recipe: Recipe, name: str) -> Section:
    """Section of a recipe that a stage follows; training after a round has a budget of its own."""
    stages = recipe.stages
    if is_mine(name):
        return stages.mine
    if name.startswith(_REFINE):
        run = replace(
            stages.contrastive.run, seconds=stages.mine.seconds, max_steps=stages.mine.max_steps
        )
        return replace(stages.contrastive, run=run, negatives=True)
    return getattr(stages, name)


def run_of(recipe: Recipe, name: str) -> RunRecipe:
    """Budget, optimiser and schedule of a stage that trains."""
    section = section_of(recipe, name)
    return recipe.stages.contrastive.run if isinstance(section, MineRecipe) else section.run


def is_mine(name: str) -> bool:
    """Whether a stage searches for hard negatives instead of training."""
    return name.startswith(_MINE)


def lineage(shop: Workshop, name: str) -> str:
    """Digest of what a checkpoint must share with the run that goes on from it.

    The budget is no part of it, so that a finished run can be given more time.
    """
    whole = _dials(shop.recipe, name)
    section = {k: v for k, v in whole.items() if k not in _HOW}
    section["run"] = {k: v for k, v in section["run"].items() if k not in _BUDGET}
    before = shop.before(name)
    return digest_of(
        {
            "name": name,
            "stage": section,
            "model": _shape(shop.recipe.model, name),
            "files": read_manifest(before or shop.shards)["files"],
            "shards": read_manifest(shop.shards)["files"],
            **_unseen(shop.recipe),
        }
    )


def _dials(recipe: Recipe, name: str) -> dict[str, Any]:
    """Section of a stage; dials that came later belong to it only where they are turned."""
    whole = asdict(section_of(recipe, name))
    if name in ENCODERLESS:
        whole.pop("augment", None)
        augment = recipe.stages.static.augment
        whole |= {"augment": asdict(augment)} if augment.share else {}
    if name == "static":
        if not whole["induced"]["share"]:
            del whole["induced"]
        if not whole["turned"]:
            del whole["turned"]
    if name == "bigrams" and whole["loss"] == asdict(recipe.stages.static.loss):
        del whole["loss"]
    if "draw" in whole and not whole["draw"]["kinds"]:
        del whole["draw"]["kinds"]
    return whole


def _unseen(recipe: Recipe) -> dict[str, float]:
    """The share of texts that decides which pairs a stage reads, where there is one."""
    return {"unseen": recipe.stages.unseen} if recipe.stages.unseen else {}


def _shape(model: ModelRecipe, name: str) -> dict[str, object]:
    """What a stage's result depends on of the model: static vectors know no blocks."""
    whole = asdict(model)
    return {k: whole[k] for k in ("content", "radius")} if name in ENCODERLESS else whole


def work_of(shop: Workshop, name: str) -> Path:
    """Folder of a stage's checkpoints, log and aids."""
    return shop.runs / f"{name}-work"
