"""A recipe: every choice that makes a model, in one TOML file with no hidden defaults."""

from __future__ import annotations

import dataclasses
import tomllib
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from klein_embedding.errors import KleinError
from klein_embedding.languages import INDIC, LANGUAGES
from klein_embedding.recipe_sections import (
    CorpusRecipe,
    ModelRecipe,
    TokenizerRecipe,
)
from klein_embedding.recipe_stages import (
    ContrastiveRecipe,
    DrawRecipe,
    LossRecipe,
    MlmRecipe,
    RunRecipe,
    StagesRecipe,
    StaticRecipe,
)
from klein_embedding.text import KINDS

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ExportRecipe:
    """Where the released model folders are written, and under which names.

    Attributes:
        folder: Folder of the encoder.
        name: Its name.
        static_folder: Folder of the static stage's vectors; "" for none.
        static_name: Their name.
    """

    folder: str
    name: str
    static_folder: str
    static_name: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """All sections, with the folder that the recipe's relative names start from."""

    name: str
    corpus: CorpusRecipe
    tokenizer: TokenizerRecipe
    model: ModelRecipe
    stages: StagesRecipe
    export: ExportRecipe


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Args:
        path: TOML file.

    Returns:
        The recipe, every value of its declared type.

    Raises:
        KleinError: If the file is missing or not TOML, a key is unknown or missing, a value has
            the wrong type, or the numbers contradict each other.
    """
    return _checked(parse_table(Recipe, read_toml(path), str(path)), path)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        KleinError: If the file is missing, unreadable or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KleinError(f"{path}: no such recipe; the shipped ones are in recipes/") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KleinError(f"{path}: not readable as TOML ({error})") from None


def parse_table(target: type[_T], table: object, where: str) -> _T:
    """Build a dataclass from a TOML table in which every field stands exactly once.

    Args:
        target: Dataclass to build; fields with a default may be left out.
        table: Parsed TOML.
        where: What to call the table in an error.

    Raises:
        KleinError: If a key is unknown or missing or a value has the wrong type.
    """
    if not isinstance(table, Mapping):
        raise KleinError(f"{where}: expected a table")
    hints = get_type_hints(target)
    fields = {field.name: field for field in dataclasses.fields(target)}  # type: ignore[arg-type]
    unknown = [key for key in table if key not in fields]
    if unknown:
        known = ", ".join(fields)
        raise KleinError(f"{where}: unknown key '{unknown[0]}'; the keys here are {known}")
    missing = [
        name
        for name, field in fields.items()
        if name not in table
        and field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise KleinError(f"{where}: the key '{missing[0]}' is missing; add it")
    values = {key: _value(hints[key], table[key], f"{where}: {key}") for key in table}
    return target(**values)


def _value(hint: Any, value: object, where: str) -> object:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return parse_table(hint, value, where)
    origin = get_origin(hint)
    if origin is list and isinstance(value, list):
        return [_value(get_args(hint)[0], item, where) for item in value]
    if origin is dict and isinstance(value, Mapping):
        inner = get_args(hint)[1]
        return {key: _value(inner, item, f"{where}.{key}") for key, item in value.items()}
    if origin is types.UnionType or hint is Any:
        return value
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    wanted = getattr(hint, "__name__", str(hint))
    raise KleinError(f"{where}: expected {wanted}, found {value!r}")


def _checked(recipe: Recipe, path: Path) -> Recipe:
    stages = recipe.stages
    problems = {
        **_text_problems(recipe),
        **_pair_problems("static", stages.static, recipe.model),
        **_pair_problems("contrastive", stages.contrastive, recipe.model),
        **_bigram_problems(recipe),
        **_distil_problems(recipe),
        **_mlm_problems(stages.mlm, recipe.model),
        "stages: unseen must lie between 0 and 1": not 0 <= stages.unseen < 1,
        "stages: shares of augment must add up to at most 1": max(
            stages.static.augment.share, stages.contrastive.augment.share
        )
        > 1,
        "stages.contrastive: chunk_tokens must hold one text of pair_tokens": (
            stages.contrastive.chunk_tokens < stages.contrastive.draw.pair_tokens
        ),
        "stages.contrastive: static_steps must be 0 where model has bigrams, for its blocks hold "
        "their vectors": recipe.model.bigrams > 0 and stages.contrastive.static_steps > 0,
        "stages.mine: first and last must be ranks in ascending order": not 1
        <= stages.mine.first
        <= stages.mine.last,
        "stages.mine: vectors must be encoder or static": (
            stages.mine.vectors not in ("encoder", "static")
        ),
        "stages.mine: ceiling must lie between 0 and 1": not 0 < stages.mine.ceiling <= 1,
        "stages.mine: a round needs seconds or max_steps": stages.mine.rounds > 0
        and not (stages.mine.seconds or stages.mine.max_steps),
    }
    for problem, found in problems.items():
        if found:
            raise KleinError(f"{path}: {problem}")
    return recipe


def _text_problems(recipe: Recipe) -> dict[str, bool]:
    model, tokenizer = recipe.model, recipe.tokenizer
    return {
        "corpus: valid_share must lie between 0 and 0.5": not 0 < recipe.corpus.valid_share < 0.5,
        "corpus: licences must be all or permissive": recipe.corpus.licences
        not in ("all", "permissive"),
        "corpus: valid_cap must be positive": recipe.corpus.valid_cap < 1,
        "model: heads must divide width": model.width % model.heads != 0,
        "model: content plus the two slack coordinates must fit into width": model.content + 2
        > model.width,
        "model: max_tokens must lie between 8 and 256": not 8 <= model.max_tokens <= 256,
        "tokenizer: vocabulary may hold 65,536 entries, which 16 bits can number": (
            tokenizer.vocabulary > 1 << 16
        ),
        "tokenizer: english_factor must leave English at most 30 % of the words, so at most "
        f"{0.3 / 0.7 * len(INDIC):g}": not 0 < tokenizer.english_factor <= 0.3 / 0.7 * len(INDIC),
        "tokenizer: side_share must lie between 0 and 1": not 0 <= tokenizer.side_share <= 1,
        "tokenizer: digits must be single or runs": tokenizer.digits not in ("single", "runs"),
        "tokenizer: rounds must lie between 1 and 10": not 1 <= tokenizer.rounds <= 10,
        f"tokenizer: vocabulary must hold 261 entries and {len(LANGUAGES)} alphabets, so at "
        "least 2000": tokenizer.vocabulary < 2000,
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


def _bigram_problems(recipe: Recipe) -> dict[str, bool]:
    model, bigrams = recipe.model, recipe.stages.bigrams
    trained = bigrams.count if bigrams.run.runs else 0
    return {
        **_run_problems("bigrams", bigrams.run),
        "stages.bigrams: count must be positive": bigrams.count < 1,
        "model: bigrams may not be more than stages.bigrams trains": not 0
        <= model.bigrams
        <= trained,
        "model: bigrams need a feed-forward unit each": model.bigrams
        > model.layers * model.feedforward,
    }


def _distil_problems(recipe: Recipe) -> dict[str, bool]:
    distil, longest = recipe.stages.distil, recipe.model.max_tokens
    return {
        **_run_problems("distil", distil.run),
        "stages.distil: there is nothing to learn without stages.bigrams": (
            distil.run.runs and not recipe.stages.bigrams.run.runs
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
