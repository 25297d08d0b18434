"""The tokenizer on text of every script, and on text that is none."""

from __future__ import annotations

import random

import pytest
from tokenizers import Tokenizer

from klein_embedding.errors import KleinError
from klein_embedding.recipe import TokenizerRecipe
from klein_embedding.tokenizer.train import BYTES, train_tokenizer

RECIPE = TokenizerRecipe(
    vocabulary=460, words_per_language=1000, english_factor=1.0, min_frequency=2
)
SENTENCES = [
    "the cat sat on the mat and the dog sat by the door",
    "बच्चे मैदान में खेल रहे हैं और माँ देख रही है",
    "குழந்தைகள் விளையாடுகிறார்கள் மற்றும் அம்மா பார்க்கிறார்",
    "শিশুরা মাঠে খেলছে এবং মা দেখছেন",
    "بچے میدان میں کھیل رہے ہیں",
]


def _texts() -> list[str]:
    rng = random.Random(0)
    words = [word for sentence in SENTENCES for word in sentence.split()]
    return [" ".join(rng.choices(words, k=8)) for _ in range(600)]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(iter(_texts()), RECIPE)


def test_ids_follow_roberta(tokenizer: Tokenizer) -> None:
    assert tokenizer.get_vocab_size() == 460
    ids = [tokenizer.token_to_id(t) for t in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")]
    assert ids == [0, 1, 2, 3, 459]
    encoded = tokenizer.encode("the cat", "बच्चे")
    assert encoded.tokens[0] == "<s>"
    assert encoded.tokens.count("</s>") == 3


@pytest.mark.parametrize(
    "text",
    ["漢字かな", "👩‍👩‍👧‍👦 🇮🇳", "\u0000\u0001", "ꯃꯅꯤꯄꯨꯔꯤ", "\U0010ffff", "ශ්‍රී", "x" * 5000, "½ ﬁ ①"],
)
def test_no_unknown_token_on_any_valid_text(tokenizer: Tokenizer, text: str) -> None:
    assert 3 not in tokenizer.encode(text).ids


def test_literal_byte_names_are_text(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("<0x41>", add_special_tokens=False).ids
    assert tokenizer.token_to_id("<0x41>") not in ids
    assert all(tokenizer.token_to_id(name) is not None for name in BYTES)


def test_joiners_and_vowel_signs_stay_inside_words(tokenizer: Tokenizer) -> None:
    words = tokenizer.pre_tokenizer.pre_tokenize_str("ශ්‍රී খেলছে")
    assert [word for word, _ in words] == ["▁ශ්‍රී", "▁খেলছে"]
    assert tokenizer.decode(tokenizer.encode("শিশুরা মাঠে").ids) == "শিশুরা মাঠে"


def test_same_text_same_bytes(tokenizer: Tokenizer) -> None:
    assert train_tokenizer(iter(_texts()), RECIPE).to_str() == tokenizer.to_str()


def test_too_little_text_is_an_error() -> None:
    with pytest.raises(KleinError, match="add text or lower vocabulary"):
        train_tokenizer(iter(["one two", "one two"]), RECIPE)
