"""Pairs that follow from several translations of one sentence."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from klein_embedding.corpus.derive import derived_pairs
from klein_embedding.corpus.harvest import CODES, Harvest
from klein_embedding.corpus.key_lists import EMPTY
from klein_embedding.corpus.merge import merge
from klein_embedding.corpus.rows import Rows
from klein_embedding.corpus.sources import Source
from klein_embedding.recipe import CorpusRecipe, load_recipe
from klein_embedding.text import KINDS, Pair

TINY = load_recipe(Path(__file__).parents[2] / "recipes" / "tiny.toml").corpus
ENGLISH = "the river runs past the old town"
HINDI = "नदी पुराने शहर के पास बहती है"
TAMIL = "ஆறு பழைய நகரத்தின் அருகே ஓடுகிறது"
HINDI_TOO = "पुराने नगर के निकट से यह सरिता गुजरती है"


def _source(name: str, text_class: str, weight: float) -> Source:
    return Source(
        name=name,
        title=name,
        origin_kind="folder",
        origin=".",
        files=["*"],
        reader="tab_lines",
        text_class=text_class,
        licence=f"licence of {name}",
        objective="translation",
        weight=weight,
        cap=0,
        citation="",
    )


def _derived(
    tmp_path: Path,
    pairs: dict[str, list[Pair]],
    text_class: str = "H",
    recipe: CorpusRecipe = TINY,
) -> list[dict[str, object]]:
    folders, sources = [], []
    for weight, (name, items) in enumerate(pairs.items(), 1):
        harvest = Harvest(pairs=items)
        folders.append(tmp_path / name)
        folders[-1].mkdir()
        harvest.write(folders[-1], "key")
        sources.append(_source(name, text_class, float(weight)))
    (tmp_path / "out").mkdir()
    counts = merge(recipe, sources, folders, EMPTY, tmp_path / "out")
    rows = pq.read_table(tmp_path / "out" / "pairs-train.parquet").to_pylist()
    found = [row for row in rows if row["derived"]]
    assert counts["pairs_derived"] == len(found)
    return found


def _pair(anchor: str, positive: str, lang: str) -> Pair:
    return Pair(anchor, positive, "en", lang, "any", "translation")


def test_two_translations_of_one_english_sentence_translate_each_other(tmp_path: Path) -> None:
    heavy, light = _pair(ENGLISH, HINDI, "hi"), _pair(ENGLISH.upper(), TAMIL, "ta")
    (row,) = _derived(tmp_path, {"light": [light], "heavy": [heavy]})
    assert (row["anchor"], row["anchor_lang"]) == (HINDI, "hi")
    assert (row["positive"], row["positive_lang"]) == (TAMIL, "ta")
    assert (row["kind"], row["source"]) == ("translation", "light")
    assert row["licence"] == "licence of heavy + licence of light"


def test_two_translations_into_one_language_are_paraphrases(tmp_path: Path) -> None:
    pairs = [_pair(ENGLISH, HINDI, "hi"), _pair(ENGLISH, HINDI_TOO, "hi")]
    (row,) = _derived(tmp_path, {"one": pairs})
    assert {row["anchor"], row["positive"]} == {HINDI, HINDI_TOO}
    assert (row["kind"], row["anchor_lang"], row["positive_lang"]) == ("paraphrase", "hi", "hi")


def test_two_english_translations_of_one_sentence_are_paraphrases(tmp_path: Path) -> None:
    other = "beside the ancient city a stream flows"
    (row,) = _derived(tmp_path, {"one": [_pair(ENGLISH, HINDI, "hi"), _pair(other, HINDI, "hi")]})
    assert {row["anchor"], row["positive"]} == {ENGLISH, other}
    assert (row["kind"], row["anchor_lang"], row["positive_lang"]) == ("paraphrase", "en", "en")


def test_short_texts_words_and_near_copies_make_no_pairs(tmp_path: Path) -> None:
    short = [_pair("open the file", "फ़ाइल खोलें", "hi"), _pair("open the file", "கோப்பைத் திற", "ta")]
    near = [_pair(ENGLISH, HINDI, "hi"), _pair(ENGLISH, f"{HINDI}।", "hi")]
    near += [_pair("a wholly different sentence here", TAMIL, "ta")]
    (tmp_path / "a").mkdir()
    assert _derived(tmp_path / "a", {"one": short + near}) == []
    words = [_pair(ENGLISH, HINDI, "hi"), _pair(ENGLISH, TAMIL, "ta")]
    (tmp_path / "b").mkdir()
    assert _derived(tmp_path / "b", {"one": words}, "L") == []


def test_loosely_aligned_sources_lend_nothing(tmp_path: Path) -> None:
    pairs = [_pair(ENGLISH, HINDI, "hi"), _pair(ENGLISH, TAMIL, "ta")]
    recipe = dataclasses.replace(TINY, derived_without=["one"])
    assert _derived(tmp_path, {"one": pairs}, recipe=recipe) == []


def test_a_pair_that_is_there_already_is_not_derived(tmp_path: Path) -> None:
    there = Pair(HINDI, TAMIL, "hi", "ta", "any", "translation")
    pairs = [there, _pair(ENGLISH, HINDI, "hi"), _pair(ENGLISH, TAMIL, "ta")]
    assert _derived(tmp_path, {"one": pairs}) == []


def _rows(languages: list[str], anchors: list[int]) -> Rows:
    count = len(languages)
    place = np.arange(count, dtype=np.uint64) + np.uint64(1000)
    langs = np.array([[0, CODES.index(code)] for code in languages], dtype=np.int8)
    return Rows(
        source=np.zeros(count, dtype=np.int32),
        langs=langs,
        kind=np.full(count, KINDS.index("translation"), dtype=np.int8),
        contrast=np.zeros(count, dtype=bool),
        key=place * np.uint64(7),
        sides=np.stack([np.array(anchors, dtype=np.uint64), place], axis=1),
        words=np.full((count, 2), 8, dtype=np.uint16),
        machine=np.zeros(count, dtype=bool),
    )


def _capped(per_text: int, cap: int) -> CorpusRecipe:
    return dataclasses.replace(TINY, derived_per_text=per_text, derived_cap=cap)


def test_a_sentence_and_a_language_pair_lend_no_more_than_their_caps() -> None:
    languages = list(CODES[1:])
    rows = _rows(languages * 20, [at for at in range(20) for _ in languages])
    roots = np.arange(2 * len(rows.key)).reshape(-1, 2)
    usable = np.ones(len(rows.key), dtype=bool)
    found = derived_pairs(rows, roots, usable, _capped(2, 1000))
    assert len(found.left) == 20 * 2
    assert np.array_equal(rows.sides[found.left // 2, 0], rows.sides[found.right // 2, 0])
    assert (rows.langs[found.left // 2, 1] < rows.langs[found.right // 2, 1]).all()
    capped = derived_pairs(rows, roots, usable, _capped(13, 1))
    pairs = list(
        zip(rows.langs[capped.left // 2, 1], rows.langs[capped.right // 2, 1], strict=True)
    )
    assert len(pairs) == len(set(pairs)) > 60
    assert len(derived_pairs(rows, roots, ~usable, _capped(2, 10)).left) == 0
