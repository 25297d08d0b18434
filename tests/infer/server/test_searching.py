"""``/search`` over a real index, also while the index changes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

# One for all: making one costs as much as a request.
HTTP = httpx.Client(timeout=120, limits=httpx.Limits(max_keepalive_connections=0))
TEXTS = {
    "trains.md": "The night train leaves at half past ten.\n\nThe bus waits at the old bridge.\n",
    "nadi.md": "नदी शहर के पास बहती है।\n\nपानी ही जीवन है।\n",
}


@pytest.fixture
def index(klein, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    built = klein("index", "build", tmp_path / "notes.index", folder)
    assert built.returncode == 0, built.stderr
    return tmp_path / "notes.index"


def search(served, **asked):
    return HTTP.post(f"{served.address}/search", json=asked)


def test_a_passage_is_found_and_filters_hold(serve, index):
    with serve("--index", index) as served:
        answer = search(served, query="पानी ही जीवन है।", top=2).json()
        assert answer["query"] == "पानी ही जीवन है।"
        best = answer["hits"][0]
        assert (best["text"], best["line"]) == ("पानी ही जीवन है।", 3)
        assert best["path"].endswith("nadi.md")
        assert best["score"] == pytest.approx(1, abs=1e-3)
        assert len(answer["hits"]) == 2

        english = search(served, query="पानी ही जीवन है।", lang="en").json()["hits"]
        assert {hit["path"].rpartition("/")[2] for hit in english} == {"trains.md"}
        bridge = search(served, query="bridge", path="trains.md", hybrid=True).json()["hits"]
        assert "bridge" in bridge[0]["text"]

        with ThreadPoolExecutor(8) as pool:
            queries = [text for file in TEXTS.values() for text in file.strip().split("\n\n")] * 8
            found = list(pool.map(lambda query: search(served, query=query, top=1), queries))
        assert [answer.json()["hits"][0]["text"] for answer in found] == queries


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "say what to look for"),
        ({"query": " "}, "say what to look for"),
        ({"query": "x", "top": 0}, "from 1 to 1000"),
        ({"query": "x", "top": True}, "from 1 to 1000"),
        ({"query": "x", "lang": "xx"}, "choose one of en, hi"),
        ({"query": "x", "path": 7}, "path: "),
        ({"query": "x", "hybrid": 1}, "true or false"),
        ({"query": "x", "limit": 1}, "'limit': no such field"),
    ],
)
def test_searches_for_nothing_are_refused(searching, asked, words):
    answer = search(searching, **asked)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


@pytest.fixture(scope="module")
def searching(serve, klein, tmp_path_factory):
    folder = tmp_path_factory.mktemp("index")
    (folder / "a.txt").write_text("one passage\n", encoding="utf-8")
    assert klein("index", "build", folder / "x.index", folder / "a.txt").returncode == 0
    with serve("--index", folder / "x.index") as served:
        yield served


def test_an_index_that_changes_is_searched_as_it_is_now(serve, klein, index):
    text = "The market opens at dawn."
    with serve("--index", index) as served:
        assert search(served, query=text, top=1).json()["hits"][0]["text"] != text
        (index.parent / "texts/market.md").write_text(f"{text}\n", encoding="utf-8")
        assert klein("index", "add", index).returncode == 0
        assert search(served, query=text, top=1).json()["hits"][0]["text"] == text
        (index.parent / "texts/market.md").unlink()
        assert klein("index", "build", index, index.parent / "texts").returncode == 0
        assert search(served, query=text, top=1).json()["hits"][0]["text"] != text
