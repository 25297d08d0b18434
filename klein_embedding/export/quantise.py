"""Row-normalised int8: a quarter of the size, and vectors that ignore the rest of the batch.

Every row of activations is divided by its own largest entry before it is rounded to uint8, so
no row's rounding depends on another row; weights are int8 with a scale a column, and the table
of tokens is int8 with a scale a row. Three additions keep the vectors close to float32:

* Coordinates that are far larger than the others ("loud": the slack coordinates of the static
  start) would take all the resolution of their rows. They are kept in float32, in the table and
  as a narrow product beside the integer one.
* Outputs of GELU are one-sided: 223 levels lie above zero and 32 below, down to GELU's minimum.
  Zero is one of the levels, for most units of a layer may be silent, and a small error that all
  of them share would add up.
* A column's scale also bounds the sum of any two neighbouring weights, because processors
  without VNNI add two products in 16 bits and would saturate. So all processors agree.

Shapes: V vocabulary, D width, K loud coordinates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto

from klein_embedding.export.onnx_graph import Graph, encoder_model, folded, joined
from klein_embedding.export.shape import Linear, Shape, Source

LOUD_LIMIT = 8
_LOUD_FACTOR = 4.0
_TINY = np.float32(1e-12)


@dataclass(frozen=True, slots=True)
class Levels:
    """How one kind of input is rounded.

    Formula: ``uint8 = round(x / max(largest size in the row, least) * steps) + zero``.

    Attributes:
        steps: Levels between 0 and the row's largest entry.
        zero: The level that stands for 0.
        least: What a row's largest entry counts as at least, so that the levels below zero reach
            as far as its entries can.
    """

    steps: int
    zero: int
    least: float


# GELU's minimum is -0.169971; what lies below zero reaches a little further.
LEVELS = {
    Source.STREAM: Levels(127, 128, float(_TINY)),
    Source.CONTEXT: Levels(127, 128, float(_TINY)),
    Source.GELU: Levels(223, 32, 0.17005 * 223 / 32),
}


def quantised_model(weights: Mapping[str, np.ndarray], shape: Shape) -> onnx.ModelProto:
    """Write the encoder in row-normalised int8, with the graph of the float32 file.

    Args:
        weights: The encoder's parameters.
        shape: Its sizes.

    Returns:
        A checked ONNX model of plain operators.
    """
    loud = loud_coordinates(weights, shape)
    weights = folded(weights, shape)
    if not shape.layers:
        # Nothing but the look-up is rounded, and its rows have no loud coordinates any more.
        loud = loud[:0]
    return encoder_model(weights, shape, RowInt8(weights, loud))


def loud_coordinates(weights: Mapping[str, np.ndarray], shape: Shape) -> np.ndarray:
    """Coordinates whose size over the vocabulary is far above the median coordinate's.

    Args:
        weights: The encoder's parameters.
        shape: Its sizes.

    Returns:
        int64 array (K), ascending, at most `LOUD_LIMIT` entries, often none.
    """
    rows = weights["embeddings.word_embeddings.weight"]
    centred = rows - rows.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + shape.epsilon)
    norm = "embeddings.LayerNorm"
    states = centred / spread * weights[f"{norm}.weight"] + weights[f"{norm}.bias"]
    size = np.sqrt((states**2).mean(axis=0))
    loudest = np.argsort(size)[::-1][:LOUD_LIMIT]
    loud = loudest[size[loudest] > _LOUD_FACTOR * np.median(size)]
    return np.sort(loud).astype(np.int64)


def quantised_columns(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round a matrix to int8, one scale a column.

    Args:
        weight: float32 (in, out), an even number of rows.

    Returns:
        int8 (in, out) and float32 scales (out); no two entries that stand in rows 2i and 2i + 1
        of a column sum to more than 128 in size.
    """
    pairs = weight.reshape(-1, 2, weight.shape[1])
    positive, negative = np.maximum(pairs, 0).sum(axis=1), np.maximum(-pairs, 0).sum(axis=1)
    largest = np.maximum(positive, negative).max(axis=0)
    scale = np.maximum(largest, _TINY) / np.float32(127)
    return np.rint(weight / scale).astype(np.int8), scale.astype(np.float32)


