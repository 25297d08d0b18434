"""The stage that makes a vocabulary: balanced counts, rounds of learning, or the frozen one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from tokenizers import Tokenizer

from klein_embedding.errors import KleinError
from klein_embedding.files import digest_of, fresh_folder, read_manifest, write_manifest
from klein_embedding.languages import INDIC, LANGUAGES
from klein_embedding.recipe import TokenizerRecipe
from klein_embedding.tokenizer.frozen import FILE, open_tokenizer
from klein_embedding.tokenizer.learn import learn_tokenizer
from klein_embedding.tokenizer.pipeline import BOS_ID, BYTES, EOS_ID, PAD_ID, SPACE, UNK_ID
from klein_embedding.tokenizer.words import Counts, read_words, weighted

__all__ = ["BOS_ID", "BYTES", "EOS_ID", "PAD_ID", "UNK_ID", "make_tokenizer", "tokenizer_key"]

_TYPES = 20_000
"""Distinct words of a language from which its pieces a word are estimated between rounds."""


def make_tokenizer(processed: Path, recipe: TokenizerRecipe, target: Path, frozen: Path) -> None:
    """Write ``tokenizer.json`` with its manifest: learned from a corpus, or the frozen one.

    A frozen vocabulary may stand beside a corpus that a later guard has checked: it holds pieces
    and no sentences. Its manifest names both guards.

    Args:
        processed: Folder of the corpus.
        recipe: Tokenizer section of a recipe.
        target: Folder to write.
        frozen: Folder of the frozen tokenizer; read where the recipe says ``frozen``.

    Raises:
        KleinError: If the corpus lacks a language, or the frozen tokenizer is not whole or of
            another size.
    """
    facts = {"stage": "tokenizer", "key": tokenizer_key(processed, recipe, frozen)}
    corpus = read_manifest(processed)
    facts["guard"] = corpus["guard"]
    if recipe.frozen:
        check_size(open_tokenizer(frozen), recipe, frozen)
        with fresh_folder(target) as part:
            shutil.copyfile(frozen / FILE, part / FILE)
            write_manifest(part, {**facts, "frozen": read_manifest(frozen)})
        return
    words, sides = read_words(processed / "mono.parquet", recipe)
    tokenizer, weights = train_tokenizer(words, recipe)
    with fresh_folder(target) as part:
        tokenizer.save(str(part / FILE))
        facts |= {
            "recipe": asdict(recipe),
            "corpus": digest_of(corpus),
            "mono": corpus["files"]["mono.parquet"],
            "weights": {code: round(weight, 4) for code, weight in weights.items()},
            "side_share": {code: round(share, 4) for code, share in sides.items()},
        }
        write_manifest(part, facts)


def tokenizer_key(processed: Path, recipe: TokenizerRecipe, frozen: Path) -> str:
    """Digest of everything the vocabulary depends on."""
    corpus = read_manifest(processed)
    if recipe.frozen:
        return digest_of({"frozen": read_manifest(frozen)["files"][FILE], "guard": corpus["guard"]})
    dials = {name: value for name, value in asdict(recipe).items() if name != "frozen"}
    return digest_of({"recipe": dials, "mono": corpus["files"]["mono.parquet"]})


def check_size(tokenizer: Tokenizer, recipe: TokenizerRecipe, folder: Path) -> None:
    """Refuse a tokenizer of another size than the recipe's.

    Raises:
        KleinError: If the sizes differ.
    """
    if tokenizer.get_vocab_size() != recipe.vocabulary:
        raise KleinError(
            f"{folder / FILE}: holds {tokenizer.get_vocab_size():,} entries, the recipe asks for "
            f"{recipe.vocabulary:,}; change vocabulary or learn anew with frozen = false"
        )


def train_tokenizer(
    words: Mapping[str, Counts], recipe: TokenizerRecipe
) -> tuple[Tokenizer, dict[str, float]]:
    """Learn a vocabulary in rounds, each with weights from the pieces a word of the one before.

    An Indic language's weight is multiplied by its pieces a word over the mean of all, to the
    power of ``equalise``, and the fourteen are scaled back to a mean of 1; English keeps its own.

    Args:
        words: Counts of words by language.
        recipe: Tokenizer section of a recipe.

    Returns:
        The last tokenizer, and the weights that it was learned with.

    Raises:
        KleinError: If the text is too little for the vocabulary.
    """
    weights = dict.fromkeys(LANGUAGES, 1.0) | {"en": recipe.english_factor}
    tokenizer = learn_tokenizer(weighted(words, weights, recipe), recipe)
    for _ in range(recipe.rounds - 1):
        weights = next_weights(tokenizer, words, weights, recipe.equalise)
        tokenizer = learn_tokenizer(weighted(words, weights, recipe), recipe)
    return tokenizer, weights


def next_weights(
    tokenizer: Tokenizer,
    words: Mapping[str, Counts],
    weights: Mapping[str, float],
    exponent: float,
) -> dict[str, float]:
    """Weights that give more to the Indic languages whose words fall into more pieces."""
    pieces = {code: _pieces_a_word(tokenizer, words[code]) for code in INDIC}
    mean = sum(pieces.values()) / len(INDIC)
    raised = {code: weights[code] * (pieces[code] / mean) ** exponent for code in INDIC}
    scale = len(INDIC) / sum(raised.values())
    return dict(weights) | {code: weight * scale for code, weight in raised.items()}


def _pieces_a_word(tokenizer: Tokenizer, counts: Counts) -> float:
    chosen = sorted(counts.items())[:: max(len(counts) // _TYPES, 1)]
    texts = [word.removeprefix(SPACE) for word, _ in chosen]
    encoded = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    pieces = sum(len(row.ids) * count for row, (_, count) in zip(encoded, chosen, strict=True))
    return pieces / sum(count for _, count in chosen)
