"""The number formats in which vectors are stored."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from klein_embedding.errors import KleinError

Number = Literal["float32", "float16", "int8", "binary"]
NUMBERS: tuple[str, ...] = get_args(Number)
_LARGEST = 127


def check_number(number: str) -> None:
    """Refuse an unknown number format.

    Raises:
        KleinError: If it is none of `NUMBERS`.
    """
    if number not in NUMBERS:
        raise KleinError(f"numbers {number!r}: choose {', '.join(NUMBERS)}")


def stored(vectors: np.ndarray, number: Number) -> np.ndarray:
    """Unit vectors in a smaller number format.

    A row of int8 has a scale of its own, so that its largest coordinate is 127: a cosine asks for
    directions alone, and none needs calibration. A row of bits holds signs, which are compared by
    how many differ (Hamming distance).

    Args:
        vectors: float32 (n, dim), unit rows.
        number: "float32", "float16", "int8" or "binary".

    Returns:
        (n, dim) of that type; for "binary" uint8 (n, dim / 8), the first coordinate in the highest
        bit, 1 where it is above zero.

    Raises:
        KleinError: If the number format is unknown.

    Source: Shakir, Aarsen and Lee 2024 (binary and scalar embedding quantization).
    """
    check_number(number)
    if number == "int8":
        largest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-9)
        return np.rint(vectors * (_LARGEST / largest)).astype(np.int8)
    if number == "binary":
        return np.packbits(vectors > 0, axis=1)
    return vectors.astype(np.float16 if number == "float16" else np.float32, copy=False)