def quantised_rows(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round a table to int8, one scale a row: int8 (V, D) and float32 (V, 1)."""
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), _TINY) / np.float32(127)
    return np.rint(table / scale).astype(np.int8), scale.astype(np.float32)


class RowInt8:
    """Matrices in int8, products of integers; an `onnx_graph.Arithmetic`."""

    def __init__(self, weights: Mapping[str, np.ndarray], loud: np.ndarray) -> None:
        """Take the float32 parameters and the loud coordinates."""
        self._weights, self._loud = weights, loud

    def words(self, graph: Graph, ids: str) -> str:
        """Add the look-up; see `Arithmetic.words`."""
        name = "embeddings.word_embeddings.weight"
        table = self._weights[name].copy()
        loud = table[:, self._loud]
        table[:, self._loud] = 0
        rows, scale = quantised_rows(table)
        found = graph.add("Gather", graph.constant(f"{name}.int8", rows), ids)
        found = graph.add("Cast", found, to=TensorProto.FLOAT)
        factor = graph.add("Gather", graph.constant(f"{name}.scale", scale), ids)
        found = graph.add("Mul", found, factor)
        if not self._loud.size:
            return found
        places = np.eye(table.shape[1], dtype=np.float32)[self._loud]
        beside = graph.add("Gather", graph.constant(f"{name}.loud", loud), ids)
        beside = graph.add("MatMul", beside, graph.constant("loud.places", places))
        return graph.add("Add", found, beside)

    def linear(self, graph: Graph, reads: str, layer: Linear) -> str:
        """Add the layer; see `Arithmetic.linear`."""
        weight, bias = joined(self._weights, layer)
        weight = weight.copy()
        beside = None
        if layer.source is Source.STREAM and self._loud.size:
            narrow = graph.constant(f"{layer.name}.weight.loud", weight[self._loud])
            weight[self._loud] = 0
            places = graph.constant("loud.coordinates", self._loud)
            beside = graph.add("MatMul", graph.add("Gather", reads, places, axis=-1), narrow)
            reads = graph.add("Mul", reads, graph.constant("loud.quiet", self._quiet()))
        columns, scale = quantised_columns(weight)
        levels = LEVELS[layer.source]
        row, rounded = _rounded(graph, reads, levels)
        product = graph.add(
            "MatMulInteger",
            rounded,
            graph.constant(f"{layer.name}.weight.int8", columns),
            graph.constant(f"zero.{levels.zero}", np.uint8(levels.zero)),
        )
        product = graph.add("Cast", product, to=TensorProto.FLOAT)
        factor = graph.constant(f"{layer.name}.weight.scale", scale / np.float32(levels.steps))
        product = graph.add("Mul", graph.add("Mul", product, factor), row)
        if beside is not None:
            product = graph.add("Add", product, beside)
        return graph.add(
            "Add", product, graph.constant(f"{layer.name}.bias", bias.astype(np.float32))
        )

    def _quiet(self) -> np.ndarray:
        """Factors (D): 0 at the loud coordinates, 1 elsewhere."""
        factors = np.ones_like(self._weights["embeddings.LayerNorm.weight"])
        factors[self._loud] = 0
        return factors


def _rounded(graph: Graph, reads: str, levels: Levels) -> tuple[str, str]:
    """Add the rounding of rows; gives the row maxima (B, T, 1) and the uint8 rows."""
    row = graph.add("ReduceMax", graph.add("Abs", reads), axes=[-1], keepdims=1)
    least = graph.constant(f"row.least.{levels.zero}", np.float32(levels.least))
    row = graph.add("Max", row, least)
    step = graph.constant(f"step.{levels.steps}", np.float32(1 / levels.steps))
    zero = graph.constant(f"zero.{levels.zero}", np.uint8(levels.zero))
    return row, graph.add("QuantizeLinear", graph.add("Div", reads, row), step, zero)
