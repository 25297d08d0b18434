"""What figures alone do not hold: where the sentences of a model lie, and where it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.eval.bitexts import BITEXTS, TICO19, Bitext, load_bitexts
from klein_embedding.eval.page.misses import Gallery, Ranking, gallery, ranking
from klein_embedding.eval.page.plane import Heat, Plane, heat_of, plane_of
from klein_embedding.eval.scored import STSB, Scored, load_scored
from klein_embedding.eval.vectors import Space, cosines, embedded
from klein_embedding.infer.embedder import WIDTH, Embedder

SENTENCES = 600
"""Most sentences of a set and language that are looked at: its first ones."""
EDGES = tuple(round(-0.4 + 0.05 * step, 2) for step in range(29))
"""Edges of the histograms' bins; cosines beyond the ends count into the outermost."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Evaluation texts of a portrait.

    Attributes:
        sets: Bitexts of each set, cut to the first `SENTENCES`.
        parallel: Name of the set whose bitexts are the same sentences in several languages.
        scored: English pairs with human scores.
        digests: SHA-256 of each set's files, by name.
    """

    sets: Mapping[str, Sequence[Bitext]]
    parallel: str
    scored: Scored
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Cosines of one language with English, over all sets.

    Attributes:
        lang: Language code.
        translations: Count in each bin of `EDGES`, of sentences with their translations.
        others: The same of sentences with every other English sentence of their set.
        translations_mean: Mean cosine of the former.
        others_mean: Mean cosine of the latter.
    """

    lang: str
    translations: tuple[int, ...]
    others: tuple[int, ...]
    translations_mean: float
    others_mean: float


@dataclass(frozen=True, slots=True)
class Portrait:
    """Everything of the page that is not in the results file.

    Attributes:
        heat: Languages against each other.
        plane: The map.
        histograms: One a language.
        gallery: Wrong neighbours.
        ranking: Misjudged pairs.
        digests: SHA-256 of each set's files, by name.
    """

    heat: Heat
    plane: Plane
    histograms: tuple[Histogram, ...]
    gallery: Gallery
    ranking: Ranking
    digests: Mapping[str, str]


def load_texts(data: Path, measured: Set[str]) -> Texts:
    """Read the sets of a portrait.

    Args:
        data: ``data/eval``.
        measured: Suites that the model was measured on; no other bitexts are shown, but for those
            of the parallel set.

    Raises:
        KleinError: If a set is missing or altered.
    """
    shown = [chosen for chosen in BITEXTS if chosen.name in measured or chosen is TICO19]
    sets = {chosen.name: [_first(b) for b in load_bitexts(data, chosen)] for chosen in shown}
    digests = {chosen.name: chosen.digest for chosen in (*shown, STSB)}
    scored = next(split for split in load_scored(data, STSB) if split.split == "test")
    return Texts(sets, TICO19.name, scored, digests)


def _first(bitext: Bitext) -> Bitext:
    return Bitext(bitext.lang, bitext.texts[:SENTENCES], bitext.english[:SENTENCES])


def portrait(embedder: Embedder, texts: Texts) -> Portrait:
    """Embed the texts once and draw everything from them.

    Args:
        embedder: Model to ask.
        texts: Evaluation texts.

    Raises:
        KleinError: If the bitexts of the parallel set are not the same sentences, or the model
            gives unfit vectors.
    """
    sides = _sides(texts.sets[texts.parallel])
    bitexts = [bitext for found in texts.sets.values() for bitext in found]
    every = dict.fromkeys(text for b in bitexts for text in (*b.texts, *b.english))
    every |= dict.fromkeys((*texts.scored.first, *texts.scored.second))
    space = embedded(embedder, "portrait", tuple(every), WIDTH)
    return Portrait(
        heat=heat_of(space, sides),
        plane=plane_of(space, sides),
        histograms=_histograms(space, bitexts),
        gallery=gallery(space, list(texts.sets.items())),
        ranking=ranking(space, texts.scored),
        digests=texts.digests,
    )


def _sides(bitexts: Sequence[Bitext]) -> dict[str, tuple[str, ...]]:
    english = bitexts[0].english
    if any(bitext.english != english for bitext in bitexts):
        raise KleinError("the languages of the parallel set do not hold the same sentences")
    return {"en": english, **{bitext.lang: bitext.texts for bitext in bitexts}}


def _histograms(space: Space, bitexts: Sequence[Bitext]) -> tuple[Histogram, ...]:
    found = []
    for lang in dict.fromkeys(bitext.lang for bitext in bitexts):
        own, rest = [], []
        for bitext in (bitext for bitext in bitexts if bitext.lang == lang):
            square = cosines(space.of(bitext.texts), space.of(bitext.english))
            own.append(square.diagonal())
            rest.append(square[~np.eye(len(square), dtype=bool)])
        same, other = np.concatenate(own), np.concatenate(rest)
        found.append(Histogram(lang, _binned(same), _binned(other), _mean(same), _mean(other)))
    return tuple(found)


def _mean(values: np.ndarray) -> float:
    return float(values.mean(dtype=np.float64)) if len(values) else 0.0


def _binned(values: np.ndarray) -> tuple[int, ...]:
    counts, _ = np.histogram(np.clip(values, EDGES[0], EDGES[-1]), EDGES)
    return tuple(int(count) for count in counts)
