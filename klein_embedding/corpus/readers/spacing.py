"""Tokenised English made readable again: the spaces that tokenisers put in, taken out."""

from __future__ import annotations

import re

_STEPS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"-lrb-|-lsb-", "("),
        (r"-rrb-|-rsb-", ")"),
        (r"& ?amp ?;", "&"),
        (r"``|''", '"'),
        (r" (n't|'(?:s|m|d|ll|re|ve))\b", r"\1"),
        (r"\bca n't\b|\bcan n't\b", "can't"),
        (r"\b(can) (not)\b", r"\1\2"),
        (r"([(\[]) +", r"\1"),
        (r" +([)\],.;:!?%])", r"\1"),
        (r'(^|[\s(])" +([^"]*?) +"', r'\1"\2"'),
        (r"(\d) - (\d)", r"\1-\2"),
    )
)


def untokenised(text: str) -> str:
    """Text whose punctuation and clitics stand where a writer puts them.

    Args:
        text: English as Penn Treebank and similar tokenisers leave it.
    """
    for pattern, replacement in _STEPS:
        text = pattern.sub(replacement, text)
    return text
