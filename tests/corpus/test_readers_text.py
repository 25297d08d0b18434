"""Readers of texts: what each format gives, and what damaged files do."""

from __future__ import annotations

import gzip
import io
import json
import logging
import tarfile
import zipfile

import pytest

from klein_embedding.corpus.readers import READERS
from klein_embedding.corpus.readers.reading import lines_of, xml_root
from klein_embedding.errors import KleinError
from klein_embedding.text import Line, Pair


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read(reader, root, options=None):
    return list(READERS[reader](root, options or {}, "tried"))


def texts(items):
    return [(item.anchor, item.positive) for item in items if isinstance(item, Pair)]


def languages(items):
    return [(item.anchor_lang, item.positive_lang) for item in items]


def skipped(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


EVERY_READER = [
    ("aligned_lines", {"english": "e.{lang}", "indic": "i.{lang}", "languages": ["hi"]}),
    ("bible_json", {"english": "none", "lang": "ta"}),
    ("bible_xml", {"english": "none", "lang": "gu"}),
    ("captions_gz", {}),
    ("coco", {}),
    ("instructions", {}),
    ("jeopardy", {}),
    ("joshua", {}),
    ("kannada_dictionary", {}),
    ("makhzan", {}),
    ("medquad", {}),
    ("news_text", {"files": "**/*.txt", "lang": "as"}),
    ("nli", {"files": "**/*.tsv", "premise": "p", "hypothesis": "h", "label": "l"}),
    ("open_trivia", {}),
    ("plain_lines", {"files": "*/*.txt"}),
    ("stories", {}),
    ("tab_lines", {"files": "**/*.tsv", "columns": ["en", "mr"]}),
    ("verses", {}),
    ("wordnet", {}),
]


@pytest.mark.parametrize(("reader", "options"), EVERY_READER)
def test_a_source_without_anything_readable_is_an_error_that_names_it(tmp_path, reader, options):
    with pytest.raises(KleinError, match="source tried: nothing could be read"):
        read(reader, tmp_path, options)


# A name that each reader's globs find, for bytes that are no file of its format.
DAMAGED = {
    "aligned_lines": ["e.hi", "i.hi"],
    "bible_json": ["Ruth.json"],
    "bible_xml": ["Gujarati.xml"],
    "captions_gz": ["val.1.en.gz", "val.2.en.gz"],
    "coco": ["captions_val.json"],
    "instructions": ["task188_x.json"],
    "jeopardy": ["season1.tsv"],
    "joshua": ["hi-en/dev.hi-en.en.0"],
    "kannada_dictionary": ["chunk_0.json"],
    "makhzan": ["1.xml"],
    "medquad": ["1.xml"],
    "news_text": ["a.txt"],
    "nli": ["a.tsv"],
    "open_trivia": ["music"],
    "plain_lines": ["hi/a.txt"],
    "stories": ["en/0001_a.md", "hi/0001_a.md"],
    "tab_lines": ["a.tsv"],
    "verses": ["en-a.md", "hi-a.md"],
    "wordnet": ["data.noun"],
}


@pytest.mark.parametrize(("reader", "options"), EVERY_READER)
@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x81 no", b'{"a": 1}', b""], ids=["bytes", "json", "empty"]
)
def test_damaged_files_end_in_an_error_line_and_never_in_a_traceback(
    tmp_path, reader, options, content
):
    for name in DAMAGED[reader]:
        put(tmp_path / name, content)
    try:
        found = read(reader, tmp_path, options)
    except KleinError as error:
        assert "source tried" in str(error)
    else:
        # JSON on a line of its own is a sentence to the readers of plain lines.
        assert reader in ("aligned_lines", "plain_lines")
        assert content == b'{"a": 1}'
        assert found


@pytest.mark.parametrize(
    ("reader", "options", "missing"),
    [
        ("aligned_lines", {"english": "a", "indic": "b"}, "languages"),
        ("tab_lines", {"files": "*"}, "columns"),
        ("nli", {"files": "*", "premise": "p", "hypothesis": "h"}, "label"),
        ("news_text", {"files": "*"}, "lang"),
        ("plain_lines", {}, "files"),
        ("bible_json", {"english": "e"}, "lang"),
    ],
)
def test_a_missing_option_is_named(tmp_path, reader, options, missing):
    with pytest.raises(KleinError, match=f"source tried: its options need '{missing}'"):
        read(reader, tmp_path, options)


