"""Every text of an evaluation set, whatever format its files have."""

from __future__ import annotations

import csv
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree.ElementTree import ParseError

from klein_embedding.corpus.evaluation_pickle import strings_of_pickle
from klein_embedding.errors import KleinError

_BREAK = re.compile(r"[\t\r\n]+|\|\|")
_SMART = re.compile(rb"\.I \d+\s+\.[A-Z]\b")
_SLASHES = re.compile(r"^\s*/\s*$", re.MULTILINE)
_RATED = ("src", "ref", "translation")
_MOST_BYTES = 200_000_000
_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    ParseError,
    csv.Error,
    tarfile.TarError,
    zipfile.BadZipFile,
)

Extract = Callable[[bytes], Iterator[str]]


def texts_of(folder: Path) -> Iterator[str]:
    """Yield every text of every file below a folder, labels and numbers among them.

    Args:
        folder: ``files`` folder of a fetched evaluation set.

    Raises:
        KleinError: If a file cannot be read as what it is: a set half read is a hole in the wall.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            try:
                yield from _texts(path.name, path.read_bytes())
            except _BROKEN as error:
                raise KleinError(
                    f"{path}: not readable as evaluation text ({type(error).__name__}: {error}); "
                    "fetch the set again"
                ) from None


def _texts(name: str, content: bytes) -> Iterator[str]:
    for ending, extract in _EXTRACTS.items():
        if name.lower().endswith(ending):
            return extract(content)
    return _smart(content) if _SMART.match(content) else _plain(content)


def _decoded(content: bytes) -> str:
    return content.decode("utf-8-sig", errors="replace")


def _fields(text: str) -> Iterator[str]:
    return (field.strip() for field in _BREAK.split(text) if field.strip())


def _plain(content: bytes) -> Iterator[str]:
    """Tab- or bar-separated lines, or numbered texts of several lines that end with a slash."""
    text = _decoded(content)
    if len(_SLASHES.findall(text)) < 2:
        yield from _fields(text)
        return
    for record in _SLASHES.split(text):
        number, _, rest = record.strip().partition("\n")
        yield " ".join((rest if number.strip().isdigit() else record).split())


def _smart(content: bytes) -> Iterator[str]:
    """Title and text of SMART records; authors and where it appeared are no text."""
    part, lines = "", list[str]()
    for line in [*_decoded(content).splitlines(), ".I end"]:
        if re.match(r"\.[A-Z]\b", line) and len(line.split()[0]) == 2:
            if part in (".T", ".W"):
                yield " ".join(" ".join(lines).split())
            part, lines = line[:2], []
        else:
            lines.append(line)


def _csv(content: bytes) -> Iterator[str]:
    text = _decoded(content)
    if "\t" in text.partition("\n")[0]:
        yield from _fields(text)
        return
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            yield from _fields(cell)


def _json(content: bytes) -> Iterator[str]:
    text = _decoded(content)
    try:
        values = [json.loads(text)]
    except json.JSONDecodeError:
        values = [json.loads(line) for line in text.splitlines() if line.strip()]
    yield from _strings(values)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from _fields(value)
    elif isinstance(value, dict):
        # A rated translation also holds marked fragments of it, which are no texts of the set.
        keys = _RATED if "src" in value else value.keys()
        for key in keys:
            yield from _strings(value.get(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _xlsx(content: bytes) -> Iterator[str]:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    for sheet in book.worksheets:
        for row in sheet.iter_rows(values_only=True, min_row=2):
            for cell in row:
                yield from _strings(cell)


def _xml(content: bytes) -> Iterator[str]:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(content)
    except DefusedXmlException as error:
        raise ValueError(f"unsafe XML: {error!r}") from None
    for element in root.iter():
        # A TMX segment holds inline marks; elsewhere text stands in the innermost elements.
        if element.tag == "seg" or not len(element):
            yield " ".join("".join(element.itertext()).split())
        else:
            yield " ".join((element.text or "").split())
        yield " ".join((element.tail or "").split())


def _zip(content: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        _check_size(sum(member.file_size for member in members))
        for member in members:
            yield from _texts(member.filename, archive.read(member))


def _tar(content: bytes) -> Iterator[str]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        size = 0
        for member in archive:
            size += member.size
            _check_size(size)
            file = archive.extractfile(member) if member.isfile() else None
            if file and not member.name.endswith(".md"):
                yield from _texts(member.name, file.read())


def _check_size(size: int) -> None:
    if size > _MOST_BYTES:
        raise ValueError(f"unpacks to more than {_MOST_BYTES:,} bytes")


def _pickle(content: bytes) -> Iterator[str]:
    return (field for text in strings_of_pickle(content) for field in _fields(text))


_EXTRACTS: dict[str, Extract] = {
    ".csv": _csv,
    ".json": _json,
    ".jsonl": _json,
    ".xlsx": _xlsx,
    ".xml": _xml,
    ".tmx": _xml,
    ".zip": _zip,
    ".tgz": _tar,
    ".tar.gz": _tar,
    ".pkl": _pickle,
}
