"""Pairs that the static stages read, and those that are left to the encoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from klein_embedding.errors import KleinError
from klein_embedding.files import read_manifest
from klein_embedding.tokenizer.shards import open_shards
from klein_embedding.train.order import lineage, stage_key
from klein_embedding.train.splits import parted, splits_of
from klein_embedding.train.stages import run_stage

SHARE = 0.2


def texts_of(shards):
    return {int(shards.keys[int(text)]) for text in np.asarray(shards.pairs[:]).reshape(-1)}


def rows_of(shards):
    """Every pair with its source, languages and negative, as the groups say."""
    return sorted(
        (group.positive_lang, group.kind, *shards.pairs[row].tolist(), int(shards.negatives[row]))
        for group in shards.groups
        for row in range(group.start, group.stop)
    )


def test_every_pair_falls_on_one_side_with_its_group_and_its_negative(made):
    whole = open_shards(made / "shards", "train")
    sides = [parted(whole, SHARE, seen=seen) for seen in (True, False)]
    assert all(0.1 < len(side.pairs) / len(whole.pairs) < 0.9 for side in sides)
    assert sorted([*rows_of(sides[0]), *rows_of(sides[1])]) == rows_of(whole)
    for side in sides:
        assert [group.start for group in side.groups] == [
            0,
            *(group.stop for group in side.groups[:-1]),
        ]
        assert side.groups[-1].stop == len(side.pairs) == len(side.negatives)


def test_a_chosen_text_stands_in_no_pair_of_the_static_stages(made):
    whole = open_shards(made / "shards", "train")
    seen, fresh = (parted(whole, SHARE, seen=seen) for seen in (True, False))
    chosen = texts_of(fresh) - texts_of(seen)
    for anchor, positive in np.asarray(fresh.pairs[:]):
        assert {int(whole.keys[int(anchor)]), int(whole.keys[int(positive)])} & chosen
    assert not chosen & texts_of(seen)


def test_stages_read_their_side_and_runs_are_told_apart(workshop):
    shop = workshop()
    whole = len(splits_of(shop, "static", shop.tokenizer / "tokenizer.json")[0].pairs)
    recipe = shop.recipe
    stages = replace(recipe.stages, unseen=SHARE)
    other = replace(shop, recipe=replace(recipe, stages=stages))
    counts = {
        name: len(splits_of(other, name, shop.tokenizer / "tokenizer.json")[0].pairs)
        for name in ("static", "mlm", "contrastive", "mine-1", "refine-1")
    }
    assert counts["mlm"] == whole == counts["static"] + counts["contrastive"]
    assert counts["contrastive"] == counts["mine-1"] == counts["refine-1"]
    assert stage_key(shop, "static") != stage_key(other, "static")
    assert lineage(shop, "static") != lineage(other, "static")


def test_a_whole_run_on_both_sides_ends_with_a_model(workshop):
    shop = workshop()
    shop = replace(
        shop, recipe=replace(shop.recipe, stages=replace(shop.recipe.stages, unseen=0.4))
    )
    for name in shop.recipe.stages.planned():
        assert run_stage(shop, name)
    assert "model.safetensors" in read_manifest(shop.runs / "refine-1")["files"]


def test_a_share_that_leaves_nothing_is_refused(workshop):
    shop = workshop()
    stages = replace(shop.recipe.stages, unseen=1e-9)
    shop = replace(shop, recipe=replace(shop.recipe, stages=stages))
    with pytest.raises(KleinError, match="leaves contrastive no pair"):
        splits_of(shop, "contrastive", shop.tokenizer / "tokenizer.json")
