"""The merge of harvests: duplicates, near duplicates, the split by content, the files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from klein_embedding.corpus.harvest import Harvest
from klein_embedding.corpus.key_lists import EMPTY, NONE, KeyLists
from klein_embedding.corpus.merge import PAIR_SCHEMA, merge
from klein_embedding.corpus.mono import MONO_SCHEMA
from klein_embedding.corpus.near_duplicates import first_alike, sketches
from klein_embedding.corpus.sources import Source
from klein_embedding.recipe import CorpusRecipe, load_recipe
from klein_embedding.text import Line, Pair, normalised, text_key

TINY = load_recipe(Path(__file__).parents[2] / "recipes" / "tiny.toml").corpus
LONG = "the committee postponed its decision until the engineers had inspected the old bridge"


def source(name: str, text_class: str = "H", licence: str = "MIT", weight: float = 1.0) -> Source:
    return Source(
        name=name,
        title=name,
        origin_kind="folder",
        origin=".",
        files=["*"],
        reader="tab_lines",
        text_class=text_class,
        licence=licence,
        objective="translation",
        weight=weight,
        cap=0,
        citation="",
    )


def merged(
    tmp_path: Path,
    found: dict[str, list[Pair | Line]],
    recipe: CorpusRecipe = TINY,
    lists: KeyLists = EMPTY,
) -> dict[str, object]:
    folders = []
    for name, items in found.items():
        harvest = Harvest()
        for item in items:
            harvest.keep(item)
        folder = tmp_path / f"harvest-{name}"
        folder.mkdir(parents=True)
        harvest.write(folder, "key")
        folders.append(folder)
    out = tmp_path / "out"
    out.mkdir()
    return merge(recipe, [source(name) for name in found], folders, lists, out)


def rows(tmp_path: Path, name: str) -> list[dict[str, object]]:
    return pq.read_table(tmp_path / "out" / f"{name}.parquet").to_pylist()


def pair(anchor: str, positive: str, lang: str = "hi", kind: str = "translation") -> Pair:
    return Pair(anchor, positive, "en", lang, "any", kind)  # type: ignore[arg-type]


def test_only_judged_sources_lose_the_pairs_of_the_list(tmp_path: Path) -> None:
    loose, kept = (
        pair("The river is deep", "बाज़ार बंद है"),
        pair("The market is closed", "बाज़ार बंद है"),
    )
    apart = KeyLists(np.array([loose.key >> 24], dtype=np.uint64), NONE)
    recipe = dataclasses.replace(TINY, judged={"one": 0.05})
    short = pair("The street", "वह सड़क")
    counts = merged(tmp_path, {"one": [loose, kept, short], "two": [kept]}, recipe, apart)
    assert [row["anchor"] for row in rows(tmp_path, "pairs-train")] == [kept.anchor]
    assert counts["dropped"] == {
        "one": {"sides disagree": 2},
        "two": {"duplicate of another source": 1},
    }
    unjudged = merged(tmp_path / "again", {"one": [loose]}, TINY, apart)
    assert unjudged["pairs"] == 1


def test_struck_texts_reach_no_file(tmp_path: Path) -> None:
    secret, fair = "The road to the harbour is closed", "The road to the station is open"
    hard = dataclasses.replace(pair(fair, "स्टेशन का रास्ता खुला है"), negatives=(secret, fair.upper()))
    found: dict[str, list[Pair | Line]] = {
        "one": [pair(secret, "बंदरगाह का रास्ता बंद है"), hard],
        "two": [Line(secret.lower(), "en", "any"), Line("What a fine day it is", "en", "any")],
    }
    struck = np.array([text_key(secret) >> 24], dtype=np.uint64)
    counts = merged(tmp_path, found, lists=KeyLists(NONE, struck))
    (row,) = rows(tmp_path, "pairs-train")
    assert (row["anchor"], row["negatives"]) == (fair, [fair.upper()])
    assert secret.casefold() not in {str(row["text"]).casefold() for row in rows(tmp_path, "mono")}
    reason = {"evaluation text, by the audit": 1}
    assert counts["dropped"] == {"one": reason, "two": reason}


def test_lines_that_a_model_paired_become_pairs_of_their_source(tmp_path: Path) -> None:
    english = ["The bridge was closed today", "The market opens at nine", "The harbour is full"]
    hindi = ["पुल आज बंद रहा", "बाज़ार नौ बजे खुलता है", "बंदरगाह भरा हुआ है"]
    known = pair("The school reopened", "विद्यालय फिर खुला")
    lines = [Line(text, "en", "any") for text in [*english, known.anchor]]
    lines += [Line(text, "hi", "any") for text in [*hindi, known.positive]]
    sides = [*zip(english, hindi, strict=True), (known.anchor, known.positive)]
    keys = np.array([[text_key(text) >> 24 for text in side] for side in sides], dtype=np.uint64)
    struck = np.array([text_key(hindi[1]) >> 24], dtype=np.uint64)
    recipe = dataclasses.replace(TINY, mined={"news": 1.2})
    found: dict[str, list[Pair | Line]] = {"news": lines, "other": [known, *lines[:1]]}
    merged(tmp_path, found, recipe, KeyLists(NONE, struck, keys))
    rest = [row for row in rows(tmp_path, "pairs-train") if row["source"] == "news"]
    shown = [(row["anchor"], row["positive"], row["positive_lang"]) for row in rest]
    # The second is struck, the fourth a pair already.
    assert shown == [(english[0], hindi[0], "hi"), (english[2], hindi[2], "hi")]
    assert {(row["anchor_lang"], row["kind"], row["derived"]) for row in rest} == {
        ("en", "translation", False)
    }
    assert {row["licence"] for row in rest} == {"MIT"}
    unnamed = merged(tmp_path / "again", found, TINY, KeyLists(NONE, struck, keys))
    assert unnamed["pairs"] == 1


def test_a_mined_line_that_is_held_out_makes_no_pair(tmp_path: Path) -> None:
    held = [pair(f"The old {word} is deep", f"पुराना {word} गहरा है") for word in "abcdefghijkl"]
    lines = [Line(p.anchor, "en", "any") for p in held] + [Line("नया है", "hi", "any")]
    keys = np.array(
        [[text_key(p.anchor) >> 24, text_key("नया है") >> 24] for p in held], dtype=np.uint64
    )
    recipe = dataclasses.replace(TINY, mined={"news": 1.2})
    merged(tmp_path, {"news": [*held, *lines]}, recipe, KeyLists(NONE, NONE, keys))
    valid = {row["anchor"] for row in rows(tmp_path, "pairs-valid")}
    made = {r["anchor"] for r in rows(tmp_path, "pairs-train") if r["positive"] == "नया है"}
    assert valid
    assert made
    assert made == {p.anchor for p in held} - valid


def test_the_first_source_keeps_a_duplicate(tmp_path: Path) -> None:
    same = pair("Good morning", "सुप्रभात")
    counts = merged(tmp_path, {"one": [same], "two": [pair("good  MORNING!", "सुप्रभात")]})
    assert [row["source"] for row in rows(tmp_path, "pairs-train")] == ["one"]
    assert counts["dropped"] == {"two": {"duplicate of another source": 1}}
    assert counts["dropped_by_language"] == {"en-hi": {"duplicate of another source": 1}}
    (shown,) = (tmp_path / "out" / "drops.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(shown)["anchor"] == "good  MORNING!"


def test_a_near_duplicate_is_near_on_both_sides(tmp_path: Path) -> None:
    other = "समिति ने अपना निर्णय तब तक टाल दिया जब तक अभियंताओं ने पुराने पुल का निरीक्षण नहीं कर लिया"
    items = {
        "one": [pair(LONG, other)],
        "two": [
            pair(f"{LONG}s", f"{other}।"),
            pair(f"{LONG}s", "यह पूरी तरह से एक अलग वाक्य है जिसमें कुछ भी समान नहीं"),
        ],
    }
    counts = merged(tmp_path, items)
    assert counts["dropped"] == {"two": {"near duplicate": 1}}
    assert counts["pairs"] == 2


def sketched(texts: list[str]) -> np.ndarray:
    return sketches(texts, [normalised(text) for text in texts])


@pytest.mark.parametrize(
    ("left", "right", "alike"),
    [
        (LONG, LONG.upper() + "!", True),
        (LONG, LONG + "s", True),
        (LONG + " in 2019", LONG + " in 2018", False),
        (LONG, LONG.replace("had inspected", "had not inspected"), False),
        (LONG, "a completely different sentence about the weather in the north of the land", False),
        ("Open the file", "Open the files", False),
    ],
)
def test_what_is_near(left: str, right: str, alike: bool) -> None:
    assert list(first_alike(sketched([left, right]))) == [0, 0 if alike else 1]


def test_near_duplicates_lead_to_the_first_of_a_chain() -> None:
    texts = [LONG, "short", f"{LONG}s", f"{LONG}st", "short"]
    assert list(first_alike(sketched(texts))) == [0, 1, 0, 0, 4]


def test_pairs_that_differ_on_purpose_are_kept(tmp_path: Path) -> None:
    items = [pair(LONG, f"{LONG} {end}", "en", "entailment") for end in ("a", "b")]
    assert merged(tmp_path, {"one": items})["pairs"] == 2


def _many() -> list[Pair | Line]:
    """Anchors with several translations, translations with several anchors, answers that repeat."""
    items: list[Pair | Line] = []
    for at in range(600):
        items.append(pair(f"sentence {at} about things", f"वाक्य {at} के बारे में"))
        items.append(pair(f"sentence {at} about things", f"வாக்கியம் {at} பற்றி", "ta"))
        items.append(pair(f"sentence {at} on a thing", f"वाक्य {at} के बारे में"))
        items.append(pair(f"question {at}", f"answer {at % 5}", "en", "question-answer"))
        items.append(Line(f"वाक्य {at} के बारे में", "hi", "any"))
    return items


def test_no_held_out_text_is_trained_on(tmp_path: Path) -> None:
    recipe = dataclasses.replace(TINY, valid_share=0.05, valid_floor=30, valid_cap=40)
    counts = merged(tmp_path, {"one": _many()}, recipe)
    valid, train = rows(tmp_path, "pairs-valid"), rows(tmp_path, "pairs-train")
    strata = {(row["positive_lang"], row["kind"]) for row in valid}
    assert strata == {("hi", "translation"), ("ta", "translation"), ("en", "question-answer")}
    held = {normalised(str(row["anchor"])) for row in valid} | {
        normalised(str(row["positive"])) for row in valid if row["kind"] == "translation"
    }
    seen = {normalised(str(row[side])) for row in train for side in ("anchor", "positive")}
    assert held
    assert not held & seen
    mono = {normalised(str(row["text"])) for row in rows(tmp_path, "mono")}
    assert not held & mono
    for stratum in strata:
        size = sum((row["positive_lang"], row["kind"]) == stratum for row in valid)
        assert 20 <= size <= 40
    assert counts["pairs_valid"] == len(valid)
    assert counts["pairs"] == len(train)


def test_no_near_copy_of_a_held_out_text_is_trained_on(tmp_path: Path) -> None:
    def sentence(n: int, mark: str) -> str:
        return f"{chr(97 + n % 26) * 3}{chr(97 + n // 26) * 4} the old bridge over the river{mark}"

    found: list[Pair | Line] = [
        pair(sentence(n, mark), f"{mark or 'एक'} {n} पुराना पुल")
        for n in range(200)
        for mark in ("", "s")
    ]
    merged(tmp_path, {"one": found})
    held = {row["anchor"].removesuffix("s") for row in rows(tmp_path, "pairs-valid")}
    trained = {row["anchor"].removesuffix("s") for row in rows(tmp_path, "pairs-train")}
    assert held
    assert trained
    assert not held & trained


def test_the_split_does_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    merged(tmp_path / "a", {"one": _many()})
    merged(tmp_path / "b", {"one": _many()[::-1]})
    keys = [{row["key"] for row in rows(tmp_path / at, "pairs-valid")} for at in "ab"]
    assert keys[0] == keys[1]


def test_files_have_the_documented_columns(tmp_path: Path) -> None:
    merged(tmp_path, {"one": [pair("Good morning", "सुप्रभात"), Line("एक वाक्य", "hi", "any")]})
    out = tmp_path / "out"
    assert pq.read_schema(out / "pairs-train.parquet").equals(PAIR_SCHEMA)
    assert pq.read_schema(out / "pairs-valid.parquet").equals(PAIR_SCHEMA)
    assert pq.read_schema(out / "mono.parquet").equals(MONO_SCHEMA)
    mono = [(row["text"], row["lang"], row["side"]) for row in rows(tmp_path, "mono")]
    assert mono == [
        ("एक वाक्य", "hi", False),
        ("Good morning", "en", True),
        ("सुप्रभात", "hi", True),
    ]


def test_a_language_takes_no_more_words_than_its_cap(tmp_path: Path) -> None:
    recipe = dataclasses.replace(TINY, mono_words_cap=5)
    lines: list[Pair | Line] = [Line(f"शब्द एक दो {at}", "hi", "any") for at in range(10)]
    counts = merged(tmp_path, {"one": lines}, recipe)
    assert counts["mono_words"] == {"hi": 8}
    assert counts["dropped"] == {"one": {"cap: words": 8}}