def test_lines_break_at_line_feeds_alone():
    assert lines_of("\ufeffone\u2028still one\x85still\r\ntwo\n") == [
        "one\u2028still one\x85still",
        "two",
    ]
    assert lines_of("") == []


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode(
            "utf-16"
        ),
    ],
)
def test_xml_with_entities_is_refused(tmp_path, content):
    with pytest.raises(ValueError, match="refused"):
        xml_root(put(tmp_path / "a.xml", content))


ALIGNED = {"english": "{lang}-en.tgt", "indic": "{lang}-en.src", "languages": ["ta", "hi"]}


def test_aligned_lines_join_subword_pieces_with_english_as_the_anchor(tmp_path):
    put(tmp_path / "hi-en.src", "▁आज ▁मौ सम ▁अच्छा ▁है ।\n▁\n▁चलो ▁\n")
    put(tmp_path / "hi-en.tgt", "▁To day ▁the ▁we ather ▁is ▁fine .\n▁Gone\n▁Let ' s ▁go\n")
    found = read("aligned_lines", tmp_path, {**ALIGNED, "sentencepiece": True})
    assert texts(found) == [("Today the weather is fine.", "आज मौसम अच्छा है।"), ("Let's go", "चलो")]
    assert languages(found) == [("en", "hi")] * 2
    assert {pair.kind for pair in found} == {"translation"}


def test_aligned_lines_skip_head_notes_and_files_of_unequal_length(tmp_path, caplog):
    put(tmp_path / "ta-en.src", "\ufeff# made by us\nமழை\nவெயில்\n")
    put(tmp_path / "ta-en.tgt", "# made by us\n# two notes\nrain\nsunshine\n")
    put(tmp_path / "hi-en.src", "एक\nदो\n")
    put(tmp_path / "hi-en.tgt", "one\n")
    found = read("aligned_lines", tmp_path, ALIGNED)
    assert texts(found) == [("rain", "மழை"), ("sunshine", "வெயில்")]
    assert any("hi-en.src" in line and "do not line up" in line for line in skipped(caplog))


def test_aligned_lines_read_several_pairs_of_files(tmp_path):
    for name, text in {"a.en": "tea", "a.ta": "தேநீர்", "b.en": "milk", "b.ta": "பால்"}.items():
        put(tmp_path / name, text)
    options = {"english": ["a.en", "b.en"], "indic": ["a.ta", "b.ta"], "languages": ["ta"]}
    assert texts(read("aligned_lines", tmp_path, options)) == [("tea", "தேநீர்"), ("milk", "பால்")]


def test_joshua_gives_every_reference_paraphrases_and_the_word_list(tmp_path, caplog):
    folder = tmp_path / "te-en"
    put(folder / "dev.te-en.te", "అతను వచ్చాడు\nఆమె పాడింది\n")
    put(folder / "dev.te-en.en.0", "He came\nShe sang\n")
    put(folder / "dev.te-en.en.1", "He has come\n\n")
    put(folder / "dev.te-en.en.2", "He arrived\nShe sang a song\n")
    put(folder / "dev.te-en.en.3", "one line too few\n")
    put(folder / "dict.te-en.te", "ఇల్లు\n")
    put(folder / "dict.te-en.en", "house\n")
    put(tmp_path / "xx-en" / "dev.xx-en.xx", "nothing of ours\n")
    found = read("joshua", tmp_path)
    assert texts(found) == [
        ("He came", "అతను వచ్చాడు"),
        ("She sang", "ఆమె పాడింది"),
        ("He has come", "అతను వచ్చాడు"),
        ("He arrived", "అతను వచ్చాడు"),
        ("She sang a song", "ఆమె పాడింది"),
        ("He came", "He has come"),
        ("house", "ఇల్లు"),
    ]
    assert [pair.kind for pair in found].count("paraphrase") == 1
    assert found[5].positive_lang == "en"
    assert any("dev.te-en.en.3" in line for line in skipped(caplog))


