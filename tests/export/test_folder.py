"""The model folder is whole, says what it holds, and is read alike by other people's loaders."""

from __future__ import annotations

import json
import shutil

import numpy as np
import onnx
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from klein_embedding.errors import KleinError
from klein_embedding.export.card import CardFacts, FigureRow, read_figures
from klein_embedding.export.dequantise import dequantise_folder
from klein_embedding.export.folder import export_model, rewrite_card
from klein_embedding.export.golden import GOLDEN_TEXTS
from klein_embedding.files import read_json, read_manifest, sha256
from klein_embedding.infer.embedding import KleinEmbedding
from klein_embedding.infer.folder import DERIVED, describe
from klein_embedding.languages import LANGUAGES

FACTS = CardFacts("klein-small", "For tests.", "apache-2.0", (), (), ("None known.",))


@pytest.fixture(scope="module")
def ours(model_folder):
    return KleinEmbedding(model_folder, precision="float32").encode(GOLDEN_TEXTS)


@pytest.fixture
def copy(model_folder, tmp_path):
    return shutil.copytree(model_folder, tmp_path / "release")


def test_manifest_lists_every_file_once(model_folder):
    manifest = read_manifest(model_folder)
    found = {str(path.relative_to(model_folder)) for path in model_folder.rglob("*.*")}
    assert found - {"manifest.json"} == set(manifest["files"]) | set(manifest["derived"])
    assert set(manifest["derived"]) == set(DERIVED)
    assert not set(manifest["files"]) & set(manifest["derived"])
    assert manifest["name"] == "klein-small"
    assert manifest["int8_cosine"]["texts"] == len(GOLDEN_TEXTS)
    assert manifest["int8_cosine"]["worst"] > 0.999


def test_golden_texts_cover_every_script():
    text = " ".join(GOLDEN_TEXTS)
    for language in LANGUAGES.values():
        assert any(low <= ord(char) <= high for char in text for low, high in language.script)
    assert "" in GOLDEN_TEXTS
    assert max(map(len, GOLDEN_TEXTS)) > 1500


@pytest.mark.filterwarnings("default")
def test_sentence_transformers_gives_our_vectors(model_folder, ours):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_folder), device="cpu", local_files_only=True)
    assert model.max_seq_length == 256
    theirs = model.encode(list(GOLDEN_TEXTS))
    assert theirs.shape == (len(GOLDEN_TEXTS), 512)
    assert (theirs * ours).sum(axis=1).min() > 0.9999
    assert np.abs(theirs - ours).max() < 1e-4
    assert model.similarity_fn_name == "cosine"


@pytest.mark.filterwarnings("default")
def test_transformers_gives_our_vectors(model_folder, ours):
    import torch
    from transformers import AutoModel, AutoTokenizer, RobertaModel

    tokenizer = AutoTokenizer.from_pretrained(str(model_folder))
    exact = Tokenizer.from_file(str(model_folder / "tokenizer.json"))
    exact.enable_truncation(256)
    batch = tokenizer(list(GOLDEN_TEXTS), padding=True, truncation=True, return_tensors="pt")
    assert set(batch) == {"input_ids", "attention_mask"}
    for text, ids, mask in zip(
        GOLDEN_TEXTS, batch["input_ids"], batch["attention_mask"], strict=True
    ):
        assert ids[mask == 1].tolist() == exact.encode(text).ids
    model = AutoModel.from_pretrained(str(model_folder), add_pooling_layer=False)
    assert isinstance(model, RobertaModel)
    with torch.no_grad():
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None]
    mean = ((hidden * mask).sum(1) / mask.sum(1)).numpy()[:, :512]
    theirs = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    assert (theirs * ours).sum(axis=1).min() > 0.9999


def test_dense_module_selects_the_content(model_folder):
    kinds = [
        module["type"].rpartition(".")[2] for module in read_json(model_folder / "modules.json")
    ]
    assert kinds == ["Transformer", "Pooling", "Dense", "Normalize"]
    weight = load_file(model_folder / "2_Dense/model.safetensors")["linear.weight"]
    assert weight.shape == (512, 576)
    assert np.array_equal(weight @ np.arange(576, dtype=np.float32), np.arange(512))


