"""Cleaning: small named steps over one text, and the reasons for which a pair is dropped."""

from __future__ import annotations

import dataclasses
import html
import re
import unicodedata

import ftfy

from klein_embedding.text import Line, Pair, normalised, script_share

MAX_LENGTH_RATIO = 3.5
"""Most characters that one side of a translation may have for each one of the other."""
MIN_INDIC_SHARE = 0.5
MIN_LATIN_SHARE = 0.7

# Bytes of UTF-8 read as Latin-1 or cp1252 show up as these; ftfy is asked only then, because it
# takes thirty times as long as all other steps together.
_MOJIBAKE = re.compile("[\x80-\x9f]|Ã.|Â.|â€|à[¤¥¦§®¯°±²³´µ]|Ø§|Ù.")
# Never U+200C or U+200D: conjuncts and chillu letters are spelled with them.
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u00ad\ufeff\u2060\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<[^<>]{1,200}>")
_MNEMONIC_HINT = re.compile(r"\s*\([&_~]\w\)")
_MNEMONIC = re.compile(r"[&_~](?=\w)")
# A case ending of an Indic language may follow a placeholder without a space.
_PLACEHOLDER = re.compile(
    r"%(?:\d+\$)?[-+#0, ]?\d*(?:\.\d+)?(?:l|ll|h|z)?[sdiufgxcpl@](?![A-Za-z])|%\(\w+\)[sdf]"
    r"|%\d+|%[A-Z]{2,}%|\$\{[^}]*\}|\{[\w.\- ]*\}|\$\w+\$|\$\d+|\{\$[^}]*\}|%%|@\w+@"
)
_ESCAPES = re.compile(r"\\[ntr]")


def clean_text(text: str) -> str:
    """Repair Unicode, drop invisible characters (never ZWJ or ZWNJ), and fold white space."""
    if _MOJIBAKE.search(text):
        text = ftfy.fix_text(text, uncurl_quotes=False, fix_character_width=False)
    text = _INVISIBLE.sub("", _CONTROL.sub(" ", unicodedata.normalize("NFC", text)))
    return _SPACE.sub(" ", text).strip()


def clean_interface(text: str) -> str:
    """Strip tags, entities, mnemonics and placeholders of an interface string, then clean it."""
    text = _ESCAPES.sub(" ", text)
    if "&" in text and ";" in text:
        text = html.unescape(text)
    text = _TAG.sub(" ", text)
    text = _MNEMONIC_HINT.sub("", text)
    if sum(text.count(mark) for mark in "&_~") == 1:
        text = _MNEMONIC.sub("", text)
    return clean_text(_PLACEHOLDER.sub(" ", text))


def clean_pair(pair: Pair, text_class: str, max_words: int) -> tuple[Pair, str]:
    """Clean both sides of a pair and judge it.

    Args:
        pair: Pair as its reader gave it.
        text_class: Class letter of its source (U marks interface strings).
        max_words: Longest side; translations above it are dropped, passages are cut.

    Returns:
        The cleaned pair and the reason to drop it, "" to keep it.
    """
    if text_class == "U" and ("{{" in pair.anchor or ", plural," in pair.anchor):
        return pair, "template"
    clean = clean_interface if text_class == "U" else clean_text
    anchor, positive = clean(pair.anchor), clean(pair.positive)
    if pair.kind != "translation":
        anchor, positive = cut_words(anchor, max_words), cut_words(positive, max_words)
    negatives = tuple(
        text for text in (cut_words(clean(n), max_words) for n in pair.negatives) if text
    )
    cleaned = dataclasses.replace(pair, anchor=anchor, positive=positive, negatives=negatives)
    return cleaned, _reason(cleaned, text_class, max_words)


def _reason(pair: Pair, text_class: str, max_words: int) -> str:
    """The first reason that holds; the cheap questions come first, for they drop the most."""
    left, right = normalised(pair.anchor), normalised(pair.positive)
    translation = pair.kind == "translation"
    words = max(pair.anchor.count(" "), pair.positive.count(" ")) + 1
    short, long = sorted((len(pair.anchor), len(pair.positive)))
    questions: tuple[tuple[str, bool], ...] = (
        ("empty side", not left or not right),
        ("equal sides", left == right),
        ("identifier", text_class == "U" and "_" in pair.anchor),
        ("number only", pair.anchor.isdigit() or pair.positive.isdigit()),
        ("too long", translation and words > max_words),
        ("length ratio", translation and long > 12 and long > MAX_LENGTH_RATIO * short),
    )
    for reason, holds in questions:
        if holds:
            return reason
    sides = ((pair.anchor, pair.anchor_lang), (pair.positive, pair.positive_lang))
    foreign = any(script_share(text, lang) < least_share(lang) for text, lang in sides)
    return "script share" if foreign else ""


def least_share(lang: str) -> float:
    """Smallest share of a text's letters that must stand in its language's script."""
    return MIN_LATIN_SHARE if lang == "en" else MIN_INDIC_SHARE


def clean_line(line: Line, max_words: int) -> tuple[list[Line], str]:
    """Clean one monolingual text and cut it into pieces of at most ``max_words`` words.

    Returns:
        The pieces, and the reason for which nothing is left, "" otherwise.
    """
    text = clean_text(line.text)
    if not normalised(text):
        return [], "empty side"
    if script_share(text, line.lang) < least_share(line.lang):
        return [], "script share"
    words = text.split(" ")
    pieces = (
        " ".join(words[start : start + max_words]) for start in range(0, len(words), max_words)
    )
    return [dataclasses.replace(line, text=piece) for piece in pieces], ""


def cut_words(text: str, most: int) -> str:
    """The first ``most`` words of a text."""
    words = text.split(" ", most)
    return text if len(words) <= most else " ".join(words[:most])
