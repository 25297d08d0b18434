"""Pieces of long texts: whole words, whole sentences, and nothing left out."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from klein_embedding.errors import KleinError
from klein_embedding.infer.chunks import chunked
from klein_embedding.infer.embedding import KleinEmbedding
from klein_embedding.infer.tokens import MAX_CHARACTERS, TextTokens

TOKENIZER = Path(__file__).parents[2] / "tokenizer/tokenizer.json"
SENTENCES = (
    "The river runs past the old town.",
    "पानी ही जीवन है।",
    "நீரே உயிர்!",
    "پانی زندگی ہے۔",
    "Is it late?",
)


@pytest.fixture(scope="module")
def tokens() -> TextTokens:
    return TextTokens(TOKENIZER, special=False)


@pytest.fixture(scope="module")
def whole() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    tokenizer.no_truncation()
    return tokenizer


def story(count: int) -> str:
    draw = np.random.default_rng(1)
    return " ".join(SENTENCES[i] for i in draw.integers(0, len(SENTENCES), count))


@pytest.mark.parametrize(("size", "overlap"), [(254, 32), (64, 0), (32, 16), (100, 50)])
@pytest.mark.parametrize(
    "text",
    [
        story(400),
        "a " * 20_000,
        "word " * (MAX_CHARACTERS // 4),
        "\n\n  " + story(30) + "\n" + "x" * 900 + " \t" + story(30),
    ],
)
def test_pieces_fit_overlap_and_leave_nothing_out(tokens, whole, text, size, overlap):
    found = chunked(tokens, text, size, overlap)
    assert len(found) > 1
    assert found[0].start == len(text) - len(text.lstrip())
    assert found[-1].stop == len(text.rstrip())
    for piece in found:
        assert piece.text == text[piece.start : piece.stop] == piece.text.strip()
        assert len(whole.encode(piece.text, add_special_tokens=False).ids) <= size
    for before, after in itertools.pairwise(found):
        assert before.start < after.start
        assert not text[before.stop : after.start].strip()
        shared = text[after.start : before.stop]
        assert len(whole.encode(shared, add_special_tokens=False).ids) <= overlap


def test_pieces_end_with_sentences_where_they_can(tokens):
    found = chunked(tokens, story(400), 100, 10)
    assert {piece.text[-1] for piece in found} <= set(".!?।۔")


def test_words_are_whole_unless_one_is_longer_than_a_piece(tokens):
    text = story(50)
    words = set(text.split())
    for piece in chunked(tokens, text, 32, 8):
        assert set(piece.text.split()) <= words
    parts = chunked(tokens, "x" * 5000, 64, 16)
    assert "".join(piece.text for piece in parts) == "x" * 5000


@pytest.mark.parametrize("odd", ["ﷺ" * 300, "👩‍🚀" * 500, "नमस्ते" * 400, "a\0b" * 500])
def test_odd_texts_lose_no_character(tokens, odd):
    found = chunked(tokens, odd, 64, 0)
    assert "".join(piece.text for piece in found) == odd


def test_a_short_text_is_one_piece_and_a_blank_one_none(tokens):
    assert [piece.text for piece in chunked(tokens, " Is it late? ")] == ["Is it late?"]
    assert chunked(tokens, "") == chunked(tokens, " \n\t ") == []


def test_a_million_characters_are_cut(tokens):
    text = story(40_000)
    found = chunked(tokens, text)
    assert len(text) > 700_000
    assert found[-1].stop == len(text)


@pytest.mark.parametrize(
    ("size", "overlap", "words"),
    [(31, 0, "32 to 254"), (255, 0, "32 to 254"), (64, 33, "0 to 32"), (64, -1, "0 to 32")],
)
def test_numbers_out_of_range_are_refused(tokens, size, overlap, words):
    with pytest.raises(KleinError, match=words):
        chunked(tokens, "text", size, overlap)


def test_lone_surrogates_are_refused(tokens):
    with pytest.raises(KleinError, match="lone surrogate"):
        chunked(tokens, "fine \ud800")


def test_the_model_reads_each_piece_whole(model_folder):
    model = KleinEmbedding(model_folder)
    pieces = model.chunks(story(200))
    assert len(pieces) > 3
    # Warnings are errors here: none of them is cut.
    assert model.encode([piece.text for piece in pieces]).shape == (len(pieces), 512)