def test_tab_lines_read_plain_files_and_swap_english_to_the_front(tmp_path):
    put(tmp_path / "as_en.tsv", "ঘৰ\thouse\nশূন্য\t\nno tab here\n")
    put(tmp_path / "xx_en.tsv", "na\tno\n")
    options = {"files": ["*_en.tsv"], "columns": ["{lang}", "en"]}
    found = read("tab_lines", tmp_path, options)
    assert texts(found) == [("house", "ঘৰ")]
    assert languages(found) == [("en", "as")]


def test_tab_lines_read_archives_and_skip_broken_ones(tmp_path, caplog):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("mar.txt", "Sit down.\tबस.\tby someone\n")
        archive.writestr("_about.txt", "Not\tthis\tone\n")
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        row = "Stand up.\tउठ.\n".encode()
        entry = tarfile.TarInfo("mar.txt")
        entry.size = len(row)
        archive.addfile(entry, io.BytesIO(row))
    put(tmp_path / "c.tar.gz", b"\x7c\xbc\x76 no archive")
    put(tmp_path / "d.zip", b"PK no archive")
    options = {"files": ["*.zip", "*.tar.gz"], "member": "mar.txt", "columns": ["en", "mr", ""]}
    assert texts(read("tab_lines", tmp_path, options)) == [
        ("Sit down.", "बस."),
        ("Stand up.", "उठ."),
    ]
    assert len(skipped(caplog)) == 2


STORY = (
    "# {title}\n\n##\n{first}\n\n##\n![a cat](cat.png)\n\n##\n{last}\n\n##\n* License: [CC-BY]\n"
)


def test_stories_may_have_their_english_versions_in_another_source(tmp_path):
    for name, lang, page in (("english", "en", "The hen ran."), ("tales", "hi", "मुर्गी भागी।")):
        folder = tmp_path / name / "files" / lang
        folder.mkdir(parents=True)
        (folder / "0001_a.md").write_text(f"# A\n\n##\n{page}\n\n##\n* License: [CC-BY]\n")
    stories = READERS["stories"]
    tales, english = (tmp_path / name / "files" for name in ("tales", "english"))
    found = list(stories(tales, {"english": "english"}, "tales"))
    assert [(p.anchor, p.positive, p.anchor_lang) for p in found] == [
        ("The hen ran.", "मुर्गी भागी।", "en")
    ]
    assert list(stories(english, {"alone": True}, "english")) == [
        Line("The hen ran.", "en", "english")
    ]


def test_stories_join_every_two_versions_page_by_page(tmp_path):
    told = {
        "en": ("The cat", "A cat sat.", "It left."),
        "hi": ("बिल्ली", "एक बिल्ली बैठी।", "वह चली गई।"),
        "kn": ("ಬೆಕ್ಕು", "ಬೆಕ್ಕು ಕುಳಿತಿತು.", "ಅದು ಹೋಯಿತು."),
    }
    for lang, (title, first, last) in told.items():
        text = STORY.format(title=title, first=first, last=last)
        put(tmp_path / lang / f"0007_{lang}-name.md", text)
    put(tmp_path / "ta" / "0007_x.md", "# பூனை\n\n##\nஒரே பக்கம்\n\n##\n* License: [CC-BY]\n")
    put(tmp_path / "en" / "README.md", "##\nnot a story\n")
    put(tmp_path / "sa" / "0007_x.md", STORY.format(title="a", first="b", last="c"))
    found = read("stories", tmp_path)
    assert languages(found) == [
        ("en", "hi"),
        ("en", "hi"),
        ("en", "kn"),
        ("en", "kn"),
        ("hi", "kn"),
        ("hi", "kn"),
    ]
    assert texts(found)[:2] == [("A cat sat.", "एक बिल्ली बैठी।"), ("It left.", "वह चली गई।")]


