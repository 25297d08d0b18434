"""Learning pieces from counts of words: BPE over characters, or over grapheme clusters."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from klein_embedding.errors import KleinError
from klein_embedding.recipe import TokenizerRecipe
from klein_embedding.tokenizer.pipeline import BYTES, HEAD, SPACE, assemble, marks

_PRIVATE = 0xF0000
"""First of the code points that stand for clusters while the merges are learned."""


def learn_tokenizer(counts: Mapping[str, int], recipe: TokenizerRecipe) -> Tokenizer:
    """Learn a tokenizer of exactly ``recipe.vocabulary`` entries.

    Ids follow RoBERTa: ``<s>`` 0, ``<pad>`` 1, ``</s>`` 2, ``<unk>`` 3, ``<mask>`` last. The 256
    byte tokens make ``<unk>`` impossible on valid Unicode. Only the learned pieces come from the
    trainer: as special tokens the bytes would match the literal text ``<0x41>``.

    With ``grapheme_safe`` a letter and its vowel sign, virama, nukta or joiner are one symbol to
    the trainer (a private code point), so no merge parts them. In the file they are ordinary
    merges, which come first and add one mark at a time; any BPE reads it. What begins with a mark
    is then only the mark itself, kept for clusters too rare for an entry.

    Args:
        counts: Words with their counts, already balanced over languages.
        recipe: Tokenizer section of a recipe.

    Raises:
        KleinError: If the text is too little for that many entries.

    Source: Sennrich et al. 2016 (BPE), arXiv 1508.07909; clusters as symbols after Velayuthan
    and Sarveswaran 2024 (Grapheme Pair Encoding), arXiv 2409.11501.
    """
    symbols = _frequent_clusters(counts, recipe) if recipe.grapheme_safe else {}
    segments = _segments(counts, symbols, recipe)
    alphabet = {char for segment in segments for char in segment}
    units = _units(counts, symbols, recipe)
    room = recipe.vocabulary - len(HEAD) - len(BYTES) - len(units) - 1
    if room < 1:
        raise KleinError(
            f"tokenizer: {len(units):,} letters and clusters leave no room for pieces among "
            f"{recipe.vocabulary:,} entries; raise vocabulary or cluster_frequency"
        )
    learned, merges = _train(segments, len(alphabet) + room, recipe.min_frequency)
    back = {ord(symbol): cluster for cluster, symbol in symbols.items()}
    joined = [piece.translate(back) for piece in learned if len(piece) > 1]
    pieces = list(dict.fromkeys([*units, *joined]))
    if len(pieces) != len(units) + room:
        raise KleinError(
            f"tokenizer: the text gave {recipe.vocabulary - len(units) - room + len(pieces):,} "
            f"entries of {recipe.vocabulary:,}; add text or lower vocabulary and min_frequency"
        )
    first = [(unit[:-1], unit[-1]) for unit in units if len(unit) > 1]
    rest = [(left.translate(back), right.translate(back)) for left, right in merges]
    return assemble(pieces, [*first, *rest], recipe)


def _frequent_clusters(counts: Mapping[str, int], recipe: TokenizerRecipe) -> dict[str, str]:
    """Private symbol of each letter with its marks that is frequent enough for an entry."""
    found: Counter[str] = Counter()
    pattern = re.compile(f"[^{marks()}{SPACE}][{marks()}]+")
    for word, count in counts.items():
        for cluster in pattern.findall(word):
            found[cluster] += count
    frequent = sorted(c for c, count in found.items() if count >= recipe.cluster_frequency)
    return {cluster: chr(_PRIVATE + at) for at, cluster in enumerate(frequent)}


def _characters(counts: Mapping[str, int], recipe: TokenizerRecipe) -> set[str]:
    """Characters frequent enough for an entry; the others are spelled in bytes."""
    found: Counter[str] = Counter()
    for word, count in counts.items():
        for char in word:
            found[char] += count
    return {
        char
        for char, count in found.items()
        if count >= recipe.character_frequency and ord(char) < _PRIVATE
    }


def _units(
    counts: Mapping[str, int], symbols: Mapping[str, str], recipe: TokenizerRecipe
) -> list[str]:
    """Characters, then clusters with all their beginnings, shorter ones first."""
    characters = _characters(counts, recipe) | {char for cluster in symbols for char in cluster}
    begun = {cluster[:stop] for cluster in symbols for stop in range(2, len(cluster) + 1)}
    return [*sorted(characters), *sorted(begun, key=lambda unit: (len(unit), unit))]


def _segments(
    counts: Mapping[str, int], symbols: Mapping[str, str], recipe: TokenizerRecipe
) -> Counter[str]:
    """Parts of words in the trainer's symbols; what has no entry parts them."""
    known = _characters(counts, recipe)
    if recipe.grapheme_safe:
        pattern = re.compile(f"[^{marks()}{SPACE}]?[{marks()}]+")
    else:
        pattern = re.compile("(?!)")
    rare = {ord(c): " " for word in counts for c in word if c not in known}
    segments: Counter[str] = Counter()
    for word, count in counts.items():
        plain = pattern.sub(lambda match: symbols.get(match[0], " "), word)
        for segment in plain.translate(rare).split():
            segments[segment] += count
    return segments


def _train(
    segments: Mapping[str, int], size: int, min_frequency: int
) -> tuple[list[str], list[tuple[str, str]]]:
    """Pieces in the order of their ids, and the merges, of a BPE over counted segments."""
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(vocab_size=size, min_frequency=min_frequency, show_progress=False)
    learner.train_from_iterator(_repeated(segments), trainer)
    model = json.loads(learner.to_str())["model"]
    pieces = sorted(model["vocab"], key=model["vocab"].__getitem__)
    return pieces, [(left, right) for left, right in model["merges"]]


def _repeated(segments: Mapping[str, int]) -> Iterator[str]:
    """Segments as often as they count: the trainer takes text, and no counts."""
    for segment in sorted(segments):
        text, left = f"{segment} ", segments[segment]
        while left > 0:
            yield text * min(left, 10_000)
            left -= 10_000
