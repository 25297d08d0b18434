"""Sets of sentences and their English translations."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from klein_embedding.eval.sets import EvalSet, lines_of, split_lines
from klein_embedding.eval.tables import separated, spreadsheet
from klein_embedding.languages import LANGUAGES
from klein_embedding.text import normalised

ACCURACY = "accuracy xx->en"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_RATED = 4
"""Points of five from which a rated translation counts as right."""
_INDICMT = {
    "as": ("Zero Shot/assamese",),
    "gu": tuple(f"Indic MT Eval/Guj_{part}" for part in ("train", "val", "test")),
    "hi": tuple(f"Indic MT Eval/Hin_{part}" for part in ("train", "val", "test")),
    "kn": ("Zero Shot/kannada",),
    "ml": tuple(f"Indic MT Eval/Mal_{part}" for part in ("train", "val", "test")),
    "mr": tuple(f"Indic MT Eval/Mar_{part}" for part in ("train", "val", "test")),
    "pa": ("Zero Shot/punjabi",),
    "ta": tuple(f"Indic MT Eval/Tam_{part}" for part in ("train", "val", "test")),
}
_TWELVE = ("as", "bn", "gu", "hi", "kn", "ml", "mr", "or", "pa", "ta", "te", "ur")
_GOVERNANCE = {code: LANGUAGES[code].iso3 for code in _TWELVE} | {"bn": "ban", "or": "odi"}

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Bitext:
    """Sentences and their English translations, line by line.

    Attributes:
        lang: Language code.
        texts: Sentences in that language.
        english: The same sentences in English.
    """

    lang: str
    texts: tuple[str, ...]
    english: tuple[str, ...]


TATOEBA = EvalSet(
    name="tatoeba",
    folder="eval-tatoeba",
    digest="3e7ceab96e213a27a1859b616b9f52da3af4c2049c8a1c3bac66afa360e59732",
    licence="CC-BY-2.0-FR",
    citation="Artetxe and Schwenk 2019, arXiv:1812.10464; facebookresearch/LASER @ 74bc6ae7",
    metric=ACCURACY,
)
TICO19 = EvalSet(
    name="tico19",
    folder="eval-tico19",
    digest="1d461f26ef5cecccf68a10e6354a214d323482e2114546d767d06b212b220564",
    licence="CC0-1.0",
    citation="Anastasopoulos et al. 2020, arXiv:2007.01788; tico-19.github.io @ d97615f9",
    metric=ACCURACY,
)
FLORES = EvalSet(
    name="flores",
    folder="eval-flores",
    digest="030c56030f829338bb6ea5ca997eac761c66af2fe0f1fadc0e825ec0eefff109",
    licence="CC-BY-SA-4.0",
    citation="Guzmán et al. 2019, arXiv:1902.01382; facebookresearch/flores @ a6c830c6",
    metric=ACCURACY,
)
INDICMT = EvalSet(
    name="indicmt",
    folder="eval-indicmt",
    digest="9b1a463258af6f87d4bdedf3927b3ff5f99f9b7885f38190da3a2decb1c5689f",
    licence="none stated",
    citation="Sai et al. 2023, arXiv:2212.10180; AI4Bharat/IndicMT-Eval @ d8a8666b",
    metric=ACCURACY,
)
ODIA = EvalSet(
    name="odia",
    folder="eval-odia",
    digest="a19e36ccae617fc059078006450055275e32ad85acdf6d5d5569be262db7a0c1",
    licence="GPL-3.0",
    citation="OdiaNLP/NMT @ 72cc6be9",
    metric=ACCURACY,
)
MGSM = EvalSet(
    name="mgsm",
    folder="eval-mgsm",
    digest="e5fdd7fa16333a9acdbc3b6e0f64ff0c8410c7a05b5344251390ec26684468fb",
    licence="CC-BY-4.0",
    citation="Shi et al. 2022, arXiv:2210.03057; google-research/url-nlp @ 452a21ad",
    metric=ACCURACY,
)
INDICXNLI = EvalSet(
    name="indicxnli",
    folder="eval-indicxnli",
    digest="2a4f63f51972d9abc3e09133426d9195e05a25bccb595d271aa1656905d0a404",
    licence="MIT",
    citation="Aggarwal et al. 2022, arXiv:2204.08776; divyanshuaggarwal/IndicXNLI @ 4759391f",
    metric=ACCURACY,
)
GOVERNANCE = EvalSet(
    name="governance",
    folder="eval-governance",
    digest="8fed379947f07b21ae0a7f176334226cc8b1c435457edc055c517f76538e42fe",
    licence="none stated",
    citation="Mujadia and Sharma 2024, IL-ILGOV-2024; vmujadia/MT-IL-ILGOV @ 96da193a",
    metric=ACCURACY,
)
REVIEWS = EvalSet(
    name="reviews",
    folder="eval-star-reviews",
    digest="317b63f62e28748cc2a9fb68c02351ac795c8e0ffd199e913cce8ba15cae17ca",
    licence="none stated",
    citation="Shetye et al. 2026, STAR-IL; ltrc/STAR-IL-Corpus @ cee009f3",
    metric=ACCURACY,
)
HINGLISH = EvalSet(
    name="hinglish",
    folder="eval-hinglish",
    digest="99e5e7944435b47d8fc26883c5c3366efb9b1471808fb9126f16adc1f95e12b0",
    licence="none stated",
    citation="Dhar et al. 2018, W18-3817; mrinaldhar/en-hi-codemixed-corpus @ ac2c323f",
    metric=ACCURACY,
)


def load_bitexts(data: Path, chosen: EvalSet) -> list[Bitext]:
    """Read a set of bitexts.

    Args:
        data: ``data/eval``.
        chosen: One of the sets of this module.

    Raises:
        KleinError: If the set is missing, altered, or not what it was.
    """
    with chosen.opened(data) as files:
        return list(_READERS[chosen.name](files))


def _tatoeba(files: Path) -> Iterator[Bitext]:
    """As published, repeated sentences included: figures of others are measured so."""
    stems = sorted(files.glob("data/tatoeba/v1/tatoeba.*-eng.eng"))
    codes = {language.iso3: code for code, language in LANGUAGES.items()}
    found = {}
    for english in stems:
        iso3 = english.name.split(".")[1].removesuffix("-eng")
        texts = lines_of(english.with_suffix(f".{iso3}"))
        found[codes[iso3]] = _aligned(codes[iso3], texts, lines_of(english))
    yield from (found[code] for code in sorted(found))


def _tico19(files: Path) -> Iterator[Bitext]:
    yield from _in_every_language(list(_memories(files)))


def _in_every_language(whole: list[Bitext]) -> Iterator[Bitext]:
    """What is left of several sets of the same sentences: those of all, in one order."""
    meanings = set.intersection(*(set(bitext.english) for bitext in whole))
    for bitext in whole:
        kept = [at for at, english in enumerate(bitext.english) if english in meanings]
        texts, english = ([side[at] for at in kept] for side in (bitext.texts, bitext.english))
        yield _aligned(bitext.lang, texts, english)


def _memories(files: Path) -> Iterator[Bitext]:
    for path in sorted(files.glob("data/TM/all.en-*.tmx.zip")):
        lang = path.name.removeprefix("all.en-").removesuffix(".tmx.zip")
        with zipfile.ZipFile(path) as archive:
            root = ElementTree.fromstring(archive.read(f"all.en-{lang}.tmx"))
        yield _distinct(lang, _segments(root, lang))


def _segments(root: ElementTree.Element, lang: str) -> Iterator[tuple[str, str]]:
    for unit in root.iter("tu"):
        sides = {side.get(_LANG): side.findtext("seg") or "" for side in unit.iter("tuv")}
        yield sides[lang], sides["en"]


def _flores(files: Path) -> Iterator[Bitext]:
    """The part devtest, which others report."""
    where = files / "previous_releases/floresv1/data/flores_test_sets.tgz"
    with tarfile.open(where) as archive:
        for lang in ("ne", "si"):
            sides = []
            for side in (lang, "en"):
                member = archive.extractfile(f"flores_test_sets/wikipedia.devtest.{lang}-en.{side}")
                if member is None:
                    raise ValueError(f"no file of {side}")
                sides.append(split_lines(member.read().decode("utf-8")))
            yield _distinct(lang, zip(*sides, strict=True))


def _indicmt(files: Path) -> Iterator[Bitext]:
    """Sources and their human translations; each stands there once a system that was rated."""
    for lang, names in _INDICMT.items():
        rows = [
            json.loads(line)
            for name in names
            for line in lines_of(files / "Dataset" / f"{name}.jsonl")
        ]
        yield _distinct(lang, ((row["ref"], row["src"]) for row in rows))


def _odia(files: Path) -> Iterator[Bitext]:
    rows = (line.partition("||") for line in lines_of(files / "data/output/organised/test.txt"))
    yield _distinct("or", ((odia, english) for english, _, odia in rows))


def _mgsm(files: Path) -> Iterator[Bitext]:
    def questions(lang: str) -> list[str]:
        return [line.split("\t")[0] for line in lines_of(files / f"mgsm/mgsm_{lang}.tsv")]

    english = questions("en")
    for lang in ("bn", "te"):
        yield _aligned(lang, questions(lang), english)


def _indicxnli(files: Path) -> Iterator[Bitext]:
    """Translations that a person gave at least four points of five."""
    for path in sorted(files.glob("human_evaluation_data/*.xlsx")):
        head, *rows = spreadsheet(path)
        lang = str(head[1])[:2].lower()
        if lang not in LANGUAGES:
            raise ValueError(f"{path.name} names no language")
        right = [row for row in rows if isinstance(row[2], int | float) and row[2] >= _RATED]
        yield _distinct(lang, ((str(row[1]), str(row[0])) for row in right))


def _governance(files: Path) -> Iterator[Bitext]:
    """One file a language, whose lines belong together."""
    english = lines_of(files / "nway_parallel.eng")
    yield from _in_every_language(
        [
            _distinct(lang, zip(lines_of(files / f"nway_parallel.{tag}"), english, strict=True))
            for lang, tag in _GOVERNANCE.items()
        ]
    )


def _reviews(files: Path) -> Iterator[Bitext]:
    """One file a language, each with reviews of its own."""
    for path in sorted(files.glob("translated_data/benchmark/*.csv")):
        named = path.stem.rpartition("_")[2]
        (lang,) = (code for code, language in LANGUAGES.items() if language.name == named)
        yield _distinct(lang, ((row["tgt"], row["src"]) for row in separated(path)))


def _hinglish(files: Path) -> Iterator[Bitext]:
    """Hindi mixed with English, in Latin letters; posts that nobody translated are left out."""
    sides = (lines_of(files / name) for name in ("s-enhi.txt", "t-en.txt"))
    pairs = (pair for pair in zip(*sides, strict=True) if len({*map(normalised, pair)}) > 1)
    yield _distinct("hi", pairs)


def _aligned(lang: str, texts: list[str], english: list[str]) -> Bitext:
    if len(texts) != len(english):
        raise ValueError(f"{lang}: {len(texts)} lines beside {len(english)} in English")
    return Bitext(lang, tuple(texts), tuple(english))


def _distinct(lang: str, pairs: Pairs) -> Bitext:
    """Pairs neither side of which stood before: nothing could tell which of two is right."""
    seen, kept = (set[str](), set[str]()), []
    for pair in pairs:
        keys = [normalised(side) for side in pair]
        if all(keys) and not any(key in known for key, known in zip(keys, seen, strict=True)):
            for key, known in zip(keys, seen, strict=True):
                known.add(key)
            kept.append(tuple(side.strip() for side in pair))
    return Bitext(lang, tuple(pair[0] for pair in kept), tuple(pair[1] for pair in kept))


_SETS: tuple[tuple[EvalSet, Callable[[Path], Iterator[Bitext]]], ...] = (
    (TATOEBA, _tatoeba),
    (TICO19, _tico19),
    (FLORES, _flores),
    (INDICMT, _indicmt),
    (ODIA, _odia),
    (MGSM, _mgsm),
    (INDICXNLI, _indicxnli),
    (GOVERNANCE, _governance),
    (REVIEWS, _reviews),
    (HINGLISH, _hinglish),
)
_READERS = {chosen.name: reader for chosen, reader in _SETS}
BITEXTS = tuple(chosen for chosen, _ in _SETS)
