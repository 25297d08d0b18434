"""What is measured: the encoder, and the two baselines it has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer

from klein_embedding.errors import KleinError
from klein_embedding.eval.figures import PEER
from klein_embedding.eval.hybrid import Hybrid
from klein_embedding.eval.peers import Peer, open_peer
from klein_embedding.eval.words import WordFloor
from klein_embedding.files import digest_of, sha256
from klein_embedding.infer.embedder import Embedder
from klein_embedding.infer.embedding import KleinEmbedding
from klein_embedding.infer.folder import ONNX, Precision, check_derived, check_folder
from klein_embedding.infer.static import StaticEmbedding

_TOKENIZER = "tokenizer.json"


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
        precision: Key of `figures.COLUMNS`, or the column of a peer.
        digest: SHA-256 over the digests of the files that make its vectors.
        embedder: What gives the vectors.
    """

    model: str
    precision: str
    digest: str
    embedder: Embedder | LexicalFloor | WordFloor | Hybrid | Peer


def encoder_systems(folder: Path) -> list[System]:
    """The encoder of a model folder: int8, and float32 where its own file is there.

    A float32 file that was made from the int8 one is left out: it holds the int8 weights and
    would show their figures under another name.

    Args:
        folder: Model folder; its manifest names the model.

    Raises:
        KleinError: If the folder is no model folder, or a file of it is missing or altered.
    """
    manifest = check_folder(folder, "int8")
    name = manifest.get("name")
    if not isinstance(name, str) or not name:
        raise KleinError(f"{folder}: its manifest gives the model no name; export it again")
    precisions: list[Precision] = ["int8"]
    exact = ONNX["float32"]
    if (folder / exact).is_file() and check_derived(folder, manifest, exact) == "checkpoint":
        precisions.insert(0, "float32")
    return [
        System(
            name,
            precision,
            _digest(folder, (ONNX[precision], _TOKENIZER)),
            KleinEmbedding(folder, precision),
        )
        for precision in precisions
    ]


def static_system(folder: Path, name: str) -> System:
    """The static model of a folder.

    Raises:
        KleinError: If the folder is no static model.
    """
    embedder = StaticEmbedding(folder)
    return System(name, "static", _digest(folder, ("table.npy", _TOKENIZER)), embedder)


def peer_system(said: str) -> System:
    """Another people's model, as `open_peer` takes it.

    Raises:
        KleinError: If it cannot be had.
    """
    column, digest, peer = open_peer(said)
    return System(column.removeprefix(PEER), column, digest, peer)


def lexical_system() -> System:
    """The lexical floor."""
    return System(LexicalFloor.name, "lexical", LexicalFloor.digest, LexicalFloor())


def word_system() -> System:
    """BM25, which takes part where documents are ranked."""
    return System(WordFloor.name, "bm25", WordFloor.digest, WordFloor())


def hybrid_system(encoder: System) -> System:
    """An encoder whose ranking is fused with BM25's."""
    if isinstance(encoder.embedder, LexicalFloor | WordFloor | Hybrid | Peer):
        raise TypeError(f"{encoder.model}: only an encoder's own ranking is fused")
    return System(encoder.model, "hybrid", encoder.digest, Hybrid(encoder.embedder))


def _digest(folder: Path, names: tuple[str, ...]) -> str:
    """Digest of the files that make the vectors; a new card must not make figures look stale."""
    return digest_of({name: sha256(folder / name) for name in names})
