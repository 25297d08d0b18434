"""A recipe with its sources and its folders: what every verb that makes something begins with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from klein_embedding.corpus.sources import Source, load_sources
from klein_embedding.errors import KleinError
from klein_embedding.recipe import Recipe, load_recipe

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
        runs: Folder of the training stages, one folder each.
        release: Exported model folder.
        twin: Exported folder of the static vectors; None where the recipe wants none.
    """

    recipes: Path
    raw: Path
    evaluation: Path
    processed: Path
    tokenizer: Path
    frozen: Path
    shards: Path
    runs: Path
    release: Path
    twin: Path | None


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
        begin_from: Checkpoint from which a training stage takes a new budget, None for none.
    """

    recipe: Recipe
    sources: list[Source]
    evaluation: list[Source]
    places: Places
    mirror: str | None
    strict: bool
    say: Say
    begin_from: Path | None = None


def read_plan(path: Path, mirror: str | None, say: Say, *, strict: bool = False) -> Plan:
    """Read a recipe and its catalogue.

    Everything is written below the folder that holds ``recipes/``.

    Raises:
        KleinError: If the recipe names a source that the catalogue does not have.
    """
    recipe = load_recipe(path)
    catalogue = load_sources(path.parent / recipe.corpus.catalogue)
    corpus = recipe.corpus
    for name in [*corpus.sources, *corpus.evaluation, *corpus.judged, *corpus.mined]:
        if name not in catalogue:
            raise KleinError(f"{path}: source '{name}' is not in {recipe.corpus.catalogue}")
    # Scores that lie in files of their own hold no text, and the guard does not read them.
    beside = [f"{name}-scores" for name in corpus.evaluation if f"{name}-scores" in catalogue]
    evaluation = [catalogue[name] for name in [*corpus.evaluation, *beside]]
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
        runs=runs,
        release=home / recipe.export.folder,
        twin=home / recipe.export.static_folder if recipe.export.static_folder else None,
    )
    sources = [catalogue[name] for name in named]
    return Plan(recipe, sources, evaluation, places, mirror, strict, say)