def test_verses_drop_footnotes_and_spread_english_versions(tmp_path):
    for number, name in enumerate(("en-a", "en-b", "en-c")):
        first = f"# 1\n\nFirst{number}[^1] \\[of all\\]\n\n[^1]: A note.\n\nMore note.\n\n"
        body = f"{first}# 2\n\nSecond{number}\n"
        put(tmp_path / f"{name}.md", f"<!--\nName: {name}\n-->\n\n{body}")
    put(tmp_path / "bn-a.md", "# 1\n\n1. প্রথম\n\n# 2\n\nদ্বিতীয়\n")
    put(tmp_path / "ur-a.md", "# 1\n\nپہلا\n\n# 3\n\nتیسرا\n")
    put(tmp_path / "fr-a.md", "# 1\n\nPremier\n")
    found = read("verses", tmp_path)
    assert texts(found) == [
        ("First0 [of all]", "প্রথম"),
        ("Second0", "দ্বিতীয়"),
        ("First1 [of all]", "প্রথম"),
        ("Second1", "দ্বিতীয়"),
        ("First2 [of all]", "پہلا"),
        ("First0 [of all]", "پہلا"),
        ("First0 [of all]", "First1 [of all]"),
        ("Second0", "Second1"),
        ("First1 [of all]", "First2 [of all]"),
        ("Second1", "Second2"),
    ]
    assert [pair.kind for pair in found] == ["translation"] * 6 + ["paraphrase"] * 4


def bible(*verses):
    rows = [{"verse": str(n), "text": text} for n, text in enumerate(verses, 1)]
    return json.dumps({"chapters": [{"chapter": "1", "verses": rows}]}, ensure_ascii=False)


def test_bible_json_joins_with_the_folder_of_the_english_source(tmp_path):
    english, tamil = tmp_path / "bible-en" / "files", tmp_path / "bible-ta" / "files"
    put(english / "SongofSolomon.json", bible("A song.", "Sing it.", "Only English."))
    put(english / "1Kings.json", bible("A king."))
    put(english / "Books.json", json.dumps(["1Kings"]))
    put(tamil / "Song of Songs.json", bible("ஒரு பாடல்.", " பாடு. "))
    put(tamil / "1 Kings.json", bible("ஒரு அரசன்."))
    put(tamil / "Ruth.json", "{")
    found = read("bible_json", tamil, {"english": "bible-en", "lang": "ta"})
    assert texts(found) == [
        ("A king.", "ஒரு அரசன்."),
        ("A song.", "ஒரு பாடல்."),
        ("Sing it.", "பாடு."),
    ]
    lines = read("bible_json", english, {"lang": "en"})
    assert [line.text for line in lines] == ["A king.", "A song.", "Sing it.", "Only English."]


def test_bible_xml_joins_by_verse_and_refuses_entities(tmp_path, caplog):
    put(tmp_path / "bible-en" / "files" / "Mark.json", bible("The start.", "As written."))
    files = tmp_path / "bible-gu" / "files"
    verses = '<seg id="b.MAR.1.2" type="verse">\n\tલખ્યું છે તેમ.\n</seg><seg id="b.XYZ.1.1">x</seg>'
    put(files / "Gujarati.xml", f"<cesDoc><text>{verses}</text></cesDoc>")
    put(files / "Bad.xml", '<!DOCTYPE a [<!ENTITY b "c">]><seg id="b.MAR.1.1">&b;</seg>')
    found = read("bible_xml", files, {"english": "bible-en", "lang": "gu"})
    assert texts(found) == [("As written.", "લખ્યું છે તેમ.")]
    assert any("Bad.xml" in line for line in skipped(caplog))


def test_kannada_dictionary_drops_references(tmp_path):
    entries = {"ಮನೆ": [{"type": "noun", "defs": ["a place to live in.", "= ಗೃಹ.", ""]}]}
    put(tmp_path / "dict" / "chunk_0.json", json.dumps(entries))
    put(tmp_path / "dict" / "chunk_1.json", "[1, 2]")
    found = read("kannada_dictionary", tmp_path)
    assert found == [Pair("a place to live in.", "ಮನೆ", "en", "kn", "tried", "gloss")]


WORDNET = """\
  1 This is the notice at the head of the file.
00000100 03 n 01 vessel 0 001 ~ 00000200 n 0000 | a thing that holds something
00000200 03 n 02 tea_cup 0 cup 0 001 @ 00000100 n 0000 | a small vessel to drink from; "a cup of \
hot tea"; "cup"
00000300 00 s 01 full(p) 0 000 | holding all it can
"""


def test_wordnet_glosses_lemmas_and_examples_with_the_hypernym_as_a_negative(tmp_path):
    put(tmp_path / "data.noun", WORDNET)
    put(tmp_path / "data.verb", "not a line of this format\n")
    above = "a thing that holds something"
    assert [(p.anchor, p.positive, p.negatives) for p in read("wordnet", tmp_path)] == [
        ("vessel", above, ()),
        ("tea cup, cup", "a small vessel to drink from", (above,)),
        ("a cup of hot tea", "a small vessel to drink from", (above,)),
        ("full", "holding all it can", ()),
    ]


