"""Texts in other letters: Brahmic scripts in those of Devanagari, Indic text in Latin ones.

Both are for reading only: letters that look or sound alike fall together for good.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np


def _table(pairs: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in pairs.split())


BRAHMIC = frozenset({"bn", "ta", "te", "ml", "gu", "kn", "pa", "or", "as", "si"})
"""Languages that `common_script` rewrites."""
_BLOCKS = (0x980, 0xA00, 0xA80, 0xB00, 0xB80, 0xC00, 0xC80, 0xD00)
"""Blocks that lay their letters out as Devanagari does, after ISCII."""
_SAME = (*range(0x01, 0x04), *range(0x05, 0x3A), *range(0x3C, 0x4E), 0x50, *range(0x60, 0x64))
"""Places in a block at which all of them, where they have a letter, have the same one."""
_UNLIKE = _table(
    "ৎ=त् ৗ=ौ ৰ=र ৱ=व ৲=₹ ੜ=ड़ ੰ=ं ੲ=इ ੳ=उ ੴ=ओंकार ੵ=्य ৷=। ૱=₹ ૰=॰ ୗ=ौ ୟ=य़ ୱ=व ୰=॰ "
    "ஃ=ஃ ௗ=ौ ௰=10 ௱=100 ௲=1000 ௹=₹ ౘ=च ౙ=ज़ ౚ=ऱ ౝ=न् ఄ=ं ೝ=न् ೞ=ऴ ഺ=ट ഻=् ഼=् ൎ=र् ൗ=ौ ൔ=म् ൕ=य् "
    "ൖ=ऴ् ൺ=ण् ൻ=न् ർ=र् ൽ=ल् ൾ=ळ् ൿ=क् ඟ=ंग ඥ=ज्ञ ඦ=ंज ඬ=ंड ඳ=ंद ඹ=ंब ෆ=फ़ ෟ=ॢ ෲ=ॄ ෳ=ॣ"
)
_SINHALA = (
    "ඁංඃ අආඇඈඉඊඋඌඍඎඏඐඑඒඓඔඕඖ කඛගඝඞ චඡජඣඤ ටඨඩඪණ තථදධන පඵබභම යරලව ශෂසහළ ්ාැෑිීුූෘෙේෛොෝෞ",
    "ँंः अआऍऍइईउऊऋॠऌॡऎएऐऒओऔ कखगघङ चछजझञ टठडढण तथदधन पफबभम यरलव शषसहळ ्ाॅॅिीुूृॆेैॊोौ",
)
_RARE = str.maketrans("ऄऎऒॆॊऩऱऴॠॄॡॣ", "अएओेोनरळऋृऌॢ")
"""Letters of sounds that Hindi lacks: the tokenizer has no pieces with them."""
_SEQUENCES = (
    ("स़", "श"),
    ("ल़", "ळ"),
    ("ड़्ह", "ढ़"),
    ("अ्या", "ॲ"),
    ("ए्या", "ॲ"),
    ("ஃप", "फ़"),
    ("ஃ", "ः"),
)
"""Gurmukhi's sha, lla and rha, Bengali's open e and Tamil's f as others spell them."""
_ADDAK = re.compile("ੱ([क-ह]?)")
_PLAIN = str.maketrans("खघछझठढथधफभ", "कगचजटडतदपब")
_JOINER = re.compile("(?<=[\u0900-\u097f])[\u200c\u200d]")


def _letters() -> dict[int, str]:
    """Devanagari of every letter of the other blocks, and ASCII of all their digits."""
    table = {block + place: chr(0x900 + place) for block in _BLOCKS for place in _SAME}
    table |= {ord(old): new for old, new in (*zip(*_SINHALA, strict=True), *_UNLIKE.items())}
    starts = (*(block + 0x66 for block in _BLOCKS), 0xDE6)
    return table | {start + value: str(value) for start in starts for value in range(10)}


_EXACT = _letters()
_USUAL = {code: letters.translate(_RARE) for code, letters in _EXACT.items()}


