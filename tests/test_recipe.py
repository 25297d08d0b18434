"""Recipes: every shipped one parses, and a wrong one is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from klein_embedding.errors import KleinError
from klein_embedding.recipe import load_recipe

RECIPES = Path(__file__).parent.parent / "recipes"
TINY = (RECIPES / "tiny.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "tiny.toml",
        "first-light.toml",
        "full.toml",
        "full-permissive.toml",
        "gpu-30min.toml",
        "v0.2.toml",
        "v0.3.toml",
    ],
)
def test_shipped_recipes_parse(name: str) -> None:
    recipe = load_recipe(RECIPES / name)
    assert recipe.stages.contrastive.loss.dims == [512, 256, 128]
    assert (RECIPES / recipe.corpus.catalogue).is_file()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("heads = 8", "heads = 8\nhaeds = 8", "unknown key 'haeds'"),
        ("heads = 8\n", "", "the key 'heads' is missing"),
        ("heads = 8", "heads = 7", "heads must divide width"),
        ("heads = 8", 'heads = "8"', "heads: expected int"),
        ("heads = 8", "heads = true", "heads: expected int"),
        ("valid_share = 0.1", "valid_share = 0.9", "valid_share must lie between"),
        ("max_tokens = 256", "max_tokens = 512", "max_tokens must lie between"),
        ("content = 512", "content = 575", "slack coordinates must fit"),
        ("groups = 2", "groups = 3", "groups must divide batch"),
        ("scale = 20.0", "scale = 50.0", "scale times"),
        ('optimiser = "adamw"', 'optimiser = "sgd"', "optimiser must be adamw or muon"),
        ("checkpoint_seconds = 60", "checkpoint_seconds = 900", "between 1 and 600"),
        ("masked = 0.3", "masked = 1.3", "masked must lie"),
        ("romanised = 0.1", "romanised = 0.9", "add up to at most 1"),
        ("kinds = {}", "kinds = { glos = 2.0 }", "draw: kinds may name translation"),
        ("kinds = {}", "kinds = { gloss = -1.0 }", "with factors of 0 or more"),
        ("first = 2", "first = 0", "ranks in ascending order"),
        ("chunk_tokens = 512", "chunk_tokens = 8", "must hold one text"),
        ("\nshare = 0.1", "\nshare = 1.0", "induced: share must lie between 0 and 1"),
        ("dice = 0.3", "dice = 3.0", "induced: dice must lie between 0 and 1"),
        ("count = 2", "count = 0", "induced: count must be positive"),
        ("turned = true", "turned = 1", "turned: expected bool"),
        ("bigrams = 0", "bigrams = 9", "more than stages.bigrams trains"),
        ("[model]", "[modle]", "unknown key 'modle'"),
        ("vocabulary = 2_400", "vocabulary = 300", "vocabulary must hold"),
        ("name = ", "name ", "not readable as TOML"),
    ],
)
def test_wrong_recipes_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TINY
    path = tmp_path / "wrong.toml"
    path.write_text(TINY.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(KleinError, match=message) as caught:
        load_recipe(path)
    assert "\n" not in str(caught.value)


def test_missing_recipe_says_where_they_are(tmp_path: Path) -> None:
    with pytest.raises(KleinError, match="no such recipe"):
        load_recipe(tmp_path / "none.toml")


def test_stages_without_a_budget_are_not_planned() -> None:
    assert load_recipe(RECIPES / "first-light.toml").stages.planned() == (
        "static",
        "bigrams",
        "contrastive",
    )
    tiny = load_recipe(RECIPES / "tiny.toml").stages.planned()
    assert tiny == ("static", "mlm", "contrastive", "mine-1", "refine-1")
