"""Several designs of a vocabulary, each learned from the same corpus and measured alike."""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from klein_embedding.errors import KleinError
from klein_embedding.files import read_manifest
from klein_embedding.recipe import TokenizerRecipe, parse_table
from klein_embedding.tokenizer.held_out import HeldOut
from klein_embedding.tokenizer.measure import (
    bits_per_character,
    breaking_pieces,
    compared,
)
from klein_embedding.tokenizer.train import train_tokenizer
from klein_embedding.tokenizer.words import read_chunks, split_words


def parse_designs(recipe: TokenizerRecipe, texts: Sequence[str]) -> dict[str, TokenizerRecipe]:
    """Recipes that differ from one in the dials named.

    Args:
        recipe: What every design starts from.
        texts: ``NAME: key=value, key=value``, values as in TOML.

    Raises:
        KleinError: If a text is not of that form, or a dial is unknown or of another type.
    """
    found = {}
    for text in texts:
        name, colon, dials = text.partition(":")
        try:
            changed = tomllib.loads("\n".join(dials.split(",")))
        except tomllib.TOMLDecodeError:
            colon = ""
            changed = {}
        if not colon:
            raise KleinError(f"--design '{text}': write it as NAME: key=value, key=value")
        table = {**asdict(recipe), **changed}
        found[name.strip()] = parse_table(TokenizerRecipe, table, f"--design '{name}'")
    return found


def compare_designs(
    processed: Path,
    designs: Mapping[str, TokenizerRecipe],
    held: HeldOut,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Learn and measure each design.

    Args:
        processed: Folder of a processed corpus.
        designs: Tokenizer sections by name.
        held: Text to measure on.
        say: Called with each line of progress.

    Returns:
        The corpus' digest, and by design its dials and figures, or why it cannot be had.
    """
    read: dict[tuple[float, int], dict[str, Counter[str]]] = {}
    rows: dict[str, Any] = {}
    for name, recipe in designs.items():
        start = time.perf_counter()
        needs = (recipe.side_share, recipe.words_read)
        if needs not in read:
            read = {needs: read_chunks(processed / "mono.parquet", recipe)[0]}
        words = {code: split_words(chunks, recipe) for code, chunks in read[needs].items()}
        try:
            tokenizer, weights = train_tokenizer(words, recipe)
        except KleinError as error:
            # One design that cannot be had must not cost the hours of the others.
            rows[name] = {"dials": asdict(recipe), "refused": str(error)}
            say(f"{name}: {error}")
            continue
        figures = compared(tokenizer, held)
        rows[name] = {
            "dials": asdict(recipe),
            "weights": {code: round(weight, 3) for code, weight in weights.items()},
            "fertility": {code: row["word"] for code, row in figures["fertility"].items()},
            "parity": figures["parity"],
            "byte_fallback": figures["byte_fallback"],
            "grapheme_breaking": breaking_pieces(tokenizer)["share"],
            "bits_per_character": bits_per_character(tokenizer, held),
        }
        say(f"{name}: {time.perf_counter() - start:.0f} s")
    corpus = read_manifest(processed)["files"]["mono.parquet"]
    return {"mono": corpus, "designs": rows}