def common_script(text: str, lang: str) -> str:
    """Brahmic text in the letters of Devanagari, so that cognates share their pieces.

    Lossy: short and long e and o fall together, as do r's, l's and n's that Hindi does not part
    (Tamil ற ழ ன); Bengali and Odia য় is य like য, and ব stays ब where others have व; Tamil's stops
    stay voiceless; chillu letters get a virama, Sinhala's half nasals are anusvara, its two ae one;
    joiners go. Digits become ASCII, as most text of these languages and its English side write
    them, so that a number has one spelling.

    Args:
        text: Text; letters of other scripts than its language's stay.
        lang: Its language. Hindi, Marathi, Nepali, Urdu and English texts come back as they are.

    Source: The Unicode Standard, chapters 12 (blocks laid out after ISCII) and 13.2 (Sinhala).
    """
    return _devanagari(text, _USUAL).replace("य़", "य") if lang in BRAHMIC else text


def _devanagari(text: str, table: dict[int, str]) -> str:
    # NFC: two-part vowels are one sign and nukta letters two, as the tables expect.
    written = unicodedata.normalize("NFC", text).translate(table)
    written = _ADDAK.sub(lambda to: to[1] and f"{to[1].translate(_PLAIN)}्{to[1]}", written)
    for old, new in _SEQUENCES:
        written = written.replace(old, new)
    return _JOINER.sub("", written)


# Capitals are sounds that people spell in two ways, until the habits of a text decide.
_HABITS = {
    "A": ("aa", "a"), "I": ("ee", "i"), "U": ("oo", "u"), "E": ("e", "i"), "O": ("o", "u"),
    "V": ("v", "w"), "Z": ("z", "j"), "F": ("ph", "f"), "C": ("chh", "ch"), "T": ("th", "t"),
    "D": ("dh", "d"), "X": ("x", "s"), "N": ("n", ""), "Y": ("ye", "e"),
}  # fmt: skip
_HINDI = _table(
    "क=k ख=kh ग=g घ=gh ङ=ng च=ch छ=C ज=j झ=jh ञ=ny ट=t ठ=th ड=d ढ=dh ण=n त=t थ=th द=d ध=dh न=n "
    "ऩ=n प=p फ=F ब=b भ=bh म=m य=y र=r ऱ=r ल=l ळ=l ऴ=zh व=V श=sh ष=sh स=s ह=h ज्ञ=gy क़=q ग़=gh "
    "ज़=Z झ़=zh फ़=f अ=a आ=A इ=i ई=I उ=u ऊ=U ऋ=ri ॠ=ri ऌ=li ॡ=li ऍ=a ऎ=e ए=e ऐ=ai ऑ=o ऒ=o ओ=o औ=au "
    "ॲ=a ॐ=om ा=A ॅ=a ि=i ी=I ु=u ू=U ृ=ri ॄ=ri ॢ=li ॣ=li ॆ=e े=e ै=ai ॉ=o ॊ=o ो=o ौ=au"
)
_EAST = "अ=o आ=a ई=i ऊ=u ा=a ी=i ू=u ऐ=oi ै=oi औ=ou ौ=ou ड़=r ढ़=rh"
_SOUTH = "त=T व=v ऋ=ru ृ=ru ज्ञ=gn"
_OWN = {
    "mr": "ऋ=ru ृ=ru झ=Z ज्ञ=dny", "gu": "ऋ=ru ृ=ru ज्ञ=gn", "bn": _EAST,
    "as": f"{_EAST} च=s छ=s ज=Z स=X श=X ष=X", "or": "आ=a ई=i ऊ=u ा=a ी=i ू=u ऋ=ru ृ=ru व=w",
    "ta": f"{_SOUTH} द=D ञ=nj", "te": _SOUTH, "kn": _SOUTH, "ml": f"{_SOUTH} ऋ=ri ृ=ri ञ=nj ज्ञ=jn",
    "si": "त=T ऍ=ae ॅ=ae ज्ञ=gn",
}  # fmt: skip
_LETTERS = {lang: _HINDI | _table(_OWN.get(lang, "")) for lang in (*BRAHMIC, "hi", "mr", "ne")}
"""Latin of each letter; that of अ is also the vowel after a consonant without a sign."""
_UNWRITTEN = "ə"
_DEAD = {"ng": "n", "ny": "n", "nj": "n", "X": "s"}
"""Letters that sound otherwise right before another consonant."""
_ENDS = frozenset({"hi", "mr", "gu", "pa", "bn", "as", "ne"})
_MIDDLES = _ENDS - {"as"}
_DRAVIDIAN = frozenset({"ta", "te", "kn", "ml"})
_DOUBLES = _table("chch=cch chC=cC shsh=ssh TT=tT Tth=tth")
_FINAL = str.maketrans("AIU", "aiu")

