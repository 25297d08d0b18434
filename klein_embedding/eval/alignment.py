"""Finding a sentence's translation among all others, in both directions and among all languages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from klein_embedding.eval.bitexts import ACCURACY, Bitext, load_bitexts
from klein_embedding.eval.bootstrap import Estimate, macro_mean, mean_estimate
from klein_embedding.eval.geometry import SENTENCES, geometry
from klein_embedding.eval.mining import LEAST, mining_f1
from klein_embedding.eval.sets import EvalSet
from klein_embedding.eval.suite import Key, Suite
from klein_embedding.eval.vectors import Space, cosines

INTO_ENGLISH, FROM_ENGLISH = ACCURACY, "accuracy en->xx"
AMONG_ALL = "accuracy among all languages"
BETWEEN = "accuracy xx->yy"
MINING = "mining F1"
_LEAST = 1000
"""Sentences that must be there before those of several languages are mixed."""
_CHUNK = 2048


def alignment_suite(data: Path, chosen: EvalSet) -> Suite:
    """The suite of a set of bitexts.

    Args:
        data: ``data/eval``.
        chosen: The set.

    Raises:
        KleinError: If the set's files are missing or altered.
    """
    bitexts = load_bitexts(data, chosen)
    texts = dict.fromkeys(text for bitext in bitexts for text in (*bitext.texts, *bitext.english))
    measure = partial(alignment, bitexts=bitexts, suite=chosen.name)
    return Suite(chosen.name, tuple(texts), measure, {chosen.name: chosen.facts})


def alignment(space: Space, bitexts: Sequence[Bitext], suite: str) -> dict[Key, Estimate]:
    """Accuracy of the nearest neighbour in both directions, a language each and their mean.

    Large bitexts are mined too, and where all of them hold the same sentences, each Indic language
    looks for its translation in each other.

    Source: Artetxe and Schwenk 2019, arXiv:1812.10464 (plain cosine, no margin).
    """
    found: dict[Key, Estimate] = {}
    parallel = len({bitext.english for bitext in bitexts}) == 1
    for bitext in bitexts:
        texts, english = space.of(bitext.texts), space.of(bitext.english)
        for metric, hits in (
            (INTO_ENGLISH, nearest_hits(texts, english)),
            (FROM_ENGLISH, nearest_hits(english, texts)),
        ):
            key = Key(suite, bitext.lang, metric)
            # The same sentences in several languages are no independent draws.
            found[key] = mean_estimate(hits, suite if parallel else key.label)
        if len(bitext.english) >= LEAST:
            key = Key(suite, bitext.lang, MINING)
            found[key] = mining_f1(texts, english, suite if parallel else key.label)
    if parallel and len(bitexts) > 1:
        found |= _between(space, bitexts, suite)
        if len(bitexts[0].english) >= _LEAST:
            found |= _among_all(space, bitexts, suite)
            found |= _geometry(space, bitexts, suite)
    measured = dict.fromkeys(key.metric for key in found if key.suite == suite)
    for metric in measured:
        parts = [estimate for key, estimate in found.items() if key.metric == metric]
        found[Key(suite, "mean", metric)] = macro_mean(parts)
    return found


def nearest_hits(queries: Any, candidates: Any) -> np.ndarray:
    """Whether each query is nearer to its own candidate than to any other.

    A tie is a miss: a model that cannot tell candidates apart has not found the right one.

    Args:
        queries: Unit rows (n, dim), dense or sparse.
        candidates: Unit rows (n, dim); row i belongs to query i.

    Returns:
        Boolean array (n,).
    """
    found = cosines(queries, candidates)
    own = found.diagonal().copy()
    np.fill_diagonal(found, -np.inf)
    return own > found.max(axis=1)


def _between(space: Space, bitexts: Sequence[Bitext], suite: str) -> dict[Key, Estimate]:
    """Accuracy from every language but English to every other, which few training pairs join."""
    sides = {bitext.lang: space.of(bitext.texts) for bitext in bitexts}
    return {
        Key(suite, f"{one}-{other}", BETWEEN): mean_estimate(
            nearest_hits(sides[one], sides[other]), suite
        )
        for one in sides
        for other in sides
        if one != other
    }


def _among_all(space: Space, bitexts: Sequence[Bitext], suite: str) -> dict[Key, Estimate]:
    """Whether the nearest of all texts in all languages means the same, a language each.

    It asks whether the language of a text counts for more than its meaning.
    """
    sides = _with_english(bitexts)
    rows = space.of([text for texts in sides.values() for text in texts])
    hits = _same_meaning(rows, len(sides["en"])).reshape(len(sides), -1)
    return {
        Key(suite, lang, AMONG_ALL): mean_estimate(mine, suite)
        for lang, mine in zip(sides, hits, strict=True)
    }


def _geometry(space: Space, bitexts: Sequence[Bitext], suite: str) -> dict[Key, Estimate]:
    """How these vectors lie; rows of a sparse space, one coordinate an n-gram, lie nowhere."""
    if not isinstance(space.rows, np.ndarray):
        return {}
    texts = _with_english(bitexts)
    sides = {lang: space.of(side[:SENTENCES]) for lang, side in texts.items()}
    letters = {lang: np.array([len(text) for text in side]) for lang, side in texts.items()}
    return geometry(sides, letters, suite)


def _with_english(bitexts: Sequence[Bitext]) -> dict[str, tuple[str, ...]]:
    """Texts of each language of bitexts that hold the same sentences, English first."""
    return {"en": bitexts[0].english, **{bitext.lang: bitext.texts for bitext in bitexts}}


def _same_meaning(rows: Any, period: int) -> np.ndarray:
    """Whether the nearest other row (n,) stands a multiple of ``period`` away."""
    hits = []
    for start in range(0, rows.shape[0], _CHUNK):
        found = cosines(rows[start : start + _CHUNK], rows)
        here = np.arange(start, start + len(found))
        found[np.arange(len(here)), here] = -np.inf
        hits.append(found.argmax(axis=1) % period == here % period)
    return np.concatenate(hits)
