"""Vectors as the bytes of an answer."""

from __future__ import annotations

import base64
import json

import numpy as np

from klein_embedding.infer.embedder import WIDTH, shortened
from klein_embedding.infer.server.asked import Wanted
from klein_embedding.infer.server.batcher import Encoded
from klein_embedding.infer.server.refusal import Refusal
from klein_embedding.infer.tokens import MAX_TOKENS

# A unit vector's coordinates to eight places: as near as float32 itself.
_PLACES = 8


def openai_answer(found: Encoded, wanted: Wanted, name: str) -> bytes:
    """OpenAI's list of embeddings, with the tokens that were read under "usage"."""
    rows = _base64(found, wanted) if wanted.base64 else _numbers(found, wanted)
    data = ",".join(
        f'{{"object":"embedding","index":{index},"embedding":{row}}}'
        for index, row in enumerate(rows)
    )
    total = sum(found.tokens)
    usage = json.dumps({"prompt_tokens": total, "total_tokens": total})
    named = json.dumps(name)
    return f'{{"object":"list","data":[{data}],"model":{named},"usage":{usage}}}'.encode()


def tei_answer(found: Encoded, wanted: Wanted) -> bytes:
    """A list of lists of numbers.

    Raises:
        Refusal: With status 413, if a text would be cut and that was not wanted.
    """
    if wanted.whole and max(found.tokens) >= MAX_TOKENS:
        number = found.tokens.index(max(found.tokens)) + 1
        raise Refusal(
            413,
            f"inputs: text {number} must have less than {MAX_TOKENS} tokens; shorten it, or leave "
            "truncate out",
            "inputs",
        )
    return f"[{','.join(_numbers(found, wanted))}]".encode()


def _cut(found: Encoded, wanted: Wanted) -> np.ndarray:
    return found.vectors if wanted.dim == WIDTH else shortened(found.vectors, wanted.dim)


def _numbers(found: Encoded, wanted: Wanted) -> list[str]:
    vectors = _cut(found, wanted).astype(np.float64).round(_PLACES)
    return [json.dumps(row.tolist(), separators=(",", ":")) for row in vectors]


def _base64(found: Encoded, wanted: Wanted) -> list[str]:
    little = _cut(found, wanted).astype("<f4")
    return [f'"{base64.b64encode(row.tobytes()).decode()}"' for row in little]
