"""Near copies: which texts share most of their character n-grams with a secret text."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from klein_embedding.corpus import rolling
from klein_embedding.corpus.rolling import U64

_TABLE_BITS = 25  # at most: 32 MB
_AT_ONCE = 1 << 14
"""Candidates whose n-grams are looked up in one go."""
_EMPTY = np.zeros(0, np.uint64)


@dataclass(frozen=True, slots=True)
class Match:
    """What counts as a near copy.

    Attributes:
        threshold: Least Jaccard similarity or containment of the n-gram sets; below the 0.8 that an
            audit calls a hit, for the two methods do not count the same letters.
        gram: Characters of an n-gram that is compared; a power of two.
        seed: Characters of a seed, an n-gram that makes a text a candidate; a power of two.
        block: Of this many seeds in a row the rarest is kept; fewer in short texts.
        share: Least share of the kept seeds that a candidate has.
        least_words: Texts of fewer words are matched exactly only.
        least_letters: Texts of fewer letters are matched exactly only.
        least_contained: Least letters of a text that is looked for inside a longer one.
        longest: A secret text is searched for texts that it contains if it is at most this many
            times as long; its sentences are secret texts of their own.
    """

    threshold: float = 0.77
    gram: int = 4
    seed: int = 8
    block: int = 8
    share: float = 0.2
    least_words: int = 3
    least_letters: int = 12
    least_contained: int = 24
    longest: float = 3.0


@dataclass(frozen=True, slots=True)
class NearIndex:
    """Hashes of the n-grams of secret texts; the texts themselves are not held.

    Attributes:
        match: What counts as a near copy.
        grams: Sorted n-gram hashes of one text after the other.
        bounds: Where each text's n-grams begin, and the end.
        letters: Letters of each text.
        seeds: Kept seeds, sorted, each once.
        owners: Texts of one seed after the other.
        owner_bounds: Where each seed's texts begin, and the end.
        kept: Kept seeds of each text.
        table: Whether any kept seed has these low bits: the first and cheapest question.
    """

    match: Match
    grams: NDArray[np.uint32]
    bounds: NDArray[np.int64]
    letters: NDArray[np.int64]
    seeds: U64
    owners: NDArray[np.int64]
    owner_bounds: NDArray[np.int64]
    kept: NDArray[np.int64]
    table: NDArray[np.bool_]

    def digest(self) -> str:
        """SHA-256 over the n-grams of all texts and the kept seeds."""
        made = hashlib.sha256()
        for array in (self.grams, self.bounds, self.seeds, self.owners, self.owner_bounds):
            made.update(np.ascontiguousarray(array).tobytes())
        return made.hexdigest()

    def candidates(self, texts: Sequence[str]) -> Iterator[tuple[int, list[int]]]:
        """Yield the number of each text that may be near, with the secret texts it may be near to.

        Args:
            texts: Normalised texts.
        """
        codes, starts = rolling.codes(texts)
        hashes, valid = rolling.hashes(codes, starts, self.match.seed)
        places = np.flatnonzero(self.table[rolling.low(hashes, len(self.table))] & valid)
        found = np.searchsorted(self.seeds, hashes[places])
        found = np.minimum(found, max(len(self.seeds) - 1, 0))
        real = self.seeds[found] == hashes[places] if len(self.seeds) else np.zeros(0, bool)
        text = np.searchsorted(starts, places[real], side="right") - 1
        both = rolling.packed(text, found[real])
        text, owner = self._expanded(rolling.distinct(both)[0])
        pairs, counts = rolling.distinct(rolling.packed(text, owner))
        text, owner = rolling.unpacked(pairs)
        keep = self._enough(np.diff(starts)[text], owner, counts)
        text, owner = text[keep], owner[keep]
        keep = self._overlapping((codes, starts), text, owner)
        text, owner = text[keep], owner[keep]
        cuts = np.flatnonzero(np.diff(text)) + 1
        for group, owners in zip(np.split(text, cuts), np.split(owner, cuts), strict=True):
            if len(group):
                yield int(group[0]), owners.tolist()

    def _expanded(self, both: U64) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Every (text, secret text) that shares a seed, once a seed."""
        text, seed = rolling.unpacked(both)
        first = self.owner_bounds[seed]
        sizes = self.owner_bounds[seed + 1] - first
        total = int(sizes.sum())
        inner = np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return np.repeat(text, sizes), self.owners[np.repeat(first, sizes) + inner]

    def _enough(
        self, letters: NDArray[np.int64], owner: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Whether so many shared seeds and such lengths leave a near copy possible."""
        match, theirs = self.match, self.letters[owner]
        seeds = np.maximum(letters - match.seed + 1, 1)
        widths = _widths(theirs - match.seed + 1, match.block)
        expected = np.minimum(self.kept[owner], seeds / widths)
        short = np.minimum(letters, theirs)
        # One whole sentence of a longer text may be the copy, so a short secret is always tried.
        possible = theirs <= letters / match.threshold
        possible |= (short >= match.least_contained) & (theirs <= match.longest * letters)
        return (counts >= match.share * expected) & (short >= match.least_letters) & possible

    def _overlapping(
        self,
        texts: tuple[NDArray[np.uint32], NDArray[np.int64]],
        text: NDArray[np.int64],
        owner: NDArray[np.int64],
    ) -> NDArray[np.bool_]:
        """Whether a text has as many of a secret one's n-grams as the least near copy has.

        Jaccard similarity and containment, of the whole text or of a sentence of it, are at most
        the share of common n-grams among those of the text that has fewer, so few candidates are
        left to be scored one by one.

        Args:
            texts: Code points and bounds of the texts, as `rolling.codes` gives them.
            text: (n,) number of each candidate's text, ascending.
            owner: (n,) its secret text.
        """
        codes, starts = texts
        hashes, valid = rolling.hashes(codes, starts, self.match.gram)
        asked = np.zeros(len(starts) - 1, dtype=bool)
        asked[text] = True
        whose = np.repeat(np.arange(len(starts) - 1), np.diff(starts))[: len(hashes)]
        valid &= asked[whose]
        kinds = rolling.distinct(rolling.packed(whose[valid], rolling.short(hashes[valid])))[0]
        sizes = np.bincount(rolling.unpacked(kinds)[0], minlength=len(asked))
        keep = np.zeros(len(text), dtype=bool)
        if not len(kinds):
            return keep
        for start in range(0, len(text), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            first, last = self.bounds[owner[part]], self.bounds[owner[part] + 1]
            counts = last - first
            inner = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            grams = self.grams[np.repeat(first, counts) + inner]
            wanted = rolling.packed(np.repeat(text[part], counts), grams)
            found = kinds[np.minimum(np.searchsorted(kinds, wanted), len(kinds) - 1)] == wanted
            pair = np.repeat(np.arange(len(counts)), counts)
            common = np.bincount(pair, found, len(counts))
            least = self.match.threshold * np.minimum(sizes[text[part]], counts)
            keep[part] = common >= least - 1e-6
        return keep

    def score(self, text: str, secret: int) -> float:
        """Larger of Jaccard similarity and containment of a normalised text and a secret one.

        Containment counts from `Match.least_contained` letters on, and when a secret text stands
        in a longer one only within a stretch of about its own length.
        """
        mine = self.grams[self.bounds[secret] : self.bounds[secret + 1]]
        grams, kinds = _grams_of(text, self.match.gram)
        if not len(kinds):
            return 0.0
        # The few n-grams of a secret text are looked for among those of a long one, not the
        # other way round: most candidates end here.
        common = int((kinds[_places(kinds, mine)] == mine).sum())
        jaccard = common / (len(kinds) + len(mine) - common)
        theirs = int(self.letters[secret])
        if min(len(text), theirs) < self.match.least_contained:
            return jaccard
        if len(kinds) <= len(mine):
            near = theirs <= self.match.longest * len(text)
            return max(jaccard, common / len(kinds)) if near else jaccard
        if common < self.match.threshold * len(mine):
            return jaccard
        places = _places(mine, grams)
        return max(jaccard, _densest(places, mine[places] == grams, len(mine)) / len(mine))


def _places(ordered: NDArray[np.uint32], values: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Where each value stands among ordered ones, if it is there at all."""
    return np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)


