"""Readers of interface catalogues: what each format gives, and what damaged files do."""

from __future__ import annotations

import json
import logging
import struct

import polib
import pytest

from klein_embedding.corpus.readers import READERS
from klein_embedding.corpus.readers.icu import forms
from klein_embedding.corpus.readers.wiki import plain
from klein_embedding.errors import KleinError
from klein_embedding.text import Pair

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    '<r><string name="one">&b;</string><translation id="1">&b;</translation></r>'
)


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(reader, root, **options):
    items = list(READERS[reader](root, options, "tried"))
    pairs = [item for item in items if isinstance(item, Pair)]
    assert len(pairs) == len(items)
    assert all((p.anchor_lang, p.source, p.kind) == ("en", "tried", "translation") for p in pairs)
    return [(pair.positive_lang, pair.anchor, pair.positive) for pair in pairs]


def skipped(caplog):
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


# ---------------------------------------------------------------- gettext


def catalogue(path, entries, plural_forms="nplurals=2; plural=(n != 1);"):
    """A .mo file, compiled by polib."""
    po = polib.POFile()
    po.metadata = {"Content-Type": "text/plain; charset=UTF-8", "Plural-Forms": plural_forms}
    po.extend(polib.POEntry(**entry) for entry in entries)
    path.parent.mkdir(parents=True, exist_ok=True)
    po.save_as_mofile(str(path))


def test_gettext_gives_messages_plurals_and_contexts_without_credits(tmp_path):
    catalogue(
        tmp_path / "usr/share/locale/hi/LC_MESSAGES/tool.mo",
        [
            {"msgid": "Open the file", "msgstr": "फ़ाइल खोलें"},
            {"msgid": "Close", "msgstr": "बंद करें", "msgctxt": "a button"},
            {"msgid": "_: a menu\nEdit", "msgstr": "संपादन"},
            {
                "msgid": "%d file",
                "msgid_plural": "%d files",
                "msgstr_plural": {0: "%d फ़ाइल", 1: "%d फ़ाइलें"},
            },
            {"msgid": "translator-credits", "msgstr": "कोई"},
            {"msgid": "Your names", "msgstr": "कोई"},
            {"msgid": "Not translated", "msgstr": ""},
        ],
    )
    assert sorted(read("gettext", tmp_path)) == sorted(
        [
            ("hi", "Open the file", "फ़ाइल खोलें"),
            ("hi", "Close", "बंद करें"),
            ("hi", "Edit", "संपादन"),
            ("hi", "%d file", "%d फ़ाइल"),
            ("hi", "%d files", "%d फ़ाइलें"),
        ]
    )


def test_gettext_takes_the_language_from_the_locale_folder(tmp_path):
    for tag in ("bn_IN", "pa", "de", "en_GB"):
        entry = {"msgid": "Yes", "msgstr": f"yes in {tag}"}
        catalogue(tmp_path / tag / "LC_MESSAGES" / "tool.mo", [entry])
    assert read("gettext", tmp_path) == [
        ("bn", "Yes", "yes in bn_IN"),
        ("pa", "Yes", "yes in pa"),
    ]


def test_a_single_translated_form_belongs_to_the_english_plural(tmp_path):
    entry = {"msgid": "a day", "msgid_plural": "%d days", "msgstr_plural": {0: "%d दिन"}}
    catalogue(tmp_path / "ne/LC_MESSAGES/a.mo", [entry], "nplurals=1; plural=0;")
    assert read("gettext", tmp_path) == [("ne", "%d days", "%d दिन")]


def test_gettext_reads_catalogues_of_either_byte_order(tmp_path):
    texts = [(b"", b"Content-Type: text/plain; charset=UTF-8\n"), (b"Yes", "हाँ".encode())]
    for name, order in (("a", "<"), ("b", ">")):
        body, tables, start = b"", [[], []], 28 + 16 * len(texts)
        for column in (0, 1):
            for row in texts:
                tables[column] += [len(row[column]), start + len(body)]
                body += row[column] + b"\0"
        head = struct.pack(f"{order}7I", 0x950412DE, 0, 2, 28, 44, 0, 0)
        numbers = struct.pack(f"{order}8I", *tables[0], *tables[1])
        put(tmp_path / name / "hi/LC_MESSAGES/tool.mo", head + numbers + body)
        assert read("gettext", tmp_path / name) == [("hi", "Yes", "हाँ")]


