"""The training and the validation split as a stage reads them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.tokenizer.parts import Parts
from klein_embedding.tokenizer.shards import Shards, check_shards, open_shards
from klein_embedding.train.order import ENCODERLESS, Workshop

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""Odd, near 2^64 over the golden ratio: multiplied by it, keys lie evenly."""
_BITS = 24
_OF_TEXTS = "distil", "mlm"
"""Stages that read texts, not pairs."""


def splits_of(shop: Workshop, name: str, tokenizer: Path) -> tuple[Shards, Shards]:
    """Training and validation split of a stage, every byte checked.

    Args:
        shop: Where it works.
        name: The stage.
        tokenizer: ``tokenizer.json`` of the model to be trained.

    Raises:
        KleinError: If the shards are altered, made with another tokenizer or vocabulary, or leave
            the stage no pair.
    """
    entries = check_shards(shop.shards, tokenizer)["vocabulary"]
    if entries != shop.recipe.tokenizer.vocabulary:
        raise KleinError(
            f"{shop.shards}: made with {entries:,} entries, the recipe says "
            f"{shop.recipe.tokenizer.vocabulary:,}; correct vocabulary or train the tokenizer again"
        )
    whole, valid = open_shards(shop.shards, "train"), open_shards(shop.shards, "valid")
    share = shop.recipe.stages.unseen
    if not share or name in _OF_TEXTS:
        return whole, valid
    part = parted(whole, share, seen=name in ENCODERLESS)
    if not len(part.pairs):
        raise KleinError(f"stages.unseen {share}: leaves {name} no pair; choose another share")
    return part, valid


def parted(shards: Shards, share: float, *, seen: bool) -> Shards:
    """The pairs that hold no text of a share of all texts, or those that hold one.

    Static vectors fit the pairs they are trained on, so those pairs' losses say little of what an
    encoder must learn for texts that nobody has seen: it learns that from pairs they never read.
    Texts are chosen by their keys, so all copies of a text fall on one side.

    Args:
        shards: Training split.
        share: Share of the texts, from 0 to 1.
        seen: The pairs without such a text, for the static stages; else those with one.

    Returns:
        The same texts, with fewer pairs and groups.
    """
    marks = (np.asarray(shards.keys[:]) * _SPREAD) >> np.uint64(64 - _BITS)
    chosen = marks < np.uint64(round(share * (1 << _BITS)))
    pairs = np.asarray(shards.pairs[:])
    kept = chosen[pairs].any(axis=1) != seen
    before = np.concatenate([[0], np.cumsum(kept)])
    groups = [
        dataclasses.replace(group, start=int(before[group.start]), stop=int(before[group.stop]))
        for group in shards.groups
        if before[group.stop] > before[group.start]
    ]
    return dataclasses.replace(
        shards,
        pairs=Parts([pairs[kept]]),
        negatives=Parts([np.asarray(shards.negatives[:])[kept]]),
        groups=groups,
    )
