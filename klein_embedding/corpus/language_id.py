"""Which language a text in a shared script is: hi, mr or ne; bn or as. Our own naive Bayes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from klein_embedding.corpus.clean import clean_interface, clean_text
from klein_embedding.corpus.ngrams import gram_hashes
from klein_embedding.corpus.readers import READERS
from klein_embedding.corpus.sources import Source
from klein_embedding.errors import KleinError
from klein_embedding.files import read_manifest, write_manifest
from klein_embedding.text import Pair, fingerprint, normalised, text_key

GROUPS: tuple[tuple[str, ...], ...] = (("hi", "mr", "ne"), ("bn", "as"))
SHARED = frozenset(code for group in GROUPS for code in group)
MIN_LETTERS = 20
"""Letters below which no text is judged: loan words and names are spelled alike."""
FALSE_ALARMS = 0.0005
"""Share of held-out texts of the right language that the threshold may flag."""
_SIZES = (2, 3, 4, 5)
_BUCKETS = 1 << 18
_PER_SOURCE = 20_000
_SMOOTHING = 0.1
_NOT_LETTERS = re.compile(r"[^\u0900-\u0963\u0970-\u0983\u0985-\u09e3\u09f0\u09f1\u200c\u200d]+")


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A classifier for each group of languages that share a script.

    Attributes:
        weights: Log-probabilities (buckets, languages) of each group, in the order of `GROUPS`.
        thresholds: Log-odds above which a text is another language than claimed, a group each.
    """

    weights: tuple[np.ndarray, ...]
    thresholds: tuple[float, ...]

    def wrong(self, texts: Sequence[str], langs: Sequence[str]) -> list[str]:
        """The language that each text confidently is instead of the claimed one, "" otherwise."""
        found = [""] * len(texts)
        for group, weights, threshold in zip(GROUPS, self.weights, self.thresholds, strict=True):
            rows = [row for row, lang in enumerate(langs) if lang in group]
            margins, best = _margins(
                weights, [texts[row] for row in rows], [group.index(langs[row]) for row in rows]
            )
            for row, margin, other in zip(rows, margins, best, strict=True):
                if margin > threshold and len(normalised(texts[row])) >= MIN_LETTERS:
                    found[row] = group[other]
        return found


