"""Vectors from the folder: their shape, their order, their independence, and what is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest
from tokenizers import Tokenizer

import klein_embedding
from klein_embedding.errors import KleinError
from klein_embedding.infer.embedding import KleinEmbedding, TruncationWarning
from klein_embedding.infer.folder import default_folder
from klein_embedding.infer.static import StaticEmbedding
from klein_embedding.infer.tokens import MAX_CHARACTERS, batches

WORDS = ("river", "runs", "past", "नदी", "शहर", "জলই", "நீரே", "پانی", "and", "old", "town")
ODD = {
    "NUL bytes": "a\0b\0",
    "emoji": "👩‍🚀🚀👍🏽",
    "unknown scripts": "𓀀 ᚠᛇᚻ ꦲꦏ 東京 Ω",
    "controls": "\x01\x02\u202e\ufeff",
    "long word": "x" * 5000,
}


@pytest.fixture(scope="module")
def model(model_folder):
    return KleinEmbedding(model_folder)


@pytest.fixture
def copy(model_folder, tmp_path):
    return shutil.copytree(model_folder, tmp_path / "release")


def texts_of_all_lengths(count):
    draw = np.random.default_rng(0)
    return [" ".join(draw.choice(WORDS, size=size)) for size in draw.integers(1, 40, size=count)]


def test_rows_are_unit_float32_in_the_order_of_the_texts(model):
    texts = texts_of_all_lengths(60)
    vectors = model.encode(texts)
    assert vectors.shape == (60, 512)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(60), abs=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        assert np.abs(model.encode(text)[0] - vector).max() < 1e-6
    assert len(np.unique(vectors.round(4), axis=0)) == len(set(texts)) > 50


@pytest.mark.filterwarnings("ignore::klein_embedding.infer.embedding.TruncationWarning")
@pytest.mark.parametrize("batch_tokens", [1, 64, 100_000])
def test_batch_size_does_not_change_vectors(model, batch_tokens):
    texts = [*texts_of_all_lengths(20), "", "word " * 400]
    wanted = model.encode(texts)
    assert np.abs(model.encode(texts, batch_tokens=batch_tokens) - wanted).max() < 1e-6


@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_batches_side_by_side_give_the_bytes_of_one_thread(model_folder, precision):
    texts = texts_of_all_lengths(300)
    one, several = (KleinEmbedding(model_folder, precision, threads) for threads in (1, 3))
    assert sum(one.count_tokens(texts)) > 3 * 4 * 128
    assert several.encode(texts).tobytes() == one.encode(texts).tobytes()
    assert np.abs(several.encode(texts[:3]) - one.encode(texts[:3])).max() < 1e-6


@pytest.mark.parametrize("change", ["another model", "gone"])
def test_a_model_replaced_after_loading_embeds_no_text(model, copy, change):
    loaded = KleinEmbedding(copy, threads=2)
    file = copy / "onnx/model_quantized.onnx"
    file.unlink()
    if change == "another model":
        file.write_bytes(b"not this one")
    texts = texts_of_all_lengths(300)
    assert np.abs(loaded.encode(texts) - model.encode(texts)).max() < 1e-6


@pytest.mark.parametrize("dim", [256, 128])
def test_short_vectors_are_the_beginning_made_unit(model, dim):
    texts = texts_of_all_lengths(5)
    start = model.encode(texts)[:, :dim]
    wanted = start / np.linalg.norm(start, axis=1, keepdims=True)
    assert np.abs(model.encode(texts, dim=dim) - wanted).max() < 1e-6


@pytest.mark.parametrize("dim", [0, 64, 513, -1])
def test_unknown_dimensions_are_refused(model, dim):
    with pytest.raises(KleinError, match="512, 256, 128"):
        model.encode("x", dim=dim)


def test_similarity_is_the_cosine(model):
    scores = model.similarity(["a", "b"], ["a", "the river", "b"])
    assert scores.shape == (2, 3)
    assert scores[0, 0] == pytest.approx(1, abs=1e-5)
    assert scores[1, 2] == pytest.approx(1, abs=1e-5)
    assert scores[0, 1] < 0.999


def test_blank_texts_are_the_bare_ends(model):
    blank = model.encode(["", " ", "\n\t \u3000", "x"])
    assert np.abs(blank[0] - blank[1:3]).max() < 1e-6
    assert np.linalg.norm(blank[0]) == pytest.approx(1, abs=1e-5)
    assert blank[0] @ blank[3] < 0.999


def test_no_texts_give_no_rows(model):
    assert model.encode([]).shape == (0, 512)
    assert model.encode([], dim=128).shape == (0, 128)


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_texts_have_unit_vectors(model, text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TruncationWarning)
        vector = model.encode(text)[0]
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_million_characters_count_up_to_token_256(model, model_folder):
    tokenizer = Tokenizer.from_file(str(model_folder / "tokenizer.json"))
    text = "the river runs past the old town and " * 27_000
    assert len(text) > 990_000
    beginning = text[:2000]
    assert len(tokenizer.encode(beginning).ids) > 256
    assert len(beginning) < MAX_CHARACTERS
    with pytest.warns(TruncationWarning, match="1 of 3 texts, the first of them text 2") as caught:
        whole = model.encode(["short", text, "short"])
    assert [warning.message.count for warning in caught] == [1]
    with pytest.warns(TruncationWarning):
        assert np.array_equal(whole[1:2], model.encode(beginning))


def test_a_text_that_just_fits_warns_of_nothing(model):
    fits = "a" + " a" * 253
    assert model.count_tokens(["", "a", fits, fits + " a"]) == [2, 3, 256, 256]
    model.encode(fits)
    with pytest.warns(TruncationWarning):
        model.encode(fits + " a")


def test_threads_are_what_is_asked_for_or_what_there_is(model_folder):
    assert KleinEmbedding(model_folder, threads=1).threads == 1
    assert 1 <= KleinEmbedding(model_folder).threads <= os.cpu_count()


@pytest.mark.parametrize(("numbers", "least"), [("float16", 0.99999), ("int8", 0.999)])
def test_smaller_numbers_keep_the_direction(model, numbers, least):
    texts = texts_of_all_lengths(20)
    whole, small = model.encode(texts), model.encode(texts, numbers=numbers)
    assert small.dtype == np.dtype(numbers)
    assert small.shape == whole.shape
    small = small.astype(np.float32)
    cosines = (small * whole).sum(axis=1) / np.linalg.norm(small, axis=1)
    assert cosines.min() > least


def test_bits_are_the_signs(model):
    texts = texts_of_all_lengths(5)
    bits = model.encode(texts, 128, numbers="binary")
    assert (bits.dtype, bits.shape) == (np.uint8, (5, 16))
    assert np.array_equal(np.unpackbits(bits, axis=1), model.encode(texts, 128) > 0)


def test_an_unknown_number_format_is_refused(model):
    with pytest.raises(KleinError, match="choose float32, float16, int8, binary"):
        model.encode("x", numbers="int4")


@pytest.mark.parametrize("bad", ["\ud800", "fine until \udfff"])
def test_lone_surrogates_are_refused_by_place(model, bad):
    with pytest.raises(KleinError, match=r"text 2: character \d+ is a lone surrogate"):
        model.encode(["fine", bad])


@pytest.mark.parametrize("bad", [7, None, b"bytes", ["a", 7], ["a", None], [b"bytes"]])
def test_what_is_no_string_is_refused(model, bad):
    with pytest.raises(KleinError, match="expected"):
        model.encode(bad)


def test_batches_hold_every_row_once_and_waste_little():
    draw = np.random.default_rng(1)
    lengths = draw.integers(2, 257, size=500).tolist()
    found = list(batches(lengths, 1024))
    assert sorted(index for batch in found for index in batch) == list(range(500))
    for batch in found:
        longest = max(lengths[index] for index in batch)
        assert longest * len(batch) <= 1024
        assert min(lengths[index] for index in batch) >= 0.875 * longest
    assert list(batches([300], 8)) == [[0]]
    assert list(batches([], 8)) == []


def test_a_truncated_or_altered_file_is_refused(copy):
    path = copy / "onnx/model_quantized.onnx"
    content = path.read_bytes()
    for damaged in (content[:-100], content[:5000] + b"\0" + content[5001:] + b"\0", b""):
        path.write_bytes(damaged)
        with pytest.raises(KleinError, match=r"model_quantized\.onnx: differs"):
            KleinEmbedding(copy)
    path.unlink()
    with pytest.raises(KleinError, match="missing"):
        KleinEmbedding(copy)


def test_folders_that_are_no_models_are_refused(copy, tmp_path):
    with pytest.raises(KleinError, match="no such model folder"):
        KleinEmbedding(tmp_path / "nowhere")
    with pytest.raises(KleinError, match="no such model folder"):
        KleinEmbedding(copy / "config.json")
    with pytest.raises(KleinError, match=r"manifest\.json"):
        KleinEmbedding(tmp_path)
    with pytest.raises(KleinError, match="precision"):
        KleinEmbedding(copy, precision="int4")  # type: ignore[arg-type]
    (copy / "manifest.json").write_text('{"files": {}}', encoding="utf-8")
    with pytest.raises(KleinError, match="no sentence model"):
        KleinEmbedding(copy)
    (copy / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(KleinError, match="not valid JSON"):
        KleinEmbedding(copy)


def test_the_environment_names_the_default_folder(model_folder, monkeypatch):
    monkeypatch.setenv("KLEIN_MODEL", str(model_folder))
    assert default_folder() == model_folder
    assert klein_embedding.KleinEmbedding().encode("x").shape == (1, 512)


def test_static_vectors_are_means_without_special_tokens(small_tokenizer, tmp_path):
    shutil.copyfile(small_tokenizer, tmp_path / "tokenizer.json")
    tokenizer = Tokenizer.from_file(str(small_tokenizer))
    table = np.random.default_rng(0).standard_normal((tokenizer.get_vocab_size(), 512))
    np.save(tmp_path / "table.npy", table.astype(np.float32))
    model = StaticEmbedding(tmp_path)
    text = "the river runs"
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    mean = table[ids].mean(axis=0)
    vectors = model.encode([text, ""])
    assert np.abs(vectors[0] - mean / np.linalg.norm(mean)).max() < 1e-6
    assert not vectors[1].any()
    short = model.encode(text, dim=128)[0]
    assert np.abs(short - mean[:128] / np.linalg.norm(mean[:128])).max() < 1e-6
    with pytest.raises(KleinError, match="dim 100"):
        model.encode(text, dim=100)


def test_static_vectors_take_in_the_bigrams_beside_the_table(small_tokenizer, tmp_path):
    shutil.copy(small_tokenizer, tmp_path / "tokenizer.json")
    tokenizer = Tokenizer.from_file(str(small_tokenizer))
    draw = np.random.default_rng(0)
    table = draw.standard_normal((tokenizer.get_vocab_size(), 512)).astype(np.float32)
    ids = tokenizer.encode("the river runs", add_special_tokens=False).ids
    # The first and the last neighbours, and two tokens that never meet here.
    pairs = np.array([ids[-2:], [ids[-1], ids[0]], ids[:2]], dtype=np.int32)
    vectors = draw.standard_normal((3, 512)).astype(np.float32)
    for name, array in (("table", table), ("bigrams", pairs), ("bigram-vectors", vectors)):
        np.save(tmp_path / f"{name}.npy", array)
    found = StaticEmbedding(tmp_path).encode(["the river runs", ""])
    assert len(ids) > 2
    mean = np.mean([*table[ids], vectors[0], vectors[2]], axis=0)
    assert np.abs(found[0] - mean / np.linalg.norm(mean)).max() < 1e-6
    assert not found[1].any()
    np.save(tmp_path / "bigrams.npy", pairs[:2])
    with pytest.raises(KleinError, match="do not belong together"):
        StaticEmbedding(tmp_path)
    np.save(tmp_path / "bigrams.npy", pairs)
    (tmp_path / "bigram-vectors.npy").unlink()
    with pytest.raises(KleinError, match=r"bigram-vectors\.npy: no such file"):
        StaticEmbedding(tmp_path)


def test_static_folders_that_are_no_models_are_refused(small_tokenizer, tmp_path):
    with pytest.raises(KleinError, match="no such file"):
        StaticEmbedding(tmp_path)
    (tmp_path / "table.npy").write_bytes(b"no array")
    with pytest.raises(KleinError, match="not readable as an array"):
        StaticEmbedding(tmp_path)
    np.save(tmp_path / "table.npy", np.zeros((4, 100), dtype=np.float32))
    with pytest.raises(KleinError, match="has shape"):
        StaticEmbedding(tmp_path)
    np.save(tmp_path / "table.npy", np.zeros((4, 512), dtype=np.float32))
    with pytest.raises(KleinError, match="tokenizer"):
        StaticEmbedding(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(KleinError, match="not readable as a tokenizer"):
        StaticEmbedding(tmp_path)


def test_nothing_is_left_or_told_by_the_runtime(tmp_path, klein_environment, model_folder):
    code = "from klein_embedding import KleinEmbedding as K; print(K().encode('x').shape)"
    words = ("strace", "-f", "-e", "trace=connect", "-o", tmp_path / "calls") * bool(
        shutil.which("strace")
    )
    (tmp_path / "home").mkdir()
    environment = {**klein_environment, "HOME": str(tmp_path / "home")}
    for name in ("CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"):
        # The runtime is silent under CI; people have none.
        environment.pop(name, None)
    done = subprocess.run(
        [*words, sys.executable, "-c", code], env=environment, capture_output=True, check=False
    )
    assert done.stdout == b"(1, 512)\n", done.stderr
    assert [*(tmp_path / "home").rglob("*")] == []
    if words:
        assert "AF_INET" not in (tmp_path / "calls").read_text(encoding="utf-8")
