"""Vectors of a stream of texts, and the files that they are written to."""

from __future__ import annotations

import io
import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from klein_embedding.infer.embedder import Embedder
from klein_embedding.progress import Progress

Form = Literal["jsonl", "npy"]

_CHUNK = 512
# A unit vector's coordinates to six places: the cosine keeps five.
_PLACES = 6


def vectors_of(
    embedder: Embedder, texts: Iterable[str], dim: int
) -> Iterator[tuple[list[str], np.ndarray]]:
    """Embed a stream of texts piece by piece, in its order.

    Yields:
        Some texts and their vectors, float32 (n, dim).
    """
    progress = Progress("embed")
    stream = iter(texts)
    while chunk := list(itertools.islice(stream, _CHUNK)):
        yield chunk, embedder.encode(chunk, dim)
        progress.add(len(chunk))
    progress.close()


def write_vectors(
    found: Iterator[tuple[list[str], np.ndarray]], form: Form, out: Path | None
) -> int:
    """Write vectors as they come (JSON lines), or as one array (npy).

    Args:
        found: Texts and vectors, as `vectors_of` gives them.
        form: "jsonl" for an object with text and vector a line, "npy" for a float32 array.
        out: File, whole or not written at all; None for standard output.

    Returns:
        Number of vectors; with 0 no file is written.
    """
    first = next(found, None)
    if first is None:
        return 0
    count = 0
    parts: list[np.ndarray] = []
    with _opened(out) as target:
        for texts, vectors in itertools.chain([first], found):
            count += len(texts)
            if form == "npy":
                parts.append(vectors)
                continue
            for text, vector in zip(texts, vectors.astype(np.float64), strict=True):
                record = {"text": text, "vector": vector.round(_PLACES).tolist()}
                target.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
            target.flush()
        if form == "npy":
            # A pipe cannot be sought in, which writing an array to a file does.
            array = io.BytesIO()
            np.save(array, np.concatenate(parts))
            target.write(array.getbuffer())
    return count


@contextmanager
def _opened(out: Path | None) -> Iterator[BinaryIO]:
    if out is None:
        yield sys.stdout.buffer
        return
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
