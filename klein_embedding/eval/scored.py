"""Sets of sentence pairs that people scored by how much they mean the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from klein_embedding.eval.pickled import pickled_rows
from klein_embedding.eval.sets import EvalSet, lines_of, scores_of
from klein_embedding.eval.tables import separated

SPEARMAN = "spearman"
_QUOTE = '"'


@dataclass(frozen=True, slots=True)
class Scored:
    """Sentence pairs with a human score of how much they mean the same.

    Attributes:
        split: Split of the set, "test" where nothing else was read.
        lang: Language of both sides.
        first: First sentences.
        second: Second sentences.
        scores: Scores, from 0 up.
    """

    split: str
    lang: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    scores: tuple[float, ...]


STSB = EvalSet(
    name="stsb",
    folder="eval-stsb",
    digest="3e6f9d7837d377595299fb73aaf0ffcd78581dc770f1147f13c4da5061afaaca",
    licence="scores CC-BY-SA-4.0, sentences under their sources' terms",
    citation="Cer et al. 2017, SemEval-2017 Task 1; eduardofv/sts_eval @ b4cd273e",
    metric=SPEARMAN,
)
STSB_HI = EvalSet(
    name="stsb-hi",
    folder="eval-stsb-hi",
    digest="52fd70a12e80e2c6b253dcf20e3eb8d85f70476a399238a939b342174010f4cc",
    licence="MIT; the English text CC-BY-SA-4.0",
    citation="Huertas-García et al. 2021, machine-translated; Multilingual-STSB @ 16423e02",
    metric=SPEARMAN,
)
STS12_16 = EvalSet(
    name="sts12-16",
    folder="eval-sts12-16",
    digest="5c8cc95ece5c765e8c5fa3efdf982ccf411bd491dcefef4477502135021f1c2d",
    licence="none stated; the tasks' text is for research",
    citation="Agirre et al. 2012 to 2016, SemEval tasks; amao0o0/SynWMD @ 59042a92",
    metric=SPEARMAN,
    scores="c1b6a3a47489aa5e9be823adcb18717ee0b0d9221f53ff08ab0b755995fac4b9",
)
SEMREL = EvalSet(
    name="semrel",
    folder="eval-semrel",
    digest="dd49c386c36dc2aa55744c47ea920918b45b109dacd8d1e480a7daea862c062d",
    licence="none stated",
    citation="Ousidhoum et al. 2024, arXiv:2402.08638; SemEval 2024 task 1, track A @ 3c5941dd",
    metric=SPEARMAN,
)
MAHASTS = EvalSet(
    name="mahasts",
    folder="eval-mahasts",
    digest="2e5df31cae0c581210027ed0653a373d014120fef8695b2ef28c7af942feb3c4",
    licence="CC-BY-NC-SA-4.0",
    citation="Mirashi et al. 2024, arXiv:2408.16365 (validation part); MarathiNLP @ 8ee29fa1",
    metric=SPEARMAN,
)
SHORT_STS = EvalSet(
    name="short-sts",
    folder="eval-short-sts",
    digest="f8993f538a38697f6d608ee56ac8671efae15b906908b4f14dbe1d65c006c1ff",
    licence="GPL-3.0",
    citation="Nilaxan and Ranathunga 2021, MERCon; nlpcuom/Tamil-Sinhala-… @ 1e350939",
    metric=SPEARMAN,
)


def load_scored(data: Path, chosen: EvalSet) -> list[Scored]:
    """Read a set of scored pairs.

    Args:
        data: ``data/eval``.
        chosen: One of the sets of this module.

    Raises:
        KleinError: If the set is missing or altered, or a row lacks a column or a score.
    """
    with chosen.opened(data) as files:
        return list(_READERS[chosen.name](files))


def _stsb(files: Path) -> Iterator[Scored]:
    """Tab-separated, no quoting, score and texts in columns 5 to 7."""
    for split in ("dev", "test"):
        rows = []
        for number, line in enumerate(lines_of(files / f"data/stsbenchmark/sts-{split}.csv"), 1):
            cells = line.split("\t")
            if len(cells) < 7:
                raise ValueError(f"{split}: line {number} has {len(cells)} columns, not 7")
            rows.append((cells[5], cells[6], cells[4]))
        yield _scored(split, "en", rows)


def _stsb_hi(files: Path) -> Iterator[Scored]:
    """Hindi pairs, and their first sentence beside the second one in English."""
    content = (files / "Data/Multi-STSB-test-updated.pkl").read_bytes()
    rows = pickled_rows(content, ("lang", "stsb_test_1", "stsb_test_2", "score"))
    sides = {
        code: {
            label: (first, second, str(score))
            for label, (lang, first, second), score in rows
            if lang == code
        }
        for code in ("hi", "en")
    }
    yield _scored("test", "hi", list(sides["hi"].values()))
    across = [
        (first, sides["en"][label][1], score) for label, (first, _, score) in sides["hi"].items()
    ]
    yield _scored("test", "hi-en", across)


def _sts12_16(files: Path) -> Iterator[Scored]:
    """All pairs of a year together, but those that nobody scored, as is the custom."""
    folders = sorted(files.glob("data/downstream/STS/STS??-en-test"))
    for folder in folders:
        rows = []
        for texts in sorted(folder.glob("STS.input.*.txt")):
            name = texts.name.replace("input", "gs", 1)
            gold = lines_of(scores_of(files) / texts.relative_to(files).with_name(name))
            for line, score in zip(lines_of(texts), gold, strict=True):
                first, _, second = line.partition("\t")
                if score.strip():
                    rows.append((first, second.partition("\t")[0], score))
        yield _scored(f"20{folder.name[3:5]}", "en", rows)


def _semrel(files: Path) -> Iterator[Scored]:
    """Both sentences in one field, a line each; the Marathi ones in quotation marks too."""
    for lang, code in (("eng", "en"), ("mar", "mr")):
        rows = []
        for row in separated(files / f"Track A/{lang}/{lang}_test_with_labels.csv"):
            first, _, second = row["Text"].partition("\n")
            rows.append((_bare(first), _bare(second), row["Score"]))
        yield _scored("test", code, rows)


def _bare(text: str) -> str:
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] == _QUOTE
    return text[1:-1] if quoted else text


def _mahasts(files: Path) -> Iterator[Scored]:
    rows = separated(files / "L3Cube-MahaSTS/val.csv")
    yield _scored("val", "mr", [(r["Sentence1"], r["Sentence2"], r["Label"]) for r in rows])


def _short_sts(files: Path) -> Iterator[Scored]:
    """Sinhala and Tamil pairs, each once: some stand there twice, and four lack a sentence."""
    for folder, code in (("sinhala", "si"), ("tamil", "ta")):
        rows = separated(files / f"Tamil-Sinhala-Short-sentence-similarity/data/{folder}/train.csv")
        pairs = {
            (row["sentence1"].strip(), row["sentence2"].strip()): row["manual_similarity"]
            for row in reversed(rows)
        }
        yield _scored("all", code, [(*pair, pairs[pair]) for pair in sorted(pairs) if all(pair)])


def _scored(split: str, lang: str, rows: Iterable[tuple[str, str, str]]) -> Scored:
    found = list(rows)
    for number, (first, second, _) in enumerate(found, 1):
        if not first or not second:
            raise ValueError(f"{split}: row {number} lacks a sentence")
    scores = tuple(_score(row[2], f"{split}: row {at}") for at, row in enumerate(found, 1))
    return Scored(split, lang, tuple(r[0] for r in found), tuple(r[1] for r in found), scores)


def _score(field: str, where: str) -> float:
    try:
        score = float(field)
    except ValueError:
        score = math.nan
    if not 0 <= score <= 5:
        raise ValueError(f"{where} has the score '{field}', not one from 0 to 5")
    return score


_READERS: dict[str, Callable[[Path], Iterator[Scored]]] = {
    STSB.name: _stsb,
    STSB_HI.name: _stsb_hi,
    STS12_16.name: _sts12_16,
    SEMREL.name: _semrel,
    MAHASTS.name: _mahasts,
    SHORT_STS.name: _short_sts,
}
SCORED = (STSB, STSB_HI, STS12_16, SEMREL, MAHASTS, SHORT_STS)
