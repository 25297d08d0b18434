"""Vectors of a stream of texts, and the files that they are written to."""

from __future__ import annotations

import io
import itertools
import json
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.files import digest_of, read_json, write_json
from klein_embedding.infer.embedder import Embedder
from klein_embedding.infer.embedding import TruncationWarning
from klein_embedding.infer.numbers import Number, stored
from klein_embedding.progress import Progress

if TYPE_CHECKING:
    from hashlib import _Hash

Form = Literal["jsonl", "npy"]

_CHUNK = 512
# A unit vector's coordinates to six places: the cosine keeps five.
_PLACES = 6


@dataclass(frozen=True, slots=True)
class Item:
    """A text to be embedded.

    Attributes:
        text: The text.
        place: What is written before it in JSON lines: where it was found.
    """

    text: str
    place: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Output:
    """Where vectors go, and in which form.

    Attributes:
        path: File, whole or not written at all; None for standard output.
        form: "jsonl" for an object with text and vector a line, "npy" for one array.
        dim: Width of the vectors: 512, 256 or 128.
        numbers: Number format of their coordinates.
        model: Digest of what embeds; a file begun by another model is not gone on with.
        resume: Whether a run that was killed is gone on with.
    """

    path: Path | None
    form: Form
    dim: int
    numbers: Number
    model: str
    resume: bool = False

    @property
    def part(self) -> Path | None:
        """The unfinished file."""
        return self.path and self.path.with_name(f"{self.path.name}.part")

    @property
    def journal(self) -> Path | None:
        """What is known of the unfinished file."""
        return self.path and self.path.with_name(f"{self.path.name}.part.json")

    @property
    def key(self) -> str:
        """Digest of all that makes the bytes, beside the texts."""
        return digest_of([self.model, self.form, self.dim, self.numbers])


@dataclass(slots=True)
class Written:
    """What was written.

    Attributes:
        count: Vectors in all.
        resumed: Those of them that an earlier run had written.
        cut: Texts of this run that were longer than the model reads.
    """

    count: int = 0
    resumed: int = 0
    cut: int = 0


def write_vectors(
    embedder: Embedder, items: Iterable[Item], output: Output, total: int | None = None
) -> Written:
    """Embed a stream of texts and write the vectors as they come, in constant memory.

    Args:
        embedder: Source of the vectors.
        items: The texts.
        output: Where the vectors go.
        total: How many texts there are, for the time that is left; None where that is unknown.

    Returns:
        What was written; with no texts no file is.

    Raises:
        KleinError: If a text is refused, or an unfinished file belongs to other texts, to another
            model or to another form.
    """
    stream = iter(items)
    first = next(stream, None)
    if first is None:
        return Written()
    stream = itertools.chain([first], stream)
    written, said = Written(), sha256()
    progress = Progress("embed", total)
    with _opened(output) as target:
        begun = _begun(output, target)
        _pass_over(stream, begun, said, output)
        written.count = written.resumed = begun
        progress.skip(begun)
        while chunk := list(itertools.islice(stream, _CHUNK)):
            texts = [item.text for item in chunk]
            vectors, cut = _embedded(embedder, texts, output.dim)
            written.cut += cut
            written.count += len(chunk)
            _append(target, chunk, stored(vectors, output.numbers), output.form)
            _note(output, target, written.count, _read(said, texts))
            progress.add(len(chunk))
        if output.form == "npy":
            target.seek(0)
            target.write(_header(written.count, output))
    progress.close()
    return written


def _embedded(embedder: Embedder, texts: list[str], dim: int) -> tuple[np.ndarray, int]:
    """Vectors, and how many texts were too long: the command says so once, at its end."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TruncationWarning)
        vectors = embedder.encode(texts, dim)
    found = [warning.message for warning in caught]
    return vectors, sum(one.count for one in found if isinstance(one, TruncationWarning))


def _append(target: BinaryIO, items: list[Item], vectors: np.ndarray, form: Form) -> None:
    if form == "npy":
        target.write(vectors.tobytes())
    else:
        if vectors.dtype.kind == "f":
            vectors = vectors.astype(np.float64).round(_PLACES)
        for item, row in zip(items, vectors, strict=True):
            record = {**item.place, "text": item.text, "vector": row.tolist()}
            target.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
    target.flush()


def _header(count: int, output: Output) -> bytes:
    """Header of an .npy file, which is as long for any count."""
    row = stored(np.zeros((1, output.dim), dtype=np.float32), output.numbers)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header,
        {
            "descr": np.lib.format.dtype_to_descr(row.dtype),
            "fortran_order": False,
            "shape": (count, row.shape[1]),
        },
    )
    return header.getvalue()


def _begun(output: Output, target: BinaryIO) -> int:
    """Vectors that an earlier run has written; the target stands behind them."""
    if not (output.resume and output.journal and output.journal.is_file()):
        if output.form == "npy":
            target.write(_header(0, output))
        return 0
    known = read_json(output.journal)
    if known["key"] != output.key:
        raise KleinError(
            f"{output.part}: begun with another model, width or form; delete it to begin anew"
        )
    target.truncate(known["bytes"])
    target.seek(known["bytes"])
    return int(known["vectors"])


def _pass_over(stream: Iterator[Item], count: int, said: _Hash, output: Output) -> None:
    """Read the texts whose vectors are written already, and compare them with those of then."""
    passed = 0
    while passed < count and (item := next(stream, None)) is not None:
        _read(said, [item.text])
        passed += 1
    if count and (
        passed < count or said.hexdigest() != read_json(output.journal or Path())["texts"]
    ):
        raise KleinError(
            f"{output.part}: its first {count:,} texts are not those of the input; delete it to "
            "begin anew"
        )


def _read(said: _Hash, texts: list[str]) -> str:
    for text in texts:
        said.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return said.hexdigest()


def _note(output: Output, target: BinaryIO, count: int, digest: str) -> None:
    if output.resume and output.journal:
        facts = {"key": output.key, "vectors": count, "bytes": target.tell(), "texts": digest}
        write_json(output.journal, facts)


@contextmanager
def _opened(output: Output) -> Iterator[BinaryIO]:
    if output.path is None or output.part is None or output.journal is None:
        with _piped(output.form) as target:
            yield target
        return
    part, journal = output.part, output.journal
    going_on = output.resume and journal.is_file() and part.is_file()
    if not going_on:
        journal.unlink(missing_ok=True)
    try:
        with part.open("r+b" if going_on else "w+b") as file:
            yield file
    except BaseException:
        if not output.resume:
            part.unlink(missing_ok=True)
        raise
    part.replace(output.path)
    journal.unlink(missing_ok=True)


@contextmanager
def _piped(form: Form) -> Iterator[BinaryIO]:
    if form == "jsonl":
        yield sys.stdout.buffer
        return
    # The header says how many rows follow, and a pipe cannot be sought in.
    with tempfile.TemporaryFile() as file:
        yield file
        file.seek(0)
        shutil.copyfileobj(file, sys.stdout.buffer)
