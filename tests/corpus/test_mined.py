"""Translations in comparable text: which lines are paired, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from klein_embedding.cli import plan as plans
from klein_embedding.cli.data import data
from klein_embedding.corpus.key_lists import leading, read_pairs
from klein_embedding.corpus.mined import best_pairs, mined_pairs
from klein_embedding.errors import KleinError
from klein_embedding.text import text_key

THINGS = ("river", "bridge", "market", "school", "doctor", "garden", "window", "letter")


def _of_things(texts: Sequence[str]) -> np.ndarray:
    """Each text as the sum of the directions of the things that it names, in any language."""
    vectors = np.array([[float(word in text) for word in THINGS] for text in texts], np.float32)
    vectors += 0.05
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _corpus(folder: Path, lines: list[tuple[str, str]], side: Sequence[int] = ()) -> Path:
    folder.mkdir(exist_ok=True)
    columns = {
        "text": [text for text, _ in lines],
        "lang": [lang for _, lang in lines],
        "source": ["news"] * len(lines),
        "side": [number in side for number in range(len(lines))],
    }
    pq.write_table(pa.table(columns), folder / "mono.parquet")
    return folder


def _both(thing: str, more: str = "") -> tuple[tuple[str, str], tuple[str, str]]:
    return (
        (f"this is about the {thing} {more}".strip(), "en"),
        (f"{thing} యొక్క కథ ఇది మాత్రమే {more}".strip(), "te"),
    )


def _keys(*sides: tuple[tuple[str, str], tuple[str, str]]) -> list[list[int]]:
    return sorted([text_key(one), text_key(other)] for (one, _), (other, _) in sides)


def test_lines_of_one_meaning_are_paired_and_numbers_must_agree(tmp_path: Path) -> None:
    told = [_both(thing) for thing in THINGS[:5]]
    fitting = _both("garden", "12,500")
    unlike = _both("window", "in 1990")[0], _both("window", "1991")[1]
    lines = [line for pair in (*told, fitting, unlike) for line in pair]
    alone = [("this is about a letter alone", "en"), ("school గురించి", "te")]
    folder = _corpus(tmp_path, [*lines, *alone])
    ((name, (keys, counts)),) = mined_pairs(folder, {"news": 1.5}, _of_things).items()
    assert (name, counts) == ("news en-te", (8, 7))
    assert sorted(keys.tolist()) == _keys(*told, fitting)


def test_sides_of_pairs_and_lines_of_four_words_are_not_mined(tmp_path: Path) -> None:
    told = [_both(thing) for thing in THINGS[:6]]
    lines = [line for pair in told for line in pair]
    lines += [("a letter is here", "en"), ("letter యొక్క కథ ఇది మాత్రమే", "te")]
    folder = _corpus(tmp_path, lines, side=(0,))
    ((keys, _),) = mined_pairs(folder, {"news": 1.5}, _of_things).values()
    assert sorted(keys.tolist()) == _keys(*told[1:])


def test_a_pair_is_each_others_best_by_the_ratio_margin() -> None:
    draw = np.random.default_rng(0)
    left, right = (draw.standard_normal((count, 6)).astype(np.float32) for count in (700, 60))
    left, right = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (left, right))
    cosines = left @ right.T
    near = (np.sort(cosines, axis=1)[:, -4:].mean(1), np.sort(cosines, axis=0)[-4:].mean(0))
    margins = cosines / ((near[0][:, None] + near[1][None, :]) / 2)
    # Candidates are the four nearest, as in the paper.
    there = cosines >= np.sort(cosines, axis=1)[:, -4][:, None]
    back = cosines >= np.sort(cosines, axis=0)[-4][None, :]
    best = np.where(there, margins, 0).argmax(1)
    other = np.where(back, margins, 0).argmax(0)
    expected = [
        [row, place]
        for row, place in enumerate(best.tolist())
        if other[place] == row and margins[row, place] >= 1.02
    ]
    assert len(expected) > 10
    assert best_pairs(left, right, 1.02).tolist() == expected


def test_lines_to_which_nothing_is_near_make_no_pair() -> None:
    opposite = np.array([[1.0, 0.0]], dtype=np.float32)
    assert best_pairs(opposite, -opposite, 1.0).shape == (0, 2)


def test_a_corpus_without_lines_of_both_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KleinError, match="no built corpus; run klein data build"):
        mined_pairs(tmp_path, {"news": 1.2}, _of_things)
    _corpus(tmp_path, [_both("river")[0]])
    with pytest.raises(KleinError, match="news: has no lines in English and another language"):
        mined_pairs(tmp_path, {"news": 1.2}, _of_things)


def test_the_verb_writes_the_list_that_the_recipe_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [_both(thing) for thing in THINGS]
    folder = _corpus(tmp_path / "corpus", [line for pair in told for line in pair])
    corpus = SimpleNamespace(mined={"news": 1.5}, mined_pairs="mined.txt")
    places = SimpleNamespace(processed=folder, recipes=tmp_path)
    plan = SimpleNamespace(places=places, recipe=SimpleNamespace(corpus=corpus))
    monkeypatch.setattr(plans, "read_plan", lambda *_: plan)
    monkeypatch.setattr("klein_embedding.cli.data._encoder", lambda folder: _of_things)
    command = ["mine", "recipe.toml", "--model", "ours"]
    done = CliRunner().invoke(data, command, catch_exceptions=False)
    assert "news en-te: 8 pairs of 8 and 8 lines" in done.output
    listed = read_pairs(tmp_path / "mined.txt").tolist()
    assert listed == leading(np.array(_keys(*told), dtype=np.uint64)).tolist()
    corpus.mined = {}
    refused = CliRunner().invoke(data, command)
    assert "names no source under 'corpus.mined'" in str(refused.exception)
    corpus.mined_pairs = ""
    refused = CliRunner().invoke(data, command)
    assert "names no file under 'mined_pairs'" in str(refused.exception)
