"""The reader of tables by column: what each option gives, and what damaged files do."""

from __future__ import annotations

import gzip
import json
import logging
import zipfile

import pytest

from klein_embedding.corpus.readers import READERS, records
from klein_embedding.corpus.readers.spacing import untokenised
from klein_embedding.errors import KleinError


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(root, **options):
    return list(READERS["columns"](root, {"files": "*", "kind": "paraphrase", **options}, "tried"))


def texts(pairs):
    return [(pair.anchor, pair.positive) for pair in pairs]


def skipped(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


TWO = {"anchor": "a", "positive": "b"}


def test_columns_of_a_comma_table_become_english_pairs_of_the_kind_named(tmp_path):
    put(tmp_path / "t.csv", 'a,b,c\n"one, two",three,x\n,empty,x\nfour,,x\n')
    (pair,) = read(tmp_path, **TWO, kind="gloss")
    assert (pair.anchor, pair.positive, pair.kind) == ("one, two", "three", "gloss")
    assert (pair.anchor_lang, pair.positive_lang, pair.source) == ("en", "en", "tried")


def test_a_tab_table_keeps_its_quotes_unless_told_otherwise(tmp_path):
    put(tmp_path / "t.tsv", 'x\t"y\n"p q"\tr\n')
    header = {"header": ["a", "b"]}
    assert texts(read(tmp_path, **TWO, **header)) == [("x", '"y'), ('"p q"', "r")]
    put(tmp_path / "t.tsv", '"p q"\tr\n')
    assert texts(read(tmp_path, **TWO, **header, quoted=True)) == [("p q", "r")]


def test_labels_make_hard_negatives_of_the_same_anchor_and_never_of_a_right_text(tmp_path):
    put(tmp_path / "t.tsv", "a\tb\tl\np\tyes\t1\np\tno\t0\np\tperhaps\t2\nq\tno\t1\np\tyes\t0\n")
    found = read(tmp_path, **TWO, label="l", right=["1"], wrong=["0"])
    assert texts(found) == [("p", "yes"), ("q", "no")]
    assert [pair.negatives for pair in found] == [("no",), ()]


def test_the_name_of_its_file_may_judge_a_row(tmp_path):
    put(tmp_path / "right.csv", "a,b\np,yes\n")
    put(tmp_path / "wrong.csv", "a,b\np,no\n")
    (pair,) = read(tmp_path, **TWO, label="file", right=["right.csv"], wrong=["wrong.csv"])
    assert (pair.positive, pair.negatives) == ("yes", ("no",))


def test_hard_negatives_of_a_row_are_limited(tmp_path):
    put(tmp_path / "t.csv", "a,b,c,d,e,f,g\n1,2,3,4,5,6,7\n")
    (pair,) = read(tmp_path, **TWO, negatives=["c", "d", "e", "f", "g"])
    assert pair.negatives == ("3", "4", "5", "6")


@pytest.mark.parametrize("answer", [1, "1", "B"])
def test_the_right_option_is_the_positive_and_the_others_are_hard_negatives(tmp_path, answer):
    row = {"q": {"stem": "?", "options": [{"t": "x"}, {"t": "y"}, {"t": "z"}]}, "key": answer}
    put(tmp_path / "t.jsonl", json.dumps(row) + "\n\n")
    (pair,) = read(tmp_path, anchor="q.stem", choices=["q.options.t"], answer="key")
    assert (pair.anchor, pair.positive, pair.negatives) == ("?", "y", ("x", "z"))


@pytest.mark.parametrize("answer", [-1, 9, "", None, "yes"])
def test_a_row_whose_right_option_is_unknown_gives_nothing(tmp_path, answer):
    rows = [{"a": "p", "x": "1", "y": "2", "key": key} for key in (answer, 0)]
    put(tmp_path / "t.json", json.dumps(rows))
    assert texts(read(tmp_path, anchor="a", choices=["x", "y"], answer="key")) == [("p", "1")]


def test_texts_of_one_group_meet_their_neighbour_over_all_files(tmp_path):
    put(tmp_path / "1.csv", "g,t\nk,one\nm,alone\nk,two\nk,one\n")
    put(tmp_path / "2.csv", "g,t\nk,three\n,lost\n,lost too\n")
    found = read(tmp_path, same="t", group=["g"])
    assert texts(found) == [("one", "two"), ("two", "three")]


def test_texts_of_one_row_meet_their_neighbour(tmp_path):
    put(tmp_path / "t.csv", "x,y,z\none,,two\nthree,four,five\n")
    found = read(tmp_path, same=["x", "y", "z"])
    assert texts(found) == [("one", "two"), ("three", "four"), ("four", "five")]


def test_rows_are_chosen_by_value(tmp_path):
    put(tmp_path / "t.csv", "a,b,keep,drop\n1,2,yes,no\n3,4,no,no\n5,6,yes,yes\n")
    assert texts(read(tmp_path, **TWO, where={"keep": ["yes"]}, unless={"drop": ["yes"]})) == [
        ("1", "2")
    ]


def test_no_text_stands_in_more_pairs_than_the_option_allows(tmp_path):
    put(tmp_path / "t.csv", "a,b\n1,x\n1,y\n1,z\n2,x\n3,x\n")
    assert texts(read(tmp_path, **TWO, most=2)) == [("1", "x"), ("1", "y"), ("2", "x")]


def test_tables_are_joined_on_a_shared_column(tmp_path):
    put(tmp_path / "l.csv", "i,j\n1,k\n2,gone\n")
    put(tmp_path / "i" / "a.csv", "i,text\n1,left\n2,lost\n")
    put(tmp_path / "j" / "b.csv", "j,point\nk,right\n")
    join = [{"files": "i/*.csv", "on": "i"}, {"files": "j/*.csv", "on": "j"}]
    found = read(tmp_path, files="l.csv", anchor="text", positive="point", join=join)
    assert texts(found) == [("left", "right")]


def test_named_groups_of_an_expression_become_columns(tmp_path):
    put(tmp_path / "t.tsv", "x\nquestion = why ; answer = so\nno such thing\n")
    fields = {"x": r"question = (?P<q>.*?) ; answer = (?P<r>.*)"}
    assert texts(read(tmp_path, anchor="q", positive="r", fields=fields)) == [("why", "so")]


def test_a_bad_expression_names_the_source(tmp_path):
    put(tmp_path / "t.csv", "a,b\n1,2\n")
    with pytest.raises(KleinError, match="source tried: its option 'fields'"):
        read(tmp_path, **TWO, fields={"a": "("})


def test_rows_stand_anywhere_in_a_document_and_inherit_what_stands_beside_them(tmp_path):
    claim = {"claim": "c", "found": [{"text": "1"}, {"text": "2"}]}
    put(tmp_path / "t.json", json.dumps({"data": [claim, {"claim": "none"}]}))
    found = read(tmp_path, rows="data.found", anchor="claim", positive="text")
    assert texts(found) == [("c", "1"), ("c", "2")]


def test_any_key_of_an_object_may_lead_to_rows(tmp_path):
    put(tmp_path / "t.json", json.dumps({"x": [["1", "2"]], "y": [["3", "4"], "5"]}))
    assert texts(read(tmp_path, **TWO, rows="*", header=["a", "b"])) == [("1", "2"), ("3", "4")]


def test_lines_between_two_marks_are_a_row(tmp_path):
    put(tmp_path / "t.txt", "one\ntwo\n***\n\nthree\nfour\n***\nalone\n")
    form = {"format": "blocks", "delimiter": "***", "header": ["a", "b"]}
    assert texts(read(tmp_path, **TWO, **form)) == [("one", "two"), ("three", "four")]


def test_lines_of_several_files_belong_together_by_number(tmp_path, caplog):
    for part, right in (("good", "x\ny\n"), ("bad", "x\n")):
        put(tmp_path / f"{part}.a", "1 .\n2\n")
        put(tmp_path / f"{part}.b.gz", gzip.compress(right.encode()))
    sides = {"a": "{part}.a", "b": "{part}.b.gz"}
    parts = ["good", "bad", "none"]
    found = read(tmp_path, **TWO, sides=sides, parts=parts, tokenised=True, replace={"y": "z"})
    assert texts(found) == [("1.", "x"), ("2", "z")]
    bad, missing = skipped(caplog)
    assert "bad.a" in bad
    assert "differ in length" in bad
    assert "none.a" in missing


def test_archives_are_read_in_memory_and_a_climbing_name_writes_nothing(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("../outside.csv", "a,b\n1,2\n")
        archive.writestr("other.md", "a,b\n3,4\n")
    assert texts(read(tmp_path, **TWO, member="*.csv")) == [("1", "2")]
    assert not (tmp_path.parent / "outside.csv").exists()


WHOLE = gzip.compress(b"a,b\n" + b"one,two\n" * 5000)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b"a,b\n\xff\xfe,x\n"),
        ("t.json", b'{"a": '),
        ("t.json", b"[" * 100_000),
        ("t.jsonl", b'{"a": "1", "b": "2"}\n{"a"'),
        ("t.csv.gz", WHOLE[: len(WHOLE) // 2]),
        ("t.zip", b"PK\x03\x04 no archive"),
        ("t.csv", b"a,b\n" + b"x" * 200_000 + b",y\n"),
    ],
    ids=["encoding", "json", "depth", "jsonl", "truncated", "zip", "field"],
)
def test_a_damaged_file_is_skipped_by_name_and_left_as_it_was(tmp_path, caplog, name, content):
    path = put(tmp_path / "1" / name, content)
    put(tmp_path / "2.csv", "a,b\n3,4\n")
    assert texts(read(tmp_path, **TWO, files="**/*")) == [("3", "4")]
    (message,) = skipped(caplog)
    assert str(path) in message
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["t.csv.gz", "t.zip"])
def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, caplog, monkeypatch, name):
    content = b"a,b\n" + b"one,two\n" * 200
    put(tmp_path / "t.csv.gz", gzip.compress(content))
    with zipfile.ZipFile(tmp_path / "t.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", content)
    assert read(tmp_path, **TWO, files=name)
    monkeypatch.setattr(records, "MAX_BYTES", 1000)
    with pytest.raises(KleinError, match="nothing could be read"):
        read(tmp_path, **TWO, files=name)
    assert "more than 1,000 bytes" in skipped(caplog)[0]


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({"anchor": "a"}, "positive"),
        ({"positive": "b"}, "anchor"),
        ({"anchor": "a", "answer": "k"}, "choices"),
        ({**TWO, "join": [{"files": "*"}]}, "on"),
    ],
)
def test_a_missing_option_is_named(tmp_path, options, missing):
    put(tmp_path / "t.csv", "a,b\n1,2\n")
    with pytest.raises(KleinError, match=f"source tried: its options need '{missing}'"):
        read(tmp_path, **options)


def test_columns_that_are_not_there_end_in_an_error_that_names_the_source(tmp_path):
    put(tmp_path / "t.csv", "x,y\n1,2\n")
    with pytest.raises(KleinError, match="source tried: nothing could be read"):
        read(tmp_path, **TWO)


@pytest.mark.parametrize(
    ("tokens", "written"),
    [
        ("He did n't see it , did he ?", "He didn't see it, did he?"),
        ("`` I ca n't , '' she said .", '"I can\'t," she said.'),
        ("a list -LRB- of 3 -RRB- : x ; y", "a list (of 3): x; y"),
        ("They 're John 's dogs & amp ; cats .", "They're John's dogs & cats."),
        ("Nothing to do here, it's fine.", "Nothing to do here, it's fine."),
        ("a 3 - 1 win ( 50 % )", "a 3-1 win (50%)"),
    ],
)
def test_spaces_of_tokenisers_are_taken_out(tokens, written):
    assert untokenised(tokens) == written
