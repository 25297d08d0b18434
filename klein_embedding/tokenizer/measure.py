"""Figures of a tokenizer, equally for ours and for other people's."""

from __future__ import annotations

import re
import time
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from tokenizers import Regex, Tokenizer, pre_tokenizers

from klein_embedding.tokenizer.held_out import HeldOut
from klein_embedding.tokenizer.ngram import Trigrams
from klein_embedding.tokenizer.pipeline import (
    BYTES,
    HEAD,
    JOINERS,
    MASK,
    SPACE,
    breaking_pattern,
    normalizer,
)

_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_PLAIN = rf"[\p{{L}}\p{{N}}][\p{{L}}\p{{M}}\p{{N}}{JOINERS}]*"
_SPEED_CHARACTERS = 1_000_000


def fertility(tokenizer: Tokenizer, held: HeldOut) -> dict[str, dict[str, float]]:
    """Pieces a word and pieces a character by language.

    Words are runs of letters, marks and digits of the normalised text, joined by single spaces,
    so that every tokenizer sees the same words and no punctuation.
    """
    found = {}
    for code, texts in held.sentences.items():
        rows = [plain_words(text) for text in texts]
        pieces = sum(lengths(tokenizer, [" ".join(row) for row in rows]))
        found[code] = {
            "word": pieces / max(sum(len(row) for row in rows), 1),
            "character": pieces / max(sum(len(word) for row in rows for word in row), 1),
        }
    return found


def parity(tokenizer: Tokenizer, held: HeldOut) -> dict[str, float]:
    """Pieces of translations over the pieces of their English, punctuation included.

    Source: Petrov et al. 2023, arXiv 2305.15425 (tokenization premium).
    """
    found = {}
    for code, pairs in held.pairs.items():
        english, other = (lengths(tokenizer, side) for side in zip(*pairs, strict=True))
        found[code] = sum(other) / sum(english)
    return found


def rates(tokenizer: Tokenizer, held: HeldOut) -> dict[str, Any]:
    """Share of pieces that are unknown, also by language, and that spell bytes, on held-out text.

    Ids are counted, because a quick encoding holds no names.
    """
    names = tokenizer.get_vocab()
    unknown = {names[name] for name in ("<unk>", "[UNK]") if name in names}
    spelled = {at for name, at in names.items() if _BYTE.fullmatch(name)}
    ids = {
        code: Counter(at for row in encoded(tokenizer, texts) for at in row.ids)
        for code, texts in held.sentences.items()
    }
    total = sum(counts.total() for counts in ids.values())
    missed = {code: sum(counts[at] for at in unknown) for code, counts in ids.items()}
    return {
        "unk": sum(missed.values()) / total,
        "unk_by_language": {code: missed[code] / counts.total() for code, counts in ids.items()},
        "byte_fallback": sum(counts[at] for counts in ids.values() for at in spelled) / total,
    }


def bits_per_character(tokenizer: Tokenizer, held: HeldOut) -> float:
    """Bits a character of the held-out text under trigrams trained on the same sample of text."""
    sample = [text for texts in held.sample.values() for text in texts]
    model = Trigrams((row.ids for row in encoded(tokenizer, sample)), tokenizer.get_vocab_size())
    clean = normalizer()
    shares = []
    for texts in held.sentences.values():
        bits = sum(model.bits(row.ids) for row in encoded(tokenizer, texts))
        shares.append(bits / sum(len(clean.normalize_str(text)) for text in texts))
    return sum(shares) / len(shares)


def breaking_pieces(tokenizer: Tokenizer) -> dict[str, float]:
    """Pieces that begin inside a grapheme cluster: their number, and single marks among them."""
    names = [name.removeprefix(SPACE) for name in tokenizer.get_vocab()]
    broken = [name for name in names if breaking_pattern().match(name)]
    return {
        "pieces": len(broken),
        "single_marks": sum(len(name) == 1 for name in broken),
        "share": len(broken) / len(names),
    }


def by_script(tokenizer: Tokenizer) -> dict[str, int]:
    """Entries by the script of their first letter."""
    counts = Counter(map(_kind, tokenizer.get_vocab()))
    return dict(counts.most_common())


