"""The one reader of tables: five formats, one column map, and what damaged tables do."""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing

import pytest
from openpyxl import Workbook

from klein_embedding.corpus.readers import READERS
from klein_embedding.errors import KleinError


def read(root, options):
    return list(READERS["parallel_columns"](root, options, "tried"))


def texts(root, options):
    return [(pair.anchor, pair.positive) for pair in read(root, options)]


NAMED = {"files": "t.*", "columns": {"en": "english", "hi": "hindi"}}


def test_csv_with_a_header_keeps_quoted_commas_and_line_feeds(tmp_path):
    (tmp_path / "t.csv").write_text('\ufeffid,english,hindi\n1,"One, and\ntwo",एक\n2,,दो\n')
    assert texts(tmp_path, NAMED) == [("One, and\ntwo", "एक")]


def test_rows_may_name_the_language_of_their_text(tmp_path):
    rows = ["good phone , n't it", "अच्छा फ़ोन", "Hindi"], ["cheap .", "সস্তা", "Bengali"]
    foreign = ["cheap .", "barato", "Spanish"]
    for number, row in enumerate([*rows, foreign]):
        table = "src,tgt,tgt_lang\n" + ",".join(f'"{cell}"' for cell in row)
        (tmp_path / f"{number}.csv").write_text(table)
    named = {"text": "tgt", "by": "tgt_lang", "languages": {"Hindi": "hi", "Bengali": "bn"}}
    options = {"files": "*.csv", "columns": {"en": "src"}, "named": named}
    found = [(p.anchor, p.positive, p.positive_lang) for p in read(tmp_path, options)]
    assert found == [("good phone , n't it", "अच्छा फ़ोन", "hi"), ("cheap .", "সস্তা", "bn")]
    assert texts(tmp_path, options | {"tokenised": True})[1] == ("cheap.", "সস্তা")
    assert texts(tmp_path, options | {"most_words": 2}) == [("cheap .", "সস্তা")]


def test_numbered_columns_need_no_header_and_split_at_a_long_separator(tmp_path):
    (tmp_path / "t.txt").write_text('He said "go||उसने कहा\nbroken row\n')
    options = {"files": "t.txt", "columns": {"en": 0, "hi": 1}, "separator": "||"}
    assert texts(tmp_path, options) == [('He said "go', "उसने कहा")]


def test_a_character_may_stand_for_spaces(tmp_path):
    (tmp_path / "t.txt").write_text("rich man:  धनी_आदमी: noun\n")
    options = {"files": "t.txt", "columns": {"en": 0, "hi": 1}, "separator": ":", "blank": "_"}
    assert texts(tmp_path, options) == [("rich man", "धनी आदमी")]


def test_quotation_marks_of_tab_separated_text_are_text(tmp_path):
    (tmp_path / "t.tsv").write_text('"Open\tखुला\nnext\tअगला\n')
    options = {"files": "t.tsv", "columns": {"en": 0, "hi": 1}}
    assert texts(tmp_path, options) == [('"Open', "खुला"), ("next", "अगला")]


