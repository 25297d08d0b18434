"""Pairs of the static stages: as the shards hold them, or some of them in other forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from klein_embedding.tokenizer.shards import open_shards
from klein_embedding.train import stages as stages_of_training
from klein_embedding.train.aids import augmenter_of
from klein_embedding.train.augment import Augmenter
from klein_embedding.train.batches import BatchStream
from klein_embedding.train.bigrams import frequent
from klein_embedding.train.drawn import DrawnPairs
from klein_embedding.train.order import lineage, stage_key
from klein_embedding.train.rows import gather, joined

MARK = 7


class Marks:
    """Puts a token before half of the texts that are not English."""

    def rewritten(self, rows, langs, longest, rng):
        texts = [rows.text(number) for number in range(len(rows))]
        for number, (lang, drawn) in enumerate(zip(langs, rng.random(len(langs)), strict=True)):
            if lang != "en" and drawn < 0.5:
                texts[number] = np.concatenate([[MARK, MARK], texts[number]])[:longest]
        return joined(texts)


@pytest.fixture
def shards(made):
    return open_shards(made / "shards", "train")


@pytest.fixture
def draw(tiny_recipe):
    return tiny_recipe.stages.static.draw


@pytest.fixture
def marked(shards, draw):
    return DrawnPairs(shards, draw, 3, Marks())


def test_without_forms_the_texts_are_those_of_the_shards(shards, draw):
    plain = BatchStream(shards, draw, 3).step(5)
    for (batch, rows), other in zip(DrawnPairs(shards, draw, 3).step(5), plain, strict=True):
        assert np.array_equal(batch.pairs, other.pairs)
        wanted = gather(shards, other.pairs.T.reshape(-1), draw.pair_tokens)
        assert np.array_equal(rows.ids, wanted.ids)
        assert np.array_equal(rows.firsts, wanted.firsts)


def test_the_texts_of_a_language_that_has_a_form_get_it(shards, draw, marked):
    plain = DrawnPairs(shards, draw, 3)
    changed, indic = 0, 0
    for step in range(8):
        for (batch, rows), (_, old) in zip(marked.step(step), plain.step(step), strict=True):
            group = shards.groups[batch.group]
            langs = [group.anchor_lang] * len(batch.pairs)
            langs += [group.positive_lang] * len(batch.pairs)
            for number, lang in enumerate(langs):
                new = rows.text(number)
                if lang == "en":
                    assert np.array_equal(new, old.text(number))
                    continue
                indic += 1
                changed += len(new) > 1 and new[0] == new[1] == MARK
                assert len(new) <= draw.pair_tokens
    assert changed / indic == pytest.approx(0.5, abs=0.1)


def test_a_step_is_a_function_of_its_number(marked):
    first, again, other = ([rows.ids for _, rows in marked.step(step)] for step in (7, 7, 8))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_bigrams_are_counted_in_the_forms_that_are_trained_on(shards, draw, marked, tiny_recipe):
    vocabulary = tiny_recipe.tokenizer.vocabulary
    plain, new = (
        set(frequent(pairs, vocabulary, 10_000).keys.tolist())
        for pairs in (DrawnPairs(shards, draw, 3), marked)
    )
    assert MARK * vocabulary + MARK in new - plain


def latin(recipe, share, words=0.4):
    static = recipe.stages.static
    augment = replace(static.augment, romanised=share, switched_words=words)
    static = replace(static, augment=augment)
    return replace(recipe, stages=replace(recipe.stages, static=static))


def test_forms_belong_to_a_stage_only_where_there_are_any(workshop, tiny_recipe):
    def keys(share, words):
        shop = workshop(latin(tiny_recipe, share, words))
        return [work(shop, "static") for work in (stage_key, lineage)]

    assert keys(0.0, 0.4) == keys(0.0, 0.5)
    static = tiny_recipe.stages.static
    glosses = replace(static, draw=replace(static.draw, kinds={"gloss": 2.0}))
    recipe = replace(tiny_recipe, stages=replace(tiny_recipe.stages, static=glosses))
    assert not set(keys(0.0, 0.4)) & {
        work(workshop(recipe), "static") for work in (stage_key, lineage)
    }
    assert not set(keys(0.0, 0.4)) & set(keys(0.1, 0.4))
    assert not set(keys(0.1, 0.4)) & set(keys(0.2, 0.4))


def test_later_dials_of_the_static_stages_belong_to_them_only_where_they_are_turned(
    workshop, tiny_recipe
):
    stages = tiny_recipe.stages

    def keys(name, **other):
        static = replace(stages.static, **other.pop("static", {}))
        shop = workshop(replace(tiny_recipe, stages=replace(stages, static=static, **other)))
        return [lineage(shop, name), stage_key(shop, name)]

    plain, induced = keys("static"), stages.static.induced
    assert keys("static", static={"induced": replace(induced, dice=0.9)}) == plain
    assert not set(keys("static", static={"induced": replace(induced, share=0.1)})) & set(plain)
    assert not set(keys("static", static={"turned": True})) & set(plain)


def test_the_static_stage_reads_what_its_recipe_asks_for(
    workshop, tiny_recipe, made, shards, monkeypatch
):
    dials = latin(tiny_recipe, 0.3).stages.static.augment
    augmenter = augmenter_of(dials, shards, made / "tokenizer")
    assert isinstance(augmenter, Augmenter)
    assert augmenter_of(replace(dials, romanised=0.0), shards, made / "tokenizer") is None
    asked = []

    class Seen(Marks):
        def rewritten(self, rows, langs, longest, rng):
            asked.append(len(rows))
            return super().rewritten(rows, langs, longest, rng)

    monkeypatch.setattr(stages_of_training, "augmenter_of", lambda *_: Seen())
    assert stages_of_training.run_stage(workshop(), "static")
    assert len(asked) == tiny_recipe.stages.static.run.max_steps
