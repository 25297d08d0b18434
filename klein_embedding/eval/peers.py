"""Other people's models, measured on the same texts in the same run."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.eval.figures import PEER
from klein_embedding.eval.vectors import checked
from klein_embedding.files import MANIFEST, digest_of, sha256, versions
from klein_embedding.infer.embedding import KleinEmbedding
from klein_embedding.progress import Progress

_CHUNK = 512

Encode = Callable[[list[str]], Any]


class Peer:
    """A model of another width than ours, asked for its own vectors alone."""

    def __init__(self, name: str, encode: Encode) -> None:
        """Take a function from texts to unit rows, one a text."""
        self._name, self._encode = name, encode

    def rows(self, texts: Sequence[str]) -> np.ndarray:
        """Unit rows (n, its width) of the texts.

        Raises:
            KleinError: If it gives anything but finite unit rows of one width, one a text.
        """
        progress, parts, width = Progress(self._name, len(texts)), [], 0
        for start in range(0, len(texts), _CHUNK):
            chunk = list(texts[start : start + _CHUNK])
            found = np.asarray(self._encode(chunk), dtype=np.float32)
            width = width or (found.shape[1] if found.ndim == 2 else 0)
            parts.append(checked(found, (len(chunk), width), self._name))
            progress.add(len(chunk))
        progress.close()
        return np.concatenate(parts)


def open_peer(said: str) -> tuple[str, str, Peer]:
    """A peer by what the command line says of it.

    Args:
        said: NAME=FOLDER, a model folder of this project (its int8 ONNX file is read) or one of
            sentence-transformers, or NAME=MODULE:FUNCTION, a function from a list of texts to an
            array of unit rows.

    Returns:
        Its column, the digest of what makes its vectors, and the peer.

    Raises:
        KleinError: If it is neither, or cannot be had.
    """
    name, _, what = said.partition("=")
    if not name or not what:
        raise KleinError(f"--peer {said}: write NAME=FOLDER or NAME=MODULE:FUNCTION")
    if Path(what).is_dir():
        opened = _klein(what) if (Path(what) / MANIFEST).is_file() else _sentences(name, what)
        return f"{PEER}{name}", _folder_digest(Path(what)), Peer(name, opened)
    module, _, function = what.partition(":")
    if not function:
        raise KleinError(f"--peer {said}: {what} is no folder, and no MODULE:FUNCTION")
    try:
        home = importlib.import_module(module)
        encode = getattr(home, function)
    except (ImportError, AttributeError) as error:
        raise KleinError(f"--peer {said}: {error}; install it or correct the name") from None
    # An adapter names the package whose version decides on its vectors.
    packages = getattr(home, "PACKAGES", {})
    made_by = versions(packages.get(function, module.partition(".")[0]))
    if function in packages and "absent" in made_by.values():
        raise KleinError(f"--peer {said}: pip install {packages[function]}")
    digest = digest_of({"function": what, **made_by})
    return f"{PEER}{name}", digest, Peer(name, encode)


def _klein(folder: str) -> Encode:
    return KleinEmbedding(folder).encode


def _sentences(name: str, folder: str) -> Encode:
    try:
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(folder, local_files_only=True)
    except (ImportError, OSError, ValueError) as error:
        raise KleinError(
            f"peer {name}: {folder} does not load with sentence-transformers ({error})"
        ) from None
    return lambda texts: model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


def _folder_digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return digest_of({str(path.relative_to(folder)): sha256(path) for path in files})
