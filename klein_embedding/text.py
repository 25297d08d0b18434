"""Text records that flow between rooms, and the few questions asked of a text everywhere."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, get_args

from klein_embedding.errors import KleinError
from klein_embedding.languages import LANGUAGES

Kind = Literal["translation", "question-answer", "title-body", "gloss", "paraphrase", "entailment"]
KINDS: tuple[str, ...] = get_args(Kind)

# Combining vowel signs of the Indic blocks and Arabic marks are letters to a reader although
# Python's \w leaves them out; the two dandas inside the Devanagari block are punctuation.
_CONTENT = re.compile(r"[^\W_]|[\u0900-\u0963\u0966-\u0dff\u064b-\u065f\u0670]")


class _Table(dict[int, str | None]):
    """Table for `str.translate` that keeps content, and asks only once about a character.

    It takes half the time of a regular expression, which asks at every place.
    """

    def __init__(self, folded: bool) -> None:
        super().__init__()
        self._folded = folded

    def __missing__(self, code: int) -> str | None:
        letters = chr(code).casefold() if self._folded else chr(code)
        self[code] = "".join(_CONTENT.findall(letters)) or None
        return self[code]


_KEEPING, _FOLDING = _Table(folded=False), _Table(folded=True)


@dataclass(frozen=True, slots=True)
class Line:
    """One monolingual text.

    Attributes:
        text: The text itself.
        lang: Language code of `klein_embedding.languages`.
        source: Name of its source in ``recipes/sources.toml``.
    """

    text: str
    lang: str
    source: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that mean the same, or that answer each other.

    Attributes:
        anchor: First text; English in every English-Indic pair, the query where there is one.
        positive: The text that belongs to it.
        anchor_lang: Language code of the anchor.
        positive_lang: Language code of the positive.
        source: Name of its source in ``recipes/sources.toml``.
        kind: How the two belong together.
        negatives: Texts in the positive's language that look right and are wrong; often empty.
        group: What the pairs of one picture or the like share, "" for none. Its reader yields
            them one after the other; where one is evaluation text, all of them are dropped.
    """

    anchor: str
    positive: str
    anchor_lang: str
    positive_lang: str
    source: str
    kind: Kind
    negatives: tuple[str, ...] = ()
    group: str = ""

    @property
    def key(self) -> int:
        """64-bit key of both normalised texts, equal for pairs that differ in case or marks."""
        return pair_key(self.anchor, self.positive)


@lru_cache(maxsize=1 << 16)
def normalised(text: str) -> str:
    """Text reduced to what two copies of it share: NFKC, case-folded, letters and digits only.

    Vowel signs and other combining marks of the Indic and Arabic blocks count as letters.
    """
    return unicodedata.normalize("NFKC", text).translate(_FOLDING)


def fingerprint(text: str) -> int:
    """Unsigned 64-bit BLAKE2b hash of a text's UTF-8 bytes (lone surrogates pass through)."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def text_key(text: str) -> int:
    """64-bit key of a text, equal for texts that differ in case or marks."""
    return fingerprint(normalised(text))


def pair_key(anchor: str, positive: str) -> int:
    """64-bit key of both normalised texts of a pair."""
    return key_of_sides(normalised(anchor), normalised(positive))


def key_of_sides(anchor: str, positive: str) -> int:
    """`pair_key` of texts that are normalised already."""
    return fingerprint(anchor + "\0" + positive)


@cache
def _script_pattern(lang: str) -> re.Pattern[str]:
    ranges = "".join(f"{chr(low)}-{chr(high)}" for low, high in LANGUAGES[lang].script)
    return re.compile(f"[{ranges}]+")


@lru_cache(maxsize=1 << 10)
def _content(text: str) -> tuple[str, int]:
    """A text's letters, marks and digits, and how many of them are no digits.

    Remembered, since a text of unknown language is asked about many scripts.
    """
    content = text.translate(_KEEPING)
    return content, len(content) - sum(map(str.isdigit, content))


def script_share(text: str, lang: str) -> float:
    """Share of a text's letters and marks, from 0 to 1, that stand in the language's script."""
    content, letters = _content(text)
    return sum(map(len, _script_pattern(lang).findall(content))) / letters if letters else 0.0


def check_encodable(text: str, where: str) -> str:
    """Return the text, or refuse it when it holds lone surrogates.

    Raises:
        KleinError: If the text cannot be written as UTF-8.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise KleinError(
            f"{where}: character {error.start} is a lone surrogate, which no Unicode text may "
            "hold; decode the input with errors='replace' first"
        ) from None
    return text