@pytest.mark.parametrize("damage", [b"", b"hello, this is no catalogue", "cut"])
def test_gettext_skips_a_damaged_catalogue_and_says_so(tmp_path, caplog, damage):
    whole = tmp_path / "hi/LC_MESSAGES/whole.mo"
    catalogue(whole, [{"msgid": "Yes", "msgstr": "हाँ"}])
    content = whole.read_bytes()[:40] if damage == "cut" else damage
    put(tmp_path / "hi/LC_MESSAGES/broken.mo", content)
    assert read("gettext", tmp_path) == [("hi", "Yes", "हाँ")]
    assert len(skipped(caplog)) == 1 and "broken.mo" in skipped(caplog)[0]


# ---------------------------------------------------------------- Chromium


def pak(path, texts, aliases=(), encoding=1, version=5):
    """A resource pack as Chromium's grit writes it."""
    coded = [text.encode("utf-8" if encoding == 1 else "utf-16-le") for text in texts.values()]
    at = 12 + 6 * (len(texts) + 1) + 4 * len(aliases)
    content = struct.pack("<IB3xHH", version, encoding, len(texts), len(aliases))
    for number, text in zip([*texts, 0], [*coded, b""], strict=True):
        content += struct.pack("<HI", number, at)
        at += len(text)
    for number, entry in aliases:
        content += struct.pack("<HH", number, entry)
    return put(path, content + b"".join(coded))


def test_packs_are_joined_on_the_number_aliases_included(tmp_path):
    pak(tmp_path / "en-GB.pak", {7: "Open $1", 8: "Close", 9: "Only here", 11: "Shut"})
    pak(tmp_path / "hi.pak", {7: "$1 खोलें", 8: "बंद करें"}, aliases=[(11, 1)])
    pak(tmp_path / "de.pak", {7: "Öffne $1"})
    assert read("chromium_pak", tmp_path) == [
        ("hi", "Open $1", "$1 खोलें"),
        ("hi", "Close", "बंद करें"),
        ("hi", "Shut", "बंद करें"),
    ]


def test_packs_in_utf16_are_read_too(tmp_path):
    pak(tmp_path / "en-GB.pak", {7: "Open"})
    pak(tmp_path / "ta.pak", {7: "திற"}, encoding=2)
    assert read("chromium_pak", tmp_path) == [("ta", "Open", "திற")]


def test_a_compressed_resource_and_a_damaged_pack_are_left_out(tmp_path, caplog):
    english = {7: "Open", 8: "Close"}
    pak(tmp_path / "en-GB.pak", english)
    path = pak(tmp_path / "hi.pak", {7: "@@@@", 8: "बंद"})
    path.write_bytes(path.read_bytes().replace(b"@@@@", b"\x1e\x9b\xff\xfe"))
    cut = pak(tmp_path / "ta.pak", {7: "திற", 8: "மூடு"})
    cut.write_bytes(cut.read_bytes()[:20])
    pak(tmp_path / "te.pak", {7: "తెరువు"}, version=4)
    assert read("chromium_pak", tmp_path) == [("hi", "Close", "बंद")]
    assert ["ta.pak" in line or "te.pak" in line for line in skipped(caplog)] == [True, True]


def bundle(path, lang, texts):
    rows = "".join(f'<translation id="{key}">{text}</translation>' for key, text in texts.items())
    head = '<?xml version="1.0" ?><!DOCTYPE translationbundle>'
    return put(path, f'{head}<translationbundle lang="{lang}">{rows}</translationbundle>')


def test_bundles_are_joined_in_their_folder_and_each_pair_comes_once(tmp_path):
    for state in ("old", "new"):
        bundle(
            tmp_path / state / "strings_en-GB.xtb",
            "en-GB",
            {1: 'Install <ph name="APP"/> now', 2: "Off &amp; on", 3: f"{state} text"},
        )
        bundle(
            tmp_path / state / "strings_or.xtb",
            "or",
            {1: 'ଏବେ <ph name="APP"/> ଇନଷ୍ଟଲ', 2: "ବନ୍ଦ ଓ ଚାଲୁ", 3: "ପାଠ", 4: "ନାହିଁ"},
        )
        bundle(tmp_path / state / "other_or.xtb", "or", {1: "ଅନ୍ୟ"})
    assert read("chromium_xtb", tmp_path) == [
        ("or", "Install {APP} now", "ଏବେ {APP} ଇନଷ୍ଟଲ"),
        ("or", "Off & on", "ବନ୍ଦ ଓ ଚାଲୁ"),
        ("or", "new text", "ପାଠ"),
        ("or", "old text", "ପାଠ"),
    ]


