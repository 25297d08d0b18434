"""Vectors in Spark: a function for ``DataFrame.mapInArrow``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from klein_embedding.infer.embedder import WIDTH, check_dim
from klein_embedding.infer.parts import VECTOR, PartJob, embedded

if TYPE_CHECKING:
    import pyarrow

    from klein_embedding.infer.embedding import KleinEmbedding

Batches = Iterator["pyarrow.RecordBatch"]


def in_arrow(
    column: str = "text", dim: int = WIDTH, model: Path | str | None = None, threads: int = 1
) -> Callable[[Batches], Batches]:
    """Make a function that adds a column ``vector`` of type ``array<float>``.

    Example:
        >>> schema = frame.schema.add("vector", ArrayType(FloatType()))  # doctest: +SKIP
        >>> frame.mapInArrow(in_arrow("text"), schema)  # doctest: +SKIP

    Args:
        column: Column of the texts; an empty cell counts as the empty text.
        dim: Width of the vectors: 512, 256 or 128.
        model: Model folder, found under this path on every worker; None for the default one.
        threads: Threads of one task.

    Returns:
        What ``mapInArrow`` takes. Each Python worker loads the model once.

    Raises:
        KleinError: If the width is unknown.
    """
    job = PartJob(Path(), Path(), column, check_dim(dim))

    def mapped(batches: Batches) -> Batches:
        import pyarrow as pa

        embedder = _loaded(model, threads)
        for batch in batches:
            found = embedded(embedder, batch, job)
            # Spark knows lists of any length only.
            flat = found.column(VECTOR).cast(pa.list_(pa.float32()))
            place = found.schema.get_field_index(VECTOR)
            yield from found.set_column(place, VECTOR, flat).to_batches()

    return mapped


@cache
def _loaded(model: Path | str | None, threads: int) -> KleinEmbedding:
    from klein_embedding.infer.embedding import KleinEmbedding

    return KleinEmbedding(model, threads=threads)