def test_card_has_a_header_and_no_empty_table(model_folder):
    card = (model_folder / "README.md").read_text(encoding="utf-8")
    header = card.split("---\n")[1]
    fields = dict(line.split(": ", 1) for line in header.splitlines())
    assert json.loads(fields["language"]) == list(LANGUAGES)
    assert json.loads(fields["license"]) == "apache-2.0"
    assert json.loads(fields["library_name"]) == "sentence-transformers"
    assert "| Made up | CC0-1.0 | 8 | en hi |" in card
    assert "## Quality" not in card
    assert "It was never trained." in card


def test_card_is_rewritten_with_measured_figures(copy, tmp_path):
    figure = {
        "suite": "stsb/test",
        "language": "en",
        "metric": "Spearman",
        "dim": 512,
        "precision": "int8",
        "value": 0.71234,
        "low": 0.69,
        "high": 0.73,
        "n": 1379,
    }
    results = tmp_path / "results.json"
    results.write_text(json.dumps({"figures": [figure]}), encoding="utf-8")
    rows = read_figures(results)
    assert rows == (FigureRow("stsb/test", "en", "Spearman", 512, "int8", 0.71234, 0.69, 0.73),)
    rewrite_card(copy, CardFacts("klein-small", "For tests.", "apache-2.0", (), rows, ()))
    card = (copy / "README.md").read_text(encoding="utf-8")
    assert "| stsb/test | en | Spearman | 512 | int8 | 0.712 | 0.690 to 0.730 |" in card
    assert KleinEmbedding(copy).encode("x").shape == (1, 512)
    with pytest.raises(KleinError, match="no results file"):
        read_figures(copy / "config.json")


def test_same_input_gives_the_same_model_files(
    model_folder, small_weights, small_config, small_tokenizer, tmp_path
):
    export_model(small_weights, small_config, small_tokenizer, tmp_path / "again", FACTS)
    first, second = read_manifest(model_folder), read_manifest(tmp_path / "again")
    assert first["derived"] == second["derived"]
    differing = {name for name in first["files"] if first["files"][name] != second["files"][name]}
    assert differing == {"README.md"}


def test_failed_export_leaves_the_old_folder(copy, small_weights, small_config, tmp_path):
    before = {path: sha256(path) for path in copy.rglob("*.*")}
    other = tmp_path / "other.json"
    Tokenizer.from_file(str(copy / "tokenizer.json")).save(str(other))
    config = {**small_config, "vocab_size": small_config["vocab_size"] - 1}
    word = "embeddings.word_embeddings.weight"
    weights = {**small_weights, word: small_weights[word][:-1]}
    with pytest.raises(KleinError, match="tokenizer of the training"):
        export_model(weights, config, other, copy, FACTS)
    assert {path: sha256(path) for path in copy.rglob("*.*")} == before


@pytest.mark.filterwarnings("ignore::klein_embedding.infer.embedding.TruncationWarning")
def test_float32_files_come_back_from_the_int8_file(copy, ours):
    for name in DERIVED:
        (copy / name).unlink()
    with pytest.raises(KleinError, match="klein export"):
        KleinEmbedding(copy, precision="float32")
    assert set(describe(copy)["float32"].values()) == {"absent"}
    assert dequantise_folder(copy) == list(DERIVED)
    assert describe(copy)["float32"] == dict.fromkeys(DERIVED, "int8")
    assert read_json(copy / "derived.json")["sha256"] == sha256(copy / "onnx/model_quantized.onnx")
    assert not (copy / "derived.part").exists()
    vectors = KleinEmbedding(copy, precision="float32").encode(GOLDEN_TEXTS)
    assert 0.999 < (vectors * ours).sum(axis=1).min() < 0.9999999
    weights = load_file(copy / "model.safetensors")
    graph = onnx.load(copy / "onnx/model.onnx")
    names = {one.name for one in graph.graph.initializer}
    assert "embeddings.LayerNorm.weight" in names & set(weights)


def test_an_altered_derived_file_is_refused(copy):
    assert set(describe(copy)["float32"].values()) == {"checkpoint"}
    path = copy / "onnx/model.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(KleinError, match="differs"):
        KleinEmbedding(copy, precision="float32")
    assert KleinEmbedding(copy).encode("int8 does not read it").shape == (1, 512)