def _densest(places: NDArray[np.intp], shared: NDArray[np.bool_], size: int) -> int:
    """Distinct shared n-grams in the stretch, a quarter longer than the secret, with the most."""
    width = math.ceil(1.25 * size) + 8
    if width >= len(shared):
        return len(np.unique(places[shared]))
    total = np.concatenate(([0], np.cumsum(shared)))
    start = int(np.argmax(total[width:] - total[:-width]))
    window = slice(start, start + width)
    return len(np.unique(places[window][shared[window]]))


@lru_cache(maxsize=64)
def _grams_of(text: str, size: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """N-gram hashes of a normalised text in their order, and each once, sorted."""
    codes, starts = rolling.codes([text])
    hashes, valid = rolling.hashes(codes, starts, size)
    grams = rolling.short(hashes[valid])
    return grams, rolling.distinct(grams)[0]


def index_of(texts: Sequence[str], match: Match) -> NearIndex:
    """Index secret texts.

    Args:
        texts: Normalised texts, each once, each of at least ``match.least_letters`` characters.
        match: What counts as a near copy.
    """
    codes, starts = rolling.codes(texts)
    owner = np.repeat(np.arange(len(texts)), np.diff(starts))
    hashes, valid = rolling.hashes(codes, starts, match.gram)
    owner = owner[: len(valid)][valid]
    both = rolling.distinct(rolling.packed(owner, rolling.short(hashes[valid])))[0]
    whose, grams = rolling.unpacked(both)
    bounds = np.searchsorted(whose, np.arange(len(texts) + 1))
    kept, owners = _rarest(codes, starts, match)
    seeds, first = np.unique(kept, return_index=True)
    table = np.zeros(_table_size(16 * len(seeds)), bool)
    table[rolling.low(seeds, len(table))] = True
    return NearIndex(
        match=match,
        grams=grams.astype(np.uint32),
        bounds=bounds.astype(np.int64),
        letters=np.diff(starts),
        seeds=seeds,
        owners=owners,
        owner_bounds=np.append(first, len(kept)).astype(np.int64),
        kept=np.bincount(owners, minlength=len(texts)).astype(np.int64),
        table=table,
    )


def _rarest(
    codes: NDArray[np.uint32], starts: NDArray[np.int64], match: Match
) -> tuple[U64, NDArray[np.int64]]:
    """The rarest seed of every block of every text, with its text, sorted by seed.

    A seed that stands in few secret texts makes few candidates; one from every block leaves some
    of them standing wherever a text was changed.
    """
    hashes, valid = rolling.hashes(codes, starts, match.seed)
    if not valid.any():
        return _EMPTY, np.zeros(0, np.int64)
    hashes = hashes[valid]
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))[: len(valid)][valid]
    sizes = np.bincount(owner, minlength=len(starts) - 1)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    width = _widths(sizes, match.block)[owner]
    begins = np.flatnonzero(place % width == 0)
    # Counted by low bits: exact counts take twenty times as long and choose no better.
    low = rolling.low(hashes, _table_size(len(hashes)))
    frequency = np.bincount(low)[low]
    rank = np.minimum(frequency, 0xFFFF).astype(np.uint64) << np.uint64(48)
    best = np.minimum.reduceat(rank | hashes, begins) & np.uint64((1 << 48) - 1)
    order = np.lexsort((owner[begins], best))
    best, mine = best[order], owner[begins][order]
    new = np.append(True, (np.diff(best) != 0) | (np.diff(mine) != 0))
    return best[new], mine[new].astype(np.int64)


def _widths(seeds: NDArray[np.int64], block: int) -> NDArray[np.int64]:
    """Seeds in a block of a text that has so many: few in a short one, so that it keeps many."""
    return np.clip(seeds // block, 1, block)


def _table_size(entries: int) -> int:
    return 1 << min(entries.bit_length(), _TABLE_BITS)
