"""Searches: exact and approximate, filtered, by words, and both fused."""

from __future__ import annotations

import numpy as np
import pytest

from klein_embedding.errors import KleinError
from klein_embedding.infer.index import find, graph
from klein_embedding.infer.index.build import add, build
from klein_embedding.infer.index.find import Index, Wanted
from klein_embedding.infer.index.formats import Reading
from klein_embedding.infer.index.fusion import reciprocal_rank_fusion
from klein_embedding.infer.index.scripts import script_of
from klein_embedding.infer.index.words import query_words

MIXED = {
    "docs/river.md": "the river runs past the town\n\nनदी शहर के पास बहती है",
    "docs/deep/train.md": "the train is late\n\nட்ரெயின் தாமதம்",
    "other/river.txt": "river river river",
}


@pytest.fixture
def mixed(tmp_path, write, built):
    for name, text in MIXED.items():
        write(tmp_path / "home" / name, text)
    return built(tmp_path / "home")


def found(index, maker, query, **how):
    return [hit.text for hit in index.search(maker, Wanted(query, **how))]


def test_nearest_come_first_with_their_places(mixed, maker, tmp_path):
    hit = mixed.search(maker, Wanted("the river runs", top=1))[0]
    assert hit.path == str(tmp_path / "home/docs/river.md")
    assert (hit.line, hit.start, hit.stop, hit.languages) == (1, 0, 28, ["en"])
    near, far = maker.embedder.encode(["the river runs", hit.text], 128)
    assert hit.score == pytest.approx(float(near @ far), abs=1e-3)
    for wrong in (Wanted(" "), Wanted("x", top=0), Wanted("x", lang="xx")):
        with pytest.raises(KleinError):
            mixed.search(maker, wrong)


@pytest.mark.parametrize("hybrid", [False, True])
def test_filters_hold(mixed, maker, hybrid):
    def ask(**how):
        return set(found(mixed, maker, "river नदी", hybrid=hybrid, top=9, **how))

    river, nadi = MIXED["docs/river.md"].split("\n\n")
    train, tamil = MIXED["docs/deep/train.md"].split("\n\n")
    assert ask() == {river, nadi, train, tamil, "river river river"}
    assert ask(lang="mr") == {nadi}
    assert ask(lang="ta") == {tamil}
    assert ask(path="docs/*.md") == {river, nadi, train, tamil}
    assert ask(path="river.txt") == {"river river river"}
    assert ask(path="docs/*", lang="en") == {river, train}
    assert ask(path="iver.txt") == set()


def test_words_and_vectors_each_find_what_the_other_does_not(tmp_path, write, built, maker):
    for number in range(120):
        write(tmp_path / f"home/{number}.txt", f"automobile {number}")
    rare = write(tmp_path / "home/x.txt", "पानी " + "something else entirely " * 20).read_text()
    index = built(tmp_path / "home")
    near = found(index, maker, "car पानी", top=121)
    assert near.index(rare.strip()) > 100
    both = found(index, maker, "car पानी", top=3, hybrid=True)
    assert set(both) == {rare.strip(), *near[:2]}
    assert index.lexical("car", 5) == []
    assert index.lexical("पान", 5) == []
    assert len(index.lexical("पा\u200dनी!", 5)) == 1


def test_words_are_cut_between_letters_and_never_at_vowel_signs():
    assert query_words("क्‍षमा, Water's नीरे-உயிர் ﷺ_x water") == [
        "क्षमा",
        "water",
        "s",
        "नीरे",
        "உயிர்",
        *query_words("ﷺ"),
        "x",
    ]


def test_scripts_are_told_apart():
    assert script_of("The नदी बहती है") == "hi mr ne"
    assert script_of("ছোৱালী") == "bn as"
    assert script_of("دریا") == "ur"
    assert script_of("12 👍 東京") == ""
    assert script_of("") == ""


def test_fusion_is_the_sum_of_reciprocal_ranks():
    fused = reciprocal_rank_fusion([["a", "b", "c"], ["c", "d"]])
    assert fused == [
        ("c", 1 / 63 + 1 / 61),
        ("a", 1 / 61),
        ("b", 1 / 62),
        ("d", 1 / 62),
    ]
    assert reciprocal_rank_fusion([], damping=1) == []


@pytest.fixture
def small_border(monkeypatch):
    for module in (graph, find):
        monkeypatch.setattr(module, "EXACT", 300)


