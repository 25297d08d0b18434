"""Retrieval by words: the floor that a vector has to beat where documents are ranked."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import bm25s
import numpy as np

from klein_embedding.files import digest_of

DEPTH = 100
_K1, _B = 1.5, 0.75


class WordFloor:
    """BM25 over words in small letters, neither stemmed nor without stop words.

    Source: Robertson and Zaragoza 2009; Lù 2024, arXiv:2407.03618 (bm25s, its Lucene form).
    """

    name = "BM25"
    digest = digest_of({"bm25s": bm25s.__version__, "k1": _K1, "b": _B, "words": "L, M and N"})

    def ranked(self, queries: Sequence[str], documents: Sequence[str]) -> np.ndarray:
        """Numbers (Q, up to `DEPTH`) of the best documents of each query, the best first.

        A document without a word of the query never counts: its place holds -1.
        """
        index = bm25s.BM25(method="lucene", k1=_K1, b=_B)
        index.index([words(text) for text in documents], show_progress=False)
        known = [[word for word in words(text) if word in index.vocab_dict] for text in queries]
        depth = min(DEPTH, len(documents))
        rows = np.full((len(queries), depth), -1)
        asked = [at for at, query in enumerate(known) if query]
        if asked:
            found, scores = index.retrieve(
                [known[at] for at in asked], k=depth, show_progress=False, sorted=True
            )
            rows[asked] = np.where(scores > 0, found, -1)
        return rows


def words(text: str) -> list[str]:
    """Words of a text in small letters.

    Vowel signs are marks, which the usual patterns of word characters leave out: a word of an
    Indic script would fall apart at each.
    """
    kept = "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in text)
    return kept.lower().split()
