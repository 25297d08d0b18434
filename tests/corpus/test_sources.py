"""The catalogue: strict to read, and the shipped one complete."""

from __future__ import annotations

import re
from itertools import product, takewhile
from pathlib import PurePosixPath

import pytest

from klein_embedding.corpus.globs import matcher
from klein_embedding.corpus.readers import READERS
from klein_embedding.corpus.sources import load_sources
from klein_embedding.errors import KleinError

ROW = """
[tried]
title = "A row"
origin_kind = "git"
origin = "somebody/something"
pins = ["0123456789abcdef0123456789abcdef01234567"]
files = ["*.txt"]
reader = "plain_lines"
text_class = "H"
licence = "CC0-1.0"
objective = "translation"
weight = 1.0
cap = 0
citation = "nobody"
"""


@pytest.fixture
def catalogue(tmp_path):
    def write(text):
        path = tmp_path / "sources.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def shipped(request):
    return load_sources(request.config.rootpath / "recipes" / "sources.toml")


def test_a_row_is_read_with_its_heading_as_name(catalogue):
    source = load_sources(catalogue(ROW))["tried"]
    assert (source.name, source.origin, source.weight, source.cap) == (
        "tried",
        "somebody/something",
        1.0,
        0,
    )
    assert source.packages == {} and source.options == {} and source.sha256 == ""


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('citation = "nobody"', 'citation = "nobody"\ncolour = "red"', "unknown key 'colour'"),
        ('licence = "CC0-1.0"\n', "", "'licence' is missing"),
        ("cap = 0", 'cap = "none"', "cap: expected int"),
        ("cap = 0", "cap = -1", "cap must be 0"),
        ("weight = 1.0", "weight = 0", "weight must be positive"),
        ('"git"', '"svn"', "origin_kind must be one of git, deb, npm, folder"),
        ('text_class = "H"', 'text_class = "X"', "text_class must be one of"),
        ("0123456789abcdef0123456789abcdef01234567", "01234567", "40 hexadecimal digits"),
        ('pins = ["0123456789abcdef0123456789abcdef01234567"]', "", "40 hexadecimal digits"),
        ("somebody/something", "something", "origin must be owner/name"),
        ('files = ["*.txt"]', "files = []", "at least one glob"),
        ('"git"', '"npm"', None),
        ('"git"', '"deb"', "packages must give a version"),
        ('"git"', '"folder"', "pins are for origin_kind git and npm alone"),
        ("cap = 0", 'cap = 0\nsha256 = "abc"', "64 hexadecimal digits"),
        ("cap = 0", 'cap = 0\npackages = { tool = "1" }', "origin_kind deb alone"),
        ("cap = 0", 'cap = 0\nname = "other"', "remove the key 'name'"),
        ("[tried]", "[Tried_it]", "lower-case letters, digits and hyphens"),
    ],
)
def test_a_wrong_row_is_refused_by_name(catalogue, old, new, complaint):
    assert old in ROW
    path = catalogue(ROW.replace(old, new))
    if complaint is None:
        assert "tried" in load_sources(path)
        return
    with pytest.raises(KleinError, match=complaint) as refused:
        load_sources(path)
    assert "ried" in str(refused.value) and "\n" not in str(refused.value)


def test_a_folder_lies_beside_its_catalogue(catalogue, tmp_path):
    row = ROW.replace('"git"', '"folder"').replace("somebody/something", "texts")
    row = "\n".join(line for line in row.splitlines() if not line.startswith("pins"))
    assert load_sources(catalogue(row))["tried"].origin == str(tmp_path / "texts")


def test_a_missing_catalogue_is_named(tmp_path):
    with pytest.raises(KleinError, match=r"nowhere\.toml"):
        load_sources(tmp_path / "nowhere.toml")


def test_the_shipped_sources_are_pinned_and_readable(shipped):
    unpinned = [name for name, source in shipped.items() if not source.sha256]
    unread = {
        name: source.reader
        for name, source in shipped.items()
        if source.reader not in READERS and not name.startswith("eval-")
    }
    assert (unpinned, unread) == ([], {})


def folders(pattern):
    """The parts of a path before the first that may stand for several."""
    return list(takewhile(lambda part: not set("*[{?") & set(part), PurePosixPath(pattern).parts))


def test_evaluation_sets_have_no_reader_and_no_part_in_training(shipped):
    sets = {name: source for name, source in shipped.items() if name.startswith("eval-")}
    assert {"eval-tatoeba", "eval-stsb"} <= set(sets)
    assert all(
        (s.reader, s.text_class, s.objective) == ("", "T", "evaluation") for s in sets.values()
    )
    others = [source for name, source in shipped.items() if name not in sets]
    assert all(source.reader and source.objective != "evaluation" for source in others)
    # A file of an evaluation set may not come in again under another name.
    for held in sets.values():
        for other in (source for source in others if source.origin == held.origin):
            wanted = [name for name in other.files if not name.startswith("!")]
            for one, two in product(held.files, wanted):
                apart = any(a != b for a, b in zip(folders(one), folders(two), strict=False))
                assert apart or (one != two and not set("*{") & set(one + two)), (one, two)


@pytest.mark.parametrize(
    "reserved",
    ["NTREX", "indic-nlp", "xquad", "disfl-qa", r"\bsick\b", r"\bcisi\b", "flickr8k"],
)
def test_what_is_reserved_for_an_outside_check_is_not_in_the_table(shipped, reserved):
    def said(source):
        return " ".join([source.name, source.title, source.origin, *source.files, source.citation])

    assert not [s.name for s in shipped.values() if re.search(reserved, said(s), re.IGNORECASE)]


def test_of_sets_with_reserved_parts_only_the_others_are_taken(shipped):
    assert shipped["eval-semrel"].files == ["Track A/{eng,mar}/*.csv"]
    assert shipped["eval-mahasts"].files == ["L3Cube-MahaSTS/val.csv"]


@pytest.mark.parametrize(
    ("globs", "path", "taken"),
    [
        (["*.txt"], "a.txt", True),
        (["*.txt"], "deep/a.txt", False),
        (["**/*.txt"], "a.txt", True),
        (["**/*.txt"], "very/deep/a.txt", True),
        (["text/**"], "text/a/b", True),
        (["task{184,203}_*.json"], "task203_x.json", True),
        (["task{184,203}_*.json"], "task2031_x.json", False),
        (["i18n/{lang}.json"], "i18n/pa-IN.json", True),
        (["i18n/{lang}.json"], "i18n/de.json", False),
        (["**/*.mo", "!**/{en,en_GB}/**"], "locale/en_GB/x.mo", False),
        (["**/*.mo", "!**/{en,en_GB}/**"], "locale/hi/x.mo", True),
        (["!*.md"], "a.txt", False),
        (["a?c.(x)"], "abc.(x)", True),
        (["a.c"], "abc", False),
        (["one, two.txt"], "one, two.txt", True),
    ],
)
def test_globs(globs, path, taken):
    assert matcher(globs)(path) is taken


@pytest.mark.parametrize("glob", ["{a", "a}", "{a,{b,c}}"])
def test_braces_must_pair_up(glob):
    with pytest.raises(KleinError, match="brace"):
        matcher([glob])
