"""The tokenizer on text of every script, and on text that is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tokenizers import Tokenizer

from klein_embedding.errors import KleinError
from klein_embedding.languages import INDIC, LANGUAGES
from klein_embedding.recipe import TokenizerRecipe
from klein_embedding.tokenizer.learn import learn_tokenizer
from klein_embedding.tokenizer.pipeline import BYTES, breaking_pattern, pre_tokenizer
from klein_embedding.tokenizer.train import next_weights
from klein_embedding.tokenizer.words import Counts, count_texts, weighted


def _learned(tokenizer: Tokenizer) -> list[str]:
    names = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)
    return names[260:-1]


def test_ids_follow_roberta(tokenizer: Tokenizer) -> None:
    assert tokenizer.get_vocab_size() == 540
    ids = [tokenizer.token_to_id(t) for t in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")]
    assert ids == [0, 1, 2, 3, 539]
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


def test_only_single_marks_begin_inside_a_cluster(
    tokenizer: Tokenizer, plain_tokenizer: Tokenizer
) -> None:
    def broken(model: Tokenizer) -> list[str]:
        return [name for name in _learned(model) if breaking_pattern().match(name)]

    assert [name for name in broken(tokenizer) if len(name) > 1] == []
    assert [name for name in broken(plain_tokenizer) if len(name) > 1] != []


def test_a_letter_and_its_signs_are_one_piece_wherever_they_stand(tokenizer: Tokenizer) -> None:
    # Words that are not in the training text, of clusters that are.
    for word, clusters in (("खेमै", {"खे", "मै"}), ("ලංක්‍රී", {"ලං", "රී"})):
        tokens = tokenizer.encode(word, add_special_tokens=False).tokens
        assert "".join(tokens) == f"▁{word}"
        assert not [token for token in tokens if breaking_pattern().match(token)]
        assert all(any(cluster in token for token in tokens) for cluster in clusters)


def test_every_cluster_can_be_reached(tokenizer: Tokenizer) -> None:
    for name in _learned(tokenizer):
        if len(name) > 1 and name.startswith("▁") and not breaking_pattern().match(name[1:]):
            ids = tokenizer.encode(name[1:], add_special_tokens=False).ids
            assert ids == [tokenizer.token_to_id(name)], name


def test_rare_characters_are_spelled_in_bytes(counts: Counts, recipe: TokenizerRecipe) -> None:
    few = dict(counts) | {"▁漢": 2}
    kept = learn_tokenizer(few, recipe)
    left = learn_tokenizer(few, replace(recipe, character_frequency=3))
    assert "漢" in kept.get_vocab()
    assert "漢" not in left.get_vocab()
    assert left.encode("漢", add_special_tokens=False).tokens[1:] == ["<0xE6>", "<0xBC>", "<0xA2>"]


def test_same_text_same_bytes(
    counts: Counts, tokenizer: Tokenizer, recipe: TokenizerRecipe
) -> None:
    other_order = dict(sorted(counts.items(), reverse=True))
    assert learn_tokenizer(other_order, recipe).to_str() == tokenizer.to_str()


def test_too_little_text_is_an_error(recipe: TokenizerRecipe) -> None:
    with pytest.raises(KleinError, match="add text or lower vocabulary"):
        learn_tokenizer(count_texts(["one two", "one two"], recipe), recipe)


def test_too_many_letters_are_an_error(recipe: TokenizerRecipe) -> None:
    letters = {f"▁{chr(code)}": 5 for code in range(0x4E00, 0x5200)}
    with pytest.raises(KleinError, match="leave no room"):
        learn_tokenizer(letters, recipe)


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("single", ["▁covid", "1", "9", "▁2", "0", "▁२", "०", "▁௧", "௨", "▁۱", "۲"]),
        ("runs", ["▁covid19", "▁20", "▁२०", "▁௧௨", "▁۱۲"]),
    ],
)
def test_digits_stand_alone_or_in_runs(digits: str, words: list[str]) -> None:
    found = pre_tokenizer(digits).pre_tokenize_str("covid19 20 २० ௧௨ ۱۲")
    assert [word for word, _ in found] == words


def test_languages_weigh_alike_whatever_they_have(recipe: TokenizerRecipe) -> None:
    words = {"hi": {"▁क": 10, "▁ख": 30}, "en": {"▁a": 4000, "▁b": 1}}
    mixed = weighted(words, {"hi": 1.0, "en": 2.0}, recipe)
    assert mixed == {"▁क": 250, "▁ख": 750, "▁a": 2000}


def test_the_language_in_most_pieces_gains_weight(
    tokenizer: Tokenizer, recipe: TokenizerRecipe
) -> None:
    words = {code: count_texts(["बच्चे"], recipe) for code in LANGUAGES}
    words["ml"] = count_texts(["പരീക്ഷണങ്ങൾ"], recipe)
    even = dict.fromkeys(LANGUAGES, 1.0)
    weights = next_weights(tokenizer, words, even, 1.0)
    assert max(weights, key=weights.__getitem__) == "ml"
    assert weights["en"] == 1.0
    assert sum(weights[code] for code in INDIC) == pytest.approx(14)
    assert next_weights(tokenizer, words, even, 0.0) == pytest.approx(even)
