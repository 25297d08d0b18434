"""Evaluation sets of other people: pinned files, read as they are and never trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from klein_embedding.errors import KleinError
from klein_embedding.eval.figures import SetFacts
from klein_embedding.files import digest_of, sha256
from klein_embedding.languages import LANGUAGES

MISSING = "run: klein data fetch recipes/first-light.toml"


@dataclass(frozen=True, slots=True)
class Pinned:
    """One file of an evaluation set.

    Attributes:
        path: Path below the set's ``files`` folder.
        digest: SHA-256 of its bytes.
        rows: Lines that it holds.
        lang: Language of a bitext; "en" elsewhere.
        part: Side of a bitext ("text" or "english"), or the split of a scored set.
    """

    path: str
    digest: str
    rows: int
    lang: str
    part: str


@dataclass(frozen=True, slots=True)
class EvalSet:
    """An evaluation set as published.

    Attributes:
        name: Name of the suite that it feeds.
        folder: Its folder below ``data/eval``.
        licence: Licence of the text.
        citation: What to cite.
        metric: Main metric.
        files: The files read.
    """

    name: str
    folder: str
    licence: str
    citation: str
    metric: str
    files: tuple[Pinned, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over the digests of the files."""
        return digest_of({file.path: file.digest for file in self.files})

    @property
    def facts(self) -> SetFacts:
        """What the results file says about the set."""
        return SetFacts(self.digest, self.licence, self.citation, self.metric)


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


@dataclass(frozen=True, slots=True)
class Scored:
    """Sentence pairs with a human score of how much they mean the same.

    Attributes:
        split: Split of the set.
        first: First sentences.
        second: Second sentences.
        scores: Scores from 0 to 5.
    """

    split: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    scores: tuple[float, ...]


def _tatoeba(lang: str, rows: int, text: str, english: str) -> tuple[Pinned, Pinned]:
    iso3 = LANGUAGES[lang].iso3
    stem = f"data/tatoeba/v1/tatoeba.{iso3}-eng"
    return (
        Pinned(f"{stem}.{iso3}", text, rows, lang, "text"),
        Pinned(f"{stem}.eng", english, rows, lang, "english"),
    )


TATOEBA = EvalSet(
    name="tatoeba",
    folder="eval-tatoeba",
    licence="CC-BY-2.0-FR",
    citation="Artetxe and Schwenk 2019, arXiv:1812.10464; facebookresearch/LASER @ 74bc6ae7",
    metric="accuracy xx->en",
    files=(
        *_tatoeba(
            "bn",
            1000,
            "ac3385695d6a6c7e5d18e38ad4b8b7d3780f3df23dd0ff3f539071b8269a8613",
            "67fbe75fec549d436c3356b6d6f8dd53179b6a908661b5d507d28c7fee83350e",
        ),
        *_tatoeba(
            "hi",
            1000,
            "15e4fb0a394be4438319f1d6955d1aea226e2a8c5ad38798b23b76ae43d742ed",
            "adfce2269a55dbac69b25c0f4f6eb89e0f9383165485925a2e042e61b9480562",
        ),
        *_tatoeba(
            "ml",
            687,
            "1a896f54f85a454fb0123864049c65921ae9dfd0cafda6deef8060f0104d965e",
            "4d80cdbb844cd4e33f874e5dc45c1cdda4f80998034448f7eb56b8b6532a6622",
        ),
        *_tatoeba(
            "mr",
            1000,
            "b2931584fbe62062beb97cc939e4d208ace5ee56f15808860ab14e130fd3c576",
            "709d09b697dca053c814b9d525b72cb47cb011aa860c6598f3e2b1b3dd1280dd",
        ),
        *_tatoeba(
            "ta",
            307,
            "bde87fb1ddedccf6c7a2b70ffdd19a959a573c113c2e7a041c4b623fb2170bde",
            "e7c5106acdd100214a161970b2a5c31e7386e5b6a963e3d3afdf30412c90ac53",
        ),
        *_tatoeba(
            "te",
            234,
            "7e1a1bcd106cce650a09e2f042f1354b55b29bea2bcfa86554dfa0ad12ce8976",
            "1efc2ef57d9b1ecebfc4baa45e86fd793e38473304e9c043aebabc3a1b29a294",
        ),
        *_tatoeba(
            "ur",
            1000,
            "2efc22dc61885a9454aeeee68c8b841c7f9138d53ba644a82308bd210140450b",
            "dab35fda3f73b3fd86b6b9f9f9f6242430961aa5d1ac247adbc646867df79cec",
        ),
    ),
)

