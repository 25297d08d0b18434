"""Cut running text into sentences, in English and in the scripts of India."""

from __future__ import annotations

import re

# A danda or an Urdu full stop ends a sentence even where the space after it was forgotten.
_END = re.compile(
    r"(?<=[.!?\u061f\u0df4])[\"'\u201d\u2019)\]]*\s+"
    r"|(?<=[\u0964\u0965\u09f7\u06d4])(?![\u0964\u0965\u09f7\u06d4])[\"'\u201d\u2019)\]]*\s*"
)
# A full stop ends no sentence behind a Latin letter that is spelled in another script, as in
# names, or behind "Dr.". Other short words do end one: Gujarati's and Marathi's "is" has three
# signs.
_LAST_WORD = re.compile(r"(?:^|[\s(\"'\u201c\u2018.])([^\s\d.,!?]{1,5})\.[\"'\u201d\u2019)]*$")
_ABBREVIATION = re.compile(
    "ए|बी|सी|डी|ई|एफ|जी|एच|आई|जे|के|एल|एम|एन|एं|ओ|पी|आर|एस|टी|यू|वी|भी|डॉ|डो|डा|ड|डः|श्री"
)
_DEVANAGARI, _BLOCK = 0x0900, 0x80
# Short and long vowels, and signs that only some scripts write: spelled names differ in them.
_ALIKE = str.maketrans(
    "ऎऐॆैऒऔॊौइउिु\u090d\u0945\u0911", "एएेेओओोोईऊीू\u090f\u0947\u0911", "\u094d\u0971\u093c"
)
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
    last = _LAST_WORD.search(text)
    return bool(last and _ABBREVIATION.fullmatch(_in_devanagari(last[1])))


def _in_devanagari(word: str) -> str:
    """The word in Devanagari, letter by letter: Unicode orders the scripts of India alike."""
    letters = (
        chr(_DEVANAGARI + (ord(letter) - _DEVANAGARI) % _BLOCK)
        if 0 <= ord(letter) - _DEVANAGARI < 9 * _BLOCK
        else letter
        for letter in word
    )
    return "".join(letters).translate(_ALIKE)
