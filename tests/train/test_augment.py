"""Other forms of texts: letters known by hand, rows that keep their bytes, words of a lexicon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from klein_embedding.languages import INDIC, LANGUAGES
from klein_embedding.recipe_stages import AugmentRecipe
from klein_embedding.tokenizer.frozen import open_tokenizer
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train.augment import Augmenter, Lexicon, lexicon_of
from klein_embedding.train.rows import Rows, joined
from klein_embedding.train.scripts import BRAHMIC, common_script, romanised
from tests.train.made_shards import shards_from

ROOT = Path(__file__).resolve().parents[2]
SENTENCES = {
    "en": 'The river, 3 km away: it\'s "deep" (very)!',
    "hi": "नदी 3 कि.मी. दूर है, और ज़्यादा गहरी नहीं।",
    "bn": "নদীটা ৩ কিমি দূরে, সময় লাগবে; উৎসব হ্যাঁ।",
    "ta": "நதி ௩ கி.மீ. தொலைவில் உள்ளது, ஃபோன் செய்யுங்கள்!",
    "te": "నది ౩ కి.మీ. దూరంలో ఉంది, ఎక్కడ?",
    "mr": "नदी ३ किमी दूर आहे, पण खोल नाही ☺️.",
    "ml": 'നദി 3 കി.മീ. അകലെയാണ്, അവൻ പറഞ്ഞു: "ഴ ൽ ൾ ർ".',
    "ur": "دریا ۳ کلومیٹر دور ہے، لیکن گہرا نہیں۔",
    "gu": "નદી ૩ કિમી દૂર છે, ઑફિસ નજીક છે.",
    "kn": "ನದಿ ೩ ಕಿ.ಮೀ. ದೂರದಲ್ಲಿದೆ, ಹೌದು.",
    "pa": "ਨਦੀ ੩ ਕਿਲੋਮੀਟਰ ਦੂਰ ਹੈ, ਸੱਚ ਅਤੇ ਪੰਜਾਬ ਦਾ ਸ਼ਹਿਰ।",
    "or": "ନଦୀ ୩ କିମି ଦୂରରେ ଅଛି, ଓଡ଼ିଆ ୱେବ ସମୟ।",
    "as": "নদীখন ৩ কিমি দূৰত, ৱেব আৰু ৰাজ্য।",
    "ne": "नदी ३ किमी टाढा छ, तर गहिरो छैन।",
    "si": "ගඟ කි.මී. 3ක් දුරයි, ශ්‍රී ලංකාව 👨‍👩‍👧.",
}
DEVANAGARI = [
    ("bn", "নদী সময় উৎসব চাঁদ বিদ্যা ২০২৪", "नदी समय उत्सब चाँद बिद्या 2024"),
    ("bn", "অ্যাপ র‍্যাব", "ॲप र्याब"),
    ("as", "ৰাজ্য ৱেব অসম", "राज्य वेब असम"),
    ("ta", "தமிழ் நதி வெற்றி ஃபோன் ௧௨", "तमिळ् नति वेर्रि फ़ोन् 12"),
    ("te", "నది తెలుగు పుస్తకం", "नदि तेलुगु पुस्तकं"),
    ("kn", "ನದಿ ಕನ್ನಡ ಫ಼ೋನ್", "नदि कन्नड फ़ोन्"),
    ("ml", "മലയാളം അവൻ പൗരൻ ൾ", "मलयाळं अवन् पौरन् ळ्"),
    ("gu", "ગુજરાત ઑફિસ ૫૦", "गुजरात ऑफिस 50"),
    ("pa", "ਸੱਚ ਅੱਖ ਪੱਤਾ ਇੱਜ਼ਤ", "सच्च अक्ख पत्ता इज्ज़त"),
    ("pa", "ਪੰਜਾਬ ਸ਼ਹਿਰ ਪੜ੍ਹਨਾ ਕੁੜੀ", "पंजाब शहिर पढ़ना कुड़ी"),
    ("or", "ଓଡ଼ିଶା ସମୟ ୱେବ", "ओड़िशा समय वेब"),
    ("si", "ශ්‍රී ලංකාව ගඟ ළමයා 2", "श्री लंकाव गंग ळमया 2"),
]
LATIN = [
    ("hi", "पानी", {"paani", "pani"}),
    ("hi", "नमस्ते लड़का समझना मित्र धर्म", {"namaste ladka samajhna mitra dharm"}),
    ("hi", "ज़मीन", {"zameen", "zamin", "jameen", "jamin"}),
    ("hi", "फूल।", {"phool.", "phul.", "fool.", "ful."}),
    ("hi", "नहीं", {"nahi", "nahin", "nahee", "naheen"}),
    ("hi", "चाहिए", {"chaahiye", "chahiye", "chaahie", "chahie"}),
    ("mr", "ज्ञान", {"dnyaan", "dnyan"}),
    ("ne", "हुन्छ", {"hunchha", "huncha"}),
    ("gu", "ગુજરાત", {"gujraat", "gujrat"}),
    ("pa", "ਪੰਜਾਬ", {"panjaab", "panjab"}),
    ("bn", "নদী যোগ ক্ষমা বিজ্ঞান", {"nodi jog khoma biggan"}),
    ("as", "অসম", {"oxom", "osom"}),
    ("or", "ଓଡ଼ିଆ ଭଲ", {"odia bhala"}),
    ("ta", "நன்றி வணக்கம் எப்படி", {"nandri vanakkam eppadi"}),
    ("ta", "தமிழ்", {"thamizh", "tamizh"}),
    ("te", "నమస్కారం", {"namaskaaram", "namaskaram"}),
    ("kn", "ಕನ್ನಡ", {"kannada"}),
    ("ml", "മലയാളം", {"malayaalam", "malayalam"}),
    ("ml", "എന്റെ ആണ്", {"ente aanu", "ente anu"}),
    ("si", "මම සිංහල", {"mama sinhala"}),
    ("ur", "کتاب", {"kitaab", "kitab"}),
    ("ur", "لڑکا دوست", {"larka dost", "larka dust"}),
]  # fmt: skip


def spellings(text: str, lang: str) -> set[str]:
    return {romanised(text, lang, np.random.default_rng(seed)) for seed in range(100)}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return open_tokenizer(ROOT / "tokenizer")


def rows_of(tokenizer: Tokenizer, texts: Sequence[str]) -> Rows:
    encoded = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return joined([np.array(row.ids, dtype=np.int64) for row in encoded])


def texts_of(tokenizer: Tokenizer, rows: Rows) -> list[str]:
    return [tokenizer.decode(rows.text(number).tolist()) for number in range(len(rows))]


def dials(common: float = 0.0, latin: float = 0.0, switched: float = 0.0, words: float = 1.0):
    return AugmentRecipe(
        common_script=common, romanised=latin, switched=switched, switched_words=words
    )


@pytest.mark.parametrize(("lang", "text", "expected"), DEVANAGARI)
def test_letters_become_devanagari(lang: str, text: str, expected: str) -> None:
    assert common_script(text, lang) == expected


def test_the_letters_of_every_block_have_a_devanagari_one(tokenizer: Tokenizer) -> None:
    assert {*INDIC} - {"hi", "mr", "ne", "ur"} == BRAHMIC
    for lang in BRAHMIC:
        text = common_script(SENTENCES[lang], lang)
        assert not re.search("[\u0980-\u0dff\u200c]", text), text
        # A letter without an entry would be spelled in bytes.
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        assert all(piece >= 260 or "👨" in text for piece in ids)
        assert common_script(text, lang) == text
    for lang in {*LANGUAGES} - BRAHMIC:
        assert common_script(SENTENCES[lang], lang) == SENTENCES[lang]


def test_joiners_of_emoji_and_other_scripts_stay() -> None:
    assert common_script("ක්‍රීඩා 👨‍👩‍👧 Hello", "si") == "क्रीडा 👨‍👩‍👧 Hello"


@pytest.mark.parametrize(("lang", "text", "expected"), LATIN)
def test_words_are_typed_in_latin_letters(lang: str, text: str, expected: set[str]) -> None:
    assert spellings(text, lang) == expected


@pytest.mark.parametrize("lang", INDIC)
def test_every_language_has_latin_spellings(lang: str) -> None:
    found = spellings(SENTENCES[lang], lang)
    assert len(found) > 1
    for text in found:
        assert not re.search("[\u0600-\u0dff]", text)
        assert not re.search("[A-Z]", text)
        assert "3" in text


def test_english_and_latin_words_stay() -> None:
    rng = np.random.default_rng(0)
    assert romanised(SENTENCES["en"], "en", rng) == SENTENCES["en"]
    assert romanised("NASA ने कहा", "hi", rng) == "NASA ne kaha"


def test_ids_come_back_from_their_text(tokenizer: Tokenizer) -> None:
    texts = [*SENTENCES.values(), "<s> x_y 1st ½ क्‍ष ...्अ ₹500 don't 𐍈"]
    encoded = [row.ids for row in tokenizer.encode_batch(texts, add_special_tokens=False)]
    decoded = tokenizer.decode_batch(encoded, skip_special_tokens=False)
    again = tokenizer.encode_batch(decoded, add_special_tokens=False)
    assert [row.ids for row in again] == encoded


def test_rewriting_is_a_function_of_the_generator(tokenizer: Tokenizer) -> None:
    langs = [*SENTENCES] * 8
    rows = rows_of(tokenizer, [SENTENCES[lang] for lang in langs])
    lexicon = Lexicon({("en", "hi"): {"river": ("नदी",)}, ("hi", "en"): {"नदी": ("river",)}})
    augmenter = Augmenter(tokenizer, dials(0.3, 0.3, 0.3), lexicon)
    first, second, other = (
        augmenter.rewritten(rows, langs, 64, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.ids, second.ids)
    assert np.array_equal(first.firsts, second.firsts)
    assert not np.array_equal(first.ids, other.ids)


def test_forms_get_their_shares_and_the_rest_keeps_its_bytes(tokenizer: Tokenizer) -> None:
    texts = ["নদী গভীর , সময় লাগবে ।"] * 2000
    rows = rows_of(tokenizer, texts)
    lexicon = Lexicon({("bn", "en"): {"নদী": ("river",)}})
    augmenter = Augmenter(tokenizer, dials(0.2, 0.3, 0.1), lexicon)
    new = augmenter.rewritten(rows, ["bn"] * 2000, 64, np.random.default_rng(0))
    found = texts_of(tokenizer, new)
    signs = ("नदी गभीर", "nodi", "river গভীর", texts[0])
    counts = [sum(sign in text for text in found) for sign in signs]
    assert sum(counts) == 2000
    assert np.allclose(np.array(counts) / 2000, [0.2, 0.3, 0.1, 0.4], atol=0.03)
    assert new.ids.dtype == new.firsts.dtype == np.int64
    for number, text in enumerate(found):
        if text == texts[0]:
            assert np.array_equal(new.text(number), rows.text(number))


def test_languages_without_a_form_stay(tokenizer: Tokenizer) -> None:
    rows = rows_of(tokenizer, [*SENTENCES.values()])
    langs, rng = [*SENTENCES], np.random.default_rng(0)
    for shares, changed in (
        (dials(common=1.0), BRAHMIC),
        (dials(latin=1.0), {*INDIC}),
        (dials(switched=1.0), set()),
        (dials(), set()),
    ):
        new = Augmenter(tokenizer, shares, Lexicon({})).rewritten(rows, langs, 64, rng)
        for number, lang in enumerate(langs):
            same = np.array_equal(new.text(number), rows.text(number))
            assert same == (lang not in changed), lang


def test_only_rewritten_texts_are_cut(tokenizer: Tokenizer) -> None:
    langs = ["en", "ta"]
    rows = rows_of(tokenizer, [SENTENCES[lang] for lang in langs])
    augmenter = Augmenter(tokenizer, dials(latin=1.0), Lexicon({}))
    new = augmenter.rewritten(rows, langs, 5, np.random.default_rng(0))
    assert new.lengths.tolist() == [rows.lengths[0], 5]


def test_what_would_be_empty_or_was_cut_in_a_character(tokenizer: Tokenizer) -> None:
    rows = rows_of(tokenizer, ["ঽ", "নদী 𐍈"])
    cut = joined([rows.text(0), rows.text(1)[:-1]])
    augmenter = Augmenter(tokenizer, dials(latin=1.0), Lexicon({}))
    new = augmenter.rewritten(cut, ["bn", "bn"], 64, np.random.default_rng(0))
    assert np.array_equal(new.text(0), rows.text(0))
    assert texts_of(tokenizer, new)[1] == "nodi"


def test_words_are_switched_and_punctuation_kept(tokenizer: Tokenizer) -> None:
    lexicon = Lexicon(
        {
            ("en", "hi"): {"water": ("पानी", "जल"), "house": ("घर",)},
            ("en", "ur"): {"water": ("پانی",), "house": ("گھر",)},
            ("hi", "en"): {"पानी": ("water",)},
        }
    )
    texts, langs = ['Water , " house " !', "पानी , साफ़ !", "নদী"] * 100, ["en", "hi", "bn"] * 100
    rows = rows_of(tokenizer, texts)
    augmenter = Augmenter(tokenizer, dials(switched=1.0), lexicon)
    new = texts_of(tokenizer, augmenter.rewritten(rows, langs, 64, np.random.default_rng(0)))
    assert set(new[::3]) == {'पानी , " घर " !', 'जल , " घर " !', 'پانی , " گھر " !'}
    assert set(new[1::3]) == {"water , साफ़ !"}
    assert set(new[2::3]) == {"নদী"}


def test_so_many_of_the_words_are_switched(tokenizer: Tokenizer) -> None:
    rows = rows_of(tokenizer, [" ".join(["water"] * 50)] * 40)
    lexicon = Lexicon({("en", "hi"): {"water": ("पानी",)}})
    augmenter = Augmenter(tokenizer, dials(switched=1.0, words=0.25), lexicon)
    new = augmenter.rewritten(rows, ["en"] * 40, 64, np.random.default_rng(0))
    words = " ".join(texts_of(tokenizer, new)).split()
    assert abs(words.count("पानी") / len(words) - 0.25) < 0.03


def shards_of(
    tokenizer: Tokenizer, groups: Sequence[tuple[str, str, str, Sequence[tuple[str, str]]]]
) -> Shards:
    """Shards of groups given as kind, both languages and pairs of texts."""
    pairs = [pair for *_, rows in groups for pair in rows]
    texts = rows_of(tokenizer, [text for pair in pairs for text in pair])
    return shards_from(texts, [(*names, len(rows)) for *names, rows in groups])


GROUPS = [
    ("translation", "en", "hi", [("Save", "सहेजें"), ("Save it", "इसे सहेजें"), ("House", "घर")]),
    ("gloss", "en", "hi", [("water", "पानी"), ("water", "जल"), ("to eat", "खाना"),
                           ("water", "पानी"), ("old man", "बूढ़ा"), ("mouse", "mouse"),
                           ("a thing that is long", "लंबी")]),
    ("gloss", "ta", "en", [("வீடு", "the house"), ("நதி", "a very wide river here")]),
    ("gloss", "en", "en", [("dog", "animal")]),
    ("gloss", "hi", "mr", [("पानी", "पाणी")]),
    ("paraphrase", "en", "bn", [("river", "নদী")]),
]  # fmt: skip


def test_a_lexicon_comes_from_short_pairs(tokenizer: Tokenizer) -> None:
    lexicon = lexicon_of(shards_of(tokenizer, GROUPS), tokenizer)
    water, eat, save, house = "पानी", "खाना", "सहेजें", "घर"
    assert lexicon.words == {
        ("en", "hi"): {"water": (water, "जल"), "eat": (eat,), "save": (save,), "house": (house,)},
        ("hi", "en"): {water: ("water",), "जल": ("water",), eat: ("eat",), "बूढ़ा": ("old man",)}
        | {save: ("Save",), house: ("House",)},
        ("ta", "en"): {"வீடு": ("house",)},
        ("en", "ta"): {"house": ("வீடு",)},
    }
    assert lexicon.targets() == {"en": ["hi", "ta"], "hi": ["en"], "ta": ["en"]}


def test_a_lexicon_reads_so_many_pairs_glosses_first(tokenizer: Tokenizer) -> None:
    lexicon = lexicon_of(shards_of(tokenizer, GROUPS), tokenizer, most=1)
    assert lexicon.words["en", "hi"] == {"water": ("पानी",)}
    assert lexicon.words["en", "ta"] == {"house": ("வீடு",)}


def test_words_of_shards_are_switched(tokenizer: Tokenizer) -> None:
    lexicon = lexicon_of(shards_of(tokenizer, GROUPS), tokenizer)
    augmenter = Augmenter(tokenizer, dials(switched=1.0), lexicon)
    rows = rows_of(tokenizer, ["घर में पानी है ।"])
    new = augmenter.rewritten(rows, ["hi"], 64, np.random.default_rng(0))
    assert texts_of(tokenizer, new) == ["House में water है ।"]
