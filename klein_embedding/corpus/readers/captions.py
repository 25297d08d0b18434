"""Several captions of one picture, which paraphrase each other."""

from __future__ import annotations

import gzip
import json
import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import files_of, lines_of, readable, required
from klein_embedding.text import Line, Pair

_log = logging.getLogger(__name__)
_PART = re.compile(r"\.\d+\.en\.gz$")


def read_captions_gz(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read files ``{split}.{n}.en.gz`` whose lines of one number describe one picture.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the files.
        source: Name of the source.

    Returns:
        Paraphrase pairs: each caption with the next one of its picture.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(_captions_gz(root, options, source), source)


def _captions_gz(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    splits: dict[str, list[list[str]]] = defaultdict(list)
    paths = files_of(root, options.get("files", "**/*.[1-5].en.gz"))
    for path, lines in readable(paths, _unpacked):
        splits[_PART.sub("", path.as_posix())].append(lines)
    for name, parts in splits.items():
        if len({len(lines) for lines in parts}) > 1:
            _log.warning("skipped %s: its caption files differ in length", name)
            continue
        where = Path(name).relative_to(root).as_posix()
        for number, captions in enumerate(zip(*parts, strict=True)):
            yield from _pairs(captions, source, f"{where}:{number}")


def _unpacked(path: Path) -> list[str]:
    return lines_of(gzip.decompress(path.read_bytes()).decode("utf-8"))


def read_coco(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read the annotation files of COCO captions.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the annotation files.
        source: Name of the source.

    Returns:
        Paraphrase pairs: each caption with the next one of its picture.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(_coco(root, options, source), source)


def _coco(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    for _, pictures in readable(files_of(root, options.get("files", "**/captions_*.json")), _json):
        for number, captions in pictures:
            yield from _pairs(captions, source, number)


def _json(path: Path) -> list[tuple[str, list[str]]]:
    pictures: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for note in json.loads(path.read_text(encoding="utf-8"))["annotations"]:
        pictures[note["image_id"]].append((note["id"], note["caption"]))
    return [(str(n), [caption for _, caption in sorted(pictures[n])]) for n in sorted(pictures)]


def _pairs(captions: Iterable[str], source: str, picture: str) -> Iterator[Pair]:
    """Pair neighbours, so that no caption stands in more than two pairs; a picture is a group."""
    kept = list(dict.fromkeys(text.strip() for text in captions if text.strip()))
    for anchor, positive in pairwise(kept):
        yield Pair(anchor, positive, "en", "en", source, "paraphrase", group=picture)
