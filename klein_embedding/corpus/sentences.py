"""Cut running text into sentences, in English and in the scripts of India."""

from __future__ import annotations

import re

# A danda or an Urdu full stop ends a sentence even where the space after it was forgotten.
_END = re.compile(
    r"(?<=[.!?\u061f\u0df4])[\"'\u201d\u2019)\]]*\s+"
    r"|(?<=[\u0964\u0965\u09f7\u06d4])(?![\u0964\u0965\u09f7\u06d4])[\"'\u201d\u2019)\]]*\s*"
)
# A short last word in front of a full stop is an abbreviation or an initial far more often than
# the end of a sentence: Mr. Rs. No. डॉ. శ్రీ.
_ABBREVIATION = re.compile(r"(?:^|[\s(\"'\u201c\u2018.])[^\s\d.,!?]{1,3}\.[\"'\u201d\u2019)]*$")
_LATIN_SHORT = re.compile(r"(?:^|[\s(.])(?:[A-Z]|Mr|Mrs|Ms|Dr|Rs|No|St|Lt|Col|Gen|Shri?|Smt)\.$")


def split_sentences(text: str) -> list[str]:
    """Split a text at the marks that end a sentence, each sentence with its marks.

    Args:
        text: Running text of one paragraph or more; a line feed always ends a sentence.

    Returns:
        The sentences, stripped, none of them empty.
    """
    found: list[str] = []
    for line in text.split("\n"):
        at = 0
        for end in _END.finditer(line):
            if not _abbreviated(line[at : end.start()]):
                found.append(line[at : end.end()])
                at = end.end()
        found.append(line[at:])
    return [sentence for piece in found if (sentence := " ".join(piece.split()))]


def _abbreviated(text: str) -> bool:
    # English ends sentences with short words such as "it", so there the abbreviations are listed.
    if text[-2:-1].isascii():
        return bool(_LATIN_SHORT.search(text))
    return bool(_ABBREVIATION.search(text))
