"""Near copies: which texts share most of their character n-grams with a secret text."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
_BASE = 0x9E3779B97F4A7C15
_TABLE_BITS = 25  # at most: 32 MB
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
        codes, starts = _codes(texts)
        hashes, valid = _hashes(codes, starts, self.match.seed)
        places = np.flatnonzero(self.table[_low(hashes, len(self.table))] & valid)
        found = np.searchsorted(self.seeds, hashes[places])
        found = np.minimum(found, max(len(self.seeds) - 1, 0))
        real = self.seeds[found] == hashes[places] if len(self.seeds) else np.zeros(0, bool)
        text = np.searchsorted(starts, places[real], side="right") - 1
        both = (text.astype(np.uint64) << np.uint64(32)) | found[real].astype(np.uint64)
        text, owner = self._expanded(_distinct(both)[0])
        pairs, counts = _distinct(
            (text.astype(np.uint64) << np.uint64(32)) | owner.astype(np.uint64)
        )
        text = (pairs >> np.uint64(32)).astype(np.int64)
        owner = (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)
        keep = self._enough(np.diff(starts)[text], owner, counts)
        text, owner = text[keep], owner[keep]
        cuts = np.flatnonzero(np.diff(text)) + 1
        for group, owners in zip(np.split(text, cuts), np.split(owner, cuts), strict=True):
            if len(group):
                yield int(group[0]), owners.tolist()

    def _expanded(self, both: U64) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Every (text, secret text) that shares a seed, once a seed."""
        text = (both >> np.uint64(32)).astype(np.int64)
        seed = (both & np.uint64(0xFFFFFFFF)).astype(np.int64)
        first, sizes = (
            self.owner_bounds[seed],
            self.owner_bounds[seed + 1] - self.owner_bounds[seed],
        )
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
    codes, starts = _codes([text])
    hashes, valid = _hashes(codes, starts, size)
    grams = _short(hashes[valid])
    return grams, np.unique(grams)


def index_of(texts: Sequence[str], match: Match) -> NearIndex:
    """Index secret texts.

    Args:
        texts: Normalised texts, each once, each of at least ``match.least_letters`` characters.
        match: What counts as a near copy.
    """
    codes, starts = _codes(texts)
    owner = np.repeat(np.arange(len(texts)), np.diff(starts))
    hashes, valid = _hashes(codes, starts, match.gram)
    owner = owner[: len(valid)][valid]
    both = _distinct(
        (owner.astype(np.uint64) << np.uint64(32)) | _short(hashes[valid]).astype(np.uint64)
    )[0]
    bounds = np.searchsorted(both >> np.uint64(32), np.arange(len(texts) + 1).astype(np.uint64))
    kept, owners = _rarest(codes, starts, match)
    seeds, first = np.unique(kept, return_index=True)
    table = np.zeros(_table_size(16 * len(seeds)), bool)
    table[_low(seeds, len(table))] = True
    return NearIndex(
        match=match,
        grams=(both & np.uint64(0xFFFFFFFF)).astype(np.uint32),
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
    hashes, valid = _hashes(codes, starts, match.seed)
    if not valid.any():
        return _EMPTY, np.zeros(0, np.int64)
    hashes = hashes[valid]
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))[: len(valid)][valid]
    sizes = np.bincount(owner, minlength=len(starts) - 1)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    width = _widths(sizes, match.block)[owner]
    begins = np.flatnonzero(place % width == 0)
    # Counted by low bits: exact counts take twenty times as long and choose no better.
    low = _low(hashes, _table_size(len(hashes)))
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


def _codes(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Code points of all texts in a row, and where each text begins, with the end."""
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    lengths = np.fromiter((len(text) for text in texts), np.int64, len(texts))
    return np.frombuffer(joined, "<u4"), np.concatenate(([0], np.cumsum(lengths)))


def _hashes(
    codes: NDArray[np.uint32], starts: NDArray[np.int64], size: int
) -> tuple[U64, NDArray[np.bool_]]:
    """48-bit hash of the ``size`` characters from each place on, and whether one text has them.

    Polynomial hashing by doubling: two neighbours of half the size make one of the whole.
    """
    hashes, factor, width = codes.astype(np.uint64) * np.uint64(_BASE), 0xD6E8FEB86659FD93, 1
    while width < size:
        hashes = hashes[:-width] * np.uint64(factor) + hashes[width:] if len(hashes) else hashes
        factor, width = factor * factor % 2**64, 2 * width
    hashes ^= hashes >> np.uint64(32)
    hashes *= np.uint64(_BASE)
    valid = np.ones(len(hashes), bool)
    for back in range(1, size):
        ends = starts[1:] - back
        valid[ends[(ends >= 0) & (ends < len(valid))]] = False
    return hashes >> np.uint64(16), valid


def _distinct(values: U64) -> tuple[U64, NDArray[np.int64]]:
    """Values in ascending order, each once, and how often each stood there.

    Sorting integers beats the hashing that `numpy.unique` does by a factor of ten on millions.
    """
    ordered = np.sort(values)
    new = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    first = np.flatnonzero(new)
    return ordered[first], np.diff(np.append(first, len(ordered)))


def _short(hashes: U64) -> NDArray[np.uint32]:
    return (hashes >> np.uint64(16)).astype(np.uint32)


def _table_size(entries: int) -> int:
    return 1 << min(entries.bit_length(), _TABLE_BITS)


def _low(hashes: U64, size: int) -> NDArray[np.int64]:
    """Places of hashes in a table whose size is a power of two."""
    return (hashes & np.uint64(size - 1)).view(np.int64)