def test_bundles_keep_no_escapes_of_android(tmp_path):
    bundle(tmp_path / "s_en-GB.xtb", "en-GB", {1: "Don\\'t wait\\u2026"})
    bundle(tmp_path / "s_hi.xtb", "hi", {1: "रुकें नहीं\\u2026"})
    assert read("chromium_xtb", tmp_path) == [("hi", "Don't wait…", "रुकें नहीं…")]


def test_brands_of_a_fork_are_read_back_or_the_pair_is_dropped(tmp_path):
    bundle(
        tmp_path / "s_en-GB.xtb", "en-GB", {1: "Use NEWBROWSER", 2: "Newbrowser store", 3: "Yes"}
    )
    bundle(tmp_path / "s_hi.xtb", "hi", {1: "newbrowser चलाएँ", 2: "क्रोम स्टोर", 3: "हाँ"})
    assert read("chromium_xtb", tmp_path, brands={"Newbrowser": "Chromium"}) == [
        ("hi", "Use Chromium", "Chromium चलाएँ"),
        ("hi", "Yes", "हाँ"),
    ]


@pytest.mark.parametrize("content", [BOMB, BOMB.encode("utf-16"), "<a><b></a>"])
def test_a_bundle_that_declares_entities_or_is_broken_is_skipped(tmp_path, caplog, content):
    bundle(tmp_path / "s_en-GB.xtb", "en-GB", {1: "Yes"})
    bundle(tmp_path / "s_hi.xtb", "hi", {1: "हाँ"})
    put(tmp_path / "s_ta.xtb", content)
    assert read("chromium_xtb", tmp_path) == [("hi", "Yes", "हाँ")]
    assert len(skipped(caplog)) == 1 and "s_ta.xtb" in skipped(caplog)[0]


# ---------------------------------------------------------------- plurals


def test_plural_messages_are_written_out():
    message = "{COUNT, plural, =1 {One tab of {NAME}} other {# tabs of {NAME}}} closed"
    assert forms(message) == {
        "one": "One tab of {NAME} closed",
        "other": "{N} tabs of {NAME} closed",
    }
    assert forms("Hello {NAME}") == {"": "Hello {NAME}"}
    assert forms("{ n, number, integer} apps on {day, date}") == {"": "{n} apps on {day}"}


def test_choices_inside_choices_are_written_out():
    inner = "{g, select, female {her # file} other {their # file}}"
    outer = f"{{n, plural, offset:1 one {{{inner}}} other {{many}}}}"
    assert forms(outer) == {"one": "their {N} file", "other": "many"}


def test_a_plural_without_a_singular_is_joined_with_no_singular(tmp_path):
    assert forms("{n, plural, other {# files}}") == {"other": "{N} files"}
    assert forms("{g, select, female {her} other {their}} file {n, plural, =1 {a} other {b}}") == {
        "one": "their file a",
        "other": "their file b",
    }
    pak(tmp_path / "en-GB.pak", {7: "{n, plural, =1 {1 file} other {# files}}"})
    pak(tmp_path / "as.pak", {7: "{n, plural, other {# টা ফাইল}}"})
    assert read("chromium_pak", tmp_path) == [("as", "{N} files", "{N} টা ফাইল")]


@pytest.mark.parametrize(
    "message", ["{n, plural, one {a} other {b}", "{n, plural, one {a}}", "{n, plural, other {a"]
)
def test_plural_messages_that_do_not_close_are_refused(message):
    with pytest.raises(ValueError, match=r"branch|closed"):
        forms(message)


def test_a_plural_meets_its_own_number_in_the_other_language(tmp_path):
    english = "{n, plural, =1 {1 file} other {# files}}"
    hindi = "{n, plural, one {1 फ़ाइल} other {# फ़ाइलें}}"
    pak(tmp_path / "en-GB.pak", {7: english, 8: "{n, plural, broken"})
    pak(tmp_path / "hi.pak", {7: hindi, 8: "{n, plural, broken"})
    assert read("chromium_pak", tmp_path) == [
        ("hi", "1 file", "1 फ़ाइल"),
        ("hi", "{N} files", "{N} फ़ाइलें"),
    ]


# ---------------------------------------------------------------- Android


def resources(path, body):
    xliff = "urn:oasis:names:tc:xliff:document:1.2"
    head = '<?xml version="1.0" encoding="utf-8"?>'
    return put(path, f'{head}<resources xmlns:xliff="{xliff}">{body}</resources>')


