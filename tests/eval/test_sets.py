"""Pinned evaluation text: read whole, or refused with what to do."""

from __future__ import annotations

import dataclasses

import pytest

from klein_embedding.errors import KleinError
from klein_embedding.eval.sets import MISSING, STSB, TATOEBA, load_bitexts, load_scored
from klein_embedding.languages import LANGUAGES

GOOD = "g\tf\t2012test\t1\t3.25\tA man sings.\tA man is singing.\tmore\tcolumns"


def test_bitexts_are_read_line_by_line(bitexts, tmp_path):
    (bitext,) = load_bitexts(tmp_path, bitexts)
    assert (bitext.lang, len(bitext.texts)) == ("hi", 4)
    assert bitext.texts[2] == "चाय तैयार है।"
    assert bitext.english[2] == "Tea is ready."


def test_a_line_separator_inside_a_sentence_does_not_shift_the_lines(scored, tmp_path):
    (split,) = load_scored(tmp_path, scored([GOOD.replace(" sings", "\u2028sings"), GOOD]))
    assert split.first == ("A man\u2028sings.", "A man sings.")


def test_scored_pairs_have_score_and_texts(scored, tmp_path):
    (split,) = load_scored(tmp_path, scored([GOOD]))
    assert (split.split, split.scores) == ("test", (3.25,))
    assert (split.first, split.second) == (("A man sings.",), ("A man is singing.",))


@pytest.mark.parametrize("chosen", [TATOEBA, STSB])
def test_missing_text_names_the_command_that_brings_it(chosen, tmp_path):
    load = load_bitexts if chosen is TATOEBA else load_scored
    with pytest.raises(KleinError, match=r"run: klein data fetch recipes/first-light\.toml"):
        load(tmp_path, chosen)


def test_a_changed_file_is_refused(bitexts, tmp_path):
    path = tmp_path / "small/files/v1/x.eng"
    path.write_text(path.read_text().replace("Tea", "Tee"))
    with pytest.raises(KleinError, match=r"x\.eng: differs from the pinned"):
        load_bitexts(tmp_path, bitexts)


def test_a_wrong_number_of_lines_is_refused(bitexts, scored, tmp_path):
    files = tuple(dataclasses.replace(file, rows=5) for file in bitexts.files)
    with pytest.raises(KleinError, match="has 4 lines, not 5"):
        load_bitexts(tmp_path, dataclasses.replace(bitexts, files=files))
    with pytest.raises(KleinError, match="has 1 lines, not 2"):
        load_scored(tmp_path, scored([GOOD], rows=2))


def test_a_missing_column_is_refused_with_its_line(scored, tmp_path):
    short = GOOD.rsplit("\t", 3)[0]
    with pytest.raises(KleinError, match="line 2 has 6 columns, not 7"):
        load_scored(tmp_path, scored([GOOD, short]))


@pytest.mark.parametrize("score", ["", "nan", "5.1", "-1", "high"])
def test_a_score_that_is_none_is_refused(score, scored, tmp_path):
    with pytest.raises(KleinError, match=f"line 1 has the score '{score}'"):
        load_scored(tmp_path, scored([GOOD.replace("3.25", score)]))


def test_the_pins_name_both_sides_of_seven_languages_and_two_splits():
    sides = {(file.lang, file.part) for file in TATOEBA.files}
    languages = {"hi", "bn", "ta", "te", "mr", "ml", "ur"}
    assert sides == {(lang, part) for lang in languages for part in ("text", "english")}
    assert {file.lang for file in TATOEBA.files} <= LANGUAGES.keys()
    assert sum(file.rows for file in TATOEBA.files if file.part == "text") == 5228
    assert [file.part for file in STSB.files] == ["dev", "test"]
    digests = [file.digest for file in (*TATOEBA.files, *STSB.files)]
    assert len(set(digests)) == 16
    assert all(len(digest) == 64 and int(digest, 16) for digest in digests)
    assert TATOEBA.digest != STSB.digest
    assert "klein data fetch" in MISSING
