"""What cannot be in a recipe's sections of training."""

from __future__ import annotations

from klein_embedding.recipe_sections import ModelRecipe
from klein_embedding.recipe_stages import (
    BigramsRecipe,
    ContrastiveRecipe,
    DrawRecipe,
    InducedRecipe,
    LossRecipe,
    MineRecipe,
    MlmRecipe,
    RunRecipe,
    StagesRecipe,
    StaticRecipe,
)
from klein_embedding.text import KINDS


def stage_problems(stages: StagesRecipe, model: ModelRecipe) -> dict[str, bool]:
    """Each problem that the sections may have, in words, and whether they have it."""
    contrastive = stages.contrastive
    return {
        **_pair_problems("static", stages.static, model),
        **_pair_problems("contrastive", contrastive, model),
        **_induced_problems(stages.static.induced),
        **_bigram_problems(stages.bigrams, model),
        **_distil_problems(stages, model.max_tokens),
        **_mlm_problems(stages.mlm, model),
        **_mine_problems(stages.mine),
        "stages: unseen must lie between 0 and 1": not 0 <= stages.unseen < 1,
        "stages: shares of augment must add up to at most 1": max(
            stages.static.augment.share, contrastive.augment.share
        )
        > 1,
        "stages.contrastive: chunk_tokens must hold one text of pair_tokens": (
            contrastive.chunk_tokens < contrastive.draw.pair_tokens
        ),
        "stages.contrastive: static_steps must be 0 where model has bigrams, for its blocks hold "
        "their vectors": model.bigrams > 0 and contrastive.static_steps > 0,
    }


def _induced_problems(induced: InducedRecipe) -> dict[str, bool]:
    where = "stages.static.induced"
    return {
        f"{where}: share must lie between 0 and 1": not 0 <= induced.share < 1,
        f"{where}: dice must lie between 0 and 1": not 0 <= induced.dice <= 1,
        f"{where}: count must be positive": induced.count < 1,
    }


def _mine_problems(mine: MineRecipe) -> dict[str, bool]:
    return {
        "stages.mine: first and last must be ranks in ascending order": not 1
        <= mine.first
        <= mine.last,
        "stages.mine: vectors must be encoder or static": mine.vectors not in ("encoder", "static"),
        "stages.mine: ceiling must lie between 0 and 1": not 0 < mine.ceiling <= 1,
        "stages.mine: a round needs seconds or max_steps": mine.rounds > 0
        and not (mine.seconds or mine.max_steps),
    }


def _run_problems(name: str, run: RunRecipe) -> dict[str, bool]:
    where = f"stages.{name}.run"
    return {
        f"{where}: seconds and max_steps may not be negative": run.seconds < 0 or run.max_steps < 0,
        f"{where}: optimiser must be adamw or muon": run.optimiser not in ("adamw", "muon"),
        f"{where}: average must lie between 0 and 1": not 0 <= run.average < 1,
        f"{where}: valid_every and valid_pairs must be positive": run.valid_every < 1
        or run.valid_pairs < 1,
        f"{where}: checkpoint_seconds must lie between 1 and 600": not 1
        <= run.checkpoint_seconds
        <= 600,
    }


def _pair_problems(
    name: str, stage: StaticRecipe | ContrastiveRecipe, model: ModelRecipe
) -> dict[str, bool]:
    draw, loss = stage.draw, stage.loss
    return {
        f"stages.{name}.run: seconds or max_steps must be positive": not stage.run.runs,
        **_run_problems(name, stage.run),
        **_draw_problems(f"stages.{name}.draw", draw, model),
        **_loss_problems(f"stages.{name}.loss", loss, model),
    }


def _draw_problems(where: str, draw: DrawRecipe, model: ModelRecipe) -> dict[str, bool]:
    return {
        f"{where}: groups must divide batch": draw.groups < 1 or draw.batch % draw.groups != 0,
        f"{where}: repeats must be 1 or more": draw.repeats < 1,
        f"{where}: kinds may name {', '.join(KINDS)}, with factors of 0 or more": not (
            draw.kinds.keys() <= {*KINDS} and all(factor >= 0 for factor in draw.kinds.values())
        ),
        f"{where}: hard must lie between 0 and 1": not 0 <= draw.hard <= 1,
        f"{where}: pair_tokens must lie between 3 and model max_tokens": not 3
        <= draw.pair_tokens
        <= model.max_tokens,
    }


def _loss_problems(where: str, loss: LossRecipe, model: ModelRecipe) -> dict[str, bool]:
    return {
        f"{where}: dims may not be empty": not loss.dims,
        f"{where}: dims may not exceed model content": max(loss.dims, default=0) > model.content,
        # One shared exponential serves both directions, and must not vanish in float32.
        f"{where}: scale times (2 + margin) may not exceed 80": loss.scale <= 0
        or loss.scale * (2 + loss.margin) > 80,
    }


def _bigram_problems(bigrams: BigramsRecipe, model: ModelRecipe) -> dict[str, bool]:
    trained = bigrams.count if bigrams.run.runs else 0
    return {
        **_run_problems("bigrams", bigrams.run),
        **_loss_problems("stages.bigrams.loss", bigrams.loss, model),
        "stages.bigrams: count must be positive": bigrams.count < 1,
        "model: bigrams may not be more than stages.bigrams trains": not 0
        <= model.bigrams
        <= trained,
        "model: bigrams need a feed-forward unit each": model.bigrams
        > model.layers * model.feedforward,
    }


def _distil_problems(stages: StagesRecipe, longest: int) -> dict[str, bool]:
    distil = stages.distil
    return {
        **_run_problems("distil", distil.run),
        "stages.distil: there is nothing to learn without stages.bigrams": (
            distil.run.runs and not stages.bigrams.run.runs
        ),
        "stages.distil.run: table_rate must be 0, for the table is what is learned from": (
            distil.run.table_rate > 0
        ),
        "stages.distil: texts must be positive": distil.texts < 1,
        "stages.distil: row_tokens and valid_tokens must lie between 4 and model max_tokens": not 4
        <= min(distil.row_tokens, distil.valid_tokens)
        <= max(distil.row_tokens, distil.valid_tokens)
        <= longest,
        "stages.distil: chunk_tokens must hold one text": distil.chunk_tokens
        < max(distil.row_tokens, distil.valid_tokens),
    }


def _mlm_problems(mlm: MlmRecipe, model: ModelRecipe) -> dict[str, bool]:
    return {
        **_run_problems("mlm", mlm.run),
        "stages.mlm: masked must lie between 0 and 1": not 0 < mlm.masked < 1,
        "stages.mlm: pairs must lie between 0 and 1": not 0 <= mlm.pairs <= 1,
        "stages.mlm: row_tokens must lie between 8 and model max_tokens": not 8
        <= mlm.row_tokens
        <= model.max_tokens,
        "stages.mlm: tokens and chunk_tokens must hold one row": min(mlm.tokens, mlm.chunk_tokens)
        < mlm.row_tokens,
    }
