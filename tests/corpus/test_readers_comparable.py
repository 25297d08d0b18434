"""Documents become pairs of sentences; a lexicon keeps those whose words belong together."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from klein_embedding.corpus.align import Bead
from klein_embedding.corpus.lexicon import judge, learn, words
from klein_embedding.corpus.readers import READERS
from klein_embedding.corpus.sentences import split_sentences
from klein_embedding.errors import KleinError

ENGLISH = ["river", "mountain", "village", "teacher", "market", "school"]
HINDI = ["नदी", "पहाड़", "गाँव", "शिक्षक", "बाज़ार", "विद्यालय"]
ORDERS = list(itertools.permutations(range(6), 3))[:40]
OPTIONS = {
    "files": "*.txt",
    "document": r"^(?P<key>\d+)-(?P<lang>\w+)\.txt$",
    "languages": {"en": "en", "hi": "hi"},
}
ROWS = {
    "files": "*.json",
    "document": r"^(?P<key>\d+)\.json$",
    "languages": {"eng": "en", "hin": "hi", "asm": "as"},
    "rows": "data",
    "lang": "language",
    "text": "text",
}


def sentence(names, order, end):
    return " ".join(names[place] for place in order) + end


def pairs_of_words():
    return [(sentence(ENGLISH, o, "."), sentence(HINDI, o, "।")) for o in ORDERS]


def test_a_lexicon_prefers_the_sentence_whose_words_it_knows():
    lexicon = learn(pairs_of_words())
    judged = judge(lexicon, ["river village.", "market."], ["नदी गाँव।", "शिक्षक।", "अनजान।"])
    assert support(judged, 0, 1, 0, 1) > 0.3 > 0 > support(judged, 0, 1, 1, 2)
    assert support(judged, 0, 2, 2, 3) == 0.0
    start = np.zeros(1, dtype=np.int64)
    assert judged.cost(start, start, 1, 1) < judged.by_length(start, start, 1, 1)
    assert judged.cost(start, start, 1, 0) == judged.by_length(start, start, 1, 0)


def support(judged, start, stop, first, last):
    return judged.support(Bead(range(start, stop), range(first, last), 0.0))


def test_rare_words_are_not_learnt_and_nothing_at_all_is_no_error():
    assert learn([("one", "एक"), ("one", "एक")]).right == {}
    assert judge(learn([]), ["one"], ["एक"]).support(Bead(range(1), range(1), 0.0)) == 0.0
    assert judge(learn([]), [], []).sizes == []


def test_words_are_cut_and_keep_vowel_signs():
    assert words("The Teachers' 12 विद्यालयों, గ్రామం!") == ["the", "teach", "विद्य", "గ్రామ"]


def documents(folder):
    for number, start in enumerate(range(0, 40, 8)):
        rows = pairs_of_words()[start : start + 8]
        (folder / f"{number}-en.txt").write_text(" ".join(left for left, _ in rows))
        (folder / f"{number}-hi.txt").write_text("\n".join(right for _, right in rows))


def test_documents_of_one_key_are_aligned_and_english_is_the_anchor(tmp_path):
    documents(tmp_path)
    (tmp_path / "9-hi.txt").write_text("नदी पहाड़ गाँव।")
    (tmp_path / "9-en.txt").write_bytes(b"\xff\xfe\x81")
    found = list(READERS["comparable"](tmp_path, OPTIONS, "tried"))
    right = set(pairs_of_words())
    assert {(pair.anchor_lang, pair.positive_lang) for pair in found} == {("en", "hi")}
    assert sum((pair.anchor, pair.positive) in right for pair in found) >= 36


def test_strictly_a_pair_has_nothing_added_and_nothing_left_over_beside_it(tmp_path):
    documents(tmp_path)
    rows = pairs_of_words()
    numbered, longer, before = rows[3], rows[12], rows[20]
    extra = "In the year of the great flood nobody came to that old school any more, they say."
    for name, old, new in (
        ("0-hi", numbered[1], numbered[1].replace("।", " ४२।")),
        ("1-hi", longer[1], longer[1].replace("।", " और एक लम्बा अनजान टुकड़ा।")),
        ("2-en", before[0], f"{before[0]} {extra}"),
    ):
        path = tmp_path / f"{name}.txt"
        path.write_text(path.read_text().replace(old, new))
    loose, strict = (
        {pair.anchor for pair in READERS["comparable"](tmp_path, options, "tried")}
        for options in (OPTIONS, OPTIONS | {"strict": True})
    )
    assert {row[0] for row in rows} == loose
    # Neighbours of a sentence that was left over may have lost a clause to it, or won one.
    assert loose - strict == {numbered[0], longer[0], before[0], rows[21][0]}


def test_a_page_in_english_under_another_languages_name_is_left_out(tmp_path):
    (tmp_path / "1-en.txt").write_text("A river here. A mountain there.")
    (tmp_path / "1-hi.txt").write_text("A river here. A mountain there.")
    with pytest.raises(KleinError, match="source tried: nothing could be read"):
        list(READERS["comparable"](tmp_path, OPTIONS, "tried"))


def test_the_expression_must_name_its_groups(tmp_path):
    with pytest.raises(KleinError, match=r"'document' must name the group\(s\) key, lang"):
        list(READERS["comparable"](tmp_path, OPTIONS | {"document": "x"}, "tried"))
    with pytest.raises(KleinError, match=r"'document' must name the group\(s\) key$"):
        list(READERS["comparable"](tmp_path, ROWS | {"document": "x"}, "tried"))


def test_one_file_may_hold_a_document_in_all_languages(tmp_path):
    for number, start in enumerate(range(0, 40, 8)):
        rows = pairs_of_words()[start : start + 8]
        english, hindi = (" ".join(row[side] for row in rows) for side in (0, 1))
        # The Assamese version was never translated, and nobody asked for the Manipuri one.
        versions = [("eng", english), ("hin", hindi), ("asm", english), ("man", hindi)]
        rows = [{"language": code, "text": text} for code, text in versions]
        (tmp_path / f"{number}.json").write_text(json.dumps({"data": rows}))
    (tmp_path / "8.json").write_text('{"data": [{"language": "eng"}]}')
    found = list(READERS["comparable"](tmp_path, ROWS, "tried"))
    right = set(pairs_of_words())
    assert {(pair.anchor_lang, pair.positive_lang) for pair in found} == {("en", "hi")}
    assert sum((pair.anchor, pair.positive) in right for pair in found) >= 36


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two? Three", ["One.", "Two?", "Three"]),
        ("Mr. Rao paid Rs. 500. He left.", ["Mr. Rao paid Rs. 500.", "He left."]),
        ("J. P. Singh came. It is so.", ["J. P. Singh came.", "It is so."]),
        ("पहला।दूसरा। तीसरा", ["पहला।", "दूसरा।", "तीसरा"]),
        ("डॉ. राव आए। वे गए।", ["डॉ. राव आए।", "वे गए।"]),
        ("এটা৷দুটা", ["এটা৷", "দুটা"]),
        ("આ સારું છે. ડૉ. પટેલ.", ["આ સારું છે.", "ડૉ. પટેલ."]),
        ("हे चांगले आहे. एस. पाटील.", ["हे चांगले आहे.", "एस. पाटील."]),
        ("ಇಲ್ಲಿ ಇದೆ. ಎಸ್. ಎಂ. ರಾವ್.", ["ಇಲ್ಲಿ ಇದೆ.", "ಎಸ್. ಎಂ. ರಾವ್."]),
        ("നല്ലത് ആണ്. ഡോ. നായർ.", ["നല്ലത് ആണ്.", "ഡോ. നായർ."]),
        ("பி. ஜே. ராஜா. சரி. போ.", ["பி. ஜே. ராஜா.", "சரி.", "போ."]),
        ("پہلا۔ دوسرا؟ تیسرا", ["پہلا۔", "دوسرا؟", "تیسرا"]),
        ('He said "go." Then\n\nnothing', ['He said "go."', "Then", "nothing"]),
        (" \n ", []),
    ],
)
def test_sentences_end_at_marks_and_not_at_abbreviations(text, sentences):
    assert split_sentences(text) == sentences
