"""The stage: from a corpus on disk to a tokenizer, a frozen one, and a page about it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from klein_embedding.errors import KleinError
from klein_embedding.files import read_json, read_manifest, write_manifest
from klein_embedding.languages import LANGUAGES
from klein_embedding.recipe import TokenizerRecipe
from klein_embedding.tokenizer.designs import compare_designs, parse_designs
from klein_embedding.tokenizer.frozen import freeze, open_tokenizer
from klein_embedding.tokenizer.held_out import read_held_out
from klein_embedding.tokenizer.measure import fertility, parity, rates
from klein_embedding.tokenizer.train import make_tokenizer, tokenizer_key
from klein_embedding.tokenizer.validate import measure, parse_peers, write_page
from klein_embedding.tokenizer.words import read_words

GUARD = "ab" * 32


def _word(rng: random.Random, code: str) -> str:
    low, high = LANGUAGES[code].script[-1] if code != "en" else (0x61, 0x7A)
    letters = [chr(c) for c in range(low, high + 1) if chr(c).isalpha()]
    return "".join(rng.choices(letters[:12], k=rng.randint(2, 5)))


def _texts(code: str, count: int) -> Iterator[str]:
    rng = random.Random(code)
    words = [_word(rng, code) for _ in range(60)]
    for _ in range(count):
        yield " ".join(rng.choices(words, k=6))


def _mono(path: Path, rows: list[tuple[str, str, bool]]) -> None:
    texts, langs, sides = zip(*rows, strict=True)
    table = {"text": texts, "lang": langs, "source": ["s"] * len(rows), "side": sides}
    pq.write_table(pa.table({name: list(column) for name, column in table.items()}), path)


@pytest.fixture
def processed(tmp_path: Path) -> Path:
    folder = tmp_path / "processed"
    folder.mkdir()
    rows = [(t, code, n % 2 == 0) for code in LANGUAGES for n, t in enumerate(_texts(code, 60))]
    _mono(folder / "mono.parquet", rows)
    pairs = [
        {"anchor": one, "positive": other, "anchor_lang": "en", "positive_lang": code,
         "text_class": letter}
        for code in LANGUAGES if code != "en"
        for one, other, letter in zip(_texts("en", 5), _texts(code, 5), "HCUSL", strict=True)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(pairs), folder / "pairs-valid.parquet")
    write_manifest(folder, {"guard": GUARD})
    return folder


@pytest.fixture
def small(recipe: TokenizerRecipe) -> TokenizerRecipe:
    return replace(recipe, vocabulary=700, words_per_language=400)


def test_the_manifest_says_what_the_vocabulary_was_learned_from(
    processed: Path, small: TokenizerRecipe, tmp_path: Path
) -> None:
    target = tmp_path / "made"
    make_tokenizer(processed, small, target, tmp_path / "none")
    manifest = read_manifest(target)
    assert open_tokenizer(target).get_vocab_size() == 700
    assert manifest["key"] == tokenizer_key(processed, small, tmp_path / "none")
    assert manifest["guard"] == GUARD
    assert manifest["recipe"]["vocabulary"] == 700
    assert manifest["mono"] == read_manifest(processed)["files"]["mono.parquet"]
    assert set(manifest["weights"]) == set(manifest["side_share"]) == set(LANGUAGES)
    first = (target / "tokenizer.json").read_bytes()
    make_tokenizer(processed, small, target, tmp_path / "none")
    assert (target / "tokenizer.json").read_bytes() == first


def test_sides_fill_up_where_other_text_is_short(processed: Path, small: TokenizerRecipe) -> None:
    rows = [(f"own{n} a b c", "en", False) for n in range(100)]
    rows += [(f"side{n} a b c", code, True) for code in LANGUAGES for n in range(100)]
    rows += [(f"own{n} a b c", "ta", False) for n in range(10)]
    _mono(processed / "mono.parquet", rows)
    mono = processed / "mono.parquet"
    words, shares = read_words(mono, replace(small, words_read=200, side_share=0.25))
    assert shares["en"] == pytest.approx(0.25, abs=0.02)
    assert shares["ta"] == pytest.approx(0.8, abs=0.02)
    assert shares["hi"] == 1.0
    assert words["en"]["▁own"] == pytest.approx(38, abs=2)
    assert read_words(mono, replace(small, words_read=200, side_share=0.0))[1]["en"] == 0.0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a b", "en", False)], "no text in Hindi"),
        ([("a b", code, False) for code in LANGUAGES if code != "si"], "no text in Sinhala"),
        ([("a\0b", code, False) for code in LANGUAGES], "holds NUL"),
        ([("a b", code, False) for code in LANGUAGES], "add text or lower vocabulary"),
    ],
)
def test_a_corpus_that_does_not_do_is_refused(
    processed: Path, small: TokenizerRecipe, tmp_path: Path, rows: list, message: str
) -> None:
    _mono(processed / "mono.parquet", rows)
    with pytest.raises(KleinError, match=message) as caught:
        make_tokenizer(processed, small, tmp_path / "made", tmp_path / "none")
    assert "\n" not in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == {"processed"}


def test_an_empty_corpus_and_bytes_that_are_no_text_are_refused(
    processed: Path, small: TokenizerRecipe, tmp_path: Path
) -> None:
    mono = processed / "mono.parquet"
    pq.write_table(pq.read_table(mono).slice(0, 0), mono)
    with pytest.raises(KleinError, match="no text in English"):
        make_tokenizer(processed, small, tmp_path / "made", tmp_path / "none")
    # A valid Parquet file whose strings are no UTF-8, as another program could write it.
    size = len(LANGUAGES)
    broken = pa.array([b"\xff\xfe a"] * size, pa.binary()).view(pa.string())
    columns = [broken, list(LANGUAGES), ["s"] * size, [False] * size]
    pq.write_table(pa.table(columns, names=["text", "lang", "source", "side"]), mono)
    with pytest.raises(KleinError, match="no UTF-8"):
        make_tokenizer(processed, small, tmp_path / "made", tmp_path / "none")
    assert {path.name for path in tmp_path.iterdir()} == {"processed"}


def test_a_frozen_tokenizer_is_taken_as_it_is(
    processed: Path, small: TokenizerRecipe, tmp_path: Path
) -> None:
    learned, frozen, target = (tmp_path / name for name in ("learned", "frozen", "target"))
    make_tokenizer(processed, small, learned, frozen)
    digests = freeze(learned, frozen)
    first = (frozen / "manifest.json").read_bytes()
    assert freeze(learned, frozen) == digests
    assert (frozen / "manifest.json").read_bytes() == first
    write_manifest(processed, {"guard": "cd" * 32})
    taking = replace(small, frozen=True, rounds=1)
    make_tokenizer(processed, taking, target, frozen)
    assert (target / "tokenizer.json").read_bytes() == (learned / "tokenizer.json").read_bytes()
    manifest = read_manifest(target)
    assert manifest["guard"] == "cd" * 32
    assert manifest["frozen"]["guard"] == GUARD
    assert manifest["key"] == tokenizer_key(processed, taking, frozen)
    with pytest.raises(KleinError, match="copy of the frozen"):
        freeze(target, frozen)


def test_a_frozen_tokenizer_that_does_not_do_is_refused(
    processed: Path, small: TokenizerRecipe, tmp_path: Path
) -> None:
    learned, frozen = tmp_path / "learned", tmp_path / "frozen"
    make_tokenizer(processed, small, learned, frozen)
    freeze(learned, frozen)
    taking = replace(small, frozen=True)
    with pytest.raises(KleinError, match="holds 700 entries, the recipe asks for 800"):
        make_tokenizer(processed, replace(taking, vocabulary=800), tmp_path / "made", frozen)
    file = frozen / "tokenizer.json"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(KleinError, match="differs from its manifest's sha256"):
        make_tokenizer(processed, taking, tmp_path / "made", frozen)
    file.unlink()
    with pytest.raises(KleinError, match="missing"):
        open_tokenizer(frozen)
    assert not (tmp_path / "made").exists()


def test_fertility_and_parity_count_pieces(
    processed: Path, small: TokenizerRecipe, tmp_path: Path
) -> None:
    make_tokenizer(processed, small, tmp_path / "made", tmp_path / "none")
    tokenizer = open_tokenizer(tmp_path / "made")
    held = read_held_out(processed)
    # Scripture and words of a list are not measured on, and English is counted once.
    assert {code: len(texts) for code, texts in held.sentences.items()} == dict.fromkeys(
        LANGUAGES, 3
    )
    held = replace(held, sentences={"en": ["aa, (bb)!"]}, pairs={"hi": [("aa", "कक कक")]})
    one = len(tokenizer.encode("aa bb", add_special_tokens=False).ids)
    assert fertility(tokenizer, held)["en"] == {"word": one / 2, "character": one / 4}
    sides = [len(tokenizer.encode(t, add_special_tokens=False).ids) for t in ("aa", "कक कक")]
    assert parity(tokenizer, held) == {"hi": sides[1] / sides[0]}
    held = replace(held, sentences={"en": ["漢"]})
    found = {"unk": 0.0, "unk_by_language": {"en": 0.0}, "byte_fallback": 0.75}
    assert rates(tokenizer, held) == found
    word_level = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    word_level.pre_tokenizer = pre_tokenizers.Whitespace()
    held = replace(held, sentences={"en": ["a b a a"], "hi": ["a क"]})
    found = rates(word_level, held)
    assert found["unk"] == pytest.approx(1 / 3)
    assert found["unk_by_language"] == {"en": 0.25, "hi": 0.5}


def test_the_page_holds_the_figures(
    processed: Path, small: TokenizerRecipe, tmp_path: Path
) -> None:
    folder = tmp_path / "made"
    make_tokenizer(processed, small, folder, tmp_path / "none")
    held = read_held_out(processed)
    peers = parse_peers((f"Twin (a 1.0)={folder / 'tokenizer.json'}",))
    figures = measure(folder, open_tokenizer(folder), held, peers)
    assert figures["round_trip"] == 1.0
    assert figures["unk"] == 0.0
    assert figures["peers"]["Twin (a 1.0)"]["fertility"] == figures["fertility"]
    assert sum(figures["by_script"].values()) == 700
    assert 0 < figures["bits_per_character"] < 8
    designs = parse_designs(
        small,
        ["chosen: rounds=2", "plain: grapheme_safe = false, rounds=1", "large: vocabulary=9000"],
    )
    compared = compare_designs(processed, designs, held, lambda _: None)
    made = {"command": "compare", "date": "2026-01-01", "processor": "p"}
    facts = {"figures": figures, "manifest": read_manifest(folder), "designs": compared | made}
    out = tmp_path / "docs" / "tokenizer.md"
    write_page(out, facts, "klein tokenizer validate")
    text = out.read_text(encoding="utf-8")
    written = read_json(out.with_suffix(".json"))
    assert {"fertility", "parity", "byte_fallback", "unk", "grapheme_breaking", "peers"} <= set(
        written
    )
    assert f"{figures['fertility']['ta']['word']:.2f}" in text
    assert "| chosen |" in text
    assert "| plain |" in text
    assert "* large: tokenizer: the text gave" in text
    for picture in re.findall(r"\]\((\S+\.svg)\)", text):
        drawn = (out.parent / picture).read_text(encoding="utf-8")
        assert drawn.startswith("<svg")
        assert drawn.count("<circle") > len(LANGUAGES) / 2
    assert json.dumps(figures["parity"]["hi"]) in out.with_suffix(".json").read_text()


@pytest.mark.parametrize("text", ["name", "=file", "name=/no/such/file"])
def test_a_peer_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(KleinError, match="NAME=FILE"):
        parse_peers((text,))


@pytest.mark.parametrize(
    ("text", "message"),
    [("plain", "NAME: key=value"), ("a: b", "NAME: key=value"), ("a: none=1", "unknown key"),
     ("a: rounds=true", "expected int")],
)  # fmt: skip
def test_a_design_that_is_none_is_refused(small: TokenizerRecipe, text: str, message: str) -> None:
    with pytest.raises(KleinError, match=message):
        parse_designs(small, [text])
