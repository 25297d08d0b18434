"""Stages: what they refuse before the first step, what they write, and how they hang together."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from klein_embedding.device import Compute
from klein_embedding.errors import KleinError
from klein_embedding.files import read_manifest, write_manifest
from klein_embedding.model.bigrams import Bigrams
from klein_embedding.recipe import Recipe
from klein_embedding.tokenizer.shards import open_shards
from klein_embedding.train.bigrams import entries_of
from klein_embedding.train.checkpoint import checkpoints
from klein_embedding.train.distil import DistilObjective
from klein_embedding.train.finished import model_of, static_of
from klein_embedding.train.order import Workshop, section_of, stage_key
from klein_embedding.train.rows import gather
from klein_embedding.train.stages import run_stage
from klein_embedding.train.static import bags

Make = Callable[..., Workshop]
CPU = Compute("cpu", bfloat16=False, ceiling=1.0, reason="given")


@pytest.fixture
def own(made: Path, tiny_recipe: Recipe, tmp_path: Path) -> Workshop:
    """A workshop whose shards and tokenizer may be altered."""
    for name in ("shards", "tokenizer"):
        shutil.copytree(made / name, tmp_path / name)
    return Workshop(
        tiny_recipe, tmp_path / "shards", tmp_path / "tokenizer", tmp_path / "runs", print
    )


def _refusal(shop: Workshop, name: str = "static") -> str:
    with pytest.raises(KleinError) as caught:
        run_stage(shop, name)
    assert not (shop.runs / name).exists()
    return str(caught.value)


def test_an_altered_part_is_refused(own: Workshop) -> None:
    part = own.shards / "pairs-train-000.npy"
    part.write_bytes(part.read_bytes()[:-1] + b"\x07")
    assert "pairs-train-000.npy: differs" in _refusal(own)


def test_another_tokenizer_is_refused(own: Workshop) -> None:
    path = own.tokenizer / "tokenizer.json"
    path.write_text(path.read_text().replace("en7", "en07"))
    write_manifest(own.tokenizer, {"guard": "ab"})
    assert "made with another tokenizer" in _refusal(own)


def test_another_size_of_vocabulary_is_refused(own: Workshop, tiny_recipe: Recipe) -> None:
    other = replace(tiny_recipe, tokenizer=replace(tiny_recipe.tokenizer, vocabulary=2400))
    assert "entries, the recipe says 2,400" in _refusal(replace(own, recipe=other))


def test_a_batch_that_cannot_fit_is_refused_with_one_that_would(
    workshop: Make, tiny_recipe: Recipe
) -> None:
    run_stage(workshop(), "static")
    contrastive = tiny_recipe.stages.contrastive
    huge = replace(contrastive, draw=replace(contrastive.draw, batch=2**32), recompute=False)
    recipe = replace(tiny_recipe, stages=replace(tiny_recipe.stages, contrastive=huge))
    shop = workshop(recipe)
    shop.recipe.stages.planned()
    run_stage(shop, "mlm")
    message = _refusal(shop, "contrastive")
    assert "a batch of 4294967296 pairs" in message
    assert "would fit" in message and "recompute = true" in message


def test_every_stage_runs_and_carries_what_the_next_one_needs(workshop: Make) -> None:
    shop = workshop()
    names = shop.recipe.stages.planned()
    assert names == ("static", "mlm", "contrastive", "mine-1", "refine-1")
    for name in names:
        assert run_stage(shop, name)
        manifest = read_manifest(shop.runs / name)
        assert manifest["key"] == stage_key(shop, name)
        assert manifest["guard"] == "ab"
    for name in ("mlm", "contrastive", "refine-1"):
        wanted = {"config.json", "model.safetensors", "table.npy", "tokenizer.json"}
        assert set(read_manifest(shop.runs / name)["files"]) == wanted
    tables = [np.load(shop.runs / name / "table.npy") for name in ("static", "mlm", "contrastive")]
    assert np.array_equal(tables[0], tables[1])
    assert not np.array_equal(tables[1], tables[2])
    mined = np.load(shop.runs / "mine-1" / "negatives.npy")
    assert (mined >= 0).any()
    average = load_file(checkpoints(shop.runs / "contrastive-work")[-1] / "average.safetensors")
    assert int(average["steps"]) == shop.recipe.stages.contrastive.run.max_steps
    # The encoder's token vectors are the table's, and its blocks have moved away from zero.
    weights = load_file(shop.runs / "refine-1" / "model.safetensors")
    words = weights["embeddings.word_embeddings.weight"][:, :16]
    table = torch.from_numpy(np.load(shop.runs / "refine-1" / "table.npy"))
    assert torch.allclose(words[4:], table[4:], atol=1e-5)
    assert weights["encoder.layer.0.output.dense.weight"].abs().max() > 0


def test_bigrams_stand_upon_the_tokens_and_go_through_every_later_stage(
    workshop: Make, tiny_recipe: Recipe
) -> None:
    stages = tiny_recipe.stages
    short = replace(stages.static.run, max_steps=60, seconds=0)
    recipe = replace(
        tiny_recipe,
        model=replace(tiny_recipe.model, width=80, bigrams=24),
        stages=replace(
            stages,
            bigrams=replace(stages.bigrams, count=64, run=short),
            distil=replace(
                stages.distil,
                texts=24,
                row_tokens=16,
                valid_tokens=16,
                run=replace(stages.distil.run, max_steps=30, valid_every=15, rate=1e-4),
            ),
            contrastive=replace(stages.contrastive, static_steps=0),
            mine=replace(stages.mine, vectors="static"),
        ),
    )
    shop = workshop(recipe)
    assert recipe.stages.planned()[:4] == ("static", "bigrams", "distil", "mlm")
    for name in recipe.stages.planned():
        assert run_stage(shop, name)
    pairs, vectors = (
        np.load(shop.runs / "bigrams" / f) for f in ("bigrams.npy", "bigram-vectors.npy")
    )
    assert pairs.shape == (64, 2)
    assert vectors.shape == (64, 16)
    assert np.abs(vectors.mean(1)).max() < 1e-5
    assert np.abs(vectors).max() > 0.01
    # The tokens' vectors are held, to the byte.
    tokens, upon = (shop.runs / name / "table.npy" for name in ("static", "bigrams"))
    assert tokens.read_bytes() == upon.read_bytes()

    table, known = static_of(shop.runs / "bigrams", CPU)
    assert known
    model = model_of(recipe.model, shop.runs / "bigrams", 1)
    train, stage = open_shards(shop.shards, "train"), replace(recipe.stages.distil, texts=300)
    objective = DistilObjective(train, stage, model, (table, known), CPU)
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
    losses = []
    for _step in range(100):
        optimiser.zero_grad()
        losses.append(0.0)
        for found in objective.losses(0):
            found.loss.backward()
            losses[-1] += float(found.loss.detach())
        optimiser.step()
    # The units of the start hold a part of what there is to learn, and training adds to it.
    assert losses[0] < 0.95
    assert losses[-1] < 0.98 * losses[0]
    # The start holds them, and every later stage hands them on.
    shards = open_shards(shop.shards, "valid")
    assert np.array_equal(np.load(shop.runs / "refine-1" / "bigrams.npy"), pairs)
    model = model_of(recipe.model, shop.runs / "bigrams", 1)
    numbers = np.arange(40)
    rows = gather(shards, numbers, 16)
    with torch.no_grad():
        states = model(*rows.padded())
    # Shorter than they were learned beside the other forty.
    best = Bigrams(pairs[:24], 0.8 * vectors[:24])
    entries, more = entries_of(best, recipe.tokenizer.vocabulary)
    table = np.load(shop.runs / "static" / "table.npy")
    whole = torch.from_numpy(np.concatenate([table, more]))
    wanted = bags(whole, shards, (numbers, 16), entries)
    plain = bags(torch.from_numpy(table), shards, (numbers, 16))
    # Codes of 20 coordinates are short, so units answer a little where they should not.
    missed = 1 - torch.nn.functional.cosine_similarity(states, wanted).mean()
    assert missed < 0.05
    assert missed < 0.5 * (1 - torch.nn.functional.cosine_similarity(plain, wanted).mean())


def test_masked_tokens_leave_the_frozen_table_as_it_is(workshop: Make) -> None:
    shop = workshop()
    run_stage(shop, "static")
    before = model_of(shop.recipe.model, shop.runs / "static", 1).encoder.state_dict()
    run_stage(shop, "mlm")
    after = load_file(shop.runs / "mlm" / "model.safetensors")
    name = "embeddings.word_embeddings.weight"
    assert torch.equal(before[name], after[name])
    moved = "encoder.layer.0.attention.output.dense.weight"
    assert not torch.equal(before[moved], after[moved])


def test_weights_of_another_shape_are_refused(workshop: Make, tiny_recipe: Recipe) -> None:
    shop = workshop()
    for name in ("static", "mlm"):
        run_stage(shop, name)
    wider = replace(tiny_recipe, model=replace(tiny_recipe.model, feedforward=48))
    assert "of another shape than the recipe's" in _refusal(workshop(wider), "contrastive")


def test_the_coordinates_of_a_turned_table_stand_in_order(
    workshop: Make, tiny_recipe: Recipe, made: Path
) -> None:
    shards, rising = open_shards(made / "shards", "train"), []
    for turned in (False, True):
        static = replace(tiny_recipe.stages.static, turned=turned)
        static = replace(static, loss=replace(static.loss, dims=[16]))
        shop = workshop(replace(tiny_recipe, stages=replace(tiny_recipe.stages, static=static)))
        run_stage(shop, "static")
        table = np.load(shop.runs / "static" / "table.npy")
        assert np.abs(table.mean(axis=1)).max() < 1e-6
        vectors = bags(torch.from_numpy(table), shards, (np.arange(400), 16)).numpy()
        long = np.square(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).mean(axis=0)
        rising.append(np.corrcoef(np.argsort(np.argsort(long)), np.arange(16))[0, 1])
        shutil.rmtree(shop.runs)
    assert rising[1] < -0.7 < -0.5 < rising[0]


def test_a_new_budget_goes_on_from_a_finished_run(workshop: Make, tiny_recipe: Recipe) -> None:
    shop = workshop()
    run_stage(shop, "static")
    work = shop.runs / "static-work"
    first = read_manifest(shop.runs / "static")["files"]["table.npy"]
    static = tiny_recipe.stages.static
    more = replace(static, run=replace(static.run, max_steps=12))
    recipe = replace(tiny_recipe, stages=replace(tiny_recipe.stages, static=more))
    longer = replace(workshop(recipe), begin_from=checkpoints(work)[-1])
    assert run_stage(longer, "static")
    state = json.loads((checkpoints(work)[-1] / "state.json").read_text())
    assert (state["begun_step"], state["step"]) == (30, 42)
    assert read_manifest(shop.runs / "static")["files"]["table.npy"] != first
    rows = [json.loads(line) for line in (work / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "loss" in row] == list(range(1, 43))


def test_a_checkpoint_of_other_dials_is_refused(workshop: Make, tiny_recipe: Recipe) -> None:
    shop = workshop()
    run_stage(shop, "static")
    static = tiny_recipe.stages.static
    other = replace(static, run=replace(static.run, rate=0.5))
    recipe = replace(tiny_recipe, stages=replace(tiny_recipe.stages, static=other))
    with pytest.raises(KleinError, match="made by another recipe"):
        run_stage(workshop(recipe), "static")


def test_training_after_a_round_reads_hard_negatives_on_its_own_budget(tiny_recipe: Recipe) -> None:
    section = section_of(tiny_recipe, "refine-1")
    assert section.negatives
    assert section.run.max_steps == tiny_recipe.stages.mine.max_steps