_START, _END, _OPEN = "(?<![\u0900-\u097f])", "(?![\u0900-\u097f])", "(?<=[ऄ-औक-ह़-ौ])"
_EASTERN = [("(?<!्)य(?!़)", "ज"), (f"{_START}क्ष", "ख"), ("क्ष", "क्ख")]
_RULES: dict[str, list[tuple[re.Pattern[str], str]]] = {
    lang: [(re.compile(old), new) for old, new in rules]
    for lang, rules in {
        "hi": [(f"{_START}{old}{_END}", new) for old, new in _table("में=मेइं यह=येह वह=वोह").items()],
        "bn": [*_EASTERN, (f"{_START}ज्ञ", "ग्य"), ("ज्ञ", "ग्ग"), ("(?<=[शषसतधजक]्)ब", "व"),
               ("ओय़", "ओव")],
        "as": _EASTERN,
        "or": _EASTERN[:1],
        "ta": [("ऩ्ऱ", "न्ड्र"), ("ऱ्ऱ", "ट्र"), (f"{_START}च|{_OPEN}च(?!्)", "स"),
               ("(?<=[यरलळऴ]्)क(?!्)", "ग"),
               *((f"(?:(?<=[ङञणनऩम]्)|{_OPEN}){old}(?!्)", new)
                 for old, new in zip("कचटतप", "गजडदब", strict=True))],
        "ml": [("ङ्ङ", "ङ"), ("ञ्ञ", "ञ"), ("न्ऱ", "न्ट"), ("ऱ्ऱ", "ट्ट"),
               (f"(?:(?<=ण्)|{_OPEN})ट(?!्)", "ड")],
    }.items()
}  # fmt: skip
"""What letters sound like beside others: Bengali's য, the south's voiced stops; on Devanagari."""
_HALF_U = re.compile("്(?![ഀ-ൿ\u200c\u200d])")
_WORD = re.compile("[\u0900-\u0963\u0972-\u097f]+")
_SIGN = re.compile("(ज्ञ|[क-ह]़?)([ा-ौॢॣ]|्)?|([अ-औॠॡॲॐ])|([ँंः])")
_STOPS = str.maketrans("०१२३४५६७८९।॥۰۱۲۳۴۵۶۷۸۹۔،؟؛", "0123456789..0123456789.,?;")


def romanised(text: str, lang: str, rng: np.random.Generator) -> str:
    """What people type in Latin letters: no diacritics, and more than one spelling of a sound.

    Lossy: dental and retroflex stops, the three sibilants, all n's and l's fall together; a long
    vowel may look short, a word's last nasal may be left out. The unwritten vowel goes at word
    ends and between consonants in the north (only at the end in Assamese; not at all in Odia,
    which speaks it) by a rule that knows no morphemes. Tamil's stops are voiced by their
    neighbours, in loans too. Urdu does not write short vowels: some everyday words are known,
    elsewhere an "a" parts what cannot be spoken, and و and ی have one sound each.

    Args:
        text: Text of the language; what is not in its script stays.
        lang: Its code; English comes back as it is.
        rng: Draws the text's habits: aa or a, ee or i, oo or u, v or w, z or j, ph or f and more.

    Source: Ohala 1983, Aspects of Hindi Phonology (the vowel goes in VC_CV, from right to left).
    """
    if lang == "en":
        return text
    drawn = zip(_HABITS.items(), rng.integers(2, size=len(_HABITS)).tolist(), strict=True)
    habits = {ord(sound): spellings[which] for (sound, spellings), which in drawn}
    if lang == "ur":
        written = unicodedata.normalize("NFC", text)
        written = _URDU_WORD.sub(lambda found: _urdu(found[0]).translate(habits), written)
    else:
        written = _devanagari(_HALF_U.sub("ു", text), _EXACT)
        for pattern, new in _RULES.get(lang, ()):
            written = pattern.sub(new, written)
        written = _WORD.sub(lambda found: _latin(found[0], lang).translate(habits), written)
    return written.translate(_STOPS)


