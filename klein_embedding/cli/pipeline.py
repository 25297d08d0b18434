"""The stages of ``klein make`` in their order: which are done, and how each is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from klein_embedding.corpus.build import build, build_key
from klein_embedding.corpus.fetch import fetch_all
from klein_embedding.corpus.key_lists import KeyLists, load_lists
from klein_embedding.corpus.sources import Source, load_sources
from klein_embedding.errors import KleinError
from klein_embedding.files import MANIFEST, read_manifest
from klein_embedding.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from klein_embedding.export.card import DataRow

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of one recipe.

    Attributes:
        recipes: Folder of the recipe, its catalogue and its lists.
        raw: Fetched sources.
        evaluation: Fetched evaluation sets.
        processed: Built corpus.
        tokenizer: Tokenizer of this recipe.
        frozen: Frozen tokenizer that later models share.
        shards: Token shards.
        static: Finished static stage.
        contrastive: Finished contrastive stage.
        release: Exported model folder.
    """

    recipes: Path
    raw: Path
    evaluation: Path
    processed: Path
    tokenizer: Path
    frozen: Path
    shards: Path
    static: Path
    contrastive: Path
    release: Path


@dataclass(frozen=True, slots=True)
class Plan:
    """A recipe with its sources, its folders and the choices of one call.

    Attributes:
        recipe: The recipe.
        sources: Training sources, then evaluation sets.
        places: Folders.
        mirror: Template of local git repositories, None for the public addresses.
        strict: Whether a source that cannot be had stops the work.
        say: Called with each line of progress.
    """

    recipe: Recipe
    sources: list[Source]
    evaluation: list[Source]
    places: Places
    mirror: str | None
    strict: bool
    say: Say


def plan(path: Path, mirror: str | None, say: Say, *, strict: bool = False) -> Plan:
    """Read a recipe and its catalogue.

    Everything is written below the folder that holds ``recipes/``.

    Raises:
        KleinError: If the recipe names a source that the catalogue does not have.
    """
    recipe = load_recipe(path)
    catalogue = load_sources(path.parent / recipe.corpus.catalogue)
    corpus = recipe.corpus
    for name in [*corpus.sources, *corpus.evaluation, *corpus.judged]:
        if name not in catalogue:
            raise KleinError(f"{path}: source '{name}' is not in {recipe.corpus.catalogue}")
    evaluation = [catalogue[name] for name in recipe.corpus.evaluation]
    named = recipe.corpus.sources or [
        name for name, source in catalogue.items() if source.objective != "evaluation"
    ]
    home = path.resolve().parent.parent
    runs = home / "runs" / recipe.name
    places = Places(
        recipes=path.parent,
        raw=home / "data" / "raw",
        evaluation=home / "data" / "eval",
        processed=home / "data" / "processed" / recipe.name,
        tokenizer=runs / "tokenizer",
        frozen=home / "tokenizer",
        shards=runs / "shards",
        static=runs / "static",
        contrastive=runs / "contrastive",
        release=home / recipe.export.folder,
    )
    sources = [catalogue[name] for name in named]
    return Plan(recipe, sources, evaluation, places, mirror, strict, say)


def fetch(plan: Plan) -> None:
    """Bring every source and evaluation set; a source that cannot be had is named and left out.

    Raises:
        KleinError: If an evaluation set cannot be had, or any source under ``strict``.
    """
    failed = fetch_all(
        plan.sources, plan.places.raw, plan.mirror, strict=plan.strict, report=plan.say
    )
    fetch_all(plan.evaluation, plan.places.evaluation, plan.mirror, strict=True, report=plan.say)
    for name, why in failed.items():
        plan.say(f"left out: {name} ({why})")


def _had(plan: Plan) -> list[Source]:
    """Sources that were fetched; the others are left out by name in the manifest's counts."""
    return [s for s in plan.sources if (plan.places.raw / s.name / MANIFEST).is_file()]


def _lists(plan: Plan) -> KeyLists:
    corpus = plan.recipe.corpus
    return load_lists(plan.places.recipes, corpus.disagreeing, corpus.struck)


def _corpus_key(plan: Plan) -> str:
    p = plan.places
    return build_key(plan.recipe.corpus, p.raw, p.evaluation, _had(plan), _lists(plan))


def _corpus(plan: Plan) -> None:
    p = plan.places
    folders = (p.raw, p.evaluation, p.processed)
    build(plan.recipe.corpus, _had(plan), folders, plan.say, _lists(plan))


def _tokenizer_key(plan: Plan) -> str:
    from klein_embedding.tokenizer.train import tokenizer_key

    p = plan.places
    return tokenizer_key(p.processed, plan.recipe.tokenizer, p.frozen)


def _tokenizer(plan: Plan) -> None:
    from klein_embedding.tokenizer.train import make_tokenizer

    p = plan.places
    make_tokenizer(p.processed, plan.recipe.tokenizer, p.tokenizer, p.frozen)


