"""The stages of ``klein make`` in their order: which are done, and how each is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from klein_embedding.cli.plan import Places, Plan
from klein_embedding.corpus.build import build, build_key
from klein_embedding.corpus.fetch import fetch_all
from klein_embedding.corpus.key_lists import KeyLists, load_lists
from klein_embedding.corpus.sources import Source
from klein_embedding.errors import KleinError
from klein_embedding.files import MANIFEST, read_manifest

if TYPE_CHECKING:
    from klein_embedding.export.card import DataRow
    from klein_embedding.train.order import Workshop


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
    return load_lists(plan.places.recipes, corpus.disagreeing, corpus.struck, corpus.mined_pairs)


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
    from klein_embedding.tokenizer.write_shards import shards_key

    p = plan.places
    return shards_key(p.processed, p.tokenizer, plan.recipe.model.max_tokens)


def _shards(plan: Plan) -> None:
    from klein_embedding.tokenizer.write_shards import make_shards

    p = plan.places
    make_shards(p.processed, p.tokenizer, p.shards, plan.recipe.model.max_tokens)


def workshop(plan: Plan) -> Workshop:
    """Where the training stages of a plan read and write."""
    from klein_embedding.train.order import Workshop

    p = plan.places
    return Workshop(plan.recipe, p.shards, p.tokenizer, p.runs, plan.say, plan.begin_from)


def _training(name: str) -> Stage:
    """A stage of training, which the train room knows by its name."""

    def key(plan: Plan) -> str:
        from klein_embedding.train.order import stage_key

        return stage_key(workshop(plan), name)

    def run(plan: Plan) -> None:
        from klein_embedding.train.stages import run_stage

        if not run_stage(workshop(plan), name):
            raise KleinError("stopped by a signal; run the same command to go on")

    return Stage(name, lambda p: p.runs / name, key, run)


def _trained(plan: Plan) -> Path:
    """Folder of the last stage that trains."""
    return plan.places.runs / plan.recipe.stages.planned()[-1]


def _static(plan: Plan) -> Path:
    """Folder of the static stage, the first of all that train."""
    return plan.places.runs / plan.recipe.stages.planned()[0]


def _export_key(plan: Plan) -> str:
    return str(read_manifest(_trained(plan))["files"]["model.safetensors"])


def _export(plan: Plan) -> None:
    from klein_embedding.export.release import export_stage

    p = plan.places
    export_stage(_trained(plan), p.release, plan.recipe.export.name, _data_rows(plan))


def _twin_key(plan: Plan) -> str:
    return str(read_manifest(_static(plan))["files"]["table.npy"])


def _twin(twin: Path) -> Stage:
    """The stage that writes the static vectors as a model folder of their own."""

    def run(plan: Plan) -> None:
        from klein_embedding.export.release import export_twin

        export_twin(_static(plan), twin, plan.recipe.export.static_name, _data_rows(plan))

    return Stage("twin", lambda _: twin, _twin_key, run)


def _data_rows(plan: Plan) -> tuple[DataRow, ...]:
    from klein_embedding.export.release import data_rows

    catalogue = {source.name: (source.title, source.licence) for source in plan.sources}
    return data_rows(plan.places.processed, catalogue)


def card(plan: Plan, results: Path) -> Path:
    """Write the card of the model that was measured again, with its figures; return its path."""
    from klein_embedding.export.release import write_card

    twin = plan.places.twin
    measured = twin if twin and results.stem == plan.recipe.export.static_name else None
    folder = measured or plan.places.release
    write_card(folder, results, _data_rows(plan))
    return folder / "README.md"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: the folder that holds its result, the digest of its inputs, and its work."""

    name: str
    folder: Callable[[Places], Path]
    key: Callable[[Plan], str]
    run: Callable[[Plan], None]


_BEFORE = (
    Stage("corpus", lambda p: p.processed, _corpus_key, _corpus),
    Stage("tokenizer", lambda p: p.tokenizer, _tokenizer_key, _tokenizer),
    Stage("shards", lambda p: p.shards, _shards_key, _shards),
)
_EXPORT = Stage("export", lambda p: p.release, _export_key, _export)


def stages_of(plan: Plan) -> list[Stage]:
    """The stages of a recipe in their order."""
    twin = plan.places.twin
    static, *encoder = map(_training, plan.recipe.stages.planned())
    # The twin is finished hours before the encoder that begins from the same vectors.
    first = [static, _twin(twin)] if twin else [static]
    return [*_BEFORE, *first, *encoder, _EXPORT]


def stage_named(plan: Plan, name: str) -> Stage:
    """One stage of a recipe.

    Raises:
        KleinError: If the recipe has no such stage, or gives it no budget.
    """
    found = {stage.name: stage for stage in stages_of(plan)}
    if name not in found:
        raise KleinError(
            f"the recipe has no stage '{name}' with a budget; its stages are {', '.join(found)}"
        )
    return found[name]


def is_done(stage: Stage, plan: Plan) -> bool:
    """Whether a stage's folder is finished and was made from today's inputs."""
    folder = stage.folder(plan.places)
    if not (folder / MANIFEST).is_file():
        return False
    return read_manifest(folder).get("key") == stage.key(plan)


def states(plan: Plan, until: str) -> Iterator[tuple[str, str]]:
    """Name and state ("done" or "to run") of each stage up to and including one."""
    stage_named(plan, until)
    stale = False
    for stage in stages_of(plan):
        # Behind a stage that has to run, nothing is done, and no key can be had yet.
        stale = stale or not is_done(stage, plan)
        yield stage.name, "to run" if stale else "done"
        if stage.name == until:
            return


def is_done_now(plan: Plan, name: str) -> bool:
    """Whether nothing up to a stage, itself included, has to run."""
    return all(state == "done" for _, state in states(plan, name))


def run_stage(plan: Plan, name: str) -> None:
    """Run one stage if its result is missing or stale."""
    stage = stage_named(plan, name)
    if not plan.begin_from and is_done(stage, plan):
        plan.say(f"{stage.name}: done already")
    else:
        plan.say(f"{stage.name}: running")
        stage.run(plan)


def make(plan: Plan, until: str) -> None:
    """Fetch, then run each stage whose result is missing or stale, up to and including one."""
    stage_named(plan, until)
    fetch(plan)
    for stage in stages_of(plan):
        run_stage(plan, stage.name)
        if stage.name == until:
            return


def with_seconds(plan: Plan, name: str, seconds: int | None) -> Plan:
    """The plan with another wall-clock budget for one stage.

    Raises:
        KleinError: If the stage does not train.
    """
    if seconds is None:
        return plan
    stages = plan.recipe.stages
    name = "mine" if name.startswith("refine") else name
    section = getattr(stages, name)
    if name == "mine":
        section = replace(section, seconds=seconds, max_steps=0)
    else:
        section = replace(section, run=replace(section.run, seconds=seconds, max_steps=0))
    recipe = replace(plan.recipe, stages=replace(stages, **{name: section}))
    return replace(plan, recipe=recipe)


def learning(plan: Plan) -> Plan:
    """The plan with a vocabulary learned anew, even where the recipe takes the frozen one."""
    recipe = replace(plan.recipe, tokenizer=replace(plan.recipe.tokenizer, frozen=False))
    return replace(plan, recipe=recipe)
