"""Cleaning: small named steps over one text, and named reasons for which a record is dropped."""

from __future__ import annotations

import dataclasses
import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import ftfy

from klein_embedding.text import Line, Pair, normalised, script_share

MAX_LENGTH_RATIO = 3.5
"""Most characters that one side of a translation may have for each one of the other."""
MIN_INDIC_SHARE = 0.5
MIN_LATIN_SHARE = 0.7
MAX_WORD = 60
"""Longest run without white space: beyond it stand addresses, keys and lost spaces."""

# Bytes of UTF-8 read as Latin-1 or cp1252 show up as these; ftfy is asked only then, because it
# takes thirty times as long as all other steps together.
_MOJIBAKE = re.compile("[\x80-\x9f]|Ã.|Â.|â€|à[¤¥¦§®¯°±²³´µ]|Ø§|Ù.")
# Never U+200C or U+200D: conjuncts and chillu letters are spelled with them.
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u00ad\ufeff\u2060\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")
_TAG = re.compile(r"<[^<>]{1,200}>")
# In prose an angle bracket may be mathematics, so only elements by name are markup there.
_ELEMENT = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|br|cite|code|div|em|font|h[1-6]|hr|i|img|li|ol|p|small|span"
    r"|strong|sub|sup|table|td|th|tr|tt|u|ul)\b[^<>]{0,200}>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:[a-z]{2,6}|#\d{2,6}|#x[0-9a-f]{2,5});", re.IGNORECASE)
_MNEMONIC_HINT = re.compile(r"\s*\([&_~]\w\)")
_MNEMONIC = re.compile(r"[&_~](?=\w)")
# A case ending of an Indic language may follow a placeholder without a space.
_PLACEHOLDER = re.compile(
    r"%(?:\d+\$)?[-+#0, ]?\d*(?:\.\d+)?(?:l|ll|h|z)?[sdiufgxcpl@](?![A-Za-z])|%\(\w+\)[sdf]"
    r"|%\d+|%[A-Z]{2,}%|\$\{[^}]*\}|\{[\w.\- ]*\}|\$\w+\$|\$\d+|\{\$[^}]*\}|%%|@\w+@"
)
_ESCAPES = re.compile(r"\\[ntr]")

TextStep = Callable[[str], str]


def repair_mojibake(text: str) -> str:
    """Undo UTF-8 that was read as another encoding."""
    if _MOJIBAKE.search(text):
        return ftfy.fix_text(text, uncurl_quotes=False, fix_character_width=False)
    return text


def compose(text: str) -> str:
    """Normal form C: one spelling of each letter."""
    return unicodedata.normalize("NFC", text)


def drop_control(text: str) -> str:
    """White space in place of control and replacement characters."""
    return _CONTROL.sub(" ", text)


def drop_invisible(text: str) -> str:
    """Remove characters that nobody sees, never the joiners that Indic spelling needs."""
    return _INVISIBLE.sub("", text)


def drop_elements(text: str) -> str:
    """Remove HTML elements and read entities, in prose."""
    if "<" in text:
        text = _ELEMENT.sub(" ", text)
    return html.unescape(text) if "&" in text and _ENTITY.search(text) else text


def fold_space(text: str) -> str:
    """One blank for each run of white space, none at the ends."""
    return " ".join(text.split())


def drop_escapes(text: str) -> str:
    r"""White space in place of a written-out \n, \t or \r."""
    return _ESCAPES.sub(" ", text)


def drop_tags(text: str) -> str:
    """Read entities and remove everything in angle brackets, in interface strings."""
    if "&" in text and ";" in text:
        text = html.unescape(text)
    return _TAG.sub(" ", text)


def drop_mnemonics(text: str) -> str:
    """Remove the one mark that names a key: "_Open", "Save &As", "फ़ाइल (_F)"."""
    text = _MNEMONIC_HINT.sub("", text)
    if sum(text.count(mark) for mark in "&_~") == 1:
        text = _MNEMONIC.sub("", text)
    return text


def drop_placeholders(text: str) -> str:
    """Remove what a program fills in."""
    return _PLACEHOLDER.sub(" ", text)


TEXT_STEPS: tuple[TextStep, ...] = (
    repair_mojibake,
    drop_elements,
    compose,
    drop_control,
    drop_invisible,
    fold_space,
)
INTERFACE_STEPS: tuple[TextStep, ...] = (
    drop_escapes,
    drop_tags,
    drop_mnemonics,
    drop_placeholders,
    *TEXT_STEPS,
)


@lru_cache(maxsize=1 << 15)
def clean_text(text: str) -> str:
    """Take a text through `TEXT_STEPS`."""
    for step in TEXT_STEPS:
        text = step(text)
    return text


@lru_cache(maxsize=1 << 15)
def clean_interface(text: str) -> str:
    """Take an interface string through `INTERFACE_STEPS`."""
    for step in INTERFACE_STEPS:
        text = step(text)
    return text


