"""The text that tokenizers are measured on: held-out sentences and pairs, and a corpus sample."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from klein_embedding.errors import KleinError
from klein_embedding.languages import LANGUAGES

_CLASSES = ("H", "C", "U")
"""Human sentences, loosely paired ones and interface strings; others are words or one domain."""
_SENTENCE_WORDS = 4
_SENTENCES = 1500
_SAMPLE_WORDS = 50_000


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Text to measure on, none of it trained on but the sample.

    Attributes:
        sentences: Distinct held-out sentences by language.
        pairs: English sentences with their translations, by the other language.
        sample: Texts of the corpus by language, as many words of each.
    """

    sentences: dict[str, list[str]]
    pairs: dict[str, list[tuple[str, str]]]
    sample: dict[str, list[str]]


def read_held_out(processed: Path) -> HeldOut:
    """Read what a processed corpus holds out, and a sample of what it trains on.

    Raises:
        KleinError: If no sentence is held out.
    """
    path = processed / "pairs-valid.parquet"
    columns = ["anchor", "positive", "anchor_lang", "positive_lang", "text_class"]
    if not path.is_file():
        raise KleinError(f"{path}: no such file; build the corpus first")
    table = pq.read_table(path, columns=columns).to_pydict()
    sentences: dict[str, dict[str, None]] = {code: {} for code in LANGUAGES}
    pairs: dict[str, list[tuple[str, str]]] = {code: [] for code in LANGUAGES}
    for left, right, one, other, letter in zip(*(table[name] for name in columns), strict=True):
        if letter not in _CLASSES:
            continue
        for text, code in ((left, one), (right, other)):
            if len(text.split()) >= _SENTENCE_WORDS:
                sentences[code][text] = None
        if one == "en" and other != "en" and len(left.split()) >= _SENTENCE_WORDS:
            pairs[other].append((left, right))
    if not any(sentences.values()):
        raise KleinError(f"{path}: holds out no sentence of {_SENTENCE_WORDS} words; add sources")
    return HeldOut(
        {code: list(texts)[:_SENTENCES] for code, texts in sentences.items() if texts},
        {code: rows[:_SENTENCES] for code, rows in pairs.items() if rows},
        _sample(processed / "mono.parquet"),
    )


def _sample(mono: Path) -> dict[str, list[str]]:
    table = pq.read_table(mono, columns=["text", "lang"])
    found: dict[str, list[str]] = {}
    for code in LANGUAGES:
        rows = table.filter(pc.equal(table["lang"], code))["text"]  # type: ignore[attr-defined]
        left = _SAMPLE_WORDS
        found[code] = []
        # A prime stride shows every source of the language once before any a second time.
        stride = 101 if len(rows) > 101 else 1
        for start in range(stride):
            for text in rows.take(list(range(start, len(rows), stride))).to_pylist():
                found[code].append(text)
                left -= text.count(" ") + 1
                if left <= 0:
                    break
            if left <= 0:
                break
    return found
