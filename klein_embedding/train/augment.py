"""Some texts of a step in other forms: common script, Latin letters, words of another language.

Shapes: N texts, G pairs of a group.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from klein_embedding.languages import INDIC
from klein_embedding.recipe_stages import AugmentRecipe
from klein_embedding.text import script_share
from klein_embedding.tokenizer.shards import Group, Shards
from klein_embedding.train.rows import Rows, gather, joined, word_begins
from klein_embedding.train.scripts import BRAHMIC, common_script, romanised

MOST = 100_000
"""Pairs of a language pair that a lexicon is built from."""
MOST_TRANSLATIONS = 4
"""Translations that are kept of a word, the first ones."""
_MOST_WORDS = {"gloss": 3, "translation": 1}
"""Words of either side of a pair, by its kind, up to which it goes into a lexicon."""
_PIECES = 5
"""Pieces a word, above which a side is not looked at."""
_CHUNK = 1 << 18
"""Pairs whose lengths are looked at together."""
_WORD = re.compile(r"[^\W\d_](?:[\w\u0900-\u0963\u0966-\u0dff\u064b-\u065f\u0670\u200c\u200d])*")
_PARTICLE = re.compile(r"^(?:to|an?|the) (?=\w)", re.IGNORECASE)

Table = Mapping[str, tuple[str, ...]]
Form = Callable[[str, str, np.random.Generator], str]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Translations of single words.

    Attributes:
        words: Of each language and language translated into, the translations of each word. Words
            are case-folded and, like the translations, normalised as the tokenizer does it.
    """

    words: Mapping[tuple[str, str], Table]

    def targets(self) -> dict[str, list[str]]:
        """Languages into which words of each language are translated, in a fixed order."""
        found: dict[str, list[str]] = {}
        for source, target in sorted(self.words):
            found.setdefault(source, []).append(target)
        return found


class Augmenter:
    """Rewrites shares of the texts, on their way from the shards to the encoder."""

    def __init__(self, tokenizer: Tokenizer, dials: AugmentRecipe, lexicon: Lexicon) -> None:
        """Keep the dials.

        Args:
            tokenizer: The tokenizer of the ids.
            dials: Shares of the forms.
            lexicon: Translations for the texts with switched words.
        """
        self._tokenizer, self._dials, self._lexicon = tokenizer, dials, lexicon
        self._targets = lexicon.targets()

    def rewritten(
        self, rows: Rows, langs: Sequence[str], longest: int, rng: np.random.Generator
    ) -> Rows:
        """The texts, each in the form that one draw gives it.

        A text stays as it is, byte for byte, where its language has no such form or the form
        changes nothing or leaves nothing.

        Args:
            rows: N texts.
            langs: (N,) their languages.
            longest: Most tokens of a rewritten text, special tokens not counted.
            rng: Decides forms, spellings and words.

        Returns:
            N texts in the same order.
        """
        chosen = self._chosen(langs, rng)
        if not chosen:
            return rows
        parts = _apart(rows)
        ids = [parts[number].tolist() for number, _ in chosen]
        olds = self._tokenizer.decode_batch(ids, skip_special_tokens=False)
        news: dict[int, str] = {}
        for (number, form), old in zip(chosen, olds, strict=True):
            # A cut may have gone through a character that is spelled in bytes.
            text = old.rstrip("\ufffd")
            new = form(text, langs[number], rng)
            if new != text:
                news[number] = new
        encoded = self._tokenizer.encode_batch_fast([*news.values()], add_special_tokens=False)
        for number, row in zip(news, encoded, strict=True):
            if row.ids:
                parts[number] = np.array(row.ids[:longest], dtype=np.int64)
        return joined(parts)

    def _chosen(self, langs: Sequence[str], rng: np.random.Generator) -> list[tuple[int, Form]]:
        """Numbers and forms of the texts that are to be rewritten."""
        dials = self._dials
        shares = np.cumsum([dials.common_script, dials.romanised, dials.switched])
        drawn = np.searchsorted(shares, rng.random(len(langs)), side="right").tolist()
        forms: list[tuple[Form, Collection[str]]] = [
            (_common, BRAHMIC),
            (romanised, INDIC),
            (self._switched, self._targets),
        ]
        return [
            (number, forms[form][0])
            for number, (form, lang) in enumerate(zip(drawn, langs, strict=True))
            if form < len(forms) and lang in forms[form][1]
        ]

    def _switched(self, text: str, lang: str, rng: np.random.Generator) -> str:
        """A text some of whose words are in English, or in one Indic language if it is English."""
        targets = self._targets[lang]
        target = targets[int(rng.integers(len(targets)))]
        table, share = self._lexicon.words[lang, target], self._dials.switched_words

        def word(found: re.Match[str]) -> str:
            others = table.get(found[0].casefold())
            if others is None or rng.random() >= share:
                return found[0]
            return others[int(rng.random() * len(others))]

        return _WORD.sub(word, text)