@dataclass(slots=True)
class _Sound:
    """A letter: its consonant and its vowel, "" where it has none."""

    letter: str
    onset: str
    vowel: str


@lru_cache(maxsize=1 << 15)
def _latin(word: str, lang: str) -> str:
    """A Devanagari word in Latin letters, before the habits."""
    sounds = [_sound(_LETTERS[lang], *parts) for parts in _SIGN.findall(word)]
    if lang in _ENDS and len(sounds) > 1 and _silent_end(sounds, lang):
        sounds[-1].vowel = ""
    if lang in _MIDDLES:
        # From the end: VC_CV, where a vowel that has gone no longer counts.
        for left, sound, right in reversed([*zip(sounds, sounds[1:], sounds[2:], strict=False)]):
            if sound.vowel == _UNWRITTEN and left.vowel and right.onset and right.vowel:
                sound.vowel = ""
    latin = ""
    for sound, after in zip(sounds, [*(sound.onset for sound in sounds[1:]), ""], strict=False):
        if sound.letter in "ँंः":
            latin += _nasal(sound.letter, after, lang)
        elif sound.onset or not latin:
            latin += sound.onset + sound.vowel.replace(_UNWRITTEN, _LETTERS[lang]["अ"])
        else:
            glide = sound.vowel == "e" and latin[-1] in "aAiI"
            latin += "Y" if glide else sound.vowel.translate(_FINAL)
    return _settled(latin)


def _sound(letters: dict[str, str], consonant: str, sign: str, vowel: str, nasal: str) -> _Sound:
    if not consonant:
        return _Sound(vowel or nasal, "", letters[vowel] if vowel else "")
    onset = letters.get(consonant) or letters[consonant[0]]
    if sign == "्":
        return _Sound(consonant, _DEAD.get(onset, onset), "")
    return _Sound(consonant, onset, letters[sign] if sign else _UNWRITTEN)


def _silent_end(sounds: list[_Sound], lang: str) -> bool:
    """Whether the unwritten vowel at a word's end is unspoken."""
    before, last = sounds[-2:]
    if last.vowel != _UNWRITTEN or not any(sound.vowel for sound in sounds[:-1]):
        return False
    if before.vowel or before.letter in "ँंः":
        spoken = before.vowel in ("i", "I") and last.letter[0] == "य"
        return not spoken and (lang, last.letter) != ("ne", "छ")
    # A stop before one of these cannot end a word (mitra, satya); dharm and film can.
    hard = last.letter == "य" or (last.letter in "रलवनम" and before.letter not in "यरलवनम")
    return not hard and lang not in ("bn", "as", "ne")


def _nasal(sign: str, after: str, lang: str) -> str:
    """Candrabindu, anusvara or visarga before what begins so."""
    if sign == "ः":
        return "" if after else "h"
    if sign == "ं" and lang in ("bn", "as"):
        return "ng"
    if not after:
        return "m" if sign == "ं" and (lang in _DRAVIDIAN or lang == "or") else "N"
    return "m" if after[0] in ("pbmFyrlvsh" if lang in _DRAVIDIAN else "pbmF") else "n"


def _settled(latin: str) -> str:
    """A word with its last long vowel short and doubled letters as people double them."""
    for old, new in _DOUBLES.items():
        latin = latin.replace(old, new)
    return latin[:-1] + latin[-1].translate(_FINAL) if len(latin) > 1 else latin


