"""A folder of Parquet parts in, a folder of Parquet parts with vectors out, restartable by part.

Each part is one unit of work, in this process or in Ray's workers, and is written whole or not at
all; a run that is started again embeds what is not there yet.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from klein_embedding.errors import KleinError
from klein_embedding.files import read_json, sha256, write_json
from klein_embedding.infer.embedder import WIDTH, check_dim
from klein_embedding.infer.numbers import Number, check_number

if TYPE_CHECKING:
    import pyarrow

    from klein_embedding.infer.embedding import KleinEmbedding

VECTOR = "vector"
JOB = "_job.json"
"""What the parts of a folder were made with; readers of Parquet pass over names with a "_"."""
_ROWS = 4096


@dataclass(frozen=True, slots=True)
class PartJob:
    """What is done to each part.

    Attributes:
        source: Folder of ``*.parquet`` files, or one such file.
        target: Folder of the results, each under the name of its source.
        column: Column of the texts; an empty cell counts as the empty text.
        dim: Width of the vectors: 512, 256 or 128.
        numbers: Number format of their coordinates.
        model: Model folder; None for the default one.
        threads: Threads of one worker; 0 for as many as it may run.
    """

    source: Path
    target: Path
    column: str = "text"
    dim: int = WIDTH
    numbers: Number = "float32"
    model: Path | None = None
    threads: int = 0


class PartWorker:
    """Embeds one part after the other with a model that is loaded once."""

    def __init__(self, job: PartJob) -> None:
        """Load the model.

        Raises:
            KleinError: If it is missing or altered.
        """
        from klein_embedding.infer.embedding import KleinEmbedding

        self._job, self._model = job, KleinEmbedding(job.model, threads=job.threads)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Embed the part that a row names, and count its rows: what Ray maps."""
        return {"part": row["part"], "rows": self.embed(row["part"])}

    def embed(self, name: str) -> int:
        """Write the result of one part; return its rows.

        Raises:
            KleinError: If the part is no Parquet file, or lacks the column.
        """
        import pyarrow.parquet as pq

        job = self._job
        part = job.target / f"{name}.{os.getpid()}.part"
        rows = 0
        try:
            with _opened(_path(job, name), job.column) as file:
                schema = with_vectors(file.schema_arrow, job.dim, job.numbers)
                with pq.ParquetWriter(part, schema) as writer:
                    for batch in file.iter_batches(_ROWS):
                        made = embedded(self._model, batch, job)
                        writer.write_table(made.cast(schema))
                        rows += made.num_rows
            part.replace(job.target / name)
        finally:
            part.unlink(missing_ok=True)
        return rows


def run_parts(
    job: PartJob, run: Callable[[PartJob, list[str]], Iterator[dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """Embed the parts that have no result yet.

    Args:
        job: What is to be done.
        run: Engine that maps `PartWorker` over the names of parts.

    Yields:
        Name and rows of each part, as they are finished.

    Raises:
        KleinError: If there are no parts, the target was made with another model or form, or a
            part is not what it should be.
    """
    check_dim(job.dim)
    check_number(job.numbers)
    names = _names(job.source)
    job.target.mkdir(parents=True, exist_ok=True)
    _same_job(job)
    missing = [name for name in names if not (job.target / name).is_file()]
    # A bad part is named before an hour is spent on the good ones, and by no worker far away.
    for name in missing:
        _opened(_path(job, name), job.column).close()
    yield from run(job, missing)


def here(job: PartJob, names: list[str]) -> Iterator[dict[str, Any]]:
    """The engine of this process alone."""
    if not names:
        return
    worker = PartWorker(job)
    for name in names:
        yield worker({"part": name})


def embedded(model: KleinEmbedding, batch: pyarrow.RecordBatch, job: PartJob) -> pyarrow.Table:
    """A batch with a column of vectors behind its own."""
    import pyarrow as pa

    texts = [text or "" for text in batch.column(job.column).to_pylist()]
    vectors = model.encode(texts, job.dim, numbers=job.numbers)
    flat = pa.array(vectors.reshape(-1))
    column = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    return pa.Table.from_batches([batch]).append_column(VECTOR, column)


def with_vectors(schema: pyarrow.Schema, dim: int, numbers: Number) -> pyarrow.Schema:
    """The schema of what `embedded` gives."""
    import pyarrow as pa

    kinds = {"float32": pa.float32(), "float16": pa.float16(), "int8": pa.int8()}
    kind = kinds.get(numbers, pa.uint8())
    return schema.append(pa.field(VECTOR, pa.list_(kind, dim // 8 if numbers == "binary" else dim)))


def _path(job: PartJob, name: str) -> Path:
    return job.source if job.source.is_file() else job.source / name


def _opened(source: Path, column: str) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(source)
    except (pa.ArrowInvalid, OSError):
        raise KleinError(f"{source}: not readable as Parquet; remove it or make it again") from None
    if VECTOR in file.schema_arrow.names:
        raise KleinError(f"{source}: has a column '{VECTOR}' already; rename it")
    if column not in file.schema_arrow.names:
        found = ", ".join(file.schema_arrow.names)
        raise KleinError(f"{source}: has no column '{column}'; name one of {found} with --column")
    kind = file.schema_arrow.field(column).type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise KleinError(f"{source}: column '{column}' holds {kind}, not text")
    return file


def _names(source: Path) -> list[str]:
    if source.is_file():
        return [source.name]
    names = sorted(path.name for path in source.glob("*.parquet"))
    if not names:
        raise KleinError(f"{source}: holds no *.parquet file")
    return names


def _same_job(job: PartJob) -> None:
    """Write down what the parts are made with, or compare it with what is written."""
    from klein_embedding.infer.folder import ONNX, default_folder

    folder = job.model or default_folder()
    weights = folder / ONNX["int8"]
    facts = {
        "column": job.column,
        "dim": job.dim,
        "numbers": job.numbers,
        "model": sha256(weights) if weights.is_file() else "",
    }
    known = job.target / JOB
    if known.is_file() and read_json(known) != facts:
        raise KleinError(
            f"{job.target}: its parts were made with another model, column, width or number "
            "format; name another folder with --out"
        )
    write_json(known, facts)
