"""Passages and their lines, the order of answers, and input that is no text."""

from __future__ import annotations

import io

import numpy as np
import pytest

from klein_embedding.errors import KleinError
from klein_embedding.infer.passages import MAX_PASSAGE, read_passages
from klein_embedding.infer.readers import read_jsonl, read_lines
from klein_embedding.infer.search import highlighted, search

PAGE = """# Town

The river runs
past the old town.

## Bridge

```python
first = 1

second = 2
```

Water is life.
"""


class Letters:
    """Counts of letters as vectors: an embedder whose answers one can foresee."""

    def encode(self, texts, dim=512):
        vectors = np.zeros((len(texts), dim), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for char in text.lower():
                row[ord(char) % dim] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content, encoding="utf-8")
    return path


def test_markdown_blocks_keep_headings_and_fences_together(tmp_path):
    page = write(tmp_path / "page.md", PAGE)
    found = read_passages([page], "passage").passages
    assert [(passage.line, passage.text) for passage in found] == [
        (1, "# Town The river runs past the old town."),
        (6, "## Bridge ```python first = 1 second = 2 ```"),
        (14, "Water is life."),
    ]
    assert {passage.path for passage in found} == {str(page)}


def test_lines_are_numbered_and_blank_ones_left_out(tmp_path):
    page = write(tmp_path / "a.txt", "\ufeffone\r\n\r\n  two  \nthree")
    found = read_passages([page], "line").passages
    assert [(passage.line, passage.text) for passage in found] == [
        (1, "one"),
        (3, "two"),
        (4, "three"),
    ]


def test_long_paragraphs_are_cut_between_sentences(tmp_path):
    sentence = "The river runs past the old town and the new bridge."
    page = write(tmp_path / "a.txt", "first\n" + " ".join([sentence] * 40) + "\nlast")
    found = read_passages([page], "passage").passages
    assert len(found) == 4
    assert [passage.line for passage in found] == [1, 2, 2, 2]
    assert all(len(passage.text) <= MAX_PASSAGE + 20 for passage in found)
    assert all(passage.text.endswith(("bridge.", "last")) for passage in found)
    assert " ".join(passage.text for passage in found).count(sentence) == 40


def test_folders_are_walked_without_hidden_and_binary_files(tmp_path):
    write(tmp_path / "b.txt", "second")
    write(tmp_path / "a/deep/x.md", "first")
    write(tmp_path / ".git/config", "hidden")
    write(tmp_path / ".hidden", "hidden")
    binary = [write(tmp_path / "c.png", b"\x89PNG\xff"), write(tmp_path / "d.bin", b"a\0b")]
    found = read_passages([tmp_path], "line")
    assert {passage.text for passage in found.passages} == {"first", "second"}
    assert [skip.path for skip in found.skipped] == binary
    assert [skip.reason for skip in found.skipped] == [
        "not readable as UTF-8 text",
        "holds NUL bytes",
    ]
    for path in binary:
        with pytest.raises(KleinError, match=path.name):
            read_passages([path], "line")


def test_best_passages_come_first_and_ties_keep_their_order(tmp_path):
    page = write(tmp_path / "a.txt", "zzzz\nabc\nhello there\ncab\nabd")
    passages = read_passages([page], "line").passages
    hits = search(Letters(), "abc", passages, top=3)
    assert [(hit.line, hit.text) for hit in hits] == [(2, "abc"), (4, "cab"), (5, "abd")]
    assert hits[0].score == pytest.approx(1)
    assert hits[2].score == pytest.approx(2 / 3)
    assert search(Letters(), "abc", []) == []
    for query, top in (("  ", 3), ("abc", 0)):
        with pytest.raises(KleinError):
            search(Letters(), query, passages, top=top)


def test_the_model_finds_the_line_itself(model_folder, tmp_path):
    from klein_embedding.infer.embedding import KleinEmbedding

    lines = ["the bridge", "the old town", "நீரே உயிர்.", "नदी शहर के पास बहती है।"]
    passages = read_passages([write(tmp_path / "a.txt", "\n".join(lines))], "line").passages
    model = KleinEmbedding(model_folder)
    for number, line in enumerate(lines, start=1):
        hit = search(model, line, passages, top=1, dim=256)[0]
        assert (hit.line, hit.text) == (number, line)
        assert hit.score == pytest.approx(1, abs=1e-5)


def test_invalid_utf8_is_named_by_line(tmp_path):
    page = write(tmp_path / "a.txt", b"fine\nalso fine\nbad \xff byte\n")
    with pytest.raises(KleinError, match="line 3 is not UTF-8 text \\(byte 5"):
        list(read_lines(page))


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(KleinError, match="no such file"):
        list(read_lines(tmp_path / "none"))
    with pytest.raises(KleinError, match="is a folder"):
        list(read_lines(tmp_path))


def test_jsonl_gives_the_field_and_names_bad_lines(tmp_path):
    good = write(tmp_path / "good.jsonl", '{"text": "एक"}\n\n{"text": "", "n": 1}\n')
    assert list(read_jsonl(good, "text")) == ["एक", ""]
    for content, words in (
        ('{"text": "a"}\n{"text"', "line 2 is not JSON"),
        ('{"body": "a"}', "line 1 has no text under 'text'"),
        ('{"text": 3}', "line 1 has no text"),
        ('["text"]', "line 1 has no text"),
        ('{"text": "\\ud800"}', "line 1: character 0 is a lone surrogate"),
        ("[" * 100_000, "line 1 is not JSON"),
    ):
        with pytest.raises(KleinError, match=words):
            list(read_jsonl(write(tmp_path / "bad.jsonl", content), "text"))


def test_the_best_sentence_of_a_passage_is_found(tmp_path):
    text = "Zebra crossing. The river runs! नदी बहती है। Quick fox?"
    page = write(tmp_path / "a.txt", f"{text}\n\nriver")
    hits = search(Letters(), "river run", read_passages([page], "passage").passages)
    found = highlighted(Letters(), "river run", hits)
    assert [hit.text[slice(*hit.best)] for hit in found] == ["river", "The river runs!"]
    assert highlighted(Letters(), "river", []) == []


def test_long_lines_are_ranked_without_a_warning(model_folder, tmp_path):
    from klein_embedding.infer.embedding import KleinEmbedding

    page = write(tmp_path / "a.txt", "word " * 1000 + "\nriver")
    passages = read_passages([page], "line").passages
    assert [hit.line for hit in search(KleinEmbedding(model_folder), "river", passages)] == [2, 1]


def test_standard_input_may_be_closed(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(KleinError, match="standard input is closed"):
        list(read_lines(None))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"one\ntwo")))
    assert list(read_lines(None)) == ["one", "two"]