_URDU = str.maketrans(_table(
    "ب=b پ=p ت=t ٹ=t ث=s ج=j چ=ch ح=h خ=kh د=d ڈ=d ذ=Z ر=r ڑ=r ز=Z ژ=zh س=s ش=sh ص=s ض=Z ط=t ظ=Z "
    "غ=gh ف=f ق=q ک=k گ=g ل=l م=m ن=n و=V ہ=h ھ=h ی=y ة=t ۃ=t"
))  # fmt: skip
_URDU_VOWELS = _table("ا=A آ=A ؤ=o ے=e ۓ=e ۂ=a ں=N َ=a ِ=i ُ=u ٰ=A ً=an")
_URDU_RULES = [
    (re.compile(old), new)
    for old, new in (
        ("[ء\u0610-\u061a\u0652-\u065f]", ""), ("[يى]", "ی"), ("[هە]", "ہ"), ("ك", "ک"),
        ("(.)ّ", r"\1\1"), ("^ا(?=[وی][اآ])", "a"), ("^او", "O"), ("^ای", "E"), ("^ع(?=[اآی])", ""),
        ("^ا(?=س)", "i"), ("^[اع]", "a"), ("ع(?=[اآویے])|(?<=[اآوی])ع", ""), ("ع", "a"),
        ("(?<=.)و(?![اآیے])", "O"), ("ئ(?=ے)", "ی"), ("ئ(?=ی)", ""), ("ئ", "i"), ("(?<=.)ی$", "i"),
        ("(?<=.)ی(?![اآOؤے])", "E"), *_URDU_VOWELS.items(), ("(?<=[ب-ی])ہ$", "a"),
    )
]  # fmt: skip
"""Vowels become Latin and consonants stay, one after the other."""
_EVERYDAY = _table(
    "ہے=hai ہیں=haiN میں=meiN نہیں=nahiN کہ=ke یہ=yeh وہ=Voh اور=aur اس=is ان=un جو=jo تو=to سے=se "
    "کی=ki کا=ka کو=ko نے=ne پر=par کے=ke ایک=ek ہم=hum کیا=kya کیوں=kyuN تھا=tha تھی=thi تھے=the "
    "لیے=liye لئے=liye کچھ=kuC بہت=bahut دل=dil اردو=urdu تم=tum دن=din پاکستان=pakistAn بھی=bhi "
    "ہندوستان=hindustAn زندگی=Zindagi کتاب=kitAb مجھے=mujhe پھر=Fir شکریہ=shukriya بعد=bAd ہی=hi "
    "دنیا=duniya لیکن=lekin انسان=insAn مل=mil جس=jis کس=kis ملک=mulk طرح=tarah لیا=liya دیا=diya"
)
_URDU_WORD = re.compile("[\u0610-\u061a\u0621-\u063a\u0641-\u065f\u0670-\u06d3\u06d5]+")
_RUN = re.compile("(?:[\u0621-\u06d5]ھ?)+")


@lru_cache(maxsize=1 << 15)
def _urdu(word: str) -> str:
    """An Urdu word in Latin letters, before the habits."""
    if word in _EVERYDAY:
        return _EVERYDAY[word]
    written = word
    for pattern, new in _URDU_RULES:
        written = pattern.sub(new, written)
    return _settled(_RUN.sub(_spoken, written).translate(_URDU))


def _spoken(run: re.Match[str]) -> str:
    """Consonants side by side with the vowels that Urdu leaves unwritten, all of them "a"."""
    letters = re.findall(".ھ?", run[0])
    count, last = len(letters), run.end() == len(run.string)
    if run.start() == 0:
        places = {0, 1} if last and count == 3 else set(range(0, max(count - 1, int(last)), 2))
    elif last and count == 2:
        places = set() if letters[0] in "سشخفن" else {0}
    else:
        places = set(range(1, count - 1, 2))
    return "".join(letter + "a" * (place in places) for place, letter in enumerate(letters))