def test_android_resources_are_joined_by_type_name_and_place(tmp_path):
    resources(
        tmp_path / "app/res/values/strings.xml",
        r"""<string name="greet">Don\'t "wait",
            <xliff:g id="NAME">%1$s</xliff:g> <b>now</b>\u2026</string>
        <string name="product" translatable="false">Tool</string>
        <string name="other">@string/greet</string>
        <plurals name="days"><item quantity="one">^1 day</item>
            <item quantity="other">%d days</item></plurals>
        <string-array name="sides"><item>Left</item><item>Right</item></string-array>
        <color name="greet">#fff</color>""",
    )
    resources(
        tmp_path / "app/res/values-hi/elsewhere.xml",
        """<string name="greet">"<xliff:g id="NAME">%1$s</xliff:g>, <b>रुकें</b> नहीं"</string>
        <string name="product">उपकरण</string>
        <string name="other">अन्य</string>
        <plurals name="days"><item quantity="one">%d दिन</item>
            <item quantity="other">%d दिनों</item></plurals>
        <string-array name="sides"><item>बायाँ</item><item>दायाँ</item></string-array>""",
    )
    resources(tmp_path / "app/res/values-pa-rIN/s.xml", '<string name="greet">ਰੁਕੋ ਨਾ</string>')
    resources(tmp_path / "app/res/values-land/s.xml", '<string name="greet">wide</string>')
    resources(tmp_path / "lib/res/values-hi/s.xml", '<string name="greet">और कहीं</string>')
    assert read("android", tmp_path) == [
        ("hi", "Don't wait, %1$s now…", "%1$s, रुकें नहीं"),
        ("hi", "{1} day", "%d दिन"),
        ("hi", "%d days", "%d दिनों"),
        ("hi", "Left", "बायाँ"),
        ("hi", "Right", "दायाँ"),
        ("pa", "Don't wait, %1$s now…", "ਰੁਕੋ ਨਾ"),
    ]


def test_android_strings_may_hold_plurals_of_icu(tmp_path):
    for folder, one, many in (("values", "1 day", "# days"), ("values-bn", "1 দিন", "# দিন")):
        body = f'<string name="d">{{n, plural, =1{{{one}}} other{{{many}}}}}</string>'
        resources(tmp_path / "res" / folder / "strings.xml", body)
    assert read("android", tmp_path) == [("bn", "1 day", "1 দিন"), ("bn", "{N} days", "{N} দিন")]


def test_android_folders_with_tags_of_their_own_are_told_by_the_options(tmp_path):
    resources(tmp_path / "res/values/strings.xml", '<string name="one">One</string>')
    resources(tmp_path / "res/values-ka/strings.xml", '<string name="one">ಒಂದು</string>')
    resources(tmp_path / "res/values-de/strings.xml", '<string name="one">Eins</string>')
    assert read("android", tmp_path, folders={"ka": "kn"}) == [("kn", "One", "ಒಂದು")]


def test_android_resources_with_entities_are_skipped(tmp_path, caplog):
    resources(tmp_path / "res/values/strings.xml", '<string name="one">One</string>')
    resources(tmp_path / "res/values-hi/strings.xml", '<string name="one">एक</string>')
    put(tmp_path / "res/values-ta/strings.xml", BOMB)
    assert read("android", tmp_path) == [("hi", "One", "एक")]
    assert ["values-ta" in line for line in skipped(caplog)] == [True]


# ---------------------------------------------------------------- JSON


def put_json(path, value):
    return put(path, json.dumps(value, ensure_ascii=False))


def test_devtools_messages_take_the_first_english_file_that_is_there(tmp_path):
    put_json(tmp_path / "a/en-US.json", {"k | x": {"message": "Open"}, "only": {"message": "No"}})
    put_json(tmp_path / "a/en-GB.json", {"k | x": {"message": "Open up"}})
    put_json(tmp_path / "a/hi.json", {"k | x": {"message": "खोलें"}, "more": {"message": "और"}})
    put_json(tmp_path / "b/en-GB.json", {"k": {"message": "Shut"}})
    put_json(tmp_path / "b/pa.json", {"k": {"message": "ਬੰਦ"}, "n": 3})
    put_json(tmp_path / "c/pa.json", {"k": {"message": "ਅੰਗਰੇਜ਼ੀ ਨਹੀਂ"}})
    assert read("locale_json", tmp_path, english=["en-US", "en-GB"]) == [
        ("hi", "Open", "खोलें"),
        ("pa", "Shut", "ਬੰਦ"),
    ]


def test_arguments_in_double_braces_read_as_placeholders(tmp_path):
    put_json(tmp_path / "en.json", {"a": "Hi {{name}}", "b": "{n, plural, other {{n}}} apps"})
    put_json(tmp_path / "as.json", {"a": "নমস্কাৰ {{%s}}", "b": "{n, plural, other {{n}}} এপ"})
    assert read("locale_json", tmp_path, english=["en"]) == [
        ("as", "Hi {value}", "নমস্কাৰ {value}"),
        ("as", "{n} apps", "{n} এপ"),
    ]


