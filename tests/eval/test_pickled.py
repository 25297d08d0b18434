"""A pickled table is read without being built, and anything else is refused."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from klein_embedding.errors import KleinError
from klein_embedding.eval.pickled import pickled_rows
from klein_embedding.eval.scored import load_scored
from tests.eval.conftest import write_set

COLUMNS = ("lang", "stsb_test_1", "stsb_test_2", "score")
ROWS = 40


def table(drop: int = 7) -> bytes:
    """The parts of a pickled table of pandas in their order; Hindi lacks one row."""
    labels = [*range(ROWS), *(at for at in range(ROWS) if at != drop)]
    langs = ["en"] * ROWS + ["hi"] * (ROWS - 1)
    first = [f"{lang} {label} one" for lang, label in zip(langs, labels, strict=True)]
    second = [f"{lang} {label} two" for lang, label in zip(langs, labels, strict=True)]
    scores = np.array([label / ROWS for label in labels], dtype="<f8")
    return pickle.dumps(
        {
            "axes": [list(COLUMNS), np.array(labels, dtype="<i8").tobytes()],
            "blocks": [[*langs, *first, *second], scores.tobytes()],
            "items": [list(COLUMNS[:3])],
        },
        protocol=4,
    )


def test_rows_come_back_with_their_labels_and_repeated_strings():
    rows = pickled_rows(table(), COLUMNS)
    assert len(rows) == 2 * ROWS - 1
    assert rows[3] == (3, ("en", "en 3 one", "en 3 two"), 3 / ROWS)
    assert rows[-1] == (ROWS - 1, ("hi", "hi 39 one", "hi 39 two"), (ROWS - 1) / ROWS)


def test_a_row_that_one_language_lacks_shifts_nothing(tmp_path):
    files = {"Data/Multi-STSB-test-updated.pkl": table()}
    hindi, across = load_scored(tmp_path, write_set(tmp_path, "stsb-hi", files))
    assert (hindi.lang, across.lang) == ("hi", "hi-en")
    assert hindi.first == across.first
    assert (hindi.first[7], across.second[7], across.scores[7]) == ("hi 8 one", "en 8 two", 0.2)


def test_other_columns_missing_numbers_and_damage_are_refused(tmp_path):
    with pytest.raises(ValueError, match="has no columns lang, text"):
        pickled_rows(table(), ("lang", "text"))
    with pytest.raises(ValueError, match="lacks labels or numbers"):
        pickled_rows(pickle.dumps([list(COLUMNS), ["a"]], protocol=4), COLUMNS)
    files = {"Data/Multi-STSB-test-updated.pkl": table()[:-300]}
    with pytest.raises(KleinError, match="not readable as stsb-hi"):
        load_scored(tmp_path, write_set(tmp_path, "stsb-hi", files))


class _Deed:
    """What a malicious pickle would run."""

    def __reduce__(self):
        return os.mkdir, ("made-by-a-pickle",)


def test_nothing_in_a_pickle_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="has no columns"):
        pickled_rows(pickle.dumps(_Deed(), protocol=4), COLUMNS)
    assert not list(tmp_path.iterdir())