def _kind(piece: str) -> str:
    if piece in (*HEAD, MASK, *BYTES):
        return "special and bytes"
    for char in piece:
        if unicodedata.category(char)[0] in "LM" and char != SPACE:
            return unicodedata.name(char, "other").partition(" ")[0].capitalize()
    return "digits and punctuation"


def unused(tokenizer: Tokenizer, held: HeldOut) -> list[str]:
    """Entries, special tokens and bytes apart, that neither sample nor held-out text needs."""
    used: set[int] = set()
    for texts in (*held.sample.values(), *held.sentences.values()):
        for row in encoded(tokenizer, texts):
            used.update(row.ids)
    apart = {*HEAD, MASK, *BYTES}
    names = ((at, name) for name, at in tokenizer.get_vocab().items())
    return [name for at, name in sorted(names) if at not in used and name not in apart]


def round_trip(tokenizer: Tokenizer, held: HeldOut) -> float:
    """Share of held-out sentences whose ids give back the normalised words, byte for byte."""
    clean, parts = tokenizer.normalizer, tokenizer.pre_tokenizer
    kept = total = 0
    for texts in held.sentences.values():
        for text, row in zip(texts, encoded(tokenizer, texts), strict=True):
            words = parts.pre_tokenize_str(clean.normalize_str(text))
            wanted = "".join(word for word, _ in words).replace(SPACE, " ").strip()
            kept += tokenizer.decode(row.ids, skip_special_tokens=False) == wanted
            total += 1
    return kept / total


def coverage(tokenizer: Tokenizer, held: HeldOut) -> dict[str, dict[str, float]]:
    """Letters and marks of each script in sample and held-out text that have an entry."""
    clean, vocabulary = normalizer(), tokenizer.get_vocab()
    seen: Counter[str] = Counter()
    for texts in (*held.sample.values(), *held.sentences.values()):
        for text in texts:
            seen.update(clean.normalize_str(text))
    found: dict[str, dict[str, float]] = {}
    for char, count in seen.items():
        if unicodedata.category(char)[0] not in "LM":
            continue
        script = found.setdefault(_kind(char), {"seen": 0, "entries": 0, "text": 0, "covered": 0})
        script["seen"] += 1
        script["entries"] += char in vocabulary
        script["text"] += count
        script["covered"] += count * (char in vocabulary)
    ordered = sorted(found.items(), key=lambda item: -item[1]["text"])
    return {name: row | {"share": row["covered"] / row["text"]} for name, row in ordered}


def speed(tokenizer: Tokenizer, held: HeldOut) -> dict[str, float]:
    """Characters a second over a million characters of all languages, in a batch and singly."""
    texts: list[str] = []
    while (length := sum(map(len, texts))) < _SPEED_CHARACTERS:
        texts += [text for rows in held.sentences.values() for text in rows]
    start = time.perf_counter()
    encoded(tokenizer, texts)
    batch = time.perf_counter() - start
    start = time.perf_counter()
    for text in texts:
        tokenizer.encode(text, add_special_tokens=False)
    return {"batch": length / batch, "single": length / (time.perf_counter() - start)}


def compared(tokenizer: Tokenizer, held: HeldOut) -> dict[str, Any]:
    """The figures that stand beside other tokenizers' figures."""
    figures = {"fertility": fertility(tokenizer, held), "parity": parity(tokenizer, held)}
    return figures | rates(tokenizer, held) | {"vocabulary": tokenizer.get_vocab_size()}


def encoded(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Any]:
    """Encodings without special tokens."""
    return tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)


def lengths(tokenizer: Tokenizer, texts: Sequence[str]) -> list[int]:
    """Pieces of each text, special tokens apart."""
    return [len(row.ids) for row in encoded(tokenizer, texts)]


def plain_words(text: str) -> list[str]:
    """Words of the normalised text without punctuation."""
    normal = normalizer().normalize_str(text)
    return [word for word, _ in _plain().pre_tokenize_str(normal)]


@cache
def _plain() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Split(Regex(_PLAIN), "removed", invert=True)
