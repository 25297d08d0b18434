"""Long texts in pieces that the model reads whole, which overlap and know where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.infer.tokens import MAX_TOKENS, TextTokens
from klein_embedding.text import check_encodable

LONGEST = MAX_TOKENS - 2
"""Tokens of a text beside the two special ones."""
# One character may stand for eighteen, and is not to be cut.
_SHORTEST = 32
_ENDS = frozenset(".!?।॥۔؟\n")
_CLOSING = frozenset("\"')]}»”’")
# A piece ends with a sentence if one ends in this last share of it.
_LATE = 0.75


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a text.

    Attributes:
        start: Place of its first character in the text, from 0.
        stop: One past the place of its last character.
        text: The characters between.
    """

    start: int
    stop: int
    text: str


@dataclass(frozen=True, slots=True)
class _Cuts:
    """Where a text may be cut, in tokens.

    Attributes:
        words: Tokens that begin a word, ascending, and the number of all tokens.
        sentences: Those of them that begin a sentence.
    """

    words: np.ndarray
    sentences: np.ndarray


def chunked(tokens: TextTokens, text: str, size: int = LONGEST, overlap: int = 32) -> list[Chunk]:
    """Cut a text of any length into pieces of at most ``size`` tokens.

    A piece ends with a sentence if one ends in its last quarter, else between words; only a word
    longer than a piece is cut inside.

    Args:
        tokens: The model's tokenizer.
        text: The text.
        size: Most tokens of a piece, special ones left out.
        overlap: Tokens that a piece repeats of the one before, as far as whole words go.

    Returns:
        The pieces in their order, none for a blank text.

    Raises:
        KleinError: If a number is out of range, or the text holds a lone surrogate.
    """
    if not _SHORTEST <= size <= LONGEST:
        raise KleinError(f"chunk of {size} tokens: choose from {_SHORTEST} to {LONGEST}")
    if not 0 <= overlap <= size // 2:
        raise KleinError(f"overlap of {overlap} tokens: choose from 0 to {size // 2}, half a chunk")
    places = tokens.places(check_encodable(text, "text"))
    return [
        Chunk(start, stop, text[start:stop])
        for first, last in _spans(_cuts(text, places), places[0], (size, overlap))
        for start, stop in [(int(places[0][first]), int(places[1][last - 1]))]
    ]


def _cuts(text: str, places: tuple[np.ndarray, np.ndarray]) -> _Cuts:
    starts, ends = places
    gaps = np.flatnonzero(starts[1:] > ends[:-1]) + 1
    final = [at for at in gaps.tolist() if _ends_sentence(text, int(ends[at - 1]), int(starts[at]))]
    words = np.append(gaps, len(starts))
    return _Cuts(words, np.array(final, dtype=np.int64))


def _ends_sentence(text: str, stop: int, following: int) -> bool:
    """Whether the text before a gap ends a sentence, or the gap holds a line end."""
    if "\n" in text[stop:following]:
        return True
    while stop and text[stop - 1] in _CLOSING:
        stop -= 1
    return stop > 0 and text[stop - 1] in _ENDS


def _spans(cuts: _Cuts, starts: np.ndarray, dials: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Pieces as token numbers: the first, and one past the last."""
    size, overlap = dials
    total, first = len(starts), 0
    while first < total:
        last = total
        if total - first > size:
            word = _latest(cuts.words, first + size)
            sentence = _latest(cuts.sentences, first + size)
            last = sentence if sentence > first + _LATE * size else word
            last = last if last > first else _inside(starts, first, size)
        yield first, last
        if last == total:
            return
        at = int(np.searchsorted(cuts.words, last - overlap))
        again = int(cuts.words[at])
        first = again if first < again <= last else last


def _latest(cuts: np.ndarray, upto: int) -> int:
    """The latest cut that is not beyond a token, -1 for none."""
    at = int(np.searchsorted(cuts, upto, side="right")) - 1
    return int(cuts[at]) if at >= 0 else -1


def _inside(starts: np.ndarray, first: int, size: int) -> int:
    """A cut inside a word, between characters; its pieces may need more tokens than the whole."""
    last = first + max(1, int(size * _LATE))
    while last > first + 1 and starts[last] == starts[last - 1]:
        last -= 1
    return last