def test_jeopardy_puts_the_category_before_the_clue(tmp_path):
    head = "round\tcategory\tcomments\tanswer\tquestion\n"
    rows = (
        '1\tTREES & SHRUBS\t\t(Anna reads) It gives "acorns\\"\tthe oak\n'
        "1\tTREES & SHRUBS\t\t\tno clue\n"
        "1\tcut off\n"
    )
    put(tmp_path / "season1.tsv", head + rows)
    put(tmp_path / "season2.tsv", "other\tcolumns\n1\t2\n")
    found = read("jeopardy", tmp_path)
    assert texts(found) == [('Trees & shrubs: It gives "acorns"', "the oak")]
    assert found[0].kind == "question-answer"


def test_open_trivia_takes_wrong_options_as_negatives_and_repairs_encodings(tmp_path):
    content = (
        b"\n#Q Which caf\xe9 sells \xe2\x80\x9cpi\xc3\xb1a\xe2\x80?\nand more?\r\n^ The third\r\n"
        b"A The first\r\nB The second\r\nC The third\r\n"
        b"\n#Q Is this left out?\n^ True\nA True\nB False\n"
        b"\n#Q Which letter of \xd0?n is lost?\n^ One\nA One\nB Two\n"
        b"\n#Q Has this an answer?\nA One\n"
    )
    put(tmp_path / "food", content)
    put(tmp_path / "LICENSE", "no questions in here")
    found = read("open_trivia", tmp_path)
    assert texts(found) == [("Which café sells “piña” and more?", "The third")]
    assert found[0].negatives == ("The first", "The second")


def test_medquad_leaves_out_removed_answers(tmp_path, caplog):
    pair = "<QAPair><Question>{}</Question><Answer>{}</Answer></QAPair>"
    rows = pair.format("What is (are) Hives ?", "Key Points\n   Hives are\n itchy welts.")
    put(tmp_path / "a" / "1.xml", f"<Document>{rows}{pair.format('Who ?', '')}</Document>")
    put(tmp_path / "a" / "2.xml", "<Document>")
    found = read("medquad", tmp_path)
    assert texts(found) == [("What is Hives?", "Hives are itchy welts.")]
    assert len(skipped(caplog)) == 1


def test_captions_gz_pair_neighbours_of_one_picture(tmp_path, caplog):
    captions = (
        "A dog runs.\nA boat.\n",
        "A dog is running.\nA boat.\n",
        "Running dog\nA red boat\n",
    )
    for number, text in enumerate(captions, 1):
        put(tmp_path / f"val.{number}.en.gz", gzip.compress(text.encode()))
    put(tmp_path / "train.1.en.gz", gzip.compress(b"one\ntwo\n"))
    put(tmp_path / "train.2.en.gz", gzip.compress(b"one\n"))
    put(tmp_path / "train.3.en.gz", b"not gzip")
    assert texts(read("captions_gz", tmp_path)) == [
        ("A dog runs.", "A dog is running."),
        ("A dog is running.", "Running dog"),
        ("A boat.", "A red boat"),
    ]
    assert len(skipped(caplog)) == 2


def test_coco_groups_captions_by_picture(tmp_path):
    notes = [
        {"image_id": 9, "id": 3, "caption": "Two cups "},
        {"image_id": 4, "id": 2, "caption": "A bus"},
        {"image_id": 9, "id": 1, "caption": "A pair of cups"},
    ]
    put(tmp_path / "captions_val.json", json.dumps({"annotations": notes}))
    assert texts(read("coco", tmp_path)) == [("A pair of cups", "Two cups")]


NLI = {"files": ["*.tsv", "*.jsonl"], "premise": "p", "hypothesis": "h", "label": "l"}


