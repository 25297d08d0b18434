"""Readers of catalogues that translators edit: PO, .lang, Moodle, XLIFF, YAML."""

from __future__ import annotations

import logging

import pytest

from klein_embedding.corpus.readers.table import READERS
from klein_embedding.errors import KleinError


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(reader, root, **options):
    pairs = list(READERS[reader](root, options, "tried"))
    assert all((p.anchor_lang, p.source, p.kind) == ("en", "tried", "translation") for p in pairs)
    return [(pair.positive_lang, pair.anchor, pair.positive) for pair in pairs]


def skipped(caplog):
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


# ---------------------------------------------------------------- PO

PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"

#: a.c:1
msgid ""
"Open "
"the file"
msgstr "फ़ाइल खोलें"

#, fuzzy
msgid "Guess"
msgstr "अनुमान"

msgctxt "button"
msgid "Close"
msgstr "बंद करें"

msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d फ़ाइल"
msgstr[1] "%d फ़ाइलें"

msgid "Not translated"
msgstr ""

msgid "translator-credits"
msgstr "कोई"

#~ msgid "Old"
#~ msgstr "पुराना"
"""


def test_po_files_give_what_is_translated_and_certain(tmp_path):
    expected = [
        ("hi", "Open the file", "फ़ाइल खोलें"),
        ("hi", "Close", "बंद करें"),
        ("hi", "%d file", "%d फ़ाइल"),
        ("hi", "%d files", "%d फ़ाइलें"),
    ]
    before = put(tmp_path / "a/po/hi.po", PO).read_bytes()
    put(tmp_path / "a/po/de.po", PO)
    put(tmp_path / "a/po/en_GB.po", PO)
    assert read("gettext_po", tmp_path / "a") == expected
    assert (tmp_path / "a/po/hi.po").read_bytes() == before
    put(tmp_path / "b/hi/LC_MESSAGES/django.po", PO)
    put(tmp_path / "b/xx/LC_MESSAGES/hi.po", PO)
    assert read("gettext_po", tmp_path / "b") == expected


@pytest.mark.parametrize("content", ['msgid "a\nmsgstr', PO.encode("utf-16")])
def test_damaged_po_files_are_skipped(tmp_path, caplog, content):
    put(tmp_path / "mr.po", 'msgid "Yes"\nmsgstr "होय"\n')
    put(tmp_path / "hi.po", content)
    assert read("gettext_po", tmp_path) == [("mr", "Yes", "होय")]
    assert ["hi.po" in line for line in skipped(caplog)] == [True]


# ---------------------------------------------------------------- .lang


def test_lang_files_pair_a_semicolon_line_with_the_next_line_of_text(tmp_path):
    text = (
        "## active ##\n# a comment\n;Read more\n# another\n\nऔर पढ़ें {ok}\n\n\n"
        ";Untranslated\nUntranslated\n\n;Missing\n;Share\nबाँटें\nstray line\n"
    )
    put(tmp_path / "hi-IN/main.lang", text)
    put(tmp_path / "de/main.lang", text)
    put(tmp_path / "en-GB/main.lang", text)
    assert read("mozilla_lang", tmp_path) == [
        ("hi", "Read more", "और पढ़ें"),
        ("hi", "Share", "बाँटें"),
    ]


def test_a_lang_file_in_another_encoding_is_skipped(tmp_path, caplog):
    put(tmp_path / "ta/a.lang", ";Yes\nஆம்\n")
    put(tmp_path / "ta/b.lang", ";No\nஇல்லை\n".encode("utf-16"))
    assert read("mozilla_lang", tmp_path) == [("ta", "Yes", "ஆம்")]
    assert ["b.lang" in line for line in skipped(caplog)] == [True]


# ---------------------------------------------------------------- Moodle


def test_moodle_strings_are_joined_by_file_and_key(tmp_path):
    put(
        tmp_path / "en_utf8/chat.php",
        "<?php\n$string['ask'] = 'Don\\'t ask $a->name';\n$string['two'] = 'One '.\"\\n\".'two';\n"
        "// $string['off'] = 'Commented';\n$string['same'] = 'In chat';\n"
        "$string['call'] = strtoupper('x');\n",
    )
    put(tmp_path / "en_utf8/quiz.php", "<?php $x = 1;\n$string['same'] = 'In quiz';\n")
    put(
        tmp_path / "mr_utf8/chat.php",
        "<?php\n$string['ask'] = '$a->name ला विचारू नका';\n$string['two'] = \"एक\\nदोन\";\n"
        "$string['off'] = 'बंद';\n$string['call'] = 'हाक';\n",
    )
    put(tmp_path / "mr_utf8/quiz.php", "<?php\n$string['same'] = 'प्रश्नांत';\n")
    put(tmp_path / "mr/quiz.php", "<?php\n$string['same'] = 'कुठेही नाही';\n")
    assert read("moodle", tmp_path) == [
        ("mr", "Don't ask {a}", "{a} ला विचारू नका"),
        ("mr", "One \ntwo", "एक\nदोन"),
        ("mr", "In quiz", "प्रश्नांत"),
    ]


def test_a_moodle_file_in_another_encoding_is_skipped(tmp_path, caplog):
    for name in ("a", "b"):
        put(tmp_path / f"en_utf8/{name}.php", "<?php\n$string['y'] = 'Yes';\n")
    put(tmp_path / "hi_utf8/a.php", "<?php\n$string['y'] = 'हाँ';\n")
    put(tmp_path / "hi_utf8/b.php", b"<?php\n$string['y'] = '\xff\xfe';\n")
    assert read("moodle", tmp_path) == [("hi", "Yes", "हाँ")]
    assert ["b.php" in line for line in skipped(caplog)] == [True]


XLIFF = (
    '<?xml version="1.0" encoding="utf-8"?><xliff xmlns="urn:oasis:names:tc:xliff:document:1.1">'
    '<file source-language="en" target-language="{}"><body><trans-unit id="a"><source>Buy '
    "@@NAME@@</source><context-group><context>menu</context></context-group><target>{}</target>"
    '</trans-unit><trans-unit id="b"><source>Left out</source></trans-unit></body></file></xliff>'
)
BOMB = '<!DOCTYPE r [<!ENTITY a "aaaa">]><root><data name="y"><value>&a;</value></data></root>'


def test_xliff_units_pair_source_and_target(tmp_path, caplog):
    put(tmp_path / "x_gu.xml", XLIFF.format("gu", "@@NAME@@ ખરીદો"))
    put(tmp_path / "x_bn_IN.xml", XLIFF.format("bn-IN", "@@NAME@@ কিনুন"))
    put(tmp_path / "x_de.xml", XLIFF.format("de", "Kaufen"))
    put(tmp_path / "x_hi.xml", BOMB)
    put(tmp_path / "x_ta.xml", XLIFF.format("ta", "வாங்கு")[:200])
    assert read("xliff", tmp_path) == [
        ("bn", "Buy {NAME}", "{NAME} কিনুন"),
        ("gu", "Buy {NAME}", "{NAME} ખરીદો"),
    ]
    assert ["x_hi" in line or "x_ta" in line for line in skipped(caplog)] == [True, True]


def test_resw_files_are_joined_by_name(tmp_path, caplog):
    head = '<?xml version="1.0" encoding="utf-8"?><root>'
    row = '<data name="{}"><value>{}</value><comment>no text</comment></data>'
    english = head + row.format("a", "Clear") + row.format("b", "Sum") + "</root>"
    put(tmp_path / "R/en-US/Resources.resw", "\ufeff" + english)
    put(tmp_path / "R/ml-IN/Resources.resw", head + row.format("b", "തുക") + "</root>")
    put(tmp_path / "R/de-DE/Resources.resw", head + row.format("b", "Summe") + "</root>")
    put(tmp_path / "R/hi-IN/Resources.resw", BOMB)
    put(tmp_path / "S/ml-IN/Resources.resw", head + row.format("a", "ഇംഗ്ലീഷ് ഇല്ല") + "</root>")
    assert read("resw", tmp_path, english=["en-US"]) == [("ml", "Sum", "തുക")]
    assert ["hi-IN" in line for line in skipped(caplog)] == [True]


# ---------------------------------------------------------------- YAML


def test_rails_catalogues_are_joined_on_the_way_to_each_text(tmp_path, caplog):
    put(
        tmp_path / "locales/en.yml",
        "en:\n  site:\n    hello: Hello %{name}\n    'no': 'No'\n    days: [Monday, Tuesday]\n"
        "    count:\n      one: one map\n      other: '%{n} maps'\n  time: 5\n",
    )
    put(
        tmp_path / "locales/kn.yml",
        "# Export\n---\nkn:\n  site:\n    hello: |-\n      ನಮಸ್ಕಾರ\n      %{name}\n    'no': ಇಲ್ಲ\n"
        "    days: [ಸೋಮವಾರ, ಮಂಗಳವಾರ]\n    count:\n      other: '%{n} ನಕ್ಷೆಗಳು'\n",
    )
    put(tmp_path / "locales/de.yml", "de:\n  site:\n    hello: Hallo\n")
    put(tmp_path / "locales/hi.yml", "hi:\n  a: &a [x, x]\n  site: {hello: *a}\n")
    put(tmp_path / "locales/ta.yml", "ta: [" * 3000)
    put(tmp_path / "locales/te.yml", "te: [unclosed\n  - : }")
    put(tmp_path / "locales/ur.yml", "!!python/object/apply:os.getcwd []\n")
    assert read("locale_yaml", tmp_path, english=["en"]) == [
        ("kn", "Hello {name}", "ನಮಸ್ಕಾರ\n{name}"),
        ("kn", "No", "ಇಲ್ಲ"),
        ("kn", "Monday", "ಸೋಮವಾರ"),
        ("kn", "Tuesday", "ಮಂಗಳವಾರ"),
        ("kn", "{n} maps", "{n} ನಕ್ಷೆಗಳು"),
    ]
    assert [line.split(".yml")[0][-2:] for line in skipped(caplog)] == ["hi", "ta", "te"]


# ---------------------------------------------------------------- help pages


JOINED = ["resw", "locale_yaml"]


@pytest.mark.parametrize("reader", ["gettext_po", "mozilla_lang", "moodle", "xliff", *JOINED])
def test_a_source_that_gives_nothing_is_an_error(tmp_path, reader):
    with pytest.raises(KleinError, match="source tried: nothing could be read"):
        read(reader, tmp_path, english=["en"])


@pytest.mark.parametrize("reader", JOINED)
def test_the_english_tags_must_be_told(tmp_path, reader):
    with pytest.raises(KleinError, match="options need 'english'"):
        read(reader, tmp_path)
