"""A recipe: every choice that makes a model, in one TOML file with no hidden defaults."""

# long because every dial of every section stands here, described once.

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

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class CorpusRecipe:
    """What the corpus is built from.

    Attributes:
        catalogue: Sources table, relative to the recipe's folder.
        sources: Names of the sources to use; empty means all of the catalogue.
        evaluation: Names of the evaluation sets that the guard fingerprints.
        without_classes: Classes of text left out: "M" leaves out machine translations.
        licences: "all", or "permissive" for sources whose licence clearly allows training and
            redistribution of the result.
        language_sources: Sources whose languages are certain; hi, mr and ne, bn and as are told
            apart by what is learned from them. Empty means not at all.
        valid_share: Share of pairs, by content, held out for validation.
        valid_floor: Fewest pairs held out of a language pair and kind, up to a tenth of it.
        valid_cap: Most pairs held out of a language pair and kind.
        scripture_cap: Most pairs a source of class S keeps in a language.
        short_interface_cap: Most pairs of under four words a source of class U keeps in a language.
        glossary_cap: Most pairs a source of class L keeps in a language.
        template_cap: Most translations that differ in nothing but numbers, a source and language.
        max_words: Longest side of a pair, in words; longer passages are cut at a word.
        derived_per_text: Most pairs that follow from translations of one sentence.
        derived_cap: Most such pairs a language pair keeps.
        derived_without: Sources aligned too loosely to join on: two loose ends double the noise.
        judged: Sources aligned by machine or translated by a crowd, and the least margin at which a
            model of ours takes their pairs for translations.
        disagreeing: File of the pairs whose sides it found apart, relative to the recipe's folder,
            "" for none; the build leaves them out.
        struck: File of the texts that the audit found too near to an evaluation text, likewise.
        mono_words_cap: Most words of monolingual text a language keeps.
    """

    catalogue: str
    sources: list[str]
    evaluation: list[str]
    without_classes: list[str]
    licences: str
    language_sources: list[str]
    valid_share: float
    valid_floor: int
    valid_cap: int
    scripture_cap: int
    short_interface_cap: int
    glossary_cap: int
    template_cap: int
    derived_per_text: int
    derived_cap: int
    derived_without: list[str]
    judged: dict[str, float]
    disagreeing: str
    struck: str
    max_words: int
    mono_words_cap: int


@dataclass(frozen=True, slots=True)
class TokenizerRecipe:
    """How the vocabulary is learned.

    Attributes:
        vocabulary: Number of entries, special tokens and byte tokens included.
        words_read: Most words of a language that are counted.
        side_share: Share of them from sides of parallel sources, each a text of its own; more in a
            language with too little other text.
        words_per_language: Words that a language with an even share weighs among all.
        english_factor: Weight of English in even shares; at most 30 % of all.
        equalise: Exponent of a language's pieces a word in its weight; 0 keeps the shares even.
        rounds: Vocabularies learned one after the other, each with the weights that the pieces
            a word of the one before call for.
        grapheme_safe: Whether no learned piece may begin with a vowel sign or another mark.
        digits: "single" lets every digit stand alone, "runs" lets pieces hold several.
        min_frequency: Fewest occurrences of a merge.
        character_frequency: Fewest occurrences of a character that has an entry.
        cluster_frequency: Fewest occurrences of a letter with its marks that has an entry.
        frozen: Whether ``tokenizer/`` is used as it is instead of learning anew.
    """

    vocabulary: int
    words_read: int
    side_share: float
    words_per_language: int
    english_factor: float
    equalise: float
    rounds: int
    grapheme_safe: bool
    digits: str
    min_frequency: int
    character_frequency: int
    cluster_frequency: int
    frozen: bool


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """Shape of the encoder.

    Attributes:
        width: Size of the hidden states (D).
        layers: Number of transformer blocks.
        heads: Attention heads a block; divides the width.
        feedforward: Size of a block's inner layer.
        max_tokens: Longest text in tokens, both special tokens included.
        content: Leading coordinates of a hidden state that make the sentence vector.
        radius: Length to which token vectors are clipped at the slack-coordinate start.
    """

    width: int
    layers: int
    heads: int
    feedforward: int
    max_tokens: int
    content: int
    radius: float


