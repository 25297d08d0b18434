"""Word pairs found in translations: which words belong together, and how they join the shards."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from tokenizers import Tokenizer, models

from klein_embedding.recipe_stages import InducedRecipe
from klein_embedding.tokenizer.pipeline import SPACE
from klein_embedding.train import induced
from klein_embedding.train.batches import BatchStream
from klein_embedding.train.induced import with_induced
from klein_embedding.train.rows import gather, joined
from tests.train.made_shards import shards_from

NOUNS = {"house": "घर", "river": "नदी", "rivers": "नदियाँ", "book": "किताब", "water": "पानी"}
WORDS = {**NOUNS, "the": "वह", "is": "है", "old": "पुराना", "deep": "गहरा", "big": "बड़ा"}
ENDINGS = {"rivers": ("river", "s"), "नदियाँ": ("नदि", "याँ")}
DIALS = InducedRecipe(share=0.25, dice=0.3, count=2)


def pieces_of(text):
    """Pieces of a text, as a tokenizer that marks the begin of a word cuts it."""
    for word in text.split():
        head, *tail = ENDINGS.get(word, (word,))
        yield from (SPACE + head, *tail)


def made(groups):
    """Shards with one group for each (kind, lang, lang, pairs of texts), and their tokenizer."""
    texts = [text for *_, pairs in groups for pair in pairs for text in pair]
    entries = {piece: at for at, piece in enumerate(sorted({*map(str, range(5))}))}
    for text in texts:
        for piece in pieces_of(text):
            entries.setdefault(piece, len(entries))
    rows = joined([np.array([entries[piece] for piece in pieces_of(text)]) for text in texts])
    shards = shards_from(rows, [(*names, len(pairs)) for *names, pairs in groups])
    return shards, Tokenizer(models.WordLevel(entries, unk_token="0"))


def sentences(count, seed=0):
    """English sentences and a Hindi sentence of the same words in the other order."""
    rng = np.random.default_rng(seed)
    others = [word for word in WORDS if word not in NOUNS and word not in ("the", "is")]
    for _ in range(count):
        words = ["the", str(rng.choice([*NOUNS])), "is", str(rng.choice(others))]
        words = words[int(rng.random() < 0.3) :]
        yield " ".join(words), " ".join(WORDS[word] for word in reversed(words))


def induced_pairs(shards, tokenizer, dials=DIALS, draw=None):
    """The pairs that were added, as words, with their group's language."""
    found = with_induced(shards, tokenizer, draw, dials)
    names = {at: piece for piece, at in tokenizer.get_vocab().items()}
    for group in found.groups[len(shards.groups) :]:
        for pair in found.pairs[group.start : group.stop]:
            sides = ("".join(names[int(i)] for i in found.text(int(side))) for side in pair)
            yield group.positive_lang, *(side.removeprefix(SPACE) for side in sides)


@pytest.fixture
def draw(tiny_recipe):
    return replace(tiny_recipe.stages.static.draw, batch=32, groups=1, pair_tokens=16)


def test_each_word_meets_the_one_it_is_translated_by(draw):
    shards, tokenizer = made([("translation", "en", "hi", [*sentences(300)])])
    found = {one: two for _, one, two in induced_pairs(shards, tokenizer, draw=draw)}
    assert found == WORDS


def test_the_side_that_english_stands_on_does_not_matter(draw):
    pairs = [*sentences(300)]
    swapped = [(two, one) for one, two in pairs]
    straight = set(induced_pairs(*made([("translation", "en", "hi", pairs)]), draw=draw))
    assert set(induced_pairs(*made([("translation", "hi", "en", swapped)]), draw=draw)) == straight


def test_only_translations_with_english_are_read(draw):
    pairs = [*sentences(300)]
    for kind, one, two in (("paraphrase", "en", "hi"), ("translation", "hi", "bn")):
        shards, tokenizer = made([(kind, one, two, pairs)])
        assert with_induced(shards, tokenizer, draw, DIALS) is shards


@pytest.mark.parametrize(("count", "kept"), [(2, True), (4, False)])
def test_words_must_meet_often_enough(draw, count, kept):
    rare = [("a pelican", "एक हवासील"), ("this pelican", "यह हवासील"), ("pelican", "हवासील")]
    shards, tokenizer = made([("translation", "en", "hi", [*sentences(100), *rare])])
    dials = replace(DIALS, count=count)
    found = {one for _, one, _ in induced_pairs(shards, tokenizer, dials, draw)}
    assert ("pelican" in found) is kept


def test_words_that_stay_as_they_are_make_no_pair(draw):
    names = [(f"{one} London", f"{two} London") for one, two in NOUNS.items()] * 3
    shards, tokenizer = made([("translation", "en", "hi", [*sentences(50), *names])])
    assert "London" not in {one for _, one, _ in induced_pairs(shards, tokenizer, draw=draw)}


def test_counting_in_stretches_finds_the_same(draw, monkeypatch):
    shards, tokenizer = made([("translation", "en", "hi", [*sentences(300)])])
    whole = [*induced_pairs(shards, tokenizer, draw=draw)]
    monkeypatch.setattr(induced, "_MEETINGS", 100)
    assert [*induced_pairs(shards, tokenizer, draw=draw)] == whole


def test_what_was_there_stays_where_it_was(draw):
    texts = [*sentences(200)]
    shards, tokenizer = made(
        [("paraphrase", "en", "en", texts), ("translation", "en", "hi", texts)]
    )
    found = with_induced(shards, tokenizer, draw, DIALS)
    assert found.groups[:2] == shards.groups
    assert len(found.pairs) > len(shards.pairs)
    for name in ("ids", "offsets", "keys", "pairs", "negatives"):
        old, new = getattr(shards, name), getattr(found, name)
        assert np.array_equal(new[: len(old)], old[:])
        assert new[:].dtype == old[:].dtype
    numbers = np.arange(len(found.offsets) - 1)
    assert len(np.unique(found.keys[:])) == len(numbers)
    assert (gather(found, numbers, 16).lengths > 0).all()
    assert (found.negatives[len(shards.pairs) :] == -1).all()


@pytest.mark.parametrize("share", [0.1, 0.25])
def test_they_get_their_share_of_the_batches(draw, share):
    nouns = {f"n{i}": f"न{i}" for i in range(60)}
    texts = [(f"{one} {n}", f"{two} {n}") for one, two in nouns.items() for n in range(5)]
    shards, tokenizer = made([("translation", "en", lang, texts) for lang in ("hi", "bn", "ta")])
    found = with_induced(
        shards, tokenizer, replace(draw, repeats=100.0), replace(DIALS, share=share)
    )
    stream = BatchStream(found, replace(draw, repeats=100.0), 1)
    drawn = Counter(
        found.groups[batch.group].source for n in range(2000) for batch in stream.step(n)
    )
    assert abs(drawn["induced"] / 2000 - share) < 0.03
