"""Readers of Fluent and properties catalogues, plain and zipped."""

from __future__ import annotations

import io
import logging
import zipfile

import pytest

from klein_embedding.corpus.readers import READERS
from klein_embedding.corpus.readers.keyed import properties
from klein_embedding.errors import KleinError
from klein_embedding.text import Pair


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zipped(members):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def read(root, english="en"):
    items = list(READERS["keyed"](root, {"english": english}, "tried"))
    pairs = [item for item in items if isinstance(item, Pair)]
    assert len(pairs) == len(items)
    assert all((p.anchor_lang, p.source, p.kind) == ("en", "tried", "translation") for p in pairs)
    return [(p.positive_lang, p.anchor, p.positive) for p in pairs]


def skipped(caplog):
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


def test_fluent_terms_attributes_and_choices_are_written_out(tmp_path):
    put(tmp_path / "en/brand.ftl", "-name = Fox\n")
    put(
        tmp_path / "en/page.ftl",
        "open = Open { -name } for { $who }\n    .title = A title\n"
        'mark = Say { "{" }now\n'
        "count = { $n ->\n    [one] One page\n   *[other] { $n } pages\n }\n"
        "loop = { loop }\nsame = { open }\nbroken\n",
    )
    put(tmp_path / "hi/brand.ftl", "-name = लोमड़ी\n")
    put(
        tmp_path / "hi/page.ftl",
        "open = { $who } के लिए { -name } खोलें\n    .title = शीर्षक\nmark = अभी कहें\n"
        "count = { $n ->\n    [one] एक पृष्ठ\n   *[other] { $n } पृष्ठ\n }\n"
        "loop = { loop }\nsame = वही\nonly = यहीं\n",
    )
    assert read(tmp_path) == [
        ("hi", "Fox", "लोमड़ी"),
        ("hi", "Open Fox for {$x}", "{$x} के लिए लोमड़ी खोलें"),
        ("hi", "A title", "शीर्षक"),
        ("hi", "Say {now", "अभी कहें"),
        ("hi", "{$x} pages", "{$x} पृष्ठ"),
        ("hi", "{$x}", "{$x}"),
        ("hi", "Open Fox for {$x}", "वही"),
    ]


def test_properties_are_joined_in_their_folder_on_the_key(tmp_path):
    put(tmp_path / "one/en.properties", "a = Add\nb: Close\nc=Shut\n")
    put(tmp_path / "one/bn.properties", "a=যোগ\nb=বন্ধ\nd=কিছু\n")
    put(tmp_path / "two/bn.properties", "c=আলাদা\n")
    assert read(tmp_path) == [("bn", "Add", "যোগ"), ("bn", "Close", "বন্ধ")]


def test_escapes_comments_and_continued_lines_of_properties():
    text = "# note = no\n! note\na.b = caf\\u00e9 \\\n   bar\r\nc\\:d:e\\=f\nempty=\n\\= = sign\n"
    assert properties(text) == {"a.b": "café bar", "c:d": "e=f", "empty": "", "=": "sign"}


def test_archives_and_archives_in_them_are_read_like_folders(tmp_path):
    inner = zipped({"locale/en-GB/a.properties": "x=Open", "locale/en-GB/big.txt": "no"})
    put(tmp_path / "pack-en.xpi", zipped({"chrome/in.jar": inner, "l/en-GB/m.ftl": "a = Yes\n"}))
    inner = zipped({"locale/gu-IN/a.properties": "x=ખોલો", "../../gu-IN/a.properties": "x=બહાર"})
    put(tmp_path / "pack-gu.xpi", zipped({"chrome/in.jar": inner, "l/gu-IN/m.ftl": "a = હા\n"}))
    assert read(tmp_path, "en-GB") == [("gu", "Open", "ખોલો"), ("gu", "Yes", "હા")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pack-en.xpi", "pack-gu.xpi"]


@pytest.mark.parametrize("damage", ["cut", b"no archive", b""])
def test_a_damaged_archive_is_skipped_and_named(tmp_path, caplog, damage):
    put(tmp_path / "en.xpi", zipped({"en/m.ftl": "a = Yes\n"}))
    put(tmp_path / "hi.xpi", zipped({"hi/m.ftl": "a = हाँ\n"}))
    content = zipped({"ta/m.ftl": "a = ஆம்\n" * 50})[:-30] if damage == "cut" else damage
    put(tmp_path / "ta.xpi", content)
    assert read(tmp_path) == [("hi", "Yes", "हाँ")]
    assert len(skipped(caplog)) == 1 and "ta.xpi" in skipped(caplog)[0]


def test_a_wrong_encoding_is_skipped_and_named(tmp_path, caplog):
    put(tmp_path / "en.properties", "a=Yes")
    put(tmp_path / "hi.properties", "a=हाँ")
    put(tmp_path / "ta.properties", "a=ஆம்".encode("utf-16"))
    assert read(tmp_path) == [("hi", "Yes", "हाँ")]
    assert len(skipped(caplog)) == 1 and "ta.properties" in skipped(caplog)[0]


def test_a_source_without_english_or_without_its_option_is_an_error(tmp_path):
    put(tmp_path / "hi.properties", "a=हाँ")
    with pytest.raises(KleinError, match="source tried: nothing could be read"):
        read(tmp_path)
    with pytest.raises(KleinError, match="options need 'english'"):
        list(READERS["keyed"](tmp_path, {}, "tried"))