def _scores(weights: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    """Log-likelihoods (texts, languages)."""
    scores = np.zeros((len(texts), weights.shape[1]))
    for start in range(0, len(texts), 10_000):
        part = [_letters(text) for text in texts[start : start + 10_000]]
        for size in _SIZES:
            buckets, offsets = _buckets(part, size)
            sums = np.concatenate(
                [np.zeros((1, weights.shape[1])), weights[buckets].cumsum(0, dtype=np.float64)]
            )
            scores[start : start + len(part)] += sums[offsets[1:]] - sums[offsets[:-1]]
    return scores


def _margins(
    weights: np.ndarray, texts: Sequence[str], claimed: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds of the best other language against the claimed one, and which that is."""
    scores = _scores(weights, texts)
    rows, own = np.arange(len(texts)), np.asarray(claimed, dtype=np.int64)
    mine = scores[rows, own]
    scores[rows, own] = -np.inf
    return scores.max(axis=1, initial=-np.inf) - mine, scores.argmax(axis=1)


def _letters(text: str) -> str:
    return f" {_NOT_LETTERS.sub(' ', text).strip()} "


def _buckets(texts: Sequence[str], size: int) -> tuple[np.ndarray, np.ndarray]:
    hashes, offsets = gram_hashes(texts, size)
    return (hashes >> np.uint64(64 - 18)).astype(np.int64), offsets


def train_language_model(
    examples: Iterable[tuple[str, str]],
) -> tuple[LanguageModel, dict[str, dict[str, float]]]:
    """Learn from texts of known language; one in ten, by content, is held out to measure.

    Args:
        examples: Text and language code.

    Returns:
        The model and, by language, its held-out size, error, share flagged wrongly and share of
        texts under a wrong label that it finds.

    Raises:
        KleinError: If a language has too few examples to hold any out.

    Source: Cavnar and Trenkle 1994 (character n-grams); McCallum and Nigam 1998 (multinomial).
    """
    texts: dict[str, dict[int, str]] = {code: {} for code in SHARED}
    for text, lang in examples:
        texts[lang][text_key(text)] = text
    weights, thresholds, measured = [], [], {}
    for group in GROUPS:
        train = [[t for k, t in sorted(texts[code].items()) if k % 10] for code in group]
        held = [[t for k, t in sorted(texts[code].items()) if not k % 10] for code in group]
        if not all(train) or not all(held):
            raise KleinError(f"language_sources: too little text to tell {', '.join(group)} apart")
        table = np.stack([_log_probabilities(part) for part in train], axis=1)
        threshold, facts = _measured(group, table, held)
        weights.append(table)
        thresholds.append(threshold)
        measured |= facts
    return LanguageModel(tuple(weights), tuple(thresholds)), measured


def _log_probabilities(texts: list[str]) -> np.ndarray:
    counts = np.zeros(_BUCKETS)
    for start in range(0, len(texts), 10_000):
        part = [_letters(text) for text in texts[start : start + 10_000]]
        for size in _SIZES:
            counts += np.bincount(_buckets(part, size)[0], minlength=_BUCKETS)
    counts += _SMOOTHING
    return np.log(counts / counts.sum()).astype(np.float32)


def _measured(
    group: tuple[str, ...], table: np.ndarray, held: list[list[str]]
) -> tuple[float, dict[str, dict[str, float]]]:
    """Threshold that keeps false alarms rare, and what it does on held-out text."""
    right = [_margins(table, t, [own] * len(t))[0] for own, t in enumerate(held)]
    threshold = max(0.0, *(float(np.quantile(m, 1 - FALSE_ALARMS)) for m in right))
    facts = {}
    for own, code in enumerate(group):
        others = [
            _margins(table, held[other], [own] * len(held[other]))
            for other in range(len(group))
            if other != own
        ]
        found = np.concatenate([margins > threshold for margins, _ in others])
        facts[code] = {
            "held_out": len(held[own]),
            "error": round(float((right[own] > 0).mean()), 5),
            "flagged_wrongly": round(float((right[own] > threshold).mean()), 5),
            "impostors_found": round(float(found.mean()), 5),
            "threshold": round(threshold, 3),
        }
    return threshold, facts


def examples_of(sources: Sequence[Source], raw: Path) -> Iterator[tuple[str, str]]:
    """Texts in the shared scripts from sources whose languages are certain, a sample of each."""
    for source in sources:
        found: dict[str, dict[int, str]] = {}
        clean = clean_interface if source.text_class == "U" else clean_text
        for item in READERS[source.reader](
            raw / source.name / "files", source.options, source.name
        ):
            sides = (
                ((item.anchor, item.anchor_lang), (item.positive, item.positive_lang))
                if isinstance(item, Pair)
                else ((item.text, item.lang),)
            )
            for text, lang in sides:
                if lang in SHARED:
                    cleaned = clean(text[:600])
                    normal = normalised(cleaned)
                    if len(normal) >= MIN_LETTERS:
                        found.setdefault(lang, {})[fingerprint(normal)] = cleaned
        for lang, texts in sorted(found.items()):
            for _, text in sorted(texts.items())[:_PER_SOURCE]:
                yield text, lang


def save(model: LanguageModel, measured: dict[str, dict[str, float]], part: Path, key: str) -> None:
    """Write a model with what was measured into a folder."""
    for at, weights in enumerate(model.weights):
        np.save(part / f"weights-{at}.npy", weights)
    facts = {"key": key, "thresholds": list(model.thresholds), "measured": measured}
    write_manifest(part, facts, volatile=False)


def load(folder: Path) -> tuple[LanguageModel, dict[str, dict[str, float]]]:
    """Read a model and its measurements back."""
    facts = read_manifest(folder)
    weights = tuple(np.load(folder / f"weights-{at}.npy") for at in range(len(GROUPS)))
    return LanguageModel(weights, tuple(facts["thresholds"])), facts["measured"]
