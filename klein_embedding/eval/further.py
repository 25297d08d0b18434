"""Rows of the tables for sets beside Tatoeba, STS-B and the held-out pairs."""

from __future__ import annotations

from klein_embedding.eval import questions, romanised, sensitivity
from klein_embedding.eval.alignment import (
    AMONG_ALL,
    BETWEEN,
    FROM_ENGLISH,
    INTO_ENGLISH,
    MINING,
)
from klein_embedding.eval.bitexts import (
    FLORES,
    GOVERNANCE,
    HINGLISH,
    INDICMT,
    INDICXNLI,
    MGSM,
    ODIA,
    REVIEWS,
    TICO19,
)
from klein_embedding.eval.classification import NEAREST
from klein_embedding.eval.judged import CRANFIELD, MILPAC, NDCG, NPL
from klein_embedding.eval.labelled import BANKING77, PROBE
from klein_embedding.eval.scored import MAHASTS, SEMREL, SHORT_STS, SPEARMAN, STS12_16, STSB_HI
from klein_embedding.languages import LANGUAGES

Keys = tuple[tuple[str, str, str], ...]
Row = tuple[str, Keys]

_TITLES = {
    TICO19.name: "TICO-19",
    GOVERNANCE.name: "IL-ILGOV",
    REVIEWS.name: "STAR-IL reviews",
    FLORES.name: "FLoRes v1 devtest",
    INDICMT.name: "IndicMT-Eval",
    ODIA.name: "OdiaNLP test",
    MGSM.name: "MGSM",
    INDICXNLI.name: "IndicXNLI, rated 4 or 5",
    HINGLISH.name: "Hinglish as typed",
}
_RECALL = "Recall@10"


def _both(suite: str, lang: str) -> tuple[tuple[str, str, str], ...]:
    return tuple((suite, lang, metric) for metric in (INTO_ENGLISH, FROM_ENGLISH))


def _found(suite: str, lang: str) -> tuple[tuple[str, str, str], ...]:
    return tuple((suite, lang, metric) for metric in (NDCG, _RECALL))


SETS: tuple[Row, ...] = (
    *((f"{title} mean, to / from English", _both(name, "mean")) for name, title in _TITLES.items()),
    (
        "TICO-19, nearest of all sentences in all seven languages",
        ((TICO19.name, "mean", AMONG_ALL),),
    ),
    ("TICO-19, mean of thirty Indic pairs", ((TICO19.name, "mean", BETWEEN),)),
    ("TICO-19 mean, mining F1", ((TICO19.name, "mean", MINING),)),
    (
        "IL-ILGOV, nearest of all sentences in all thirteen languages",
        ((GOVERNANCE.name, "mean", AMONG_ALL),),
    ),
    ("IL-ILGOV, mean of 132 Indic pairs", ((GOVERNANCE.name, "mean", BETWEEN),)),
    ("romanised mean, to / from English", _both(romanised.NAME, "mean")),
    ("STS12-16 mean, Spearman", ((STS12_16.name, "mean", SPEARMAN),)),
    (
        "STS-B test machine-translated, hi / hi with en",
        tuple((f"{STSB_HI.name}/test", lang, SPEARMAN) for lang in ("hi", "hi-en")),
    ),
    ("SemRel test en, Spearman", ((f"{SEMREL.name}/test", "en", SPEARMAN),)),
    ("SemRel test mr, Spearman", ((f"{SEMREL.name}/test", "mr", SPEARMAN),)),
    ("MahaSTS val mr, Spearman", ((f"{MAHASTS.name}/val", "mr", SPEARMAN),)),
    ("Short sentences si, Spearman", ((f"{SHORT_STS.name}/all", "si", SPEARMAN),)),
    ("Short sentences ta, Spearman", ((f"{SHORT_STS.name}/all", "ta", SPEARMAN),)),
    ("Cranfield en, nDCG@10 / Recall@10", _found(CRANFIELD.name, "en")),
    ("NPL en, nDCG@10 / Recall@10", _found(NPL.name, "en")),
    *(
        (
            f"MILPaC {lang} questions, English answers, nDCG@10 / Recall@10",
            _found(MILPAC.name, lang),
        )
        for lang in LANGUAGES
    ),
    *(
        (
            f"{source} held-out questions, nDCG@10 / Recall@10",
            _found(f"{questions.NAME}/{source}", "en"),
        )
        for source in questions.SOURCES
    ),
    ("small changes, same meaning nearer", ((sensitivity.NAME, "mean", sensitivity.ACCURACY),)),
    (
        "BANKING77, linear probe / ten neighbours",
        tuple((BANKING77.name, "en", metric) for metric in (PROBE, NEAREST)),
    ),
)
"""One row a set, or several where its parts differ in kind."""

LANGUAGE_ROWS: tuple[Row, ...] = tuple(
    (f"{title} {lang}, to / from English", _both(suite, lang))
    for suite, title in (
        *_TITLES.items(),
        *((f"{romanised.NAME}/{one.name}", f"romanised {one.name}") for one in romanised.SETS),
    )
    for lang in LANGUAGES
)
"""A row a set and language; those without a figure are left out of a table."""
