"""Files of several formats read as passages; a file that cannot be read says why in few words."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from klein_embedding.errors import KleinError
from klein_embedding.infer.index.html import html_blocks
from klein_embedding.infer.index.pieces import Lines, Passage, Place, Unit, cut, packed, placed

MEGABYTE = 1_000_000
LARGEST = 256
_HEAD = 1 << 16
_TEXT_FIELD = "text"
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([A-Za-z0-9_-]{2,40})""")


class UnreadableError(KleinError):
    """A file that gives no passages.

    Attributes:
        reason: Why, in a few words without the file's name.
        lasting: Whether that changes only when the file does.
    """

    def __init__(self, message: str, reason: str, *, lasting: bool = True) -> None:
        super().__init__(message)
        self.reason = reason
        self.lasting = lasting


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read.

    Attributes:
        by: What a passage is.
        fields: Columns or keys of tables whose texts are joined; none for ``text`` where there is
            one, else all that hold text.
        largest: Megabytes of the largest file that is read.
    """

    by: Unit = "passage"
    fields: tuple[str, ...] = ()
    largest: int = LARGEST


def load(path: Path, reading: Reading) -> bytes:
    """Read a file's bytes, once.

    Raises:
        UnreadableError: If it is missing, no file, larger than is read, or is no text.
    """
    try:
        if path.is_dir():
            raise _unreadable(path, "is a folder", "name a file", lasting=False)
        if path.exists() and not path.is_file():
            raise _unreadable(path, "is no file", "name a file", lasting=False)
        if path.stat().st_size > reading.largest * MEGABYTE:
            reason = f"is larger than {reading.largest} MB"
            raise _unreadable(path, reason, "split it or raise --largest")
        with path.open("rb") as file:
            head = file.read(_HEAD)
            if b"\0" in head and path.suffix.lower() not in _BINARY:
                decoded(head, str(path))
                raise _unreadable(path, "holds NUL bytes", "so it is no text; name a text file")
            return head + file.read()
    except FileNotFoundError:
        raise UnreadableError(f"{path}: no such file", "no such file", lasting=False) from None
    except OSError as error:
        reason = f"not readable ({error.strerror})"
        raise UnreadableError(f"{path}: {reason}", reason, lasting=False) from None


def read_passages_of(path: Path, data: bytes, reading: Reading) -> Iterator[Passage]:
    """Cut a file into passages by the format that its name says.

    Args:
        path: The file, for its name.
        data: Its content.
        reading: How it is read.

    Raises:
        UnreadableError: If the content is not what the name says, or a package to read it is
            missing.
    """
    reader = _READERS.get(path.suffix.lower(), _plain)
    return reader(str(path), data, reading)


def decoded(data: bytes, where: str) -> str:
    """Text of UTF-8 bytes, without a byte order mark.

    Raises:
        UnreadableError: If they are no UTF-8.
    """
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, byte = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise UnreadableError(
            f"{where}: line {line} is not UTF-8 text (byte {byte} of the line); "
            "convert it, or name another file if this one is binary",
            "not readable as UTF-8 text",
        ) from None


def _unreadable(path: Path, reason: str, advice: str, *, lasting: bool = True) -> UnreadableError:
    return UnreadableError(f"{path}: {reason}; {advice}", reason, lasting=lasting)


def _plain(name: str, data: bytes, reading: Reading) -> Iterator[Passage]:
    text = decoded(data, name)
    if "\0" in text:
        raise _unreadable(Path(name), "holds NUL bytes", "so it is no text; name a text file")
    return cut(text, name, reading.by)


def _html(name: str, data: bytes, reading: Reading) -> Iterator[Passage]:
    try:
        source = decoded(data, name)
    except UnreadableError:
        named = _CHARSET.search(data[:4096])
        if not named:
            raise
        try:
            source = data.decode(named[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            raise UnreadableError(
                f"{name}: is not in the encoding that it names; convert it to UTF-8",
                "not in the encoding that it names",
            ) from None
    return placed(html_blocks(source), name, Lines(source))


def _jsonl(name: str, data: bytes, reading: Reading) -> Iterator[Passage]:
    for number, line in enumerate(decoded(data, name).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise UnreadableError(f"{name}: line {number} is no JSON object", "not JSON lines")
        yield from _row((name, number, "line"), _chosen(record, reading, name), reading.by)


def _table(name: str, data: bytes, reading: Reading) -> Iterator[Passage]:
    text = decoded(data, name)
    mark = "\t" if name.lower().endswith(".tsv") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    try:
        header = next(rows, [])
        line = rows.line_num + 1
        for row in rows:
            record = {**dict.fromkeys(header, ""), **dict(zip(header, row, strict=False))}
            yield from _row((name, line, "line"), _chosen(record, reading, name), reading.by)
            line = rows.line_num + 1
    except csv.Error as error:
        raise UnreadableError(
            f"{name}: line {rows.line_num} is no row of a table ({error})", "not a table"
        ) from None


def _parquet(name: str, data: bytes, reading: Reading) -> Iterator[Passage]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise _missing(name, "pyarrow") from None
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        texts = [
            field.name
            for field in file.schema_arrow
            if pyarrow.types.is_string(field.type) or pyarrow.types.is_large_string(field.type)
        ]
        _chosen(dict.fromkeys(texts, ""), reading, name)
        number = 0
        for batch in file.iter_batches(batch_size=4096, columns=texts):
            for record in batch.to_pylist():
                number += 1
                yield from _row((name, number, "row"), _chosen(record, reading, name), reading.by)
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UnreadableError(f"{name}: no Parquet file ({reason})", "not Parquet") from None


def _pdf(name: str, data: bytes, reading: Reading) -> Iterator[Passage]:
    try:
        import pypdf
    except ModuleNotFoundError:
        raise _missing(name, "pypdf") from None
    try:
        for number, page in enumerate(pypdf.PdfReader(io.BytesIO(data)).pages, start=1):
            # A broken font table gives characters that no file can hold.
            text = page.extract_text().encode("utf-8", "replace").decode()
            for found in cut(text, name, reading.by):
                yield Passage(name, number, found.text, found.start, found.stop, "page")
    except UnreadableError:
        raise
    except Exception as error:  # broken files raise far more than the library's own errors
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UnreadableError(f"{name}: not readable as PDF ({reason})", "not a PDF") from None


def _row(where: tuple[str, int, Place], text: str, by: Unit) -> Iterator[Passage]:
    name, number, place = where
    for start, stop in packed(text) if by == "passage" else [(0, len(text))]:
        if text[start:stop].strip():
            yield Passage(name, number, text[start:stop], start, stop, place)


def _chosen(record: dict[str, Any], reading: Reading, name: str) -> str:
    """The text of a row: its named fields, else the one called text, else all of them."""
    wanted: Iterable[str] = reading.fields
    missing = [field for field in reading.fields if field not in record]
    if missing:
        raise UnreadableError(
            f"{name}: has no field '{missing[0]}'; it has {', '.join(map(str, record)):.200}",
            f"no field '{missing[0]}'",
        )
    if not wanted:
        wanted = [_TEXT_FIELD] if isinstance(record.get(_TEXT_FIELD), str) else record
    texts = (record[field] for field in wanted)
    joined = " ".join(text.strip() for text in texts if isinstance(text, str) and text.strip())
    return joined.encode("utf-8", "replace").decode()


def _missing(name: str, package: str) -> UnreadableError:
    return UnreadableError(
        f"{name}: needs {package}; install klein-embedding[index]",
        f"needs {package} (install klein-embedding[index])",
        lasting=False,
    )


_READERS: dict[str, Callable[[str, bytes, Reading], Iterator[Passage]]] = {
    ".html": _html,
    ".htm": _html,
    ".xhtml": _html,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".csv": _table,
    ".tsv": _table,
    ".parquet": _parquet,
    ".pdf": _pdf,
}
_BINARY = frozenset({".parquet", ".pdf"})