def test_mediawiki_messages_lose_their_markup(tmp_path):
    english = {
        "@metadata": {"authors": ["a"]},
        "one": "'''Read''' the [[Help:Contents|help pages]] or [https://x.org the site]",
        "two": "$1 {{PLURAL:$1|page|pages}} of {{GENDER:$2|his|her}} list",
    }
    put_json(tmp_path / "ext/i18n/en.json", english)
    put_json(
        tmp_path / "ext/i18n/te.json",
        {"one": "[[Help:Contents|సహాయ పేజీలు]] చదవండి", "two": "$1 {{PLURAL:$1|పేజీ|పేజీలు}}"},
    )
    assert read("locale_json", tmp_path, layout="wiki", english=["en"]) == [
        ("te", "Read the help pages or the site", "సహాయ పేజీలు చదవండి"),
        ("te", "$1 pages of his list", "$1 పేజీలు"),
    ]


def test_wiki_markup():
    assert plain("{{PLURAL:$1|0=none|one {{GENDER:$2|he|she}}|many}}") == "many"
    assert plain("{{PLURAL:$1|0=none}}") == ""
    assert plain("see {{SITENAME}} and [[Main Page]], [$1 this one]") == (
        "see {{SITENAME}} and Main Page, this one"
    )


def test_cldr_names_and_spoken_annotations(tmp_path):
    def names(lang, text):
        inner = {"identity": {"language": lang}, "localeDisplayNames": {"languages": {"as": text}}}
        return {"main": {lang: inner}}

    def spoken(lang, words, text):
        inner = {"🐪": {"default": words, "tts": [text]}}
        return {"annotations": {"identity": {"language": lang}, "annotations": inner}}

    for lang, text in (("en", "Assamese"), ("gu", "આસામી")):
        put_json(tmp_path / "names/main" / lang / "languages.json", names(lang, text))
    for lang, words, text in (("en", ["desert"], "camel"), ("gu", ["રણ", "પ્રાણી"], "ઊંટ")):
        put_json(tmp_path / "marks" / lang / "annotations.json", spoken(lang, words, text))
    assert read("locale_json", tmp_path / "names", layout="names", english=["en"]) == [
        ("gu", "Assamese", "આસામી")
    ]
    assert read("locale_json", tmp_path / "marks", layout="annotations", english=["en"]) == [
        ("gu", "camel", "ઊંટ")
    ]


@pytest.mark.parametrize("content", ["{", "[1, 2]", b"\xff\xfe"])
def test_damaged_json_is_skipped(tmp_path, caplog, content):
    put_json(tmp_path / "en.json", {"a": "Yes"})
    put_json(tmp_path / "hi.json", {"a": "हाँ"})
    put(tmp_path / "ta.json", content)
    assert read("locale_json", tmp_path, english=["en"]) == [("hi", "Yes", "हाँ")]
    assert len(skipped(caplog)) == 1 and "ta.json" in skipped(caplog)[0]


def test_wrong_options_are_named(tmp_path):
    with pytest.raises(KleinError, match="tried: layout must be one of messages, wiki"):
        read("locale_json", tmp_path, layout="tables", english=["en"])
    with pytest.raises(KleinError, match="options need 'english'"):
        read("locale_json", tmp_path)


@pytest.mark.parametrize(
    "reader", ["gettext", "chromium_pak", "chromium_xtb", "android", "locale_json"]
)
def test_a_source_that_gives_nothing_is_an_error(tmp_path, reader):
    with pytest.raises(KleinError, match="source tried: nothing could be read"):
        read(reader, tmp_path, english=["en"])


@pytest.mark.parametrize("reader", ["gettext", "android"])
def test_reading_twice_gives_the_same_rows_in_the_same_order(tmp_path, reader):
    for lang in ("te", "hi", "ta"):
        catalogue(tmp_path / lang / "LC_MESSAGES/b.mo", [{"msgid": "B", "msgstr": f"b{lang}"}])
        catalogue(tmp_path / lang / "LC_MESSAGES/a.mo", [{"msgid": "A", "msgstr": f"a{lang}"}])
        resources(tmp_path / f"res/values-{lang}/s.xml", f'<string name="x">{lang}</string>')
    resources(tmp_path / "res/values/s.xml", '<string name="x">X</string>')
    first = read(reader, tmp_path)
    assert first == read(reader, tmp_path)
    assert [row[0] for row in first] == sorted(row[0] for row in first)
