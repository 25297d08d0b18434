"""Pairs that a model finds apart: margins, the list, and what a build leaves out."""

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
from klein_embedding.corpus.judge import disagreeing, margins
from klein_embedding.corpus.key_lists import listed, read_keys
from klein_embedding.errors import KleinError
from klein_embedding.text import pair_key

WORDS = ("river", "bridge", "market", "school", "doctor", "garden", "window", "letter")


def _one_hot(texts: Sequence[str]) -> np.ndarray:
    """Each text as the direction of the one word of WORDS that it holds."""
    vectors = np.array([[float(word in text) for word in WORDS] for text in texts], np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _corpus(folder: Path, pairs: list[tuple[str, str]], source: str = "loose") -> np.ndarray:
    keys = np.array([pair_key(one, other) for one, other in pairs], dtype=np.uint64)
    columns = {
        "anchor": [one for one, _ in pairs],
        "positive": [other for _, other in pairs],
        "anchor_lang": ["en"] * len(pairs),
        "positive_lang": ["hi"] * len(pairs),
        "source": [source] * len(pairs),
        "key": keys,
        "derived": [False] * len(pairs),
    }
    table = pa.table(columns)
    folder.mkdir(exist_ok=True)
    pq.write_table(table.slice(0, len(table) - 1), folder / "pairs-train.parquet")
    pq.write_table(table.slice(len(table) - 1), folder / "pairs-valid.parquet")
    return keys


def test_only_pairs_with_nearer_neighbours_elsewhere_are_listed(tmp_path: Path) -> None:
    pairs = [(f"by the {word}", f"{word} in another language") for word in WORDS]
    pairs[2] = ("by the market", "doctor in another language")
    keys = _corpus(tmp_path, pairs)
    found = disagreeing(tmp_path, {"loose": 0.05}, _one_hot)
    ((name, (listed_keys, count)),) = found.items()
    assert (name, listed_keys.tolist(), count) == ("loose en-hi", [keys[2]], len(WORDS))


def test_repeated_sides_are_no_neighbours_of_themselves(tmp_path: Path) -> None:
    pairs = [("by the river", f"river {number}") for number in range(6)]
    _corpus(tmp_path, [*pairs, ("at a school", "school")])
    ((keys, _),) = disagreeing(tmp_path, {"loose": 0.05}, _one_hot).values()
    assert not len(keys)


def test_of_many_translations_of_one_text_the_nearest_two_stay(tmp_path: Path) -> None:
    near, nearer = "a river and a bridge", "a river by a river"
    far = "a river, a bridge, a market"
    pairs = [(far, "river"), (near, "river"), (nearer, "river"), ("at the school", "school")]
    keys = _corpus(tmp_path, pairs)
    ((found, _),) = disagreeing(tmp_path, {"loose": 0.05}, _one_hot).values()
    assert found.tolist() == [keys[0]]


def test_anchors_of_under_three_words_are_not_judged(tmp_path: Path) -> None:
    _corpus(tmp_path, [("the river", "school"), ("at the school", "school")])
    ((found, count),) = disagreeing(tmp_path, {"loose": 0.05}, _one_hot).values()
    assert (len(found), count) == (0, 1)


def test_margin_is_the_cosine_less_that_of_the_nearest_others() -> None:
    rng = np.random.default_rng(0)
    one, other = (rng.standard_normal((20, 8)) for _ in range(2))
    one, other = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (one, other))
    numbers = np.arange(20)
    found = margins(one, other, (numbers, numbers))
    cosines = one @ other.T
    expected = []
    for row in range(20):
        there = sorted(cosines[row][numbers != row])[-4:]
        back = sorted(cosines[:, row][numbers != row])[-4:]
        expected.append(cosines[row, row] - (sum(there) + sum(back)) / 8)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_lone_pair_is_judged_by_its_cosine_alone() -> None:
    vectors = np.array([[1.0, 0.0]], dtype=np.float32)
    one = np.zeros(1, dtype=np.int64)
    np.testing.assert_allclose(margins(vectors, vectors, (one, one)), [1.0])


def test_a_corpus_without_the_sources_or_none_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KleinError, match="no built corpus"):
        disagreeing(tmp_path, {"loose": 0.05}, _one_hot)
    _corpus(tmp_path, [("river", "river"), ("school", "school")], source="other")
    with pytest.raises(KleinError, match="holds no pair"):
        disagreeing(tmp_path, {"loose": 0.05}, _one_hot)


def test_the_verb_adds_to_the_list_that_the_recipe_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = _corpus(
        tmp_path / "corpus", [*((f"by the {w}", w) for w in WORDS[:6]), ("at a school", "river")]
    )
    places = SimpleNamespace(processed=tmp_path / "corpus", recipes=tmp_path)
    corpus = SimpleNamespace(judged={"loose": 0.05}, disagreeing="apart.txt")
    plan = SimpleNamespace(places=places, recipe=SimpleNamespace(corpus=corpus))
    monkeypatch.setattr(plans, "read_plan", lambda *_: plan)
    monkeypatch.setattr("klein_embedding.cli.data._encoder", lambda folder: _one_hot)
    (tmp_path / "apart.txt").write_text("# earlier\n0123456789\n")
    command = ["judge", "recipe.toml", "--model", "ours"]
    done = CliRunner().invoke(data, command, catch_exceptions=False)
    assert "loose en-hi: 1 of 7 listed" in done.output
    kept = read_keys(tmp_path / "apart.txt")
    assert (len(kept), listed(keys[-1:], kept).tolist()) == (2, [True])
    corpus.disagreeing = ""
    refused = CliRunner().invoke(data, command)
    assert "names no file under 'disagreeing'" in str(refused.exception)
