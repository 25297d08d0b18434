"""The script of a passage: as much of its language as can be told without a model."""

from __future__ import annotations

from functools import cache

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.languages import LANGUAGES

_BMP = 0x10000


def _shared() -> dict[str, str]:
    """For each language the codes of all languages of its script, joined by blanks."""
    codes: dict[tuple[tuple[int, int], ...], list[str]] = {}
    for language in LANGUAGES.values():
        codes.setdefault(language.script, []).append(language.code)
    return {code: " ".join(codes[language.script]) for code, language in LANGUAGES.items()}


SHARED = _shared()
_NAMES = ("", *dict.fromkeys(SHARED.values()))


def script_of(text: str) -> str:
    """Codes of the languages whose script most of a text's letters stand in.

    Args:
        text: A passage.

    Returns:
        Codes joined by blanks, such as ``hi mr ne`` for Devanagari: a script does not tell the
        languages apart that share it. Empty where no letter stands in a script of ours.
    """
    points = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    counts = np.bincount(_table()[np.minimum(points, _BMP - 1)], minlength=len(_NAMES))
    counts[0] = 0
    best = int(counts.argmax())
    return _NAMES[best] if counts[best] else ""


def script_for(lang: str) -> str:
    """The value that `script_of` gives passages of a language.

    Raises:
        KleinError: If it is none of our languages.
    """
    if lang not in SHARED:
        raise KleinError(f"language {lang!r}: choose one of {', '.join(SHARED)}")
    return SHARED[lang]


@cache
def _table() -> np.ndarray:
    """Number of the script of each code point up to U+FFFF, 0 for none of ours."""
    table = np.zeros(_BMP, dtype=np.uint8)
    for language in LANGUAGES.values():
        for low, high in language.script:
            table[low : high + 1] = _NAMES.index(SHARED[language.code])
    return table
