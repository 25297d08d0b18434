"""What the folder of a finished stage holds, read for the next one.

Shapes: V vocabulary, P bigrams, C content coordinates.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from klein_embedding.device import Compute
from klein_embedding.errors import KleinError
from klein_embedding.files import check_files
from klein_embedding.model.bigrams import Bigrams, write_bigrams
from klein_embedding.model.embedder import SentenceEncoder
from klein_embedding.model.encoder import Encoder
from klein_embedding.model.start import start_from_static
from klein_embedding.recipe import ModelRecipe
from klein_embedding.train.bigrams import BigramEntries, entries_of, read_bigrams_of

TABLE, WEIGHTS, CONFIG, TOKENIZER = (
    "table.npy",
    "model.safetensors",
    "config.json",
    "tokenizer.json",
)

_ALONE = 0.8
"""Length of bigrams' vectors without the others that they were learned beside: longer they say too
much, see docs/experiments.md."""


def static_of(source: Path, compute: Compute) -> tuple[Tensor, BigramEntries | None]:
    """Static vectors (V + P, C) of a finished stage, and what the last P of them stand for."""
    table = torch.from_numpy(np.load(source / TABLE))
    known = read_bigrams_of(source)
    if known is None:
        return table.to(compute.device), None
    entries, vectors = entries_of(known, len(table))
    return torch.cat([table, torch.from_numpy(vectors)]).to(compute.device), entries


def model_of(shape: ModelRecipe, source: Path, seed: int) -> SentenceEncoder:
    """Encoder with the weights of a finished stage, or the slack-coordinate start of a table.

    Raises:
        KleinError: If the folder is altered or of another shape.
    """
    check_files(source)
    table = np.load(source / TABLE)
    if table.shape[1] != shape.content:
        raise KleinError(f"{source}: vectors of {table.shape[1]}, the recipe says {shape.content}")
    torch.manual_seed(seed)
    encoder = Encoder(shape, table.shape[0])
    if (source / WEIGHTS).is_file():
        try:
            encoder.load_state_dict(load_file(source / WEIGHTS))
        except RuntimeError as error:
            why = str(error).splitlines()[-1].strip()
            raise KleinError(f"{source}: of another shape than the recipe's ({why})") from None
    else:
        start_from_static(encoder, table, shape.radius)
        if shape.bigrams:
            write_bigrams(encoder, _best_bigrams(source, shape.bigrams), shape.radius, seed)
    return SentenceEncoder(encoder, shape.content)


def _best_bigrams(source: Path, count: int) -> Bigrams:
    known = read_bigrams_of(source)
    if known is None or len(known.pairs) < count:
        raise KleinError(
            f"{source}: holds {len(known.pairs) if known else 0:,} bigrams, the recipe's model "
            f"wants {count:,}; raise the count of the stage or lower model.bigrams"
        )
    share = _ALONE if count < len(known.pairs) else 1.0
    return Bigrams(known.pairs[:count], share * known.vectors[:count])
