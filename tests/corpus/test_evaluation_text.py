"""Every text of an evaluation set is found in every format, and a damaged file is refused."""

from __future__ import annotations

import csv
import io
import json
import pickle
import tarfile
import zipfile
from pathlib import Path

import openpyxl
import pytest

from klein_embedding.corpus.evaluation_text import texts_of
from klein_embedding.errors import KleinError

ENGLISH = "The bridge was closed at noon."
HINDI = "पुल दोपहर में बंद कर दिया गया।"
TMX = (
    '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE tmx SYSTEM "tmx14.dtd"><tmx><body><tu>'
    f"<tuv><seg>The bridge was <bpt>closed</bpt> at noon.</seg></tuv><tuv><seg>{HINDI}</seg></tuv>"
    "</tu></body></tmx>"
)


def found(folder: Path, name: str, content: bytes | str) -> list[str]:
    content = content if isinstance(content, bytes) else content.encode()
    (folder / name).write_bytes(content)
    return list(texts_of(folder))


def zipped(name: str, content: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def tarred(**files: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"set/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return file.getvalue()


def workbook() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    book.active.append(["original sentence", "translation", "Score"])
    book.active.append([ENGLISH, HINDI, 4])
    book.save(file)
    return file.getvalue()


def quoted() -> str:
    file = io.StringIO()
    csv.writer(file).writerows([["PairID", "Text", "Score"], ["x-1", f"{ENGLISH}\n{HINDI}", "0.9"]])
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tatoeba.hin", f"{ENGLISH}\r\n{HINDI}\n"),
        ("mgsm.tsv", f"{ENGLISH}\t12\n{HINDI}\t3\n"),
        ("sts.csv", f'main\t3.5\t{ENGLISH}\t{HINDI}\t"\n'),
        ("pairs.csv", quoted()),
        ("test.txt", f"\ufeff{ENGLISH}||{HINDI}\n"),
        ("rows.jsonl", f"{json.dumps({'src': ENGLISH})}\n{json.dumps({'a': [HINDI]})}\n"),
        ("all.json", json.dumps({"data": [{"text": ENGLISH}, HINDI]})),
        ("all.tmx.zip", zipped("all.tmx", TMX)),
        ("all.tmx", TMX),
        ("queries.xml", f"<xml><top><num>1</num><title>\n{ENGLISH}\n</title>{HINDI}</top></xml>"),
        ("sets.tgz", tarred(**{"dev.en": ENGLISH, "dev.hi": HINDI})),
        ("samples.xlsx", workbook()),
        ("table.pkl", pickle.dumps({"a": [ENGLISH, 1.5], "b": (HINDI,)})),
    ],
)
def test_both_sides_are_found(tmp_path: Path, name: str, content: bytes | str) -> None:
    assert {ENGLISH, HINDI} <= set(found(tmp_path, name, content))


def test_records_of_several_lines_become_one_text(tmp_path: Path) -> None:
    smart = ".I 1\n.T\nwings in\na slipstream .\n.A\nsomebody,m.\n.B\nj. ae. 25.\n.W\nan .i test\n"
    smart += ".I 2\n.W\nb\n"
    assert found(tmp_path, "cran.all", smart) == ["wings in a slipstream .", "an .i test", "b"]
    (tmp_path / "cran.all").unlink()
    slashes = (
        "1\ncompact memories have\nflexible capacities\n   /\n2\nan electronic computer\n   /\n"
    )
    texts = [text for text in found(tmp_path, "doc-text", slashes) if text]
    assert texts == ["compact memories have flexible capacities", "an electronic computer"]


def test_marked_fragments_of_a_rated_translation_are_no_texts(tmp_path: Path) -> None:
    row = {"src": ENGLISH, "ref": HINDI, "completion": [{"span_text": "at noon"}]}
    assert found(tmp_path, "a.jsonl", json.dumps(row)) == [ENGLISH, HINDI]


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (eval, ("__import__('pathlib').Path('bomb').touch()",))


ENTITIES = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.tmx.zip", zipped("all.tmx", TMX)[:-40]),
        ("cut.tgz", tarred(a=ENGLISH * 50)[:60]),
        ("cut.tmx", TMX[:-10]),
        ("bomb.xml", ENTITIES),
        ("bomb.tmx.zip", zipped("all.tmx", ENTITIES)),
        ("cut.jsonl", '{"src": "a b c"}\n{"src": '),
        ("no.xlsx", b"no workbook"),
        ("bomb.pkl", pickle.dumps(_Bomb())),
        ("cut.pkl", pickle.dumps([ENGLISH])[:-5]),
    ],
)
def test_a_damaged_or_unsafe_file_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KleinError, match=name):
        found(folder, name, content)
    assert not (tmp_path / "bomb").exists()


def test_an_archive_that_unpacks_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KleinError, match="unpacks to more"):
        found(tmp_path, "large.zip", zipped("a.txt", "a" * 200_000_001))


def test_a_path_that_leaves_an_archive_is_only_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    assert found(folder, "a.zip", zipped("../../outside.txt", ENGLISH)) == [ENGLISH]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.zip", "files"]
