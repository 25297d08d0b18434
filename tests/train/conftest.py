"""A made-up language in a few hundred pairs, its shards, and a recipe small enough for seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from klein_embedding.files import write_manifest
from klein_embedding.recipe import Recipe, load_recipe
from klein_embedding.tokenizer.pipeline import HEAD, MASK
from klein_embedding.tokenizer.write_shards import make_shards
from klein_embedding.train.order import Workshop

ROOT = Path(__file__).resolve().parents[2]
WORDS = 60
ROWS = 240


def _text(rng: np.random.Generator, lang: str) -> list[str]:
    words = rng.choice(WORDS, int(rng.integers(2, 9)), replace=False)
    return [f"{lang}{word}" for word in words]


def _rows(count: int, seed: int) -> list[dict[str, object]]:
    rng, rows = np.random.default_rng(seed), []
    for at in range(count):
        lang = ("hi", "bn")[at % 2]
        kind = "translation" if at % 3 else "paraphrase"
        anchor = _text(rng, "en")
        positive = [word.replace("en", lang) for word in anchor]
        wrong = [*positive[:-1], f"{lang}{rng.integers(WORDS)}"]
        rows.append(
            {
                "anchor": " ".join(anchor),
                "positive": " ".join(rng.permutation(positive)),
                "anchor_lang": "en",
                "positive_lang": lang,
                "source": "made",
                "kind": kind,
                "text_class": "H",
                "derived": False,
                "negatives": [" ".join(wrong)] if at % 4 == 0 else [],
            }
        )
    return rows


def small(recipe: Recipe) -> Recipe:
    """The tiny recipe made tinier: one narrow block, few tokens, steps instead of seconds."""
    stages = recipe.stages
    loss = replace(stages.static.loss, dims=[16, 8])
    draw = replace(stages.contrastive.draw, batch=64, groups=2, pair_tokens=16)
    run = replace(stages.contrastive.run, valid_every=4, valid_pairs=50, average=0.5)
    plain = replace(stages.static.augment, common_script=0.0, romanised=0.0, switched=0.0)
    contrastive = replace(
        stages.contrastive,
        run=replace(run, max_steps=10),
        draw=draw,
        loss=replace(stages.contrastive.loss, dims=[16, 8]),
        augment=plain,
        memory=16,
        static_batch=64,
    )
    static = replace(
        stages.static,
        run=replace(stages.static.run, max_steps=30, valid_every=10),
        draw=replace(stages.static.draw, batch=64, pair_tokens=16),
        loss=loss,
        augment=plain,
        induced=replace(stages.static.induced, share=0.0),
        turned=False,
    )
    mlm = replace(stages.mlm, tokens=256, row_tokens=24)
    mlm = replace(mlm, run=replace(stages.mlm.run, max_steps=4, valid_every=2))
    mine = replace(stages.mine, rounds=1, max_steps=3, texts=200, first=2, last=10)
    return replace(
        recipe,
        tokenizer=replace(recipe.tokenizer, vocabulary=len(HEAD) + 3 * WORDS + 1),
        model=replace(
            recipe.model, width=24, layers=1, heads=2, feedforward=32, content=16, max_tokens=32
        ),
        stages=replace(stages, static=static, mlm=mlm, contrastive=contrastive, mine=mine),
    )


@pytest.fixture(scope="session")
def tiny_recipe() -> Recipe:
    return small(load_recipe(ROOT / "recipes" / "tiny.toml"))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the shards of the made-up language and its tokenizer; leave it as it is."""
    home = tmp_path_factory.mktemp("made")
    processed, tokenizer = home / "processed", home / "tokenizer"
    for folder in (processed, tokenizer):
        folder.mkdir()
    for split, count, seed in (("train", 3 * ROWS, 1), ("valid", ROWS, 2)):
        table = pa.Table.from_pylist(
            _rows(count, seed),
            schema=pa.schema(
                [
                    *[(name, pa.string()) for name in ("anchor", "positive")],
                    *[(name, pa.string()) for name in ("anchor_lang", "positive_lang")],
                    *[(name, pa.string()) for name in ("source", "kind", "text_class")],
                    ("derived", pa.bool_()),
                    ("negatives", pa.list_(pa.string())),
                ]
            ),
        )
        pq.write_table(table, processed / f"pairs-{split}.parquet")
    counts = {"pairs_by_source": {"made": 3 * ROWS}}
    write_manifest(processed, {"guard": "ab", "weights": {"made": 1.0}, "counts": counts})
    words = [f"{lang}{word}" for lang in ("en", "hi", "bn") for word in range(WORDS)]
    entries = {word: at for at, word in enumerate([*HEAD, *words, MASK])}
    model = Tokenizer(models.WordLevel(entries, unk_token="<unk>"))
    model.pre_tokenizer = pre_tokenizers.Whitespace()
    model.save(str(tokenizer / "tokenizer.json"))
    write_manifest(tokenizer, {"guard": "ab"})
    make_shards(processed, tokenizer, home / "shards", 32)
    return home


@pytest.fixture
def workshop(made: Path, tiny_recipe: Recipe, tmp_path: Path) -> Callable[..., Workshop]:
    """Makes workshops over the shared shards, with runs of their own."""

    def make(recipe: Recipe = tiny_recipe, runs: str = "runs") -> Workshop:
        return Workshop(recipe, made / "shards", made / "tokenizer", tmp_path / runs, print)

    return make
