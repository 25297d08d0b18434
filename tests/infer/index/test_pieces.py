"""Passages stand where they say, in every format."""

from __future__ import annotations

import io
import json

import pytest

from klein_embedding.errors import KleinError
from klein_embedding.infer.index.formats import Reading, load, read_passages_of
from klein_embedding.infer.index.pieces import MAX_PASSAGE, cut, packed, sentences

TEXT = (
    "# शहर\r\n\r\n  नदी शहर के पास बहती है।  \r\nThe 🚆 is late. It may rain.\r\n\r\n"
    + "word " * 400
    + "\r\n\r\n"
    + "x" * 1500
    + "\r\nend"
)


def passages(path, **how):
    reading = Reading(**how)
    return list(read_passages_of(path, load(path, reading), reading))


def bare(text):
    return "".join(text.split())


@pytest.mark.parametrize("by", ["passage", "line"])
def test_positions_of_text_are_those_of_the_file(by):
    found = list(cut(TEXT, "a.md", by))
    assert found
    for passage in found:
        assert bare(TEXT[passage.start : passage.stop]) == bare(passage.text)
        assert TEXT.count("\n", 0, passage.start) + 1 == passage.line
    assert "".join(bare(passage.text) for passage in found) == bare(TEXT)
    if by == "passage":
        assert max(len(passage.text) for passage in found) <= MAX_PASSAGE
        assert found[0].text == "# शहर नदी शहर के पास बहती है। The 🚆 is late. It may rain."


def test_pieces_end_with_sentences_else_words_else_anywhere():
    text = "One two. " * 100
    assert all(text[start:stop].endswith("two.") for start, stop in packed(text))
    long = "word " * 300
    assert all(long[start:stop].endswith("word") for start, stop in packed(long))
    assert [stop - start for start, stop in packed("y" * 1500)] == [700, 700, 100]
    assert list(packed("   ")) == []


def test_sentences_of_every_script_end():
    text = " Is it? Yes. नदी बहती है। دریا بہتا ہے۔ কী? শেষ "
    assert [text[start:stop] for start, stop in sentences(text)] == [
        "Is it?",
        "Yes.",
        "नदी बहती है।",
        "دریا بہتا ہے۔",
        "কী?",
        "শেষ",
    ]


PAGE = """<!doctype html><html><head><title>Town &amp; river</title>
<style>p { color: red }</style><script>var x = "<p>no</p>";</script></head>
<body><h1>The   old
town</h1><p>Water <b>is</b> lif&#101;.<br>नदी&nbsp;बहती है।<p>Unclosed
<ul><li>one<li>two</ul><noscript>no</noscript><img alt="x"/></body></html>"""


def test_html_gives_visible_paragraphs_with_their_places(tmp_path, write):
    found = passages(write(tmp_path / "a.html", PAGE))
    assert [passage.text for passage in found] == [
        "Town & river",
        "The old town",
        "Water is life.",
        "नदी बहती है।",
        "Unclosed",
        "one",
        "two",
    ]
    assert [passage.line for passage in found] == [1, 3, 4, 4, 4, 5, 5]
    sources = [PAGE[passage.start : passage.stop] for passage in found]
    assert sources[1] == "The   old\ntown"
    assert sources[2].startswith("Water <b>is</b> lif")
    assert sources[5] == "one"


def test_html_in_the_encoding_that_it_names(tmp_path, write):
    page = '<meta charset="iso-8859-1"><p>Zürich'
    assert passages(write(tmp_path / "a.htm", page.encode("latin-1")))[0].text == "Zürich"
    for named in (page.replace("iso-8859-1", "no-such"), "<p>Zürich"):
        with pytest.raises(KleinError, match=r"a\.htm"):
            passages(write(tmp_path / "a.htm", named.encode("latin-1")))


