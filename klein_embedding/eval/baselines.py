"""What is measured: the encoder, and the two baselines it has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer

from klein_embedding.errors import KleinError
from klein_embedding.files import digest_of, read_manifest
from klein_embedding.infer.embedder import Embedder

# The files that decide a vector; a new card must not make a model's figures look stale.
_ENCODER_FILES = {
    "float32": "onnx/model.onnx",
    "int8": "onnx/model_quantized.onnx",
}
_SHARED_FILE = "tokenizer.json"


class LexicalFloor:
    """Cosine of character 3- to 5-grams inside words, weighted by tf-idf.

    It knows no meaning and no translation: what it scores is spelling shared by both texts. The
    document frequencies come from the evaluation texts themselves, which favours it.
    """

    name = "tf-idf of character 3-5-grams"
    digest = digest_of({"analyser": "char_wb 3-5 tf-idf", "scikit-learn": sklearn.__version__})

    def rows(self, texts: Sequence[str]) -> Any:
        """Sparse unit rows of the texts, shape (n, n-grams); zero where a text has no n-gram.

        Args:
            texts: All texts of a suite, each once.

        Raises:
            KleinError: If no text holds a single n-gram.
        """
        try:
            found = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)).fit_transform(texts)
        except ValueError as error:
            raise KleinError(f"{self.name}: {error}; the evaluation texts are empty") from None
        return found.tocsr()


@dataclass(frozen=True, slots=True)
class System:
    """One column of the tables.

    Attributes:
        model: Name of the model.
        precision: Key of `figures.COLUMNS`.
        digest: SHA-256 over the digests of the files that make its vectors.
        embedder: What gives the vectors.
    """

    model: str
    precision: str
    digest: str
    embedder: Embedder | LexicalFloor


def encoder_systems(folder: Path) -> list[System]:
    """The encoder of a model folder, in each number format whose file is there.

    Raises:
        KleinError: If the folder is no model folder, or holds neither ONNX file.
    """
    from klein_embedding.infer.embedding import KleinEmbedding

    manifest = read_manifest(folder)
    found = [
        System(
            manifest.get("name", folder.resolve().name),
            precision,
            _digest(folder, manifest, (file, _SHARED_FILE)),
            KleinEmbedding(folder, precision=precision),
        )
        for precision, file in _ENCODER_FILES.items()
        if (folder / file).is_file()
    ]
    if not found:
        raise KleinError(f"{folder}: holds no ONNX file; run klein export first")
    return found


def static_system(folder: Path) -> System:
    """The static model of a folder.

    Raises:
        KleinError: If the folder is no static model.
    """
    from klein_embedding.infer.static import StaticEmbedding

    manifest = read_manifest(folder)
    digest = _digest(folder, manifest, ("*.safetensors", "*.npy", _SHARED_FILE))
    name = manifest.get("name", folder.resolve().name)
    return System(name, "static", digest, StaticEmbedding(folder))


def lexical_system() -> System:
    """The lexical floor."""
    return System(LexicalFloor.name, "lexical", LexicalFloor.digest, LexicalFloor())


def _digest(folder: Path, manifest: dict[str, Any], patterns: tuple[str, ...]) -> str:
    files = {
        name: digest
        for name, digest in manifest.get("files", {}).items()
        if any(fnmatch(name, pattern) for pattern in patterns)
    }
    if not files:
        raise KleinError(f"{folder}: its manifest lists no model file; export the model again")
    return digest_of(files)