def test_rows_are_chosen_by_the_values_of_other_columns(tmp_path):
    (tmp_path / "t.tsv").write_text("news\tone\tएक\nbible\ttwo\tदो\nad\tthree\tतीन\n")
    options = {"files": "t.tsv", "columns": {"en": 1, "hi": 2}}
    assert texts(tmp_path, options | {"only": {"0": ["bible"]}}) == [("two", "दो")]
    assert texts(tmp_path, options | {"unless": {"0": ["bible", "ad"]}}) == [("one", "एक")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.json", json.dumps([{"english": "one", "hindi": "एक"}, {"english": "two"}])),
        ("t.jsonl", '{"english": "one", "hindi": "एक"}\n\n{"english": 2, "hindi": "दो"}\n'),
    ],
)
def test_json_rows_lack_a_column_or_hold_something_else(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert texts(tmp_path, NAMED) == [("one", "एक")]


def test_a_json_object_of_texts_is_a_table_of_two_columns(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps({"one": "एक"}))
    assert texts(tmp_path, {"files": "t.json", "columns": {"en": 0, "hi": 1}}) == [("one", "एक")]


def test_spreadsheets_skip_empty_cells(tmp_path):
    book = Workbook()
    for row in (["english", "hindi"], ["one", "एक"], [None, "दो"]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    assert texts(tmp_path, NAMED) == [("one", "एक")]


def test_sqlite_is_read_by_query_and_never_written(tmp_path, caplog):
    path = tmp_path / "t.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create table t (a text, b text)")
        database.execute("insert into t values ('one', 'एक')")
    before = path.read_bytes()
    options = {"files": "*.sqlite", "columns": {"en": 0, "hi": 1}, "query": "select a, b from t"}
    assert texts(tmp_path, options) == [("one", "एक")]
    with pytest.raises(KleinError, match="nothing could be read"):
        read(tmp_path, options | {"query": "delete from t"})
    assert path.read_bytes() == before
    assert "no rows by 'delete from t'" in caplog.text


def test_every_two_languages_of_a_row_make_a_pair_with_english_first(tmp_path):
    (tmp_path / "t.tsv").write_text("एक\tone\tஒன்று\n")
    options = {"files": "t.tsv", "columns": {"hi": 0, "en": 1, "ta": 2}}
    assert [(p.anchor_lang, p.positive_lang, p.positive) for p in read(tmp_path, options)] == [
        ("en", "hi", "एक"),
        ("en", "ta", "ஒன்று"),
        ("hi", "ta", "ஒன்று"),
    ]


@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.jsonl", "t.xlsx", "t.sqlite"])
@pytest.mark.parametrize("content", [b"\xff\xfe\x81 no", b"{]", b""])
def test_damaged_tables_are_named_and_skipped(tmp_path, caplog, name, content):
    (tmp_path / name).write_bytes(content)
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(KleinError, match="source tried: nothing could be read"),
    ):
        read(tmp_path, NAMED | {"query": "select 1"})


@pytest.mark.parametrize("columns", [{"en": 0}, {"en": 0, "xx": 1}])
def test_a_column_map_needs_two_languages_of_ours(tmp_path, columns):
    with pytest.raises(KleinError, match="source tried: 'columns' must name two languages"):
        read(tmp_path, {"files": "*", "columns": columns})


def test_tables_of_one_language_are_joined_on_their_key(tmp_path):
    rows = {
        "english/en_a.csv": "ID,BAD,GOOD\n1,it 's late .,it 's early .\n2,cold tea,hot tea\n",
        "hindi/hi_a.csv": "ID,GOOD,BAD\n2,गरम चाय,ठंडी चाय\n1,जल्दी है।,देर है।\n3,कुछ,और\n",
        "urdu/ur_a.csv": "ID,BAD,GOOD\n2,,گرم چائے\n",
        "hindi/hi_b.csv": "ID,BAD,GOOD\n1,दूसरा,भाग\n",
        "maithili/mai_a.csv": "ID,BAD,GOOD\n1,x,y\n",
    }
    for name, text in rows.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    options = {
        "files": "*/*.csv",
        "table": r"/(?P<lang>[a-z]+)_(?P<part>[ab])[.]csv$",
        "on": "ID",
        "texts": ["BAD", "GOOD"],
        "tokenised": True,
    }
    found = list(READERS["row_keys"](tmp_path, options, "reviews"))
    assert [(p.anchor, p.positive, p.anchor_lang, p.positive_lang) for p in found] == [
        ("it's late.", "देर है।", "en", "hi"),
        ("it's early.", "जल्दी है।", "en", "hi"),
        ("cold tea", "ठंडी चाय", "en", "hi"),
        ("hot tea", "गरम चाय", "en", "hi"),
        ("hot tea", "گرم چائے", "en", "ur"),
        ("गरम चाय", "گرم چائے", "hi", "ur"),
    ]
    with pytest.raises(KleinError, match="'table' must name the groups lang and part"):
        list(READERS["row_keys"](tmp_path, options | {"table": "x"}, "reviews"))
