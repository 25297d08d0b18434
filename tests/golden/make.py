"""Writes what the float32 files of released folders make of the golden texts, one array a folder.

Run once a release, while these files are still the checkpoint's own:
``python tests/golden/make.py release``
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from klein_embedding.export.golden import GOLDEN_TEXTS
from klein_embedding.infer.embedding import KleinEmbedding

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Write float32 rows (texts, 512) for each folder of the checkout that is named."""
    for name in sys.argv[1:]:
        model = KleinEmbedding(HERE.parent.parent / name, precision="float32")
        np.save(HERE / f"{name}.npy", model.encode(GOLDEN_TEXTS))


if __name__ == "__main__":
    main()
