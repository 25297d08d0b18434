"""What surrounds the learned pieces: normalisation, words, special tokens and bytes."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Sequence
from functools import cache

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from klein_embedding.recipe import TokenizerRecipe

BOS, PAD, EOS, UNK, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"
BOS_ID, PAD_ID, EOS_ID, UNK_ID = 0, 1, 2, 3
HEAD = [BOS, PAD, EOS, UNK]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
SPACE = "▁"
"""Stands before every word, so that a word is one piece wherever it stands."""
JOINERS = "\u200c\u200d"

# Malayalam's dead consonants have code points of their own since Unicode 5.1; older text spells
# them as consonant, virama and joiner, which NFKC leaves apart.
CHILLU = {
    "\u0d23\u0d4d\u200d": "\u0d7a",
    "\u0d28\u0d4d\u200d": "\u0d7b",
    "\u0d30\u0d4d\u200d": "\u0d7c",
    "\u0d32\u0d4d\u200d": "\u0d7d",
    "\u0d33\u0d4d\u200d": "\u0d7e",
    "\u0d15\u0d4d\u200d": "\u0d7f",
}
# Kashida only stretches a line; the others are invisible marks of direction or of line breaks.
_DROPPED = "[\u0640\u00ad\u200b\u200e\u200f\u2060\ufeff\u202a-\u202e\u2066-\u2069]"
# A joiner or a mark behind a symbol belongs to it (emoji), behind a letter to the word.
_WORD = (
    rf"[\p{{L}}\p{{N}}_][\p{{L}}\p{{M}}\p{{N}}_{JOINERS}]*"
    r"|[^\s\p{L}\p{N}_]+"
)
_DIGIT = rf"{SPACE}?\p{{Nd}}"


def normalizer() -> normalizers.Normalizer:
    """NFKC, one spelling of the chillu letters, and no Kashida or invisible marks.

    NFKC writes nukta letters as letter and nukta, joins two-part vowels, and turns Arabic
    presentation forms into letters.

    Source: Unicode Standard Annex 15; The Unicode Standard, chapter 12.9 (chillu letters).
    """
    return normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace(Regex(_DROPPED), ""),
            *(normalizers.Replace(old, new) for old, new in CHILLU.items()),
            # What was left out may have kept marks apart that now have to change places.
            normalizers.NFC(),
        ]
    )


def pre_tokenizer(digits: str) -> pre_tokenizers.PreTokenizer:
    """White space and punctuation part words; a word begins with `SPACE`.

    Args:
        digits: "single" lets every digit stand alone, "runs" leaves numbers whole.
    """
    steps: list[pre_tokenizers.PreTokenizer] = [
        pre_tokenizers.Split(Regex(_WORD), "removed", invert=True),
        pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always"),
    ]
    if digits == "single":
        steps.append(pre_tokenizers.Split(Regex(_DIGIT), "isolated"))
    return pre_tokenizers.Sequence(steps)


def assemble(
    pieces: Sequence[str], merges: Sequence[tuple[str, str]], recipe: TokenizerRecipe
) -> Tokenizer:
    """Put learned pieces between the special tokens and bytes, in the order of RoBERTa's ids.

    Args:
        pieces: Learned pieces without special tokens and bytes, each once.
        merges: Pairs of pieces in the order in which they are joined.
        recipe: Tokenizer section of a recipe.

    Returns:
        Tokenizer with normalisation, words, byte fallback and ``<s> … </s>``.
    """
    vocabulary = {piece: at for at, piece in enumerate([*HEAD, *BYTES, *pieces])}
    model = models.BPE(vocab=vocabulary, merges=list(merges), unk_token=UNK, byte_fallback=True)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizer()
    tokenizer.pre_tokenizer = pre_tokenizer(recipe.digits)
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in [*HEAD, MASK]])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A {EOS}",
        pair=f"{BOS} $A {EOS} {EOS} $B {EOS}",
        special_tokens=[(BOS, BOS_ID), (EOS, EOS_ID)],
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    return tokenizer


@cache
def marks() -> str:
    """Combining marks and joiners as the inside of a regular expression's character class.

    A piece that begins with one of them begins inside a letter as readers see it.
    """
    ranges: list[list[int]] = []
    for code in range(0x300, sys.maxunicode + 1):
        if chr(code) in JOINERS or unicodedata.category(chr(code)).startswith("M"):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(low)}-{chr(high)}" for low, high in ranges)


@cache
def breaking_pattern() -> re.Pattern[str]:
    """Matches a piece that begins inside a grapheme cluster."""
    return re.compile(f"[{marks()}]")