STSB = EvalSet(
    name="stsb",
    folder="eval-stsb",
    licence="scores CC-BY-SA-4.0, sentences under their sources' terms",
    citation="Cer et al. 2017, SemEval-2017 Task 1; eduardofv/sts_eval @ b4cd273e",
    metric="spearman",
    files=(
        Pinned(
            "data/stsbenchmark/sts-dev.csv",
            "5d7e944d8b02734b07bfdb5df67db3420c64bed153fcaa1ba47ad03480cf4234",
            1500,
            "en",
            "dev",
        ),
        Pinned(
            "data/stsbenchmark/sts-test.csv",
            "affe45928a66ee5a708531233c95b7dacbbdc57f974f002a3d32ea0180cf816a",
            1379,
            "en",
            "test",
        ),
    ),
)


def load_bitexts(data: Path, chosen: EvalSet = TATOEBA) -> list[Bitext]:
    """Read a set of bitexts.

    Args:
        data: ``data/eval``.
        chosen: The set, both sides of a language pinned.

    Raises:
        KleinError: If a file is missing, altered, or has the wrong number of lines.
    """
    sides = {(file.lang, file.part): _lines(data, chosen, file) for file in chosen.files}
    languages = dict.fromkeys(file.lang for file in chosen.files)
    return [Bitext(lang, sides[lang, "text"], sides[lang, "english"]) for lang in languages]


def load_scored(data: Path, chosen: EvalSet = STSB) -> list[Scored]:
    """Read a set of scored pairs: tab-separated, no quoting, score and texts in columns 5 to 7.

    Args:
        data: ``data/eval``.
        chosen: The set, one file a split.

    Raises:
        KleinError: If a file is missing, altered, has the wrong number of lines, or a line lacks
            a column or its score is no number from 0 to 5.
    """
    return [_scored(_lines(data, chosen, file), file) for file in chosen.files]


def _scored(lines: tuple[str, ...], file: Pinned) -> Scored:
    rows = [line.split("\t") for line in lines]
    scores = []
    for number, row in enumerate(rows, 1):
        if len(row) < 7:
            raise KleinError(f"{file.path}: line {number} has {len(row)} columns, not 7; {MISSING}")
        scores.append(_score(row[4], f"{file.path}: line {number}"))
    first, second = tuple(row[5] for row in rows), tuple(row[6] for row in rows)
    return Scored(file.part, first, second, tuple(scores))


def _score(field: str, where: str) -> float:
    try:
        score = float(field)
    except ValueError:
        score = math.nan
    if not 0 <= score <= 5:
        raise KleinError(f"{where} has the score '{field}', not one from 0 to 5; {MISSING}")
    return score


def _lines(data: Path, chosen: EvalSet, file: Pinned) -> tuple[str, ...]:
    path = data / chosen.folder / "files" / file.path
    if not path.is_file():
        raise KleinError(f"{path}: evaluation text is not there; {MISSING}")
    if sha256(path) != file.digest:
        raise KleinError(f"{path}: differs from the pinned evaluation text; {MISSING}")
    # Only line feeds end a line: other separators of Unicode may stand inside a sentence.
    text = path.read_bytes().decode("utf-8").removesuffix("\n")
    lines = tuple(line.removesuffix("\r") for line in text.split("\n"))
    if len(lines) != file.rows:
        raise KleinError(f"{path}: has {len(lines)} lines, not {file.rows}; {MISSING}")
    return lines
