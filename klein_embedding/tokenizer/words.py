"""How often each word of each language stands in the corpus, and how much it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from klein_embedding.errors import KleinError
from klein_embedding.languages import LANGUAGES
from klein_embedding.recipe import TokenizerRecipe
from klein_embedding.tokenizer.pipeline import normalizer, pre_tokenizer

Counts = dict[str, int]


def read_words(mono: Path, recipe: TokenizerRecipe) -> tuple[dict[str, Counts], dict[str, float]]:
    """Count the words of every language of a corpus.

    A side of a parallel source counts as a text of its own. ``side_share`` of the words come from
    such sides, and more where a language has too little other text, or less where it has few.

    Args:
        mono: ``mono.parquet`` of a processed corpus.
        recipe: Tokenizer section of a recipe.

    Returns:
        Counts of words by language, and by language the share of them from parallel sources.

    Raises:
        KleinError: If a language has no text, or text holds NUL or is no UTF-8.
    """
    chunks, sides = read_chunks(mono, recipe)
    return {code: split_words(counts, recipe) for code, counts in chunks.items()}, sides


def read_chunks(
    mono: Path, recipe: TokenizerRecipe
) -> tuple[dict[str, Counter[str]], dict[str, float]]:
    """As `read_words`, but what stands between white space, before the tokenizer parts it."""
    table = pq.read_table(mono, columns=["text", "lang", "side"])
    found: dict[str, Counter[str]] = {}
    sides: dict[str, float] = {}
    whole = recipe.words_read
    for code, language in LANGUAGES.items():
        rows = table.filter(pc.equal(table["lang"], code))  # type: ignore[attr-defined]
        if not rows.num_rows:
            raise KleinError(f"{mono}: no text in {language.name}; add a source with it")
        own, parallel = (
            rows["text"].filter(pc.equal(rows["side"], side))  # type: ignore[attr-defined]
            for side in (False, True)
        )
        wanted = max(int(whole * recipe.side_share), whole - _length(own))
        from_sides = min(_length(parallel), wanted)
        try:
            counts = _chunks(own, whole - from_sides)
            before = counts.total()
            counts.update(_chunks(parallel, from_sides))
        except UnicodeDecodeError:
            raise KleinError(f"{mono}: holds text that is no UTF-8; build it again") from None
        sides[code] = 1 - before / counts.total()
        if any("\0" in chunk for chunk in counts):
            raise KleinError(f"{mono}: {language.name} text holds NUL; build the corpus again")
        found[code] = counts
    return found, sides


def _length(texts: pa.ChunkedArray) -> int:
    spaces = pc.sum(pc.count_substring(texts, " "))  # type: ignore[attr-defined]
    return (spaces.as_py() or 0) + len(texts)


def _chunks(texts: pa.ChunkedArray, words: int) -> Counter[str]:
    """Count what stands between white space until there are so many words.

    An even stride shows the whole of a language even where only a part is read.
    """
    counts: Counter[str] = Counter()
    stride = max(_length(texts) // max(words, 1), 1)
    for start in range(min(stride, len(texts))):
        for text in texts.take(pa.array(range(start, len(texts), stride))).to_pylist():
            if words <= 0:
                return counts
            chunks = text.split()
            counts.update(chunks)
            words -= len(chunks)
    return counts


def split_words(chunks: Mapping[str, int], recipe: TokenizerRecipe) -> Counts:
    """Words as the tokenizer sees them, from counts of what stands between white space."""
    clean, parts = normalizer(), pre_tokenizer(recipe.digits)
    counts: Counter[str] = Counter()
    for chunk, count in chunks.items():
        for word, _ in parts.pre_tokenize_str(clean.normalize_str(chunk)):
            counts[word] += count
    return dict(counts)


def count_texts(texts: Iterable[str], recipe: TokenizerRecipe) -> Counts:
    """Words of texts as the tokenizer sees them, with their counts."""
    chunks: Counter[str] = Counter()
    for text in texts:
        chunks.update(text.split())
    return split_words(chunks, recipe)


def weighted(
    words: Mapping[str, Counts], weights: Mapping[str, float], recipe: TokenizerRecipe
) -> Counts:
    """One table of counts in which a language weighs ``words_per_language`` times its weight.

    Args:
        words: Counts by language.
        weights: Weight by language, 1 for an even share.
        recipe: Tokenizer section of a recipe.

    Returns:
        Counts scaled and rounded; words that come to less than a half are left out.
    """
    mixed: Counter[str] = Counter()
    for code, counts in words.items():
        factor = recipe.words_per_language * weights[code] / max(sum(counts.values()), 1)
        for word, count in counts.items():
            scaled = int(count * factor + 0.5)
            if scaled:
                mixed[word] += scaled
    return dict(mixed)
