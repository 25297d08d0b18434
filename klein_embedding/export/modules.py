"""The small files that tell other people's loaders how to use the model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save
from tokenizers import Tokenizer

from klein_embedding.errors import KleinError
from klein_embedding.export.onnx_graph import Float32, encoder_model, folded
from klein_embedding.export.shape import Shape
from klein_embedding.files import write_json
from klein_embedding.infer.embedder import WIDTH
from klein_embedding.infer.folder import DENSE_WEIGHTS, ONNX, WEIGHTS
from klein_embedding.infer.tokens import MAX_TOKENS

_SPECIAL = {
    "bos_token": "<s>",
    "pad_token": "<pad>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
    "cls_token": "<s>",
    "sep_token": "</s>",
}
_ST = "sentence_transformers.models"


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Write ``config.json`` of a plain ``RobertaModel``."""
    fixed = {
        "architectures": ["RobertaModel"],
        "model_type": "roberta",
        "torch_dtype": "float32",
        "position_embedding_type": "absolute",
    }
    write_json(folder / "config.json", {**config, **fixed})


def write_tokenizer(folder: Path, tokenizer: Path, shape: Shape) -> None:
    """Copy ``tokenizer.json`` and describe it to transformers.

    Raises:
        KleinError: If it is no tokenizer, or not the one that the model was trained with.
    """
    try:
        known = Tokenizer.from_file(str(tokenizer))
    except Exception as error:  # the library raises plain Exception
        raise KleinError(f"{tokenizer}: not readable as a tokenizer ({error})") from None
    if known.get_vocab_size() != shape.vocabulary:
        raise KleinError(
            f"{tokenizer}: has {known.get_vocab_size()} tokens, the model {shape.vocabulary}; "
            "export with the tokenizer of the training"
        )
    ends = [known.token_to_id(_SPECIAL[end]) for end in ("bos_token", "eos_token")]
    if known.encode("").ids != ends or known.token_to_id("<pad>") != shape.pad:
        raise KleinError(f"{tokenizer}: must put <s> and </s> around a text and pad as the model")
    shutil.copyfile(tokenizer, folder / "tokenizer.json")
    write_json(folder / "special_tokens_map.json", _SPECIAL)
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": MAX_TOKENS,
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        "padding_side": "right",
        "truncation_side": "right",
    }
    write_json(folder / "tokenizer_config.json", {**_SPECIAL, **settings})


def write_modules(folder: Path, shape: Shape) -> None:
    """Write what sentence-transformers reads: mean, selection of coordinates, unit length."""
    kinds = ["Pooling", "Dense", "Normalize"] if shape.width > WIDTH else ["Pooling", "Normalize"]
    modules = [{"idx": 0, "name": "0", "path": "", "type": f"{_ST}.Transformer"}]
    for index, kind in enumerate(kinds, start=1):
        # The normalising module keeps its number, so that folders of all widths look alike.
        path = "3_Normalize" if kind == "Normalize" else f"{index}_{kind}"
        (folder / path).mkdir()
        modules.append({"idx": index, "name": str(index), "path": path, "type": f"{_ST}.{kind}"})
    # Not sorted by key: readers of this file expect a list in order, and people read it.
    (folder / "modules.json").write_text(json.dumps(modules, indent=1) + "\n", encoding="utf-8")
    write_json(folder / "1_Pooling/config.json", _pooling(shape.width))
    write_json(folder / "3_Normalize/config.json", {})
    write_json(
        folder / "sentence_bert_config.json",
        {"max_seq_length": MAX_TOKENS, "do_lower_case": False},
    )
    write_json(
        folder / "config_sentence_transformers.json",
        {
            "__version__": {},
            "prompts": {},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    )
    if shape.width > WIDTH:
        write_json(
            folder / "2_Dense/config.json",
            {
                "in_features": shape.width,
                "out_features": WIDTH,
                "bias": False,
                "activation_function": "torch.nn.modules.linear.Identity",
            },
        )


def write_float32(folder: Path, weights: Mapping[str, np.ndarray], shape: Shape) -> None:
    """Write the files that hold float32 weights: both safetensors and ``onnx/model.onnx``."""
    (folder / "onnx").mkdir(exist_ok=True)
    _save(folder / WEIGHTS, dict(weights))
    if shape.width > WIDTH:
        (folder / DENSE_WEIGHTS).parent.mkdir(exist_ok=True)
        selection = np.eye(WIDTH, shape.width, dtype=np.float32)
        _save(folder / DENSE_WEIGHTS, {"linear.weight": selection})
    weights = folded(weights, shape)
    model = encoder_model(weights, shape, Float32(weights))
    (folder / ONNX["float32"]).write_bytes(model.SerializeToString(deterministic=True))


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    # Written from here, because the library's own writer makes files that only their owner reads.
    path.write_bytes(save(arrays, metadata={"format": "pt"}))


def _pooling(width: int) -> dict[str, Any]:
    others = (
        "cls_token",
        "max_tokens",
        "mean_sqrt_len_tokens",
        "weightedmean_tokens",
        "lasttoken",
    )
    return {
        "word_embedding_dimension": width,
        "pooling_mode_mean_tokens": True,
        **{f"pooling_mode_{other}": False for other in others},
        "include_prompt": True,
    }