def _common(text: str, lang: str, rng: np.random.Generator) -> str:
    del rng
    return common_script(text, lang)


def lexicon_of(shards: Shards, tokenizer: Tokenizer, most: int = MOST) -> Lexicon:
    """Translations of words between English and the Indic languages, from the short pairs.

    Glosses of up to three words a side are read, and translations of one word a side. "to" and
    articles before an English word are left out.

    Args:
        shards: Token shards.
        tokenizer: The tokenizer of their ids.
        most: Pairs of a language pair that are read at most, glosses first.
    """
    begins = word_begins(tokenizer).astype(np.int64)
    words: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
    read: dict[tuple[str, str], int] = {}
    for group in sorted(shards.groups, key=lambda group: group.kind != "gloss"):
        one, two = group.anchor_lang, group.positive_lang
        if group.kind not in _MOST_WORDS or one == two or "en" not in (one, two):
            continue
        pair = (min(one, two), max(one, two))
        for numbers in _short(shards, group, begins, most - read.get(pair, 0)):
            read[pair] = read.get(pair, 0) + len(numbers)
            sides = (_decoded(shards, tokenizer, numbers[:, side]) for side in (0, 1))
            for anchor, positive in zip(*sides, strict=True):
                _add(words.setdefault((one, two), {}), (one, two), anchor, positive)
                _add(words.setdefault((two, one), {}), (two, one), positive, anchor)
    return Lexicon({langs: table for langs, table in words.items() if table})


def _short(shards: Shards, group: Group, begins: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Text numbers (G, 2) of pairs with few words on either side, so many at most."""
    words = _MOST_WORDS[group.kind]
    for start in range(group.start, group.stop, _CHUNK):
        if most <= 0:
            return
        pairs = shards.pairs[start : min(start + _CHUNK, group.stop)]
        pieces = shards.offsets[pairs + 1] - shards.offsets[pairs]
        pairs = pairs[((pieces > 0) & (pieces <= words * _PIECES)).all(axis=1)]
        if len(pairs):
            rows = gather(shards, pairs.ravel(), words * _PIECES)
            counts = np.add.reduceat(begins[rows.ids], rows.firsts).reshape(pairs.shape)
            pairs = pairs[(counts <= words).all(axis=1)][:most]
        if len(pairs):
            most -= len(pairs)
            yield pairs


def _decoded(shards: Shards, tokenizer: Tokenizer, numbers: np.ndarray) -> list[str]:
    rows = gather(shards, numbers, max(_MOST_WORDS.values()) * _PIECES)
    return tokenizer.decode_batch([ids.tolist() for ids in _apart(rows)])


def _apart(rows: Rows) -> list[np.ndarray]:
    """Ids of each text; `Rows.text` would work all lengths out for each one."""
    return np.split(rows.ids, rows.firsts[1:])


def _add(
    table: dict[str, tuple[str, ...]], langs: tuple[str, str], source: str, target: str
) -> None:
    """Enter a translation if it is one: a single word, and both sides in their own scripts."""
    if langs[0] == "en":
        source = _PARTICLE.sub("", source)
    else:
        target = _PARTICLE.sub("", target)
    key, known = source.casefold(), table.get(source.casefold(), ())
    if len(known) == MOST_TRANSLATIONS or target in known or not _WORD.fullmatch(source):
        return
    if all(
        script_share(text, lang) > 0.5 for text, lang in ((source, langs[0]), (target, langs[1]))
    ):
        table[key] = (*known, target)