def test_tables_give_rows_with_their_lines(tmp_path, write):
    table = write(tmp_path / "a.csv", 'id,text,note\n1,"two\nlines",x\n2,नदी,y\n')
    assert [(p.line, p.text) for p in passages(table)] == [(2, "two\nlines"), (4, "नदी")]
    chosen = passages(table, fields=("note", "id"))
    assert [(p.line, p.text) for p in chosen] == [(2, "x 1"), (4, "y 2")]
    with pytest.raises(KleinError, match="no field 'body'; it has id, text, note"):
        passages(table, fields=("body",))
    assert [p.text for p in passages(write(tmp_path / "b.tsv", "a\tb\nx\ty\n"))] == ["x y"]
    lines = '{"title": "एक", "n": 3, "body": "two"}\n\n{"text": "three", "title": "x"}\n'
    found = passages(write(tmp_path / "a.jsonl", lines))
    assert [(p.line, p.text) for p in found] == [(1, "एक two"), (3, "three")]
    with pytest.raises(KleinError, match="line 2 is no JSON object"):
        passages(write(tmp_path / "b.jsonl", '{"text": "a"}\n{"text"'))


def test_parquet_gives_rows(tmp_path, write):
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"text": ["one", None, "நீர்"], "n": [1, 2, 3]}), path)
    assert [(p.line, p.text, p.place) for p in passages(path)] == [
        (1, "one", "row"),
        (3, "நீர்", "row"),
    ]
    for damaged in (path.read_bytes()[:100], b"text"):
        with pytest.raises(KleinError, match=r"b\.parquet: no Parquet file"):
            passages(write(tmp_path / "b.parquet", damaged))


def pdf(*pages):
    """A PDF file with one line of Latin text on each page."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for text in pages:
        stream = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET"
        font = "<< /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
        number = len(objects) + 1
        kids.append(f"{number} 0 R")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {number + 1} 0 R "
            f"/Resources << /Font {font} >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n{body}\nendobj\n".encode())
    start = out.tell()
    rows = "".join(f"{place:010} 00000 n \n" for place in places)
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{rows}".encode())
    out.write(f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\n".encode())
    out.write(f"startxref\n{start}\n%%EOF".encode())
    return out.getvalue()


def test_pdf_gives_pages(tmp_path, write):
    found = passages(write(tmp_path / "a.pdf", pdf("The river runs.", "Water is life.")))
    assert [(p.line, p.place, p.text) for p in found] == [
        (1, "page", "The river runs."),
        (2, "page", "Water is life."),
    ]
    for damaged in (b"", b"%PDF-1.4\nnothing", b"\0\1\2"):
        with pytest.raises(KleinError, match=r"b\.pdf: not readable as PDF"):
            passages(write(tmp_path / "b.pdf", damaged))


@pytest.mark.parametrize(("name", "package"), [("a.pdf", "pypdf"), ("a.parquet", "pyarrow")])
def test_a_missing_package_is_named_with_its_extra(tmp_path, write, monkeypatch, name, package):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    path = write(tmp_path / name, b"x")
    with pytest.raises(KleinError, match=rf"needs {package}; install klein-embedding\[index\]"):
        passages(path)


def test_files_that_are_no_text_say_why(tmp_path, write):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for path, words in (
        (write(tmp_path / "a.bin", b"a\0b"), "NUL bytes"),
        (write(tmp_path / "b.txt", b"x" * 70_000 + b"\0"), "NUL bytes"),
        (write(tmp_path / "c.txt", b"fine\nbad \xff"), r"line 2 is not UTF-8 text \(byte 5"),
        (write(tmp_path / "d.txt", b"x" * 1_000_001), "larger than 1 MB; split it or raise"),
        (tmp_path, "is a folder"),
        (tmp_path / "link", "no such file"),
    ):
        with pytest.raises(KleinError, match=words):
            passages(path, largest=1)


def test_broken_surrogates_of_json_become_question_marks(tmp_path, write):
    record = json.dumps({"text": "a\ud800b"})
    assert passages(write(tmp_path / "a.jsonl", record))[0].text == "a?b"