@dataclass(frozen=True, slots=True)
class Judged:
    """A cleaned pair and what its reasons ask for.

    Attributes:
        pair: The pair.
        text_class: Class letter of its source.
        max_words: Longest side of a translation.
        sides: Both sides normalised.
    """

    pair: Pair
    text_class: str
    max_words: int
    sides: tuple[str, str]


def _is_empty(judged: Judged) -> bool:
    return not all(judged.sides)


def _is_equal(judged: Judged) -> bool:
    return judged.sides[0] == judged.sides[1]


def _is_identifier(judged: Judged) -> bool:
    return judged.text_class == "U" and "_" in judged.pair.anchor


def _is_number(judged: Judged) -> bool:
    return any(side.isdigit() for side in judged.sides)


def _is_unbroken(judged: Judged) -> bool:
    texts = (judged.pair.anchor, judged.pair.positive)
    return any(len(text) > MAX_WORD and max(map(len, text.split(" "))) > MAX_WORD for text in texts)


def _is_too_long(judged: Judged) -> bool:
    words = max(judged.pair.anchor.count(" "), judged.pair.positive.count(" ")) + 1
    return judged.pair.kind == "translation" and words > judged.max_words


def _is_lopsided(judged: Judged) -> bool:
    short, long = sorted((len(judged.pair.anchor), len(judged.pair.positive)))
    return judged.pair.kind == "translation" and long > 12 and long > MAX_LENGTH_RATIO * short


def _is_foreign(judged: Judged) -> bool:
    pair = judged.pair
    sides = ((pair.anchor, pair.anchor_lang), (pair.positive, pair.positive_lang))
    return any(script_share(text, lang) < least_share(lang) for text, lang in sides)


REASONS: tuple[tuple[str, Callable[[Judged], bool]], ...] = (
    ("empty side", _is_empty),
    ("equal sides", _is_equal),
    ("identifier", _is_identifier),
    ("number only", _is_number),
    ("unbroken run", _is_unbroken),
    ("too long", _is_too_long),
    ("length ratio", _is_lopsided),
    ("script share", _is_foreign),
)
"""Reasons to drop a pair; the cheap questions come first, for they drop the most."""


def clean_pair(pair: Pair, text_class: str, max_words: int) -> tuple[Pair, str]:
    """Clean all texts of a pair and judge it; nothing is cut yet, for the guard reads it whole.

    Args:
        pair: Pair as its reader gave it.
        text_class: Class letter of its source (U marks interface strings).
        max_words: Longest side of a translation; longer ones are dropped.

    Returns:
        The cleaned pair and the reason to drop it, "" to keep it.
    """
    if text_class == "U" and ("{{" in pair.anchor or ", plural," in pair.anchor):
        return pair, "template"
    clean = clean_interface if text_class == "U" else clean_text
    anchor, positive = clean(pair.anchor), clean(pair.positive)
    sides = (normalised(anchor), normalised(positive))
    known = {"", *sides}
    negatives = tuple(
        text for text in dict.fromkeys(map(clean, pair.negatives)) if normalised(text) not in known
    )
    cleaned = dataclasses.replace(pair, anchor=anchor, positive=positive, negatives=negatives)
    judged = Judged(cleaned, text_class, max_words, sides)
    return cleaned, next((reason for reason, holds in REASONS if holds(judged)), "")


def least_share(lang: str) -> float:
    """Smallest share of a text's letters that must stand in its language's script."""
    return MIN_LATIN_SHARE if lang == "en" else MIN_INDIC_SHARE


def clean_line(line: Line) -> tuple[Line, str]:
    """Clean one monolingual text.

    Returns:
        The cleaned text, and the reason to drop it, "" to keep it.
    """
    cleaned = dataclasses.replace(line, text=clean_text(line.text))
    if not normalised(cleaned.text):
        return cleaned, "empty side"
    foreign = script_share(cleaned.text, line.lang) < least_share(line.lang)
    return cleaned, "script share" if foreign else ""


def cut(item: Pair | Line, max_words: int) -> list[Pair | Line]:
    """Bring a record to the longest length: passages lose their end, lines fall into pieces."""
    if isinstance(item, Line):
        words = item.text.split(" ")
        pieces = (words[at : at + max_words] for at in range(0, len(words), max_words))
        return [dataclasses.replace(item, text=" ".join(piece)) for piece in pieces]
    if item.kind == "translation":
        return [item]
    anchor, positive, *negatives = (
        cut_words(text, max_words) for text in (item.anchor, item.positive, *item.negatives)
    )
    changed = {"anchor": anchor, "positive": positive, "negatives": tuple(negatives)}
    return [dataclasses.replace(item, **changed)]


def cut_words(text: str, most: int) -> str:
    """The first ``most`` words of a text."""
    words = text.split(" ", most)
    return text if len(words) <= most else " ".join(words[:most])
