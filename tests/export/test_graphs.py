"""The float32 and int8 graphs compute what transformers' own RobertaModel computes."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from transformers import RobertaConfig, RobertaModel

from klein_embedding.errors import KleinError
from klein_embedding.export.dequantise import dequantised_weights
from klein_embedding.export.onnx_graph import Float32, encoder_model
from klein_embedding.export.quantise import (
    RowInt8,
    loud_coordinates,
    quantised_columns,
    quantised_model,
)
from klein_embedding.export.shape import check_weights, read_shape
from klein_embedding.infer.session import OnnxEncoder

PAD = 1


@pytest.fixture(scope="module")
def shape(small_config):
    return read_shape(small_config)


@pytest.fixture(scope="module")
def graphs(small_weights, shape):
    return {
        "float32": encoder_model(small_weights, shape, Float32(small_weights)),
        "int8": quantised_model(small_weights, shape),
    }


@pytest.fixture(scope="module")
def encoders(graphs):
    return {name: OnnxEncoder(model.SerializeToString()) for name, model in graphs.items()}


@pytest.fixture(scope="module")
def rows(shape):
    draw = np.random.default_rng(3)
    lengths = [2, 3, 9, 17, 40, 129, 255, 256]
    return [[0, *draw.integers(5, shape.vocabulary, size=n - 2).tolist(), 2] for n in lengths]


@pytest.fixture(scope="module")
def reference(small_weights, small_config):
    model = RobertaModel(RobertaConfig(**small_config), add_pooling_layer=False).eval()
    state = {name: torch.from_numpy(value) for name, value in small_weights.items()}
    model.load_state_dict(state, strict=True)
    return model


def padded(rows):
    ids = np.full((len(rows), max(map(len, rows))), PAD, dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
    return ids, (ids != PAD).astype(np.int64)


def test_hidden_states_equal_transformers_in_a_padded_batch(graphs, reference, rows):
    import onnxruntime

    ids, mask = padded(rows)
    with torch.no_grad():
        wanted = reference(torch.from_numpy(ids), torch.from_numpy(mask)).last_hidden_state
    session = onnxruntime.InferenceSession(graphs["float32"].SerializeToString())
    hidden, sentence = session.run(None, {"input_ids": ids, "attention_mask": mask})
    assert np.abs(hidden - wanted.numpy())[mask == 1].max() < 1e-5
    mean = (wanted.numpy() * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    unit = mean[:, :512] / np.linalg.norm(mean[:, :512], axis=1, keepdims=True)
    assert np.abs(sentence - unit).max() < 1e-5


@pytest.mark.parametrize("form", ["float32", "int8"])
def test_vectors_do_not_depend_on_company(encoders, rows, form):
    alone = np.concatenate([encoders[form].vectors([row], PAD) for row in rows])
    draw = np.random.default_rng(5)
    for _ in range(12):
        chosen = draw.permutation(len(rows))[: draw.integers(2, len(rows) + 1)]
        together = encoders[form].vectors([rows[index] for index in chosen], PAD)
        assert np.abs(together - alone[chosen]).max() < 1e-6


def test_int8_follows_float32(encoders, rows):
    exact, rounded = (encoders[form].vectors(rows, PAD) for form in ("float32", "int8"))
    assert (exact * rounded).sum(axis=1).min() > 0.999


def test_loud_coordinates_are_found_and_worth_finding(encoders, small_weights, shape, rows):
    loud = loud_coordinates(small_weights, shape)
    assert loud.tolist() == [shape.width - 2, shape.width - 1]
    plain = encoder_model(small_weights, shape, RowInt8(small_weights, loud[:0]))
    without = OnnxEncoder(plain.SerializeToString()).vectors(rows, PAD)
    exact, rounded = (encoders[form].vectors(rows, PAD) for form in ("float32", "int8"))
    lost, kept = (1 - (exact * other).sum(axis=1).mean() for other in (without, rounded))
    assert kept < lost / 2


def test_no_loud_coordinates_where_all_are_alike(small_weights, shape):
    table = np.random.default_rng(0).standard_normal((50, shape.width)).astype(np.float32)
    weights = {**small_weights, "embeddings.word_embeddings.weight": table}
    assert loud_coordinates(weights, shape).size == 0


def test_no_two_products_can_saturate_16_bits(graphs):
    names = [one for one in graphs["int8"].graph.initializer if one.name.endswith("weight.int8")]
    matrices = [numpy_helper.to_array(one) for one in names if "word_embeddings" not in one.name]
    assert len(matrices) == 8
    for matrix in matrices:
        pairs = matrix.astype(np.int64).reshape(-1, 2, matrix.shape[1])
        positive = np.maximum(pairs, 0).sum(axis=1).max()
        negative = np.maximum(-pairs, 0).sum(axis=1).max()
        assert 255 * max(positive, negative) <= 2**15 - 1
        assert positive > 100


def test_columns_come_back_within_half_a_step():
    weight = np.random.default_rng(1).standard_normal((64, 9)).astype(np.float32)
    weight[:, 4] = 0
    columns, scale = quantised_columns(weight)
    assert (np.abs(columns * scale - weight) <= scale / 2 + 1e-6).all()
    assert np.abs(columns).max() > 60
    assert not columns[:, 4].any()


def test_int8_file_is_a_quarter_and_plain(graphs):
    assert graphs["int8"].ByteSize() < 0.35 * graphs["float32"].ByteSize()
    for model in graphs.values():
        assert {node.domain for node in model.graph.node} == {""}
        assert [opset.version for opset in model.opset_import] == [17]


def test_dequantised_weights_are_complete_and_close(graphs, small_weights, shape, encoders, rows):
    found = dequantised_weights(graphs["int8"], shape)
    assert {name: value.shape for name, value in found.items()} == shape.parameters()
    for name, value in found.items():
        wanted = small_weights[name]
        assert np.linalg.norm(value - wanted) <= 0.02 * np.linalg.norm(wanted), name
        if "LayerNorm" in name or "position" in name:
            assert np.array_equal(value, wanted)
    again = OnnxEncoder(encoder_model(found, shape, Float32(found)).SerializeToString())
    cosines = (again.vectors(rows, PAD) * encoders["int8"].vectors(rows, PAD)).sum(axis=1)
    assert cosines.min() > 0.9995


def test_foreign_onnx_is_not_dequantised(graphs, shape):
    with pytest.raises(KleinError, match="not written by"):
        dequantised_weights(graphs["float32"], shape)


def test_graph_passes_the_full_checker(graphs):
    for model in graphs.values():
        onnx.checker.check_model(model, full_check=True)


def test_weights_that_do_not_fit_are_named(small_weights, shape):
    name = "encoder.layer.1.output.dense.bias"
    rest = {key: value for key, value in small_weights.items() if key != name}
    for wrong, words in (
        (rest, "is missing"),
        ({**small_weights, "pooler.dense.bias": rest["embeddings.LayerNorm.bias"]}, "no parameter"),
        ({**rest, name: small_weights[name][:-1]}, "has shape"),
        ({**rest, name: small_weights[name] * np.nan}, "not finite"),
    ):
        with pytest.raises(KleinError, match=words):
            check_weights(wrong, shape)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("hidden_act", "relu", "hidden_act must be"),
        ("hidden_size", 384, "hidden_size must be"),
        ("max_position_embeddings", 130, "max_position_embeddings"),
        ("pad_token_id", None, "is missing"),
    ],
)
def test_configurations_that_cannot_be_written_are_refused(small_config, key, value, words):
    config = {**small_config, key: value}
    if value is None:
        del config[key]
    with pytest.raises(KleinError, match=words):
        read_shape(config)
