"""The static twin: a model folder that embeds by look-up alone, read alike by every loader."""

from __future__ import annotations

import shutil

import numpy as np
import onnx
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from klein_embedding.errors import KleinError
from klein_embedding.export.dequantise import dequantise_folder
from klein_embedding.export.golden import GOLDEN_TEXTS
from klein_embedding.export.release import export_twin
from klein_embedding.export.twin import twin_model
from klein_embedding.files import write_manifest
from klein_embedding.infer.embedding import KleinEmbedding
from klein_embedding.infer.folder import describe
from klein_embedding.infer.static import StaticEmbedding

TEXTS = [text for text in GOLDEN_TEXTS if text.strip() and len(text) < 500]


@pytest.fixture(scope="module")
def stage(small_tokenizer, tmp_path_factory):
    """A finished stage with vectors of very different lengths."""
    folder = tmp_path_factory.mktemp("stage")
    shutil.copy(small_tokenizer, folder / "tokenizer.json")
    draw = np.random.default_rng(5)
    vocabulary = Tokenizer.from_file(str(small_tokenizer)).get_vocab_size()
    table = draw.standard_normal((vocabulary, 512)) * draw.uniform(0.02, 0.5, (vocabulary, 1))
    table -= table.mean(axis=1, keepdims=True)
    np.save(folder / "table.npy", table.astype(np.float32))
    write_manifest(folder, {"stage": "contrastive"})
    return folder


@pytest.fixture(scope="module")
def twin(stage, tmp_path_factory):
    folder = tmp_path_factory.mktemp("twin") / "release-static"
    export_twin(stage, folder, "klein-static", ())
    return folder


@pytest.fixture(scope="module")
def wanted(stage):
    return StaticEmbedding(stage).encode(TEXTS)


def cosines(first, second):
    return (first * second).sum(axis=1)


def test_its_vectors_are_the_means_of_the_token_vectors(twin, wanted):
    for precision, least in (("float32", 0.99999), ("int8", 0.9999)):
        model = KleinEmbedding(twin, precision)
        assert cosines(model.encode(TEXTS), wanted).min() > least
        short = model.encode(TEXTS, 128)
        cut = wanted[:, :128] / np.linalg.norm(wanted[:, :128], axis=1, keepdims=True)
        assert cosines(short, cut).min() > least


def test_a_vector_ignores_its_company_and_the_empty_text_has_one(twin):
    model = KleinEmbedding(twin)
    together = model.encode(["", *TEXTS], batch_tokens=100_000)
    alone = np.concatenate([model.encode(text) for text in ["", *TEXTS]])
    assert np.abs(together - alone).max() < 1e-6
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(len(together)), abs=1e-5)
    assert np.array_equal(model.encode("  "), model.encode(""))


def test_its_graph_is_a_look_up(twin):
    graph = onnx.load(twin / "onnx/model_quantized.onnx").graph
    kinds = {node.op_type for node in graph.node}
    assert not kinds & {"MatMul", "MatMulInteger", "LayerNormalization", "Softmax"}
    (table,) = (
        one for one in graph.initializer if one.name.endswith("word_embeddings.weight.int8")
    )
    rows, width = table.dims
    assert len(table.raw_data) == rows * width


def test_other_loaders_give_its_vectors(twin, wanted):
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModel, PreTrainedTokenizerFast

    theirs = SentenceTransformer(str(twin), device="cpu", local_files_only=True).encode(TEXTS)
    assert cosines(theirs, wanted).min() > 0.99999
    model = AutoModel.from_pretrained(twin, add_pooling_layer=False).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(twin)
    with torch.no_grad():
        given = tokenizer(TEXTS, return_tensors="pt", padding=True)
        hidden, mask = model(**given).last_hidden_state, given["attention_mask"][..., None]
    mean = ((hidden * mask).sum(1) / mask.sum(1)).numpy()
    assert not mean[:, 512:].any()
    mean = mean[:, :512] / np.linalg.norm(mean[:, :512], axis=1, keepdims=True)
    assert cosines(mean, wanted).min() > 0.99999


def test_float32_comes_back_from_int8(twin, wanted, tmp_path):
    copy = shutil.copytree(twin, tmp_path / "copy")
    before = load_file(copy / "model.safetensors")
    for name in ("model.safetensors", "2_Dense/model.safetensors", "onnx/model.onnx"):
        (copy / name).unlink()
    dequantise_folder(copy)
    after = load_file(copy / "model.safetensors")
    assert {name: value.shape for name, value in before.items()} == {
        name: value.shape for name, value in after.items()
    }
    rounded = KleinEmbedding(copy).encode(TEXTS)
    assert cosines(KleinEmbedding(copy, "float32").encode(TEXTS), rounded).min() > 0.99999
    assert cosines(rounded, wanted).min() > 0.9999
    assert describe(copy)["float32"]["model.safetensors"] == "int8"


def test_what_it_says_of_itself(twin):
    facts = describe(twin)
    assert (facts["name"], facts["shape"]["layers"], facts["dims"]) == (
        "klein-static",
        0,
        [512, 256, 128],
    )
    assert facts["int8_cosine"]["worst"] > 0.9999
    card = (twin / "README.md").read_text(encoding="utf-8")
    assert "A RoBERTa without blocks" in card
    assert 'KleinEmbedding("release-static")' in card
    assert "no word order" in card


def test_rows_that_a_layer_norm_would_change_are_refused():
    with pytest.raises(KleinError, match="mean zero"):
        twin_model(np.ones((4, 512), dtype=np.float32))
