"""Vectors kept on disk, so that a suite whose measures changed embeds nothing again."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256 as digest
from pathlib import Path

import numpy as np

from klein_embedding.files import digest_of, processor, sha256, versions

_ENGINES = ("numpy", "onnxruntime", "tokenizers")


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of vectors, or none.

    Attributes:
        folder: Where they are kept; None keeps nothing.
    """

    folder: Path | None = None

    def rows(self, model: str, texts: Sequence[str], make: Callable[[], np.ndarray]) -> np.ndarray:
        """Kept rows (n, dim) of the texts, or those that are made and kept now.

        A file's name holds all that makes its vectors: the model's digest, the texts, our code,
        the packages that run it and the processor.

        Args:
            model: Digest of the model.
            texts: Its texts, in their order.
            make: Embeds them.
        """
        if self.folder is None:
            return make()
        said = digest("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
        kept = self.folder / model[:16] / f"{digest_of([model, said, *_engine()])[:32]}.npy"
        if (found := _kept(kept)) is None:
            found = make()
            kept.parent.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(f".{os.getpid()}.part")
            with part.open("wb") as file:
                np.save(file, found)
            part.replace(kept)
        return found


def _kept(path: Path) -> np.ndarray | None:
    """Rows of a file; None where it is not there, or another's hand has spoilt it."""
    try:
        return np.load(path)
    except (OSError, EOFError, ValueError):
        return None


@cache
def _engine() -> tuple[str, ...]:
    folder = Path(__file__).resolve().parent.parent / "infer"
    code = {path.name: sha256(path) for path in sorted(folder.glob("*.py"))}
    return digest_of(code), digest_of(versions(*_ENGINES)), processor()