def numbered(start, stop):
    draw = np.random.default_rng(start)
    names = ("red", "green", "blue", "old", "new", "town", "river", "bridge", "train", "water")
    return "\n".join(f"{' '.join(draw.choice(names, 4))} n{n}" for n in range(start, stop))


def test_above_the_border_a_graph_finds_nearly_the_same(
    tmp_path, write, maker, words, small_border
):
    folder, home = tmp_path / "index", tmp_path / "home"
    write(home / "a.txt", numbered(0, 1500))
    build(folder, [home], maker, Reading("line"))
    index = Index(folder)
    facts = index.describe()
    assert (facts["search"], facts["graph"]) == ("approximate", 1500)
    file = next(folder.glob("graph-*"))
    held = file.read_bytes()

    def ids(index, queries):
        return [[number for number, _ in index.nearest(query, 10)] for query in queries]

    queries = words.encode(numbered(5000, 5040).split("\n"), 128)
    near = ids(index, queries)
    scores = index.nearest(queries[0], 10)
    index.close()
    file.write_bytes(held[:-1])
    index = Index(folder)
    assert index.describe()["search"] == "exact"
    exact = ids(index, queries)
    assert index.nearest(queries[0], 1) == scores[:1]
    index.close()
    same = sum(len(set(a) & set(b)) for a, b in zip(near, exact, strict=True))
    assert same >= 0.97 * 400
    add(folder, [], maker)
    assert len(list(folder.glob("graph-*"))) == 1
    assert Index(folder).describe()["search"] == "approximate"


def test_a_graph_lags_behind_and_answers_stay_right(tmp_path, write, maker, words, small_border):
    folder, home = tmp_path / "index", tmp_path / "home"
    write(home / "a.txt", numbered(0, 700))
    build(folder, [home], maker, Reading("line"))
    index = Index(folder)
    assert found(index, maker, "quite new line", top=1)[0] != "quite new line"

    def graphs():
        return [path.name for path in folder.glob("graph-*")]

    first = graphs()
    write(home / "b.txt", "quite new line\nपानी है")
    write(home / "a.txt", numbered(0, 650))
    add(folder, [], maker)
    assert graphs() == first
    assert found(index, maker, "quite new line", top=1) == ["quite new line"]
    assert found(index, maker, "quite new", lang="hi") == ["पानी है"]
    gone = numbered(0, 700).split("\n")[680]
    assert gone not in found(index, maker, gone, top=20)
    assert len(found(index, maker, "red", top=400, path="a.txt")) == 400
    assert len(found(index, maker, "red", top=652)) == 652

    write(home / "c.txt", numbered(1000, 1400))
    add(folder, [], maker)
    assert graphs() != first
    assert len(graphs()) == 1
    assert index.describe()["graph"] == 1102
    some = numbered(1000, 1400).split("\n")[7]
    assert found(index, maker, some, top=1) == [some]

    write(home / "a.txt", numbered(0, 10))
    write(home / "c.txt", numbered(1000, 1010))
    add(folder, [], maker)
    assert (graphs(), index.describe()["search"]) == ([], "exact")
    assert found(index, maker, some, top=1) == [some]
    index.close()


def test_passages_that_no_path_of_the_graph_leads_to_are_found_when_all_are_asked_for(
    tmp_path, write, maker, small_border, monkeypatch
):
    write(tmp_path / "a.txt", numbered(0, 400))
    build(tmp_path / "index", [tmp_path / "a.txt"], maker, Reading("line"))
    reached = graph.Graph.nearest
    monkeypatch.setattr(
        graph.Graph, "nearest", lambda *given: [key for key in reached(*given) if key > 4]
    )
    index = Index(tmp_path / "index")
    assert index.describe()["search"] == "approximate"
    assert len(found(index, maker, "red", top=396)) == 396
    assert len(set(found(index, maker, "red", top=400))) == 400
    assert len(found(index, maker, "red", top=500)) == 400
    index.close()


def test_without_usearch_every_vector_is_compared(
    tmp_path, write, maker, small_border, monkeypatch
):
    monkeypatch.setitem(__import__("sys").modules, "usearch.index", None)
    write(tmp_path / "a.txt", numbered(0, 400))
    build(tmp_path / "index", [tmp_path / "a.txt"], maker, Reading("line"))
    index = Index(tmp_path / "index")
    assert index.describe()["search"] == "exact"
    some = numbered(0, 400).split("\n")[7]
    assert found(index, maker, some, top=1) == [some]
    index.close()
