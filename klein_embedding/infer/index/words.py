"""Words for the lexical half of a search: what is written to the full-text table and asked of it.

SQLite's own tokenizer counts no combining mark as part of a word unless it is told to, which would
cut most Indic words apart.
"""

from __future__ import annotations

import unicodedata

TOKENIZER = "unicode61 categories 'L* N* M* Co'"
# Joiners shape letters without changing the word, and a soft hyphen does not show.
_INVISIBLE = dict.fromkeys(map(ord, "\u200c\u200d\u00ad\ufeff"))


def searchable(text: str) -> str:
    """A text as the full-text table gets it: NFKC, without joiners.

    A change of this function must change the format of the index: rows are taken out of the table
    by the text that was put in.
    """
    return unicodedata.normalize("NFKC", text).translate(_INVISIBLE)


def query_words(query: str) -> list[str]:
    """Words of a query, cut as the tokenizer cuts them, each once."""
    chars = [char if unicodedata.category(char)[0] in "LNM" else " " for char in searchable(query)]
    return list(dict.fromkeys("".join(chars).casefold().split()))


def any_of(words: list[str]) -> str:
    """The full-text expression that matches passages with any of the words."""
    return " OR ".join(f'"{word}"' for word in words)