def _shards_key(plan: Plan) -> str:
    from klein_embedding.tokenizer.shards import shards_key

    p = plan.places
    return shards_key(p.processed, p.tokenizer, plan.recipe.model.max_tokens)


def _shards(plan: Plan) -> None:
    from klein_embedding.tokenizer.shards import make_shards

    p = plan.places
    make_shards(p.processed, p.tokenizer, p.shards, plan.recipe.model.max_tokens)


def _static_key(plan: Plan) -> str:
    from klein_embedding.train.stages import static_key

    return static_key(plan.recipe, plan.places.shards)


def _static(plan: Plan) -> None:
    from klein_embedding.train.stages import run_static

    p = plan.places
    if not run_static(plan.recipe, p.shards, p.tokenizer, p.static, plan.say):
        raise KleinError("stopped by a signal; run the same command to go on")


def _contrastive_key(plan: Plan) -> str:
    from klein_embedding.train.stages import contrastive_key

    return contrastive_key(plan.recipe, plan.places.shards, plan.places.static)


def _contrastive(plan: Plan) -> None:
    from klein_embedding.train.stages import run_contrastive

    p = plan.places
    if not run_contrastive(plan.recipe, (p.shards, p.static), p.contrastive, plan.say):
        raise KleinError("stopped by a signal; run the same command to go on")


def _export_key(plan: Plan) -> str:
    return str(read_manifest(plan.places.contrastive)["files"]["model.safetensors"])


def _export(plan: Plan) -> None:
    from klein_embedding.export.release import export_stage

    p = plan.places
    export_stage(p.contrastive, p.release, plan.recipe.export.name, _data_rows(plan))


def _data_rows(plan: Plan) -> tuple[DataRow, ...]:
    from klein_embedding.export.release import data_rows

    catalogue = {source.name: (source.title, source.licence) for source in plan.sources}
    return data_rows(plan.places.processed, catalogue)


def card(plan: Plan, results: Path) -> Path:
    """Write the model card again with measured figures; return its path."""
    from klein_embedding.export.release import write_card

    write_card(plan.places.release, results, _data_rows(plan))
    return plan.places.release / "README.md"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: the folder that holds its result, the digest of its inputs, and its work."""

    name: str
    folder: Callable[[Places], Path]
    key: Callable[[Plan], str]
    run: Callable[[Plan], None]


STAGES = (
    Stage("corpus", lambda p: p.processed, _corpus_key, _corpus),
    Stage("tokenizer", lambda p: p.tokenizer, _tokenizer_key, _tokenizer),
    Stage("shards", lambda p: p.shards, _shards_key, _shards),
    Stage("static", lambda p: p.static, _static_key, _static),
    Stage("contrastive", lambda p: p.contrastive, _contrastive_key, _contrastive),
    Stage("export", lambda p: p.release, _export_key, _export),
)


def is_done(stage: Stage, plan: Plan) -> bool:
    """Whether a stage's folder is finished and was made from today's inputs."""
    folder = stage.folder(plan.places)
    if not (folder / MANIFEST).is_file():
        return False
    return read_manifest(folder).get("key") == stage.key(plan)


def states(plan: Plan, until: str) -> Iterator[tuple[str, str]]:
    """Name and state ("done" or "to run") of each stage up to and including one."""
    stale = False
    for stage in STAGES:
        # Behind a stage that has to run, nothing is done, and no key can be had yet.
        stale = stale or not is_done(stage, plan)
        yield stage.name, "to run" if stale else "done"
        if stage.name == until:
            return


def run_stage(plan: Plan, name: str) -> None:
    """Run one stage if its result is missing or stale."""
    stage = next(stage for stage in STAGES if stage.name == name)
    if is_done(stage, plan):
        plan.say(f"{stage.name}: done already")
    else:
        plan.say(f"{stage.name}: running")
        stage.run(plan)


def make(plan: Plan, until: str) -> None:
    """Fetch, then run each stage whose result is missing or stale, up to and including one."""
    fetch(plan)
    for stage in STAGES:
        run_stage(plan, stage.name)
        if stage.name == until:
            return


def with_seconds(plan: Plan, name: str, seconds: int | None) -> Plan:
    """The plan with another wall-clock budget for one stage."""
    if seconds is None:
        return plan
    stages = plan.recipe.stages
    stage = replace(getattr(stages, name), seconds=seconds, max_steps=0)
    recipe = replace(plan.recipe, stages=replace(stages, **{name: stage}))
    return replace(plan, recipe=recipe)


def learning(plan: Plan) -> Plan:
    """The plan with a vocabulary learned anew, even where the recipe takes the frozen one."""
    recipe = replace(plan.recipe, tokenizer=replace(plan.recipe.tokenizer, frozen=False))
    return replace(plan, recipe=recipe)