def test_nli_joins_contradictions_of_the_same_premise_over_files(tmp_path):
    put(
        tmp_path / "a.tsv",
        "\ufeffp\th\tl\n"
        'A man "eats".\tHe eats.\tentailment\n'
        'A man "eats".\tHe is rich.\tneutral\n'
        "A man sleeps.\tHe runs.\tcontradiction\n"
        "cut off\n",
    )
    rows = [{"p": 'A man "eats".', "h": f"He fasts {n}.", "l": "contradiction"} for n in range(6)]
    put(tmp_path / "b.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    put(tmp_path / "c.jsonl", "{")
    found = read("nli", tmp_path, NLI)
    assert texts(found) == [('A man "eats".', "He eats.")]
    assert found[0].negatives == tuple(f"He fasts {n}." for n in range(4))
    assert found[0].kind == "entailment"


def task(*rows):
    return json.dumps({"Instances": [{"input": given, "output": [out]} for given, out in rows]})


def test_instructions_know_what_each_task_holds(tmp_path):
    both = "Sentence 1: A girl swims. Sentence 2: {}"
    put(tmp_path / "task184_a.json", task((both.format("She is wet."), "She is tired.")))
    put(tmp_path / "task185_a.json", task((both.format("She sleeps."), "She is young.")))
    put(tmp_path / "task189_a.json", task((both.format("She races."), "A girl is in water.")))
    statement = "Statement: It rained.\nLabel: {}.\nGenre: fiction."
    put(
        tmp_path / "task203_a.json",
        task((statement.format("entailment"), "Rain fell."), (statement.format("neutral"), "Sad.")),
    )
    questions = "Questions: ['who made it?', 'who is its maker?']"
    put(tmp_path / "task444_a.json", task((questions, "a smith"), ("Questions: [", "x")))
    put(tmp_path / "task1530_a.json", task(("Rain is water.", "Water falls as rain.")))
    put(tmp_path / "task1345_a.json", task(("Left out?", "Is it left out?")))
    found = read("instructions", tmp_path)
    assert [(p.anchor, p.positive, p.kind, p.negatives) for p in found] == [
        ("A girl swims.", "She is wet.", "entailment", ("She sleeps.",)),
        ("A girl swims.", "A girl is in water.", "entailment", ("She sleeps.",)),
        ("It rained.", "Rain fell.", "entailment", ()),
        ("Rain is water.", "Water falls as rain.", "entailment", ()),
        ("who made it?", "who is its maker?", "paraphrase", ()),
        ("who made it?", "a smith", "question-answer", ()),
    ]


def test_news_text_takes_titles_and_leaves_out_markup_and_dates(tmp_path):
    body = "മഴ പെയ്തു. " * 13
    put(
        tmp_path / "1.utf8",
        "<DOC>\n<DOCNO>1.utf8</DOCNO>\n<TEXT>\n   ഇന്ന് മഴ  \n\nMonday 1 May 2017\n\n"
        f"{body}\n</TEXT>",
    )
    put(tmp_path / "2.utf8", "ഒരു വരി മാത്രം\n")
    options = {"files": "*.utf8", "lang": "ml"}
    found = read("news_text", tmp_path, options)
    assert [item.text for item in found if isinstance(item, Line)] == [
        "ഇന്ന് മഴ",
        body.strip(),
        "ഒരു വരി മാത്രം",
    ]
    assert texts(found) == [("ഇന്ന് മഴ", body.strip())]
    assert found[2].kind == "title-body"


def test_makhzan_pairs_the_title_with_the_first_full_paragraph(tmp_path, caplog):
    full = " ".join(["بارش"] * 30)
    body = f"<body><section><p>مختصر</p><p>{full} <b>آج</b></p></section></body>"
    put(tmp_path / "1.xml", f"<document><meta><title>موسم</title></meta>{body}</document>")
    put(tmp_path / "2.xml", "<document><meta>")
    found = read("makhzan", tmp_path)
    assert [item.text for item in found if isinstance(item, Line)] == ["مختصر", f"{full} آج"]
    assert texts(found) == [("موسم", f"{full} آج")]
    assert len(skipped(caplog)) == 1


def test_plain_lines_take_the_language_from_the_folder(tmp_path, caplog):
    put(tmp_path / "pa-IN" / "s.txt", "ਮੀਂਹ ਪਿਆ।\n\n")
    put(tmp_path / "fr" / "s.txt", "Il pleut.\n")
    put(tmp_path / "hi" / "s.txt", b"\xff\xfe")
    found = read("plain_lines", tmp_path, {"files": "*/s.txt"})
    assert found == [Line("ਮੀਂਹ ਪਿਆ।", "pa", "tried")]
    assert len(skipped(caplog)) == 1
