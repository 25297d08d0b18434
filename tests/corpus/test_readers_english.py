"""Readers of English formats: WebNLG, tldr pages and dialogues."""

from __future__ import annotations

import json
import logging

import pytest

from klein_embedding.corpus.readers import READERS
from klein_embedding.errors import KleinError


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(reader, root, **options):
    return list(READERS[reader](root, options, "tried"))


def texts(pairs):
    return [(pair.anchor, pair.positive) for pair in pairs]


def skipped(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def benchmark(*lexes):
    return f"<benchmark><entries><entry>{''.join(lexes)}</entry></entries></benchmark>"


def lex(text, comment="good"):
    return f'<lex comment="{comment}"><text>{text}</text></lex>'


def test_texts_of_one_entry_meet_their_neighbour_without_the_bad_ones(tmp_path):
    entry = benchmark(lex("One."), lex("One  more."), lex("no", "bad"), lex("One."), lex("Two."))
    put(tmp_path / "a.xml", entry)
    found = read("webnlg", tmp_path)
    assert texts(found) == [("One.", "One more."), ("One more.", "Two.")]
    assert {pair.kind for pair in found} == {"paraphrase"}


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE b [<!ENTITY a "aa">]><benchmark>&a;</benchmark>',
        b"<benchmark><entries>",
        benchmark(lex("x"), lex("y")).encode("utf-16"),
        b"\xff\xfe",
    ],
    ids=["entities", "truncated", "utf-16", "bytes"],
)
def test_damaged_or_hostile_xml_is_skipped_by_name_and_left_as_it_was(tmp_path, caplog, content):
    path = put(tmp_path / "1.xml", content)
    put(tmp_path / "2.xml", benchmark(lex("a"), lex("b")))
    assert texts(read("webnlg", tmp_path)) == [("a", "b")]
    (message,) = skipped(caplog)
    assert str(path) in message
    assert path.read_bytes() == content


ENGLISH = """# tar

> Archiving `utility`.
> More information: <https://example.org>.

- [c]reate an archive:

`tar cf {{target.tar}} {{[-v|--verbose]}}`

- Press a key:

`<q>`

- Display help:

`tar --help`
"""
HINDI = """# tar

> संग्रह उपकरण।

- एक संग्रह बनाएं:

`tar cf {{लक्ष्य}} {{[-v|--verbose]}}`

- पुरानी बात:

`tar --old`
"""


def test_a_page_explains_a_command_by_its_summary_and_its_examples(tmp_path):
    put(tmp_path / "pages" / "common" / "tar.md", ENGLISH)
    put(tmp_path / "pages.hi" / "common" / "tar.md", HINDI)
    found = read("tldr", tmp_path)
    assert texts(found) == [
        ("tar", "Archiving utility."),
        ("create an archive", "tar cf target.tar --verbose"),
        ("Display help", "tar --help"),
    ]
    assert [pair.kind for pair in found] == ["gloss", "question-answer", "question-answer"]


def test_a_description_of_many_pages_is_taken_from_the_first_few(tmp_path):
    for name in "abcde":
        put(tmp_path / "pages" / "linux" / f"{name}.md", f"# {name}\n- Help:\n`{name} -h`\n")
    assert texts(read("tldr", tmp_path)) == [("Help", "a -h"), ("Help", "b -h"), ("Help", "c -h")]


def test_a_page_in_another_encoding_is_skipped_by_name(tmp_path, caplog):
    put(tmp_path / "pages" / "common" / "a.md", ENGLISH)
    path = put(tmp_path / "pages" / "common" / "b.md", "# b\n> Größe\n".encode("latin-1"))
    assert len(read("tldr", tmp_path)) == 3
    (message,) = skipped(caplog)
    assert str(path) in message


def turn(speaker, utterance, *intents):
    actions = [{"act": "INFORM_INTENT", "values": list(intents)}] if intents else []
    frame = {"service": "Food", "actions": actions}
    return {"speaker": speaker, "utterance": utterance, "frames": [frame]}


SCHEMA = [
    {"service_name": "Food", "intents": [{"name": "Find", "description": "Find a place to eat"}]}
]


