"""Bitexts whose Indic side is written in Latin letters, as many people type it."""

from __future__ import annotations

import dataclasses
import importlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from klein_embedding.errors import KleinError
from klein_embedding.eval.alignment import FROM_ENGLISH, INTO_ENGLISH, alignment
from klein_embedding.eval.bitexts import FLORES, INDICMT, ODIA, TATOEBA, Bitext, load_bitexts
from klein_embedding.eval.bootstrap import Estimate, macro_mean
from klein_embedding.eval.suite import Key, Suite
from klein_embedding.eval.vectors import Space
from klein_embedding.files import versions

NAME = "romanised"
SETS = (TATOEBA, FLORES, INDICMT, ODIA)
_SCRIPTS = {
    "as": "Assamese",
    "bn": "Bengali",
    "gu": "Gujarati",
    "hi": "Devanagari",
    "kn": "Kannada",
    "ml": "Malayalam",
    "mr": "Devanagari",
    "ne": "Devanagari",
    "or": "Oriya",
    "pa": "Gurmukhi",
    "si": "Sinhala",
    "ta": "Tamil",
    "te": "Telugu",
}
"""Urdu is left out: it does not write most vowels, and no table can tell them."""
_LATIN = "RomanColloquial"


def romanised_suite(data: Path) -> Suite:
    """The romanised suite, of every language's largest set.

    Args:
        data: ``data/eval``.

    Raises:
        KleinError: If a set is missing or altered, or the transliteration is not installed.
    """
    found = list(_bitexts(data))
    texts = dict.fromkeys(text for _, one in found for text in (*one.texts, *one.english))

    def measure(space: Space) -> dict[Key, Estimate]:
        return _measured(space, found)

    made = versions("aksharamukha")["aksharamukha"]
    facts = {
        f"{NAME} {one.name}": dataclasses.replace(
            one.facts, citation=f"{one.citation}; romanised by aksharamukha {made}, {_LATIN}"
        )
        for one in SETS
    }
    return Suite(NAME, tuple(texts), measure, facts)


def _measured(space: Space, found: list[tuple[str, Bitext]]) -> dict[Key, Estimate]:
    estimates: dict[Key, Estimate] = {}
    for name, bitext in found:
        whole = alignment(space, [bitext], f"{NAME}/{name}")
        estimates |= {
            key: estimate
            for key, estimate in whole.items()
            if key.language != "mean" and key.metric in (INTO_ENGLISH, FROM_ENGLISH)
        }
    for metric in (INTO_ENGLISH, FROM_ENGLISH):
        parts = [estimate for key, estimate in estimates.items() if key.metric == metric]
        estimates[Key(NAME, "mean", metric)] = macro_mean(parts)
    return estimates


def _bitexts(data: Path) -> Iterator[tuple[str, Bitext]]:
    """The first set that holds a language, with the name of the set."""
    done = set[str]()
    for chosen in SETS:
        for bitext in load_bitexts(data, chosen):
            if bitext.lang in _SCRIPTS and bitext.lang not in done:
                done.add(bitext.lang)
                texts = tuple(romanised(text, bitext.lang) for text in bitext.texts)
                yield chosen.name, dataclasses.replace(bitext, texts=texts)


def romanised(text: str, lang: str) -> str:
    """A text of an Indic language in plain Latin letters, without marks.

    Raises:
        KleinError: If the transliteration is not installed.
    """
    return _transliterate().process(_SCRIPTS[lang], _LATIN, text)


def _transliterate() -> Any:
    try:
        with warnings.catch_warnings():
            # Its modules warn of their own strings when they are first compiled.
            warnings.simplefilter("ignore")
            return importlib.import_module("aksharamukha.transliterate")
    except ImportError:
        raise KleinError(
            f"suite '{NAME}': needs aksharamukha; run: pip install aksharamukha, or name another "
            "suite"
        ) from None
