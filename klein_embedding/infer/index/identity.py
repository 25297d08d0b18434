"""Which model made the vectors of an index: another one's cannot be compared with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from klein_embedding.errors import KleinError
from klein_embedding.files import digest_of
from klein_embedding.infer.embedder import WIDTH, Embedder
from klein_embedding.infer.embedding import KleinEmbedding
from klein_embedding.infer.folder import ONNX


@dataclass(frozen=True, slots=True)
class Maker:
    """What turns texts into the vectors of an index.

    Attributes:
        embedder: Source of the vectors.
        name: The model's name.
        digest: What two sources of the same vectors share, and no others.
        dim: Width of the vectors.
    """

    embedder: Embedder
    name: str
    digest: str
    dim: int = WIDTH

    def check(self, folder: Path, name: str, digest: str, dim: int) -> None:
        """Refuse an index that other vectors are in.

        Args:
            folder: The index.
            name: Name of the model that made it.
            digest: Its digest.
            dim: Width of its vectors.

        Raises:
            KleinError: If model or width differ.
        """
        if (digest, dim) != (self.digest, self.dim):
            raise KleinError(
                f"{folder}: made by {name} ({digest[:8]}) in {dim} dimensions, and this is "
                f"{self.name} ({self.digest[:8]}) in {self.dim}; name the model that made it with "
                "--model, leave --dim out, or build the index again"
            )


def maker_of(model: KleinEmbedding, dim: int = WIDTH) -> Maker:
    """Describe a model folder by the two files that decide its vectors.

    A new card or another file of the folder leaves indexes valid.
    """
    listed = {**model.manifest.get("derived", {}), **model.manifest["files"]}
    names = (ONNX[model.precision], "tokenizer.json")
    digest = digest_of({name: listed[name] for name in names})
    return Maker(model, str(model.manifest.get("name", model.folder.name)), digest, dim)
