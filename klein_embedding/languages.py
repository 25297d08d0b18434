"""The fifteen languages: names, scripts and the codes that other people's files use for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the model.

    Attributes:
        code: ISO 639-1 code, the only one used inside this package.
        name: English name.
        script: Inclusive code-point ranges that count as the language's own script.
        tags: Names that locale folders and catalogues use for it, most usual first.
        iso3: ISO 639-3 code.
    """

    code: str
    name: str
    script: tuple[tuple[int, int], ...]
    tags: tuple[str, ...]
    iso3: str


_LATIN = ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F))
_DEVANAGARI = ((0x900, 0x97F), (0xA8E0, 0xA8FF))
_BENGALI = ((0x980, 0x9FF),)
_ARABIC = ((0x600, 0x6FF), (0x750, 0x77F), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC))

LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        Language("en", "English", _LATIN, ("en", "en_GB", "en-GB", "en-US"), "eng"),
        Language("hi", "Hindi", _DEVANAGARI, ("hi", "hi_IN", "hi-IN", "hi-rIN"), "hin"),
        Language(
            "bn", "Bengali", _BENGALI, ("bn", "bn_BD", "bn_IN", "bn-BD", "bn-IN", "bn-rBD"), "ben"
        ),
        Language("ta", "Tamil", ((0xB80, 0xBFF),), ("ta", "ta_IN", "ta-IN", "ta-rIN"), "tam"),
        Language("te", "Telugu", ((0xC00, 0xC7F),), ("te", "te_IN", "te-IN", "te-rIN"), "tel"),
        Language("mr", "Marathi", _DEVANAGARI, ("mr", "mr_IN", "mr-IN", "mr-rIN"), "mar"),
        Language("ml", "Malayalam", ((0xD00, 0xD7F),), ("ml", "ml_IN", "ml-IN", "ml-rIN"), "mal"),
        Language("ur", "Urdu", _ARABIC, ("ur", "ur_PK", "ur-PK", "ur-rPK"), "urd"),
        Language("gu", "Gujarati", ((0xA80, 0xAFF),), ("gu", "gu_IN", "gu-IN", "gu-rIN"), "guj"),
        Language("kn", "Kannada", ((0xC80, 0xCFF),), ("kn", "kn_IN", "kn-IN", "kn-rIN"), "kan"),
        Language("pa", "Punjabi", ((0xA00, 0xA7F),), ("pa", "pa_IN", "pa-IN", "pa-rIN"), "pan"),
        Language("or", "Odia", ((0xB00, 0xB7F),), ("or", "or_IN", "or-IN", "or-rIN"), "ori"),
        Language("as", "Assamese", _BENGALI, ("as", "as_IN", "as-IN", "as-rIN"), "asm"),
        Language("ne", "Nepali", _DEVANAGARI, ("ne", "ne_NP", "ne-NP", "ne-rNP"), "nep"),
        Language("si", "Sinhala", ((0xD80, 0xDFF),), ("si", "si_LK", "si-LK", "si-rLK"), "sin"),
    )
}

INDIC: tuple[str, ...] = tuple(code for code in LANGUAGES if code != "en")

_BY_TAG = {tag.lower(): lang.code for lang in LANGUAGES.values() for tag in lang.tags}


def by_tag(tag: str) -> str | None:
    """Our code for a locale tag such as ``pa_IN``, or None when it is none of our languages."""
    return _BY_TAG.get(tag.lower())
