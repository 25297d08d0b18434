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
from klein_embedding.recipe_problems import stage_problems
from klein_embedding.recipe_sections import (
    CorpusRecipe,
    ModelRecipe,
    TokenizerRecipe,
)
from klein_embedding.recipe_stages import StagesRecipe

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
    problems = {**_text_problems(recipe), **stage_problems(recipe.stages, recipe.model)}
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
