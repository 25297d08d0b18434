import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from klein_embedding.corpus.audit import AUDIT
from klein_embedding.corpus.card import CardNotes, card_text, chart_text, gathered, load_notes
from klein_embedding.corpus.merge import PAIR_SCHEMA
from klein_embedding.corpus.mono import MONO_SCHEMA
from klein_embedding.corpus.sample import Wanted, sample_pairs
from klein_embedding.corpus.sources import Source
from klein_embedding.corpus.tally import tally
from klein_embedding.errors import KleinError
from klein_embedding.files import MANIFEST, sha256, write_json, write_manifest

RULES = {"scripture_cap": 8000, "short_interface_cap": 4000}
NAMES = ("recipes/some.toml", "data.svg")


def _source(name, letter, licence):
    return Source(
        name,
        f"Title of {name}",
        "git",
        "a/b",
        ["*"],
        "x",
        letter,
        licence,
        "translation",
        1.0,
        0,
        f"Authors of {name}",
    )


SOURCES = [
    _source("talks", "H", "CC-BY-4.0"),
    _source("menus", "U", "MIT"),
    _source("words", "L", "MIT"),
]


def _row(number, positive_lang, source, kind="translation", anchor_lang="en"):
    letter, licence = {s.name: (s.text_class, s.licence) for s in SOURCES}[source]
    return {
        "anchor": f"anchor {number}",
        "positive": f"positive {number}",
        "anchor_lang": anchor_lang,
        "positive_lang": positive_lang,
        "source": source,
        "kind": kind,
        "negatives": [],
        "text_class": letter,
        "licence": licence,
        "key": number,
    }


@pytest.fixture
def processed(tmp_path):
    rows = [
        _row(1, "hi", "talks"),
        _row(2, "hi", "menus"),
        _row(3, "or", "menus"),
        _row(4, "or", "words"),
        _row(5, "ta", "talks", "title-body", "ta"),
        _row(6, "ta", "talks", "translation", "hi"),
        _row(7, "en", "talks", "paraphrase"),
    ]
    folder = tmp_path / "processed"
    folder.mkdir()
    table = pa.Table.from_pylist([{n: r[n] for n in PAIR_SCHEMA.names if n in r} for r in rows])
    pq.write_table(table, folder / "pairs-train.parquet")
    mono = [
        {"text": "one two three", "lang": "hi", "source": "talks", "side": True},
        {"text": "four", "lang": "hi", "source": "talks", "side": False},
    ]
    mono = [{n: r[n] for n in MONO_SCHEMA.names if n in r} for r in mono]
    pq.write_table(pa.Table.from_pylist(mono), folder / "mono.parquet")
    counts = {
        "pairs_valid": 3,
        "dropped": {"talks": {"equal sides": 2}, "menus": {"equal sides": 5}},
    }
    write_manifest(folder, {"guard": "ab" * 32, "counts": counts})
    return folder


def test_every_figure_is_counted_from_the_rows(processed):
    pairs = tally(processed, SOURCES)["pairs"]
    assert pairs["total"] == 7
    assert pairs["english_indic"] == 3
    assert pairs["english_indic_words"] == 1
    assert pairs["english_indic_by_language"] == {"hi": {"H": 1, "U": 1}, "or": {"L": 1, "U": 1}}
    assert pairs["by_language"] == {"en": 5, "hi": 3, "or": 2, "ta": 2}
    assert pairs["by_class"] == {"H": 4, "L": 1, "U": 2}
    assert pairs["by_licence"] == {"CC-BY-4.0": 4, "MIT": 3}
    assert pairs["without_english"] == {"Indic-Indic": 1, "within one Indic language": 1}
    assert pairs["indic_title_body"] == 1
    assert pairs["held_out"] == 3


def test_words_and_drops_add_up(processed):
    figures = tally(processed, SOURCES)
    assert figures["mono_words"] == {"by_language": {"hi": 4}, "side_share": {"hi": 0.75}}
    assert figures["dropped"] == {"equal sides": 7}
    assert [(s["name"], s["pairs"]) for s in figures["sources"]] == [
        ("talks", 4),
        ("menus", 2),
        ("words", 1),
    ]


def test_an_audit_counts_only_for_the_corpus_it_saw(processed):
    assert tally(processed, SOURCES)["audit"] == {"hits": None}
    write_json(processed / AUDIT, {"corpus": "another", "hits": 0})
    assert tally(processed, SOURCES)["audit"] == {"hits": None}
    rest = {"hits": 0, "texts": 9, "threshold": 0.8}
    write_json(processed / AUDIT, {"corpus": sha256(processed / MANIFEST), **rest})
    assert tally(processed, SOURCES)["audit"]["hits"] == 0


READ = ("lang", "class", "rows", "right", "exact", "remark")


def test_the_page_shows_counts_notes_and_citations(processed):
    figures = tally(processed, SOURCES)
    figures["permissive"] = {"pairs": figures["pairs"] | {"total": 2}}
    notes = CardNotes(
        [{"name": "huge", "what": "a big one", "reason": "over the size limit"}],
        [dict(zip(READ, ("or", "U", "50", "47", "45", "brand names"), strict=True))],
    )
    page = card_text(figures, RULES, notes, NAMES)
    assert "**7 training pairs, 3 of them" in page
    assert "| all pairs | 7 | 2 |" in page
    assert "| Odia | interface strings | 50 | 94 % | 90 % | brand names |" in page
    assert "| huge | a big one | over the size limit |" in page
    assert "* **menus**: Authors of menus" in page
    assert "No audit of this corpus was made." in page
    assert json.dumps(figures)


def test_the_chart_is_xml_with_a_bar_for_each_class(processed):
    from xml.etree import ElementTree

    root = ElementTree.fromstring(chart_text(tally(processed, SOURCES)))
    widths = [float(r.get("width")) for r in root.iter("{http://www.w3.org/2000/svg}rect")]
    bars = [width for width in widths if width != 12]
    assert len(bars) == 4
    assert max(bars) == pytest.approx(310)


def test_notes_that_lack_a_column_are_refused(tmp_path):
    (tmp_path / "left.toml").write_text("[x]\nwhat = 'y'\n")
    with pytest.raises(KleinError, match="needs 'reason'"):
        load_notes(tmp_path / "left.toml", tmp_path / "none.tsv")
    (tmp_path / "read.tsv").write_text("lang\tclass\nhi\tH\n")
    with pytest.raises(KleinError, match="columns must be"):
        load_notes(tmp_path / "none.toml", tmp_path / "read.tsv")


def test_samples_hold_only_what_was_asked_for(processed):
    rows = sample_pairs(processed, Wanted("or", "U", 10))
    assert [row["anchor"] for row in rows] == ["anchor 3"]
    assert len(sample_pairs(processed, Wanted("hi", "", 10))) == 3
    assert len(sample_pairs(processed, Wanted("en-hi", "", 10))) == 2
    assert sample_pairs(processed, Wanted("hi", "", 2)) == sample_pairs(
        processed, Wanted("hi", "", 2)
    )
    with pytest.raises(KleinError, match="no pair"):
        sample_pairs(processed, Wanted("or", "H", 10))


def test_a_large_family_of_sources_is_one_row_of_the_page() -> None:
    lessons = [{"name": f"lesson-plan-{n}", "title": f"Plan {n}", "pairs": n} for n in range(25)]
    rows = gathered([{"name": "stories", "title": "Stories", "pairs": 7}, *lessons])
    assert [(row["name"], row["pairs"]) for row in rows] == [
        ("stories", 7),
        ("lesson-plan-… (25)", 300),
    ]
    assert len(gathered(lessons[:19])) == 19
