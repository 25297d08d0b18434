"""A small vocabulary over words of every script."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from tokenizers import Tokenizer

from klein_embedding.recipe import TokenizerRecipe
from klein_embedding.tokenizer.learn import learn_tokenizer
from klein_embedding.tokenizer.words import Counts, count_texts

RECIPE = TokenizerRecipe(
    vocabulary=540,
    words_read=1000,
    side_share=0.5,
    words_per_language=1000,
    english_factor=1.0,
    equalise=1.0,
    rounds=2,
    grapheme_safe=True,
    digits="single",
    min_frequency=2,
    character_frequency=1,
    cluster_frequency=10,
    frozen=False,
)
SENTENCES = (
    "the cat sat on the mat and the dog sat by the door",
    "बच्चे मैदान में खेल रहे हैं और माँ देख रही है",
    "குழந்தைகள் விளையாடுகிறார்கள் மற்றும் அம்மா பார்க்கிறார்",
    "শিশুরা মাঠে খেলছে এবং মা দেখছেন",
    "بچے میدان میں کھیل رہے ہیں",
    "ළමයි ක්‍රීඩා කරති ශ්‍රී ලංකා",
    "അവർ കളിക്കുന്നു അവൻ പറഞ്ഞു",
)


def sample_texts() -> list[str]:
    """Eight hundred texts of words drawn from the sentences."""
    rng = random.Random(0)
    words = [word for sentence in SENTENCES for word in sentence.split()]
    return [" ".join(rng.choices(words, k=8)) for _ in range(800)]


@pytest.fixture(scope="session")
def recipe() -> TokenizerRecipe:
    return RECIPE


@pytest.fixture(scope="session")
def counts() -> Counts:
    return count_texts(sample_texts(), RECIPE)


@pytest.fixture(scope="session")
def tokenizer(counts: Counts) -> Tokenizer:
    return learn_tokenizer(counts, RECIPE)


@pytest.fixture(scope="session")
def plain_tokenizer(counts: Counts) -> Tokenizer:
    """The same with merges that may begin anywhere."""
    return learn_tokenizer(counts, replace(RECIPE, grapheme_safe=False))
