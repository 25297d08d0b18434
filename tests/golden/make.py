"""Writes ``vectors.npy``: what the float32 model of ``release/`` makes of the golden texts.

Run once a release, while the float32 files are still the checkpoint's own:
``python tests/golden/make.py``
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from klein_embedding.export.golden import GOLDEN_TEXTS
from klein_embedding.infer.embedding import KleinEmbedding

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Write float32 rows (texts, 512)."""
    model = KleinEmbedding(HERE.parent.parent / "release", precision="float32")
    np.save(HERE / "vectors.npy", model.encode(GOLDEN_TEXTS))


if __name__ == "__main__":
    main()
