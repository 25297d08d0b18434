"""A small portrait with planted misses, drawn by a fake that knows every other translation."""

from __future__ import annotations

import dataclasses

import pytest

from klein_embedding.eval.bitexts import Bitext
from klein_embedding.eval.page.portrait import Portrait, Texts, portrait
from klein_embedding.eval.page.sources import Made
from klein_embedding.eval.scored import Scored

ENGLISH = (
    "The river is wide.",
    "My sister sings every morning.",
    "Tea is ready for all of us.",
    "Rain falls on the old roof.",
    "Nobody knows the way home.",
)
HINDI = ("नदी चौड़ी है।", "मेरी बहन रोज़ गाती है।", "चाय तैयार है।", "छत पर बारिश होती है।",
         "रास्ता कोई नहीं जानता।")  # fmt: skip
URDU = ("دریا چوڑا ہے۔", "میری بہن روز گاتی ہے۔", "چائے تیار ہے۔", "چھت پر بارش ہوتی ہے۔",
        "راستہ کوئی نہیں جانتا۔")  # fmt: skip
KEYS = "He lost 12 keys in Delhi."
OTHER_KEYS = "He lost 21 keys in Delhi."
HINDI_KEYS = ("उसने दिल्ली में 12 चाबियाँ खो दीं।", "उसने दिल्ली में 21 चाबियाँ खो दीं।")
MARKED = "<script>alert('tea')</script> & milk"
URDU_MISS = "چائے اور دودھ"

GLOSSARY = {
    **dict(zip(HINDI, ENGLISH, strict=True)),
    **dict(zip(URDU, ENGLISH, strict=True)),
    # Planted: both miss.
    HINDI_KEYS[0]: OTHER_KEYS,
    HINDI_KEYS[1]: OTHER_KEYS,
    URDU_MISS: ENGLISH[0],
}
PAIRS = (
    ("A man plays a guitar.", "A man plays a guitar.", 5.0),
    ("A dog runs.", "A dog runs fast.", 4.0),
    ("A cat sits here.", "A cat lies there.", 3.0),
    ("Two boys swim.", "Two girls read.", 1.5),
    ("The train is late.", "Mangoes are sweet.", 0.5),
    # Planted: the same words, and people say that they mean something else.
    ("He is not in Paris.", "He is in Paris.", 0.0),
)


@pytest.fixture(scope="session")
def texts() -> Texts:
    tatoeba = [
        Bitext("hi", (*HINDI[:3], *HINDI_KEYS), (*ENGLISH[:3], KEYS, OTHER_KEYS)),
        Bitext("ur", (*URDU[:2], URDU_MISS), (*ENGLISH[:2], MARKED)),
    ]
    parallel = [Bitext("hi", HINDI, ENGLISH), Bitext("ur", URDU, ENGLISH)]
    first, second, scores = zip(*PAIRS, strict=True)
    return Texts(
        sets={"tatoeba": tatoeba, "tico19": parallel},
        parallel="tico19",
        scored=Scored("test", "en", first, second, scores),
        digests={"tatoeba": "d" * 64, "tico19": "e" * 64, "stsb": "f" * 64},
    )


@pytest.fixture
def word_model(word_vectors):
    return word_vectors(GLOSSARY)


@pytest.fixture
def drawn(word_model, texts) -> Portrait:
    return portrait(word_model, texts)


@pytest.fixture
def made() -> Made:
    return Made("fake", "int8", "b" * 64, "klein report fake", "2026-01-02T03:04:05Z", "Abacus")


@pytest.fixture
def marked(results):
    """Results whose texts would be markup if they were not escaped."""
    facts = {
        name: dataclasses.replace(facts, citation="<b>A & B</b>")
        for name, facts in results.data.items()
    }
    return dataclasses.replace(results, data=facts)
