"""A word translation table learnt from aligned text, and what it says about a pair of sentences.

Source: Brown et al. 1993, The Mathematics of Statistical Machine Translation, Model 1; used to
align a second time as in Moore 2002, Fast and Accurate Sentence Alignment of Bilingual Corpora.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from klein_embedding.corpus.align import Bead, BeadCost, Costs, Places, length_cost

STEM = 5
"""Letters that a word is cut to, so that most of its inflected forms fall together."""
ROUNDS = 5
BACKGROUND = 0.05
"""Share of the right side's own word frequencies in every probability; keeps the log finite."""
LEAST_SEEN = 3
"""Texts that a word must stand in; rarer ones would only be learnt by heart."""
MOST_WORDS = 60
"""Words of a sentence that are learnt from; very long ones teach little and cost much."""
TRUST = 0.5
"""Factor on the words' evidence: words of a sentence are not independent of each other."""

_WORD = re.compile(r"[^\W\d_](?:[^\s\d.,;:!?\"'()\u0964\u0965\u06d4\u060c\[\]/|-])*")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Probabilities of right words given left words.

    Attributes:
        left: Number from 1 of each left word; 0 is the empty word.
        right: Number of each right word.
        rows: Left word of each entry.
        columns: Right word of each entry; entries are sorted by left and then right word.
        chances: Probability of the entry's right word, given its left word.
        shares: Frequency of each right word.
    """

    left: dict[str, int]
    right: dict[str, int]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    chances: Floats
    shares: Floats


def words(text: str) -> list[str]:
    """Lower-cased words of a text, cut to their first letters."""
    return [word[:STEM] for word in _WORD.findall(text.lower())]


def learn(pairs: Iterable[tuple[str, str]]) -> Lexicon:
    """Learn Model 1 from pairs of texts of which most translate each other.

    Args:
        pairs: Left text and right text.

    Returns:
        The translation table; empty if there were no pairs with words on both sides.
    """
    both = [(words(ours)[:MOST_WORDS], words(theirs)[:MOST_WORDS]) for ours, theirs in pairs]
    left, right = _numbered((ours for ours, _ in both), 1), _numbered((t for _, t in both), 0)
    blocks, owners, position = list[NDArray[np.int64]](), list[NDArray[np.int64]](), 0
    for ours, theirs in both:
        e = np.array([0, *(left[word] for word in ours if word in left)])
        f = np.array([right[word] for word in theirs if word in right], dtype=np.int64)
        blocks.append(np.stack([np.tile(e, len(f)), np.repeat(f, len(e))], axis=1))
        owners.append(np.repeat(np.arange(position, position + len(f)), len(e)))
        position += len(f)
    if not right:
        empty = np.zeros(0, dtype=np.int64)
        return Lexicon(left, right, empty, empty, np.zeros(0), np.zeros(0))
    links, owner = np.concatenate(blocks), np.concatenate(owners)
    keys, entry = np.unique(links[:, 0] * len(right) + links[:, 1], return_inverse=True)
    rows, columns = keys // len(right), keys % len(right)
    chances = counts = np.ones(len(keys))
    for _ in range(ROUNDS):
        weight = chances[entry]
        weight /= np.bincount(owner, weight)[owner]
        counts = np.bincount(entry, weight, len(keys))
        chances = counts / np.bincount(rows, counts, len(left) + 1)[rows]
    shares = np.bincount(columns, counts, len(right))
    return Lexicon(left, right, rows, columns, chances, shares / shares.sum())


def _numbered(texts: Iterable[list[str]], first: int) -> dict[str, int]:
    """Numbers from ``first`` on for the words that enough texts hold."""
    seen = Counter(word for text in texts for word in set(text))
    common = sorted(word for word, count in seen.items() if count >= LEAST_SEEN)
    return {word: number for number, word in enumerate(common, first)}


def evidence(lexicon: Lexicon, left: Sequence[str], right: Sequence[str]) -> tuple[Floats, Floats]:
    """How much likelier right sentences are as translations than as any text of their language.

    Args:
        lexicon: The translation table.
        left: n left sentences.
        right: m right sentences.

    Returns:
        (n, m) sums of log ratios over the words of each right sentence, given one left sentence;
        (n, m) the same, given a left sentence and its next one (the last row is the last alone).
    """
    ours = [[0, *(lexicon.left[w] for w in words(t) if w in lexicon.left)] for t in left]
    theirs = [[lexicon.right[w] for w in words(t) if w in lexicon.right] for t in right]
    known = np.unique([place for sentence in theirs for place in sentence]).astype(np.int64)
    bag = _bag(theirs, known)
    column_of = np.full(len(lexicon.right), -1)
    column_of[known] = np.arange(len(known))
    asked = np.unique([word for sentence in ours for word in sentence]).astype(np.int64)
    chances = np.zeros((len(asked), len(known)))
    starts, stops = (np.searchsorted(lexicon.rows, asked, side) for side in ("left", "right"))
    for row, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        columns = column_of[lexicon.columns[start:stop]]
        present = columns >= 0
        chances[row, columns[present]] = lexicon.chances[start:stop][present]
    given = _bag(ours, asked) @ chances
    sizes = np.array([[len(sentence)] for sentence in ours])
    shares = np.maximum(lexicon.shares[known], 1e-12)
    doubled, doubled_sizes = given.copy(), sizes.copy()
    doubled[:-1] += given[1:]
    doubled_sizes[:-1] += sizes[1:]

    def ratios(sums: Floats, lengths: NDArray[np.int64]) -> Floats:
        return np.log((1 - BACKGROUND) * sums / lengths / shares + BACKGROUND) @ bag.T

    return ratios(given, sizes), ratios(doubled, doubled_sizes)


def _bag(sentences: list[list[int]], known: NDArray[np.int64]) -> Floats:
    """(m, k) counts of the known words in each sentence."""
    bag = np.zeros((len(sentences), len(known)))
    for row, sentence in enumerate(sentences):
        np.add.at(bag[row], np.searchsorted(known, sentence), 1)
    return bag


@dataclass(frozen=True, slots=True)
class Judge:
    """What a lexicon says about the beads of two documents.

    Attributes:
        by_length: Cost by length and numbers.
        one: Evidence for beads with one left sentence, as `evidence` gives it.
        two: The same with two.
        sizes: Known words of each right sentence.
    """

    by_length: BeadCost
    one: Floats
    two: Floats
    sizes: list[int]

    def cost(self, starts: Places, firsts: Places, down: int, across: int) -> Costs:
        """Cost by length, numbers and words, for `align`."""
        own = self.by_length(starts, firsts, down, across)
        if not down or not across:
            return own
        table = self.one if down == 1 else self.two
        return own - TRUST * sum(table[starts, firsts + place] for place in range(across))

    def support(self, bead: Bead) -> float:
        """Mean log ratio of a bead's right words; above 0 they are likelier for the left ones."""
        size = sum(self.sizes[place] for place in bead.right)
        table = self.one if len(bead.left) == 1 else self.two
        return float(table[bead.left.start, list(bead.right)].sum()) / size if size else 0.0


def judge(lexicon: Lexicon, left: Sequence[str], right: Sequence[str]) -> Judge:
    """Ask a lexicon about two documents.

    Args:
        lexicon: The translation table.
        left: The left document's sentences.
        right: The right document's sentences.
    """
    one, two = evidence(lexicon, left, right)
    sizes = [sum(word in lexicon.right for word in words(text)) for text in right]
    return Judge(length_cost(left, right), one, two, sizes)
