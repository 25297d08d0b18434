"""What misses have in common: simple rules on the English side, each said in one sentence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

RARE = ("as", "gu", "or", "pa", "si")
"""Languages with the least text among the model's sources."""
SHORT, LONG = 4, 40
ALIKE = 0.6
UNRELATED, NEAR = 0.1, 0.35

_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_COMMA = re.compile(r"(?<=\d),(?=\d)")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NEGATION = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|nowhere|neither|nor|without|cannot|\w+n['’]t)\b",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"I\b")
_STARTS = (".", "!", "?", ":", "…")
_MARKS = "\"'“”‘’()[]«»"


@dataclass(frozen=True, slots=True)
class Case:
    """A query as the rules see it.

    Attributes:
        lang: Language code of the query.
        right: Its English translation; the first sentence of a scored pair.
        found: The English text that was found instead, empty where nothing was; the second
            sentence of a scored pair.
        right_cosine: Cosine of the query with its translation, of a miss.
        found_cosine: Cosine of the query with what was found, of a miss.
    """

    lang: str
    right: str
    found: str = ""
    right_cosine: float = 0.0
    found_cosine: float = 0.0


@dataclass(frozen=True, slots=True)
class Group:
    """A rule.

    Attributes:
        key: Short name, used in the page's filters.
        title: Heading.
        rule: What fits, in one sentence.
        fits: The rule.
        of_query: Whether it asks about the query alone, so that hits can be counted beside misses.
    """

    key: str
    title: str
    rule: str
    fits: Callable[[Case], bool]
    of_query: bool


@dataclass(frozen=True, slots=True)
class Count:
    """Size of a group.

    Attributes:
        key: The group's.
        misses: Misses that fit.
        queries: Queries that fit, hit or missed; 0 where the rule needs a wrong answer.
    """

    key: str
    misses: int
    queries: int


def words_of(text: str) -> list[str]:
    """Lower-case words of an English text, numbers among them."""
    return [word.casefold() for word in _WORD.findall(_bare(text))]


def jaccard(first: str, second: str) -> float:
    """Shared words over all words of both texts; 0 where neither has any."""
    one, other = set(words_of(first)), set(words_of(second))
    return len(one & other) / len(one | other) if one or other else 0.0


def _numbers(text: str) -> Counter[str]:
    return Counter(_NUMBER.findall(_bare(text)))


def _bare(text: str) -> str:
    """Numbers without the commas inside them: 1,000 and 1000 are one word."""
    return _COMMA.sub("", text)


def _has_name(text: str) -> bool:
    tokens = text.split()
    return any(
        # A capital behind a quotation mark begins someone's speech, not a name.
        token.lstrip("([")[:1].isupper()
        and not before.rstrip(_MARKS).endswith(_STARTS)
        and not _FIRST_PERSON.match(token)
        for before, token in pairwise(tokens)
    )


GROUPS: tuple[Group, ...] = (
    Group(
        "numbers",
        "Numbers differ",
        "The figures (digits, not number words) of the right and the found English text differ.",
        lambda case: bool(case.found) and _numbers(case.right) != _numbers(case.found),
        of_query=False,
    ),
    Group(
        "duplicate",
        "Near duplicate of the right answer",
        f"More than {ALIKE} of the words of the right and the found English text are shared "
        "(Jaccard); the reference itself may be one of several right ones.",
        lambda case: jaccard(case.right, case.found) > ALIKE,
        of_query=False,
    ),
    Group(
        "reference",
        "Doubtful reference",
        f"The right answer is as far as unrelated sentences are (cosine below {UNRELATED}) and the "
        f"found text near (above {NEAR}); the reference may stand on another line's place.",
        lambda case: case.right_cosine < UNRELATED and case.found_cosine > NEAR,
        of_query=False,
    ),
    Group(
        "name",
        "Holds a name",
        "A capitalised word stands inside the English sentence, neither at its start nor behind a "
        "quotation mark; “I” apart.",
        lambda case: _has_name(case.right),
        of_query=True,
    ),
    Group(
        "negation",
        "Holds a negation",
        "One of no, not, never, none, nobody, nothing, nowhere, neither, nor, without, cannot or "
        "a word in n’t stands in the English sentence.",
        lambda case: bool(_NEGATION.search(case.right)),
        of_query=True,
    ),
    Group(
        "rare",
        "Language with little text",
        "The query is in Assamese, Gujarati, Odia, Punjabi or Sinhala.",
        lambda case: case.lang in RARE,
        of_query=True,
    ),
    Group(
        "short",
        "Short",
        f"The English sentence has fewer than {SHORT} words.",
        lambda case: len(case.right.split()) < SHORT,
        of_query=True,
    ),
    Group(
        "long",
        "Long",
        f"The English sentence has more than {LONG} words.",
        lambda case: len(case.right.split()) > LONG,
        of_query=True,
    ),
)
NONE = Group(
    "none",
    "None of these",
    "No rule above fits.",
    lambda case: not groups_of(case),
    of_query=False,
)
"""The rest, so that no miss is without a group."""


def groups_of(case: Case) -> tuple[str, ...]:
    """Keys of the rules that fit, none of them if there is none."""
    return tuple(group.key for group in GROUPS if group.fits(case))


def counted(cases: Sequence[Case], found: Iterable[Sequence[str]]) -> tuple[Count, ...]:
    """Size of every group.

    Args:
        cases: All queries, without what was found.
        found: Groups of each miss.
    """
    misses = Counter(key for keys in found for key in keys)
    return tuple(
        Count(
            group.key,
            misses[group.key],
            sum(map(group.fits, cases)) if group.of_query else 0,
        )
        for group in (*GROUPS, NONE)
    )
