"""The encoder as an ONNX graph, written node by node.

Shapes: B texts, T tokens, D width, H heads, F inner width, V vocabulary, K width of the vector.
Inputs ``input_ids`` and ``attention_mask``, both int64 (B, T); outputs ``last_hidden_state``
(B, T, D) and ``sentence_embedding`` (B, K), unit rows. How a linear layer multiplies is left to
an `Arithmetic`, so that the float32 and the int8 file come from the same lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from klein_embedding.export.shape import Linear, Shape
from klein_embedding.infer.embedder import WIDTH

# The oldest opset with LayerNormalization, so that older runtimes and browsers read the file.
OPSET = 17
IR_VERSION = 8
_LOWEST = np.float32(np.finfo(np.float32).min)
_FOLDED = "embeddings.LayerNorm.weight"


class Graph:
    """Nodes and initialisers in the order in which they were added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.scope = ""
        self._arrays: dict[str, np.ndarray] = {}

    def constant(self, name: str, value: Any) -> str:
        """Store an array under a name and return the name."""
        self._arrays[name] = np.ascontiguousarray(value)
        return name

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Append a node with one output and return the output's name."""
        return self.split(operator, *inputs, outputs=1, domain=domain, **attributes)[0]

    def split(
        self, operator: str, *inputs: str, outputs: int, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Append a node with several outputs and return their names."""
        base = f"{self.scope}/{operator}_{len(self.nodes)}"
        names = [base] if outputs == 1 else [f"{base}.{index}" for index in range(outputs)]
        self.nodes.append(
            helper.make_node(operator, inputs, names, name=base, domain=domain, **attributes)
        )
        return names

    def initialisers(self) -> list[onnx.TensorProto]:
        """The stored arrays as protobuf messages."""
        return [numpy_helper.from_array(value, name) for name, value in self._arrays.items()]


class Arithmetic(Protocol):
    """How the big matrices are stored and multiplied."""

    def words(self, graph: Graph, ids: str) -> str:
        """Add the look-up of token ids (B, T) in the table; gives (B, T, D)."""
        ...

    def linear(self, graph: Graph, reads: str, layer: Linear) -> str:
        """Add a linear layer with its bias, from (B, T, in) to (B, T, out)."""
        ...


class Float32:
    """Matrices and products in float32."""

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        self._weights = weights

    def words(self, graph: Graph, ids: str) -> str:
        """Add the look-up; see `Arithmetic.words`."""
        name = "embeddings.word_embeddings.weight"
        return graph.add("Gather", graph.constant(name, self._weights[name]), ids)

    def linear(self, graph: Graph, reads: str, layer: Linear) -> str:
        """Add the layer; see `Arithmetic.linear`."""
        weight, bias = joined(self._weights, layer)
        product = graph.add("MatMul", reads, graph.constant(f"{layer.name}.weight", weight))
        return graph.add("Add", product, graph.constant(f"{layer.name}.bias", bias))


def joined(weights: Mapping[str, np.ndarray], layer: Linear) -> tuple[np.ndarray, np.ndarray]:
    """Weight (in, out) and bias (out) of a joint layer, its parts side by side."""
    return (
        np.concatenate([weights[f"{part}.weight"] for part in layer.parts]).T,
        np.concatenate([weights[f"{part}.bias"] for part in layer.parts]),
    )


def folded(weights: Mapping[str, np.ndarray], shape: Shape) -> dict[str, np.ndarray]:
    """Parameters in which the table holds what a model without blocks makes of each token.

    Args:
        weights: All parameters.
        shape: Sizes of the encoder.

    Returns:
        The table alone, where there are no blocks and positions do not matter; otherwise the
        parameters as they are.
    """
    names = [
        f"embeddings.{table}_embeddings.weight" for table in ("word", "position", "token_type")
    ]
    words, places, kinds = (weights[name] for name in names)
    if shape.layers or np.ptp(places, axis=0).any():
        return dict(weights)
    states = (words + places[0] + kinds[0]).astype(np.float64)
    states -= states.mean(axis=1, keepdims=True)
    states /= np.sqrt(np.square(states).mean(axis=1, keepdims=True) + shape.epsilon)
    normed = states * weights[_FOLDED] + weights["embeddings.LayerNorm.bias"]
    return {names[0]: normed.astype(np.float32)}


def encoder_model(
    weights: Mapping[str, np.ndarray], shape: Shape, arithmetic: Arithmetic
) -> onnx.ModelProto:
    """Write the encoder with its sentence head.

    Args:
        weights: The encoder's parameters, `folded`; tables of positions and types and the
            LayerNorms are taken from here, everything else from the arithmetic.
        shape: Sizes of the encoder.
        arithmetic: How the big matrices are stored and multiplied.

    Returns:
        A checked ONNX model.

    Source: Liu et al. 2019 (RoBERTa), arXiv 1907.11692.
    """
    writer = _Writer(weights, shape, arithmetic)
    hidden = writer.embeddings()
    bias = writer.attention_bias() if shape.layers else ""
    for block in range(shape.layers):
        hidden = writer.block(block, hidden, bias)
    graph = writer.graph
    graph.scope = "sentence"
    _sentence(graph, hidden)
    graph.nodes.append(helper.make_node("Identity", [hidden], ["last_hidden_state"]))
    return _model(graph, shape)


class _Writer:
    """Adds the encoder's parts to a graph; every method returns the name of its output."""

    def __init__(
        self, weights: Mapping[str, np.ndarray], shape: Shape, arithmetic: Arithmetic
    ) -> None:
        self.graph = Graph()
        self._weights, self._shape, self._arithmetic = weights, shape, arithmetic

    def embeddings(self) -> str:
        """Sum of the token, position and type vectors, normalised."""
        graph = self.graph
        graph.scope = "embeddings"
        if _FOLDED not in self._weights:
            return self._arithmetic.words(graph, "input_ids")
        pad = graph.constant("pad", np.int64(self._shape.pad))
        real = graph.add("Not", graph.add("Equal", "input_ids", pad))
        real = graph.add("Cast", real, to=TensorProto.INT64)
        counted = graph.add("CumSum", real, graph.constant("axis.tokens", np.int64(1)))
        places = graph.add("Add", graph.add("Mul", counted, real), pad)
        names = [f"embeddings.{table}_embeddings.weight" for table in ("position", "token_type")]
        # A sum of two constants: the runtime computes it once, when it loads the file.
        table = graph.add("Add", *(graph.constant(name, self._weights[name]) for name in names))
        words = self._arithmetic.words(graph, "input_ids")
        return self._norm(words, graph.add("Gather", table, places), "embeddings.LayerNorm")

    def attention_bias(self) -> str:
        """Addition to the scores, (B, 1, 1, T): 0 at tokens, the lowest float at padding."""
        graph = self.graph
        mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
        absent = graph.add("Sub", graph.constant("one", np.float32(1)), mask)
        far = graph.add("Mul", absent, graph.constant("lowest", _LOWEST))
        return graph.add("Unsqueeze", far, graph.constant("axes.heads", np.array([1, 2])))

    def block(self, block: int, hidden: str, bias: str) -> str:
        """One post-norm transformer block."""
        graph, base = self.graph, f"encoder.layer.{block}"
        graph.scope = base
        linear = self._arithmetic.linear
        joint, mixed, inner, outer = self._shape.linears(block)
        context = self._attention(linear(graph, hidden, joint), bias)
        branch = linear(graph, context, mixed)
        hidden = self._norm(branch, hidden, f"{base}.attention.output.LayerNorm")
        branch = linear(graph, _gelu(graph, linear(graph, hidden, inner)), outer)
        return self._norm(branch, hidden, f"{base}.output.LayerNorm")

    def _attention(self, joint: str, bias: str) -> str:
        """Softmax attention of query, key and value that stand side by side in (B, T, 3 D)."""
        graph, heads = self.graph, self._shape.heads
        size = self._shape.width // heads
        split = graph.constant("shape.heads", np.array([0, 0, heads, size]))
        flat = graph.constant("shape.flat", np.array([0, 0, self._shape.width]))
        query, key, value = graph.split("Split", joint, outputs=3, axis=-1)
        query = graph.add("Mul", query, graph.constant("score.scale", np.float32(size**-0.5)))
        query, key, value = (graph.add("Reshape", part, split) for part in (query, key, value))
        query, value = (graph.add("Transpose", part, perm=[0, 2, 1, 3]) for part in (query, value))
        key = graph.add("Transpose", key, perm=[0, 2, 3, 1])
        scores = graph.add("Add", graph.add("MatMul", query, key), bias)
        context = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
        return graph.add("Reshape", graph.add("Transpose", context, perm=[0, 2, 1, 3]), flat)

    def _norm(self, first: str, second: str, name: str) -> str:
        """LayerNorm over the last axis of a sum."""
        # Not Add: onnxruntime would fuse it with the LayerNorm into an operator of its own that
        # takes seven times as long as the two (1.32, AVX-512, 128 rows of 768).
        total = self.graph.add("Sum", first, second)
        parts = [f"{name}.{part}" for part in ("weight", "bias")]
        tables = [self.graph.constant(part, self._weights[part]) for part in parts]
        return self.graph.add(
            "LayerNormalization", total, *tables, axis=-1, epsilon=self._shape.epsilon
        )


def _gelu(graph: Graph, reads: str) -> str:
    """Exact GELU, x / 2 (1 + erf(x / sqrt 2)), in the form that runtimes fuse."""
    inner = graph.add("Div", reads, graph.constant("sqrt.two", np.float32(2**0.5)))
    inner = graph.add("Add", graph.add("Erf", inner), graph.constant("one", np.float32(1)))
    return graph.add("Mul", graph.add("Mul", reads, inner), graph.constant("half", np.float32(0.5)))


def _sentence(graph: Graph, hidden: str) -> None:
    """Mean over the tokens, its first K coordinates, as a unit vector."""
    last, tokens = (
        graph.constant(name, np.array([axis])) for name, axis in (("last", -1), ("tokens", 1))
    )
    mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    column = graph.add("Unsqueeze", mask, last)
    total = graph.add("ReduceSum", graph.add("Mul", hidden, column), tokens, keepdims=0)
    count = graph.add("ReduceSum", mask, last, keepdims=1)
    tiny = graph.constant("tiny", np.float32(1e-9))
    mean = graph.add("Div", total, graph.add("Max", count, tiny))
    ends = [graph.constant(f"cut.{end}", np.array([end])) for end in (0, WIDTH)]
    vector = graph.add("Slice", mean, *ends, last)
    length = graph.add("Max", graph.add("ReduceL2", vector, axes=[-1], keepdims=1), tiny)
    graph.nodes.append(helper.make_node("Div", [vector, length], ["sentence_embedding"]))


def _model(graph: Graph, shape: Shape) -> onnx.ModelProto:
    tensor = helper.make_tensor_value_info
    row = ["batch", "tokens"]
    outputs = [
        tensor("last_hidden_state", TensorProto.FLOAT, [*row, shape.width]),
        tensor("sentence_embedding", TensorProto.FLOAT, ["batch", WIDTH]),
    ]
    inputs = [tensor(name, TensorProto.INT64, row) for name in ("input_ids", "attention_mask")]
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    if not any(node.domain for node in graph.nodes):
        opsets = opsets[:1]
    body = helper.make_graph(graph.nodes, "encoder", inputs, outputs, graph.initialisers())
    model = helper.make_model(
        body, opset_imports=opsets, ir_version=IR_VERSION, producer_name="klein-embedding"
    )
    onnx.checker.check_model(model)
    return model