@dataclass(frozen=True, slots=True)
class StageRecipe:
    """One stage of training; every objective reads the same dials.

    Attributes:
        seconds: Wall-clock budget.
        max_steps: Most optimiser steps; 0 means the clock alone decides.
        batch: Pairs a step, all groups of the step together.
        groups: Groups (one source and one language pair each) mixed into one step.
        rate: Peak learning rate of the matrices.
        table_rate: Peak learning rate of the token table.
        warmup: Share of the budget in which the rate rises.
        cooldown: Share of the budget, at its end, in which the rate falls as 1 - sqrt.
        scale: Inverse temperature of InfoNCE.
        dims: Matryoshka widths that share the loss.
        language_exponent: Exponent of a group's size in its share of the batches.
        pair_tokens: Longest side of a pair in tokens; longer texts are cut.
        memory: Static vectors of other positives of the same group that serve as negatives.
        pull: Weight of the loss whose candidates are static vectors.
        static_steps: Static steps that the table takes beside each step of the encoder; 0 keeps
            the table as it is.
        static_batch: Pairs of such a static step.
        hard: Share of a group's pairs that are drawn from one neighbourhood of the static space.
        valid_every: Steps between two validations.
        checkpoint_seconds: Seconds between two checkpoints.
        seed: Seed of the weights and of the order of batches.
    """

    seconds: int
    max_steps: int
    batch: int
    groups: int
    rate: float
    table_rate: float
    warmup: float
    cooldown: float
    scale: float
    dims: list[int]
    language_exponent: float
    pair_tokens: int
    memory: int
    pull: float
    static_steps: int
    static_batch: int
    hard: float
    valid_every: int
    checkpoint_seconds: int
    seed: int


@dataclass(frozen=True, slots=True)
class StagesRecipe:
    """The stages of training, in their order."""

    static: StageRecipe
    contrastive: StageRecipe


@dataclass(frozen=True, slots=True)
class ExportRecipe:
    """Where the released model folder is written, and under which name."""

    folder: str
    name: str


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
    model, contrastive = recipe.model, recipe.stages.contrastive
    problems = {
        "corpus: valid_share must lie between 0 and 0.5": not 0 < recipe.corpus.valid_share < 0.5,
        "corpus: licences must be all or permissive": recipe.corpus.licences
        not in ("all", "permissive"),
        "corpus: valid_cap must be positive": recipe.corpus.valid_cap < 1,
        "model: heads must divide width": model.width % model.heads != 0,
        "model: content plus the two slack coordinates must fit into width": model.content + 2
        > model.width,
        "model: max_tokens must lie between 8 and 256": not 8 <= model.max_tokens <= 256,
        "stages: dims may not exceed model content": max(contrastive.dims) > model.content,
        "stages: pair_tokens may not exceed model max_tokens": contrastive.pair_tokens
        > model.max_tokens,
        "tokenizer: vocabulary may hold 65,536 entries, which 16 bits can number": (
            recipe.tokenizer.vocabulary > 1 << 16
        ),
        "tokenizer: english_factor must leave English at most 30 % of the words, so at most "
        f"{0.3 / 0.7 * len(INDIC):g}": not 0
        < recipe.tokenizer.english_factor
        <= 0.3 / 0.7 * len(INDIC),
        "tokenizer: side_share must lie between 0 and 1": not 0 <= recipe.tokenizer.side_share <= 1,
        "tokenizer: digits must be single or runs": recipe.tokenizer.digits
        not in ("single", "runs"),
        "tokenizer: rounds must lie between 1 and 10": not 1 <= recipe.tokenizer.rounds <= 10,
        f"tokenizer: vocabulary must hold 261 entries and {len(LANGUAGES)} alphabets, so at "
        "least 2000": recipe.tokenizer.vocabulary < 2000,
    }
    for stage_name in ("static", "contrastive"):
        stage = getattr(recipe.stages, stage_name)
        problems[f"stages.{stage_name}: groups must divide batch"] = (
            stage.groups < 1 or stage.batch % stage.groups != 0
        )
        problems[f"stages.{stage_name}: seconds must be positive"] = stage.seconds <= 0
    for problem, found in problems.items():
        if found:
            raise KleinError(f"{path}: {problem}")
    return recipe
