"""Spellings that look alike and are not, and letters that careless code takes apart."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer

from klein_embedding.errors import KleinError
from klein_embedding.infer.tokens import checked_texts
from klein_embedding.tokenizer.pipeline import CHILLU, normalizer, pre_tokenizer


def _words(text: str) -> list[str]:
    clean = normalizer().normalize_str(text)
    return [word for word, _ in pre_tokenizer("single").pre_tokenize_str(clean)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u0958\u092e", "\u0915\u093c\u092e"),  # Devanagari qa as one letter, and with nukta
        ("\u095c", "\u0921\u093c"),  # Devanagari rra
        ("\u09dc\u09df", "\u09a1\u09bc\u09af\u09bc"),  # Bengali rra and yya
        ("\u0a5b", "\u0a1c\u0a3c"),  # Gurmukhi za
        ("\u0b5c", "\u0b21\u0b3c"),  # Odia rra
        ("\u0995\u09cb", "\u0995\u09c7\u09be"),  # Bengali o, one sign or two
        ("\u0995\u09cc", "\u0995\u09c7\u09d7"),  # Bengali au
        ("\u0b15\u0b4b", "\u0b15\u0b47\u0b3e"),  # Odia o
        ("\u0b15\u0b48", "\u0b15\u0b47\u0b56"),  # Odia ai
        ("\u0b95\u0bcb", "\u0b95\u0bc7\u0bbe"),  # Tamil oo
        ("\u0c95\u0ccb", "\u0c95\u0cc6\u0cc2\u0cd5"),  # Kannada oo, of three parts
        ("\u0d15\u0d4a", "\u0d15\u0d46\u0d3e"),  # Malayalam o
        ("\u0d9a\u0ddd", "\u0d9a\u0dd9\u0dcf\u0dca"),  # Sinhala oo
        ("\ufe8d\ufedf\ufef4\ufeea", "\u0627\u0644\u064a\u0647"),  # Arabic presentation forms
        ("\ufb8e\ufbff", "\u06a9\u06cc"),  # Urdu kaf and yeh in presentation forms
        ("کـــتاب", "کتاب"),  # Kashida
        ("ﬁ ２５", "fi 25"),
        ("\u200fاردو\u200e", "اردو"),
    ],
)
def test_two_spellings_are_one(one: str, other: str) -> None:
    assert one != other
    assert _words(one) == _words(other)


@pytest.mark.parametrize(("old", "new"), CHILLU.items())
def test_both_spellings_of_a_chillu_are_one(old: str, new: str) -> None:
    assert _words(f"അവ{old}") == [f"▁അവ{new}"]
    assert _words(f"അവ{new}ക") == _words(f"അവ{old}ക")


@pytest.mark.parametrize(
    "word",
    [
        "ශ්\u200dරී",  # Sinhala conjunct
        "ක්\u200dය",
        "ರ್\u200dಯ",  # Kannada ra that keeps its shape
        "ക്\u200cഷ",  # Malayalam, joined by no conjunct
        "क्\u200cष",
        "می\u200cخواہم",  # Urdu
        "অৰুণ",
        "ৱাৰ্তা",  # Assamese ra and wa
    ],
)
def test_joiners_and_letters_of_one_language_are_kept(word: str) -> None:
    assert _words(word) == [f"▁{word}"]


def test_assamese_letters_are_not_bengali_ones() -> None:
    assert _words("ৰ") != _words("র")
    assert _words("ৱ") != _words("ব")


@pytest.mark.parametrize(
    "digits", ["०१२९", "০১৯", "੦੯", "૦૯", "୦୯", "௦௯", "౦౯", "೦೯", "൦൯", "෦෯", "۰۹", "09"]
)
def test_digits_of_every_script_stand_alone(digits: str) -> None:
    first, *rest = digits
    assert _words(digits) == [f"▁{first}", *rest]


@pytest.mark.parametrize("emoji", ["👩‍👩‍👧‍👦", "🇮🇳", "❤️‍🔥", "👍🏽", "1️⃣"[1:], "☎️"])
def test_an_emoji_sequence_is_one_word(emoji: str) -> None:
    assert _words(f"a {emoji} b") == ["▁a", f"▁{emoji}", "▁b"]


@pytest.mark.parametrize(
    "text",
    ["बच्चे २०२४ में", "අවුරුදු 25 ශ්‍රී", "അവൻ 👩‍👩‍👧 പറഞ്ഞു", "漢字 \U0010ffff q\u0301", "کتاب ۱۲"],
)
def test_text_of_words_comes_back(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert tokenizer.decode(ids, skip_special_tokens=False) == normalizer().normalize_str(text)


def test_normalisation_stands_in_the_file(tokenizer: Tokenizer) -> None:
    again = Tokenizer.from_str(tokenizer.to_str())
    text = "ﬁ ക\u0d4d\u200d کـتاب \u200fक़\u09dc"
    assert again.normalizer.normalize_str(text) == normalizer().normalize_str(text)
    assert again.encode(text).ids == tokenizer.encode(text).ids


def test_normalising_twice_changes_nothing() -> None:
    text = "".join(map(chr, [*range(0x600, 0xE00), *range(0xFB50, 0xFDFF), *range(0x200B, 0x2070)]))
    once = normalizer().normalize_str(text)
    assert normalizer().normalize_str(once) == once


def test_a_lone_surrogate_is_refused_before_the_tokenizer() -> None:
    with pytest.raises(KleinError, match="lone surrogate"):
        checked_texts(["fine", "\ud83d"])
