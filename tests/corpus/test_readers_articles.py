"""Readers of articles: titles and bodies out of files, archives, tables and Wikipedia extracts."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import logging
import tarfile
import zipfile

import pytest
from openpyxl import Workbook

from klein_embedding.corpus.readers import READERS, members
from klein_embedding.errors import KleinError
from klein_embedding.text import Line, Pair

BODY = "आज सुबह तेज बारिश हुई। " * 6


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read(reader, root, **options):
    return list(READERS[reader](root, options, "tried"))


def pairs(items):
    return [(p.anchor, p.positive, p.anchor_lang) for p in items if isinstance(p, Pair)]


def lines(items):
    return [(item.text, item.lang) for item in items if isinstance(item, Line)]


def skipped(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def zipped(path, **texts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(f"{name}.txt", text)


@pytest.mark.parametrize("reader", ["article_rows", "wiki_extract", "news_text"])
@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x81 no", b"[[[[", b"PK\x03\x04 cut", b"a,b\n1"]
)
def test_a_source_without_an_article_is_an_error_that_names_it(tmp_path, reader, content):
    for name in ("a.csv", "a.json", "a.jsonl", "a.xlsx", "a.zip", "a.tar.gz", "a.txt.gz"):
        put(tmp_path / name, content)
    with pytest.raises(KleinError, match="source tried: nothing could be read"):
        read(reader, tmp_path, files="*", body="text", lang="hi")


@pytest.mark.parametrize(
    ("reader", "options", "missing"),
    [
        ("article_rows", {"files": "*", "lang": "hi"}, "body"),
        ("article_rows", {"body": "text", "lang": "hi"}, "files"),
        ("wiki_extract", {"files": "*"}, "lang"),
    ],
)
def test_a_missing_option_is_named(tmp_path, reader, options, missing):
    with pytest.raises(KleinError, match=f"source tried: its options need '{missing}'"):
        read(reader, tmp_path, **options)


def test_news_text_knows_each_article_of_a_mixed_source_by_its_script(tmp_path):
    put(tmp_path / "1" / "doc.txt", f"मौसम\n\n{BODY}")
    put(tmp_path / "2" / "doc.txt", f"Weather\n\n{'It rained this morning. ' * 8}")
    found = read("news_text", tmp_path, files="**/doc.txt", lang=["hi", "en"])
    assert [(title, lang) for title, _, lang in pairs(found)] == [("मौसम", "hi"), ("Weather", "en")]


def test_news_text_reads_the_articles_of_archives_and_names_a_damaged_one(tmp_path, caplog):
    zipped(
        tmp_path / "a.zip",
        bad=b"\xff\xfe\x00",
        one=f"मौसम\n2017-02-07 12:58:00\n{BODY}",
        other="कहीं और\n",
    )
    found = read("news_text", tmp_path, files="*.zip", member="[bo]*", lang="hi")
    assert lines(found) == [("मौसम", "hi"), (BODY.strip(), "hi"), ("कहीं और", "hi")]
    assert pairs(found) == [("मौसम", BODY.strip(), "hi")]
    assert len(skipped(caplog)) == 1
    assert "bad.txt" in skipped(caplog)[0]
    only = read("news_text", tmp_path, files="*.zip", member="other*", lang="hi")
    assert lines(only) == [("कहीं और", "hi")]


def test_news_text_takes_titles_from_names_or_none_at_all(tmp_path):
    put(tmp_path / "आज_का मौसम.txt", BODY)
    assert pairs(read("news_text", tmp_path, files="*", lang="hi", title="name")) == [
        ("आज का मौसम", BODY.strip(), "hi")
    ]
    put(tmp_path / "आज_का मौसम.txt", f"मौसम\n{BODY}")
    found = read("news_text", tmp_path, files="*", lang="hi", title="none")
    assert found == [Line("मौसम", "hi", "tried"), Line(BODY.strip(), "hi", "tried")]


def test_news_text_reads_marked_utf_16_and_short_bodies_on_request(tmp_path):
    put(tmp_path / "a.txt", "मौसम\nआज बारिश होगी।\n".encode("utf-16"))
    found = read("news_text", tmp_path, files="*", lang="hi", body_words=3)
    assert pairs(found) == [("मौसम", "आज बारिश होगी।", "hi")]
    assert pairs(read("news_text", tmp_path, files="*", lang="hi")) == []


def test_bodies_are_passed_on_to_a_limit_and_lines_in_full(tmp_path):
    put(tmp_path / "a.txt", "मौसम\n" + "बारिश " * 5000)
    found = read("news_text", tmp_path, files="*.txt", lang="hi")
    assert len(lines(found)[1][0].split()) == 5000
    assert len(pairs(found)[0][1].split()) == 400


ROW = {"head": " मौसम  आज", "text": f"{BODY}<br/><b>शाम</b> तक धूप रही।", "kind": "real"}


def table(row, separator):
    cells = [f'"{value}"' for value in row.values()]
    return separator.join(row) + "\n" + separator.join(cells) + "\n"


def sheet(row):
    book, file = Workbook(), io.BytesIO()
    book.active.append(list(row))
    book.active.append(list(row.values()))
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "\ufeff" + table(ROW, ",")),
        ("a.tsv", table(ROW, "\t")),
        ("a.csv.gz", gzip.compress(table(ROW, ",").encode())),
        ("a.csv.bz2", bz2.compress(table(ROW, ",").encode())),
        ("a.json", json.dumps([ROW, "no row", 3])),
        ("a.json", json.dumps({"1": ROW})),
        ("a.json", json.dumps(ROW)),
        ("a.json", json.dumps({**ROW, "text": ROW["text"].split("<br/>")})),
        ("a.jsonl", json.dumps(ROW) + "\n"),
        ("a.js", f"// of today\nconst news = {json.dumps([ROW])};\n"),
        ("a.xlsx", sheet(ROW)),
    ],
)
def test_article_rows_read_every_kind_of_table(tmp_path, name, content):
    put(tmp_path / name, content)
    found = read("article_rows", tmp_path, files="*", title="head", body="text", lang="hi")
    assert lines(found)[:2] == [("मौसम आज", "hi"), (BODY.strip(), "hi")]
    assert [text for text, _ in lines(found)[2:]] in (["शाम तक धूप रही।"], ["शाम", "तक धूप रही।"])
    assert pairs(found) == [("मौसम आज", f"{BODY}शाम तक धूप रही।", "hi")]


def test_article_rows_keep_to_the_rows_and_columns_that_are_wanted(tmp_path):
    rows = [ROW, {**ROW, "kind": "invented"}, {"head": "", "text": "बिना शीर्षक।", "kind": "real"}]
    put(tmp_path / "a.json", json.dumps(rows))
    options = {"files": "*.json", "lang": "hi", "only": {"kind": ["real"]}}
    assert len(pairs(read("article_rows", tmp_path, title="head", body="text", **options))) == 1
    found = read("article_rows", tmp_path, body="text", **options)
    assert pairs(found) == []
    assert ("बिना शीर्षक।", "hi") in lines(found)


def test_article_rows_name_columns_by_number_where_no_header_stands(tmp_path):
    put(tmp_path / "a.csv", "राज्य,पहला वाक्य\nदेश,दूसरा वाक्य\nछोटी\n")
    found = read("article_rows", tmp_path, files="*.csv", body="1", lang="hi")
    assert lines(found) == [("पहला वाक्य", "hi"), ("दूसरा वाक्य", "hi")]


def test_article_rows_take_first_lines_as_titles_and_quotation_marks_as_text(tmp_path):
    put(tmp_path / "a.json", json.dumps([{"text": f"मौसम\n{BODY}"}]))
    found = read("article_rows", tmp_path, files="*.json", body="text", title=True, lang="hi")
    assert pairs(found) == [("मौसम", BODY.strip(), "hi")]
    put(tmp_path / "a.tsv", '1\t"बारिश" हुई\n2\t"धूप\n')
    found = read("article_rows", tmp_path, files="*.tsv", body="1", quoted=False, lang="hi")
    assert lines(found) == [('"बारिश" हुई', "hi"), ('"धूप', "hi")]


EXTRACT = """\
<doc id="7" url="https://hi.wikipedia.org/wiki?curid=7" title="वर्षा &amp; धूप">
वर्षा &amp; धूप