def test_a_turn_of_the_user_meets_the_answer_and_what_it_wants(tmp_path):
    turns = [
        turn("USER", "I would like to eat something now", "Find"),
        turn("SYSTEM", "Fine"),
        turn("USER", "Yes, get me that", "Find"),
        turn("SYSTEM", "In which city, may I ask?"),
        turn("USER", "Thanks"),
        turn("SYSTEM", "Have a very nice day!"),
        turn("USER", "Something else or other then", "Find", "Book"),
    ]
    put(tmp_path / "dialogues_1.json", json.dumps([{"turns": turns}]))
    put(tmp_path / "schema.json", json.dumps(SCHEMA))
    found = read("dialogues", tmp_path)
    assert [(pair.anchor, pair.positive, pair.kind) for pair in found] == [
        ("Yes, get me that", "In which city, may I ask?", "question-answer"),
        ("I would like to eat something now", "Find a place to eat", "paraphrase"),
    ]


def test_an_intent_is_described_to_a_limited_number_of_requests(tmp_path):
    turns = [turn("USER", f"I would like to eat meal {n}", "Find") for n in range(99)]
    put(tmp_path / "dialogues_1.json", json.dumps([{"turns": [one]} for one in turns]))
    put(tmp_path / "schema.json", json.dumps(SCHEMA))
    assert len(read("dialogues", tmp_path)) == 40


def test_a_turn_that_answers_everything_is_taken_a_few_times(tmp_path):
    turns = [
        [turn("USER", f"That was meal {n} then"), turn("SYSTEM", "Have a great day!")]
        for n in range(9)
    ]
    put(tmp_path / "dialogues_1.json", json.dumps([{"turns": two} for two in turns]))
    assert len(read("dialogues", tmp_path)) == 5


@pytest.mark.parametrize("content", [b"[{", b'{"turns": 1}', b"\xff\xfe", b'[{"turns": [1]}]'])
def test_damaged_dialogues_are_skipped_by_name(tmp_path, caplog, content):
    path = put(tmp_path / "dialogues_1.json", content)
    with pytest.raises(KleinError, match="source tried: nothing could be read"):
        read("dialogues", tmp_path)
    assert str(path) in skipped(caplog)[0]


def schema(*descriptions):
    service, intent, slot = ({"description": text} for text in descriptions)
    return json.dumps([{**service, "intents": [intent], "slots": [slot]}])


def test_descriptions_of_one_thing_meet_the_next_wording(tmp_path, caplog):
    put(tmp_path / "dev" / "schema.json", schema("Find food", "Find a table", "City"))
    put(tmp_path / "v1" / "dev" / "schema.json", schema("Find food", "Look for a table", "Town"))
    put(tmp_path / "v2" / "dev" / "schema.json", schema("Get food", "Find a table", "Place"))
    put(tmp_path / "test" / "schema.json", schema("One", "Two", "Three"))
    put(tmp_path / "v1" / "test" / "schema.json", "[]")
    assert texts(read("schemas", tmp_path)) == [
        ("Find food", "Get food"),
        ("Find a table", "Look for a table"),
        ("City", "Town"),
        ("Town", "Place"),
    ]
    (message,) = skipped(caplog)
    assert "schemas of test" in message


def proof(context, steps):
    return f"$question$ = q ; $hypothesis$ = end ; $context$ = {context}\t$proof$ = {steps}\n"


def test_a_step_of_a_proof_is_what_it_rests_on_and_what_it_concludes(tmp_path):
    facts = "sent1: one: two sent2: three sent3: four"
    steps = "sent1 & sent2 -> int1: five, six; int1 & sent3 -> hypothesis; "
    put(tmp_path / "a.tsv", proof(facts, steps) + "no proof at all\n")
    found = read("proofs", tmp_path)
    assert texts(found) == [("one: two. three", "five, six"), ("five, six. four", "end")]
    assert {pair.kind for pair in found} == {"entailment"}


@pytest.mark.parametrize(
    "steps", ["sent1 & sent9 -> hypothesis", "hypothesis", "sent1 -> int4", ""]
)
def test_a_step_that_rests_on_nothing_known_gives_nothing(tmp_path, steps):
    put(tmp_path / "a.tsv", proof("sent1: one", steps) + proof("sent1: x", "sent1 -> hypothesis"))
    assert texts(read("proofs", tmp_path)) == [("x", "end")]


@pytest.mark.parametrize(("reader", "name"), [("proofs", "a.tsv"), ("schemas", "schema.json")])
@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"[1]"])
def test_damaged_files_of_facts_end_in_an_error_that_names_the_source(
    tmp_path, reader, name, content
):
    put(tmp_path / name, content)
    with pytest.raises(KleinError, match="source tried: nothing could be read"):
        read(reader, tmp_path)
