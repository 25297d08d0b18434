"""Stages: which shards they refuse before the first step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer, models

from klein_embedding.errors import KleinError
from klein_embedding.files import write_manifest
from klein_embedding.recipe import Recipe, load_recipe
from klein_embedding.tokenizer.shards import make_shards
from klein_embedding.train.stages import run_static

ROOT = Path(__file__).resolve().parents[2]
ROW = {
    "anchor": "one", "positive": "two", "anchor_lang": "en", "positive_lang": "hi",
    "source": "talks", "kind": "translation", "text_class": "H", "derived": False,
    "negatives": ["two"],
}  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> tuple[Recipe, Path, Path]:
    """A recipe of two entries with its shards and its tokenizer."""
    processed, tokenizer = tmp_path / "processed", tmp_path / "tokenizer"
    for folder in (processed, tokenizer):
        folder.mkdir()
    for split in ("train", "valid"):
        pq.write_table(pa.Table.from_pylist([ROW]), processed / f"pairs-{split}.parquet")
    counts = {"pairs_by_source": {"talks": 1}}
    write_manifest(processed, {"guard": "ab", "weights": {"talks": 1.0}, "counts": counts})
    model = Tokenizer(models.WordLevel({"one": 0, "two": 1}, unk_token="one"))
    model.save(str(tokenizer / "tokenizer.json"))
    write_manifest(tokenizer, {"guard": "ab"})
    make_shards(processed, tokenizer, tmp_path / "shards", 32)
    recipe = load_recipe(ROOT / "recipes" / "tiny.toml")
    recipe = replace(recipe, tokenizer=replace(recipe.tokenizer, vocabulary=2))
    return recipe, tmp_path / "shards", tokenizer


def _refusal(recipe: Recipe, shards: Path, tokenizer: Path) -> str:
    target = shards.parent / "static"
    with pytest.raises(KleinError) as caught:
        run_static(recipe, shards, tokenizer, target, lambda line: None)
    assert not target.exists()
    return str(caught.value)


def test_whole_shards_of_the_right_tokenizer_pass_the_checks(
    made: tuple[Recipe, Path, Path],
) -> None:
    assert "only 0 groups have 32 pairs" in _refusal(*made)  # refused later, for its size


def test_an_altered_part_is_refused(made: tuple[Recipe, Path, Path]) -> None:
    part = made[1] / "pairs-train-000.npy"
    part.write_bytes(part.read_bytes()[:-1] + b"\x07")
    assert "pairs-train-000.npy: differs" in _refusal(*made)


def test_another_tokenizer_is_refused(made: tuple[Recipe, Path, Path]) -> None:
    path = made[2] / "tokenizer.json"
    path.write_text(path.read_text().replace("two", "ten"))
    write_manifest(made[2], {"guard": "ab"})
    assert "made with another tokenizer" in _refusal(*made)


def test_another_size_of_vocabulary_is_refused(made: tuple[Recipe, Path, Path]) -> None:
    recipe, shards, tokenizer = made
    other = replace(recipe, tokenizer=replace(recipe.tokenizer, vocabulary=3))
    assert "made with 2 entries, the recipe says 3" in _refusal(other, shards, tokenizer)
