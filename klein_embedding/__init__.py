"""Klein Embedding: sentence vectors for English and fourteen Indic languages, on a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from klein_embedding.infer.embedding import KleinEmbedding

__all__ = ["KleinEmbedding"]
__version__ = "0.2.0"


def __getattr__(name: str) -> object:
    """Load `KleinEmbedding` on first use, so that ``klein --help`` loads no runtime."""
    if name == "KleinEmbedding":
        from klein_embedding.infer.embedding import KleinEmbedding

        return KleinEmbedding
    raise AttributeError(f"module 'klein_embedding' has no attribute {name!r}")
