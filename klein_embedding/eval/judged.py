"""Sets of queries with the documents that people judged relevant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from klein_embedding.eval.sets import EvalSet, lines_of
from klein_embedding.eval.tables import spreadsheet
from klein_embedding.languages import LANGUAGES

NDCG = "nDCG@10"
_RECORD = re.compile(r"^\.I +\d+\s*$", re.MULTILINE)
_FIELD = re.compile(r"^\.([A-Z])[ \t]*$", re.MULTILINE)
_NUMBERED = re.compile(r"\s*(\d+)\s(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Judged:
    """Queries, documents, and which of these answer which.

    Attributes:
        lang: Language of the queries.
        queries: Queries, each with at least one relevant document.
        documents: Documents, all of them candidates of each query.
        relevant: Numbers of the relevant documents of each query.
        name: Part of the set, empty where it has but one.
    """

    lang: str
    queries: tuple[str, ...]
    documents: tuple[str, ...]
    relevant: tuple[frozenset[int], ...]
    name: str = ""


CRANFIELD = EvalSet(
    name="cranfield",
    folder="eval-cranfield",
    digest="b259fbffb338462dabe3046f2bccc81c6289855e738e7f9cca7f2209b7852b8a",
    licence="none stated; in free use since 1967",
    citation="Cleverdon 1967; xyxxyyxy/cranvectors @ 78c84cb8",
    metric=NDCG,
)
NPL = EvalSet(
    name="npl",
    folder="eval-npl",
    digest="6af27200759640d9a63518b90e05a2c9dbdb897fba85938a3f7469ff4bc17e27",
    licence="none stated; in free use since 1970",
    citation="Vaswani and Cameron 1970; stefreschke/Information-Retrieval @ ec417c24",
    metric=NDCG,
)
MILPAC = EvalSet(
    name="milpac",
    folder="eval-milpac",
    digest="697186cd303d18ba376d8c604e64a9fc282feea237b8b9816731d5a814d4e2f8",
    licence="CC-BY-NC-SA-4.0",
    citation="Mahapatra et al. 2023, arXiv:2310.09765; Law-AI/MILPaC @ 17412805",
    metric=NDCG,
)


def load_judged(data: Path, chosen: EvalSet) -> list[Judged]:
    """Read a set of queries and documents.

    Args:
        data: ``data/eval``.
        chosen: One of the sets of this module.

    Raises:
        KleinError: If the set is missing, altered, or not what it was.
    """
    with chosen.opened(data) as files:
        return list(_READERS[chosen.name](files))


def _cranfield(files: Path) -> Iterator[Judged]:
    """Titles stand at the head of the abstracts already; judgements count queries from one."""
    abstracts = [fields["W"] for fields in _smart(files / "cran.all.1400")]
    queries = [fields["W"] for fields in _smart(files / "cran.qry")]
    relevant: dict[int, set[int]] = {}
    for line in lines_of(files / "cranqrel"):
        query, document, grade = (int(cell) for cell in line.split())
        if grade > 0:
            relevant.setdefault(query - 1, set()).add(document - 1)
    yield _judged("en", queries, abstracts, relevant)


def _smart(path: Path) -> Iterator[dict[str, str]]:
    """Records of the SMART format: a number, then fields of one letter each."""
    _, *records = _RECORD.split("\n".join(lines_of(path)))
    for record in records:
        _, *fields = _FIELD.split(record)
        named = dict(zip(fields[::2], fields[1::2], strict=True))
        yield {name: " ".join(text.split()) for name, text in named.items()}


def _npl(files: Path) -> Iterator[Judged]:
    """Records end at a slash; all numbers rise from one, and three of the documents are missing."""

    def records(name: str) -> list[str]:
        whole = "\n".join(lines_of(files / "npl" / name))
        parts = re.split(r"^\s*/\s*$", whole, flags=re.MULTILINE)
        found = [match for part in parts if (match := _NUMBERED.fullmatch(part))]
        texts = {int(match[1]): " ".join(match[2].split()) for match in found}
        return [texts.get(number, "") for number in range(1, max(texts) + 1)]

    # Documents are in small letters, queries in capitals.
    queries = [text.lower() for text in records("query-text")]
    judgements = [{int(cell) - 1 for cell in text.split()} for text in records("rlv-ass")]
    yield _judged("en", queries, records("doc-text"), dict(enumerate(judgements)))


def _milpac(files: Path) -> Iterator[Judged]:
    """Questions in an Indic language, answered by one of the English answers of all questions."""
    texts: dict[tuple[str, str], dict[str, str]] = {}
    for name in ("CCI_FAQ", "IP"):
        head, *rows = spreadsheet(files / f"Data/MILPaC/MILPaC_{name}_dataset.xlsx")
        for row in rows:
            record = {str(key): str(value) for key, value in zip(head, row, strict=True)}
            # "Q_1_2" and "Q2", and likewise for the answers.
            side, number = record["id"][0], f"{name} {record['id'][1:]}"
            for end in ("src", "tgt"):
                lang = record[f"{end}_lang"].lower()
                texts.setdefault((side, number), {})[lang] = record[end]
    answers = {number: sides["en"] for (side, number), sides in texts.items() if side == "A"}
    numbers = {number: at for at, number in enumerate(answers)}
    for lang in LANGUAGES:
        asked = {
            number: sides[lang]
            for (side, number), sides in texts.items()
            if side == "Q" and lang in sides and number in numbers
        }
        if asked:
            relevant = {at: {numbers[number]} for at, number in enumerate(asked)}
            yield _judged(lang, list(asked.values()), list(answers.values()), relevant)


def _judged(
    lang: str, queries: list[str], documents: list[str], relevant: dict[int, set[int]]
) -> Judged:
    """Leave out queries that no document answers, and documents without text."""
    kept = [number for number, text in enumerate(documents) if text]
    places = {number: at for at, number in enumerate(kept)}
    found = {
        query: frozenset(places[d] for d in sorted(documents_of) if d in places)
        for query, documents_of in sorted(relevant.items())
    }
    asked = [query for query, documents_of in found.items() if documents_of]
    return Judged(
        lang,
        tuple(queries[query] for query in asked),
        tuple(documents[number] for number in kept),
        tuple(found[query] for query in asked),
    )


_READERS: dict[str, Callable[[Path], Iterator[Judged]]] = {
    CRANFIELD.name: _cranfield,
    NPL.name: _npl,
    MILPAC.name: _milpac,
}
JUDGED = (CRANFIELD, NPL, MILPAC)
