"""Random training pairs to read by eye."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from klein_embedding.errors import KleinError

_COLUMNS = ["anchor", "positive", "source", "kind", "anchor_lang", "positive_lang", "text_class"]
_SEED = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pairs to draw from.

    Attributes:
        lang: Language of either side, or anchor and positive as in "en-or".
        text_class: Class letter of the source, "" for every class.
        rows: Number of pairs.
    """

    lang: str
    text_class: str
    rows: int


def sample_pairs(processed: Path, wanted: Wanted) -> list[dict[str, str]]:
    """Draw training pairs of a built corpus, the same ones at every call.

    Returns:
        Up to ``wanted.rows`` rows with anchor, positive, source, kind, languages and class.

    Raises:
        KleinError: If the corpus holds no such pair.
    """
    path = processed / "pairs-train.parquet"
    if not path.is_file():
        raise KleinError(f"{path}: no such file; run klein data build first")
    anchor, _, positive = wanted.lang.partition("-")
    left, right = ("anchor_lang", "=", anchor), ("positive_lang", "=", positive or anchor)
    text_class = [("text_class", "=", wanted.text_class)] if wanted.text_class else []
    either = (
        [[left, right, *text_class]] if positive else [[left, *text_class], [right, *text_class]]
    )
    chosen = pq.read_table(path, columns=_COLUMNS, filters=either)
    if not chosen.num_rows:
        raise KleinError(f"{path}: no pair of class '{wanted.text_class}' in '{wanted.lang}'")
    rng = np.random.default_rng(_SEED)
    rows = rng.choice(chosen.num_rows, min(wanted.rows, chosen.num_rows), replace=False)
    return chosen.take(rows).to_pylist()