{body}
इतिहास.

वर्षा (  ) एक [[प्राकृतिक]] घटना है।
See also the English article on rain.


</doc>
<doc id="8" url="https://hi.wikipedia.org/wiki?curid=8" title="छोटा लेख">
छोटा लेख

</doc>
"""


def test_wiki_extract_leaves_out_headings_repeated_titles_and_other_scripts(tmp_path, caplog):
    put(tmp_path / "AA" / "wiki_00", EXTRACT.format(body=BODY))
    put(tmp_path / "AA" / "wiki_01", "no article in here")
    found = read("wiki_extract", tmp_path, files="*/wiki_*", lang="hi")
    assert [text for text, _ in lines(found)] == [
        "वर्षा & धूप",
        BODY.strip(),
        "वर्षा एक प्राकृतिक घटना है।",
        "छोटा लेख",
    ]
    assert pairs(found) == [("वर्षा & धूप", f"{BODY}वर्षा एक प्राकृतिक घटना है।", "hi")]
    assert any("wiki_01" in line for line in skipped(caplog))


def test_members_of_a_tar_are_files_alone_and_none_is_written_to_disk(tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        for name in ("../../climbs.txt", "b.txt"):
            entry = tarfile.TarInfo(name)
            entry.size = 2
            archive.addfile(entry, io.BytesIO(b"hi"))
        link = tarfile.TarInfo("link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    found = list(members.members(tmp_path / "a.tar.gz"))
    assert found == [("../../climbs.txt", b"hi"), ("b.txt", b"hi")]
    assert [path.name for path in tmp_path.rglob("*")] == ["a.tar.gz"]


@pytest.mark.parametrize("name", ["a.zip", "a.txt.gz", "a.tar.gz", "a.txt"])
def test_a_member_that_unpacks_to_more_than_the_limit_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr(members, "MOST_BYTES", 1000)
    bomb = b"0" * 5000
    path = tmp_path / name
    if name == "a.zip":
        zipped(path, bomb=bomb)
    elif name == "a.tar.gz":
        with tarfile.open(path, "w:gz") as archive:
            entry = tarfile.TarInfo("bomb.txt")
            entry.size = len(bomb)
            archive.addfile(entry, io.BytesIO(bomb))
    else:
        put(path, gzip.compress(bomb) if name.endswith("gz") else bomb)
    with pytest.raises(ValueError, match="larger than"):
        list(members.members(path))
