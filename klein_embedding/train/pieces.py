"""Files cut into pieces that can be carried one by one, and joined with every byte checked."""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from klein_embedding.errors import KleinError
from klein_embedding.files import sha256

_PRESET = 2
"""Token ids shrink to a half or so, and higher presets gain little for much time."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a file.

    Attributes:
        name: Where it lies, below the folder that all pieces share.
        bytes: Its size.
        sha256: Digest of its bytes.
    """

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A file and the pieces that it was cut into.

    Attributes:
        bytes: Size of the file.
        sha256: Digest of its bytes.
        packed: Whether the pieces, joined, are the file as xz packs it instead of the file itself.
        pieces: The pieces in their order.
    """

    bytes: int
    sha256: str
    packed: bool
    pieces: tuple[Piece, ...]

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Whole:
        """A file as a manifest describes it.

        Raises:
            KleinError: If the description is not one.
        """
        try:
            pieces = tuple(Piece(**piece) for piece in row["pieces"])
            return cls(row["bytes"], row["sha256"], row["packed"], pieces)
        except (KeyError, TypeError) as error:
            raise KleinError(f"manifest: describes no pieces ({error}); copy it again") from None


class Loads:
    """Folders ``load-01``, ``load-02``, … of at most so many bytes, filled with files in pieces.

    A piece ends where its load is full, so that no load goes out half empty.
    """

    def __init__(self, folder: Path, room: int) -> None:
        """Begin with an empty first load.

        Args:
            folder: Where the loads are made.
            room: Most bytes of a load.
        """
        self._folder, self._room = folder, room
        self.sizes: list[int] = []

    def add(self, source: Path, name: str) -> Whole:
        """Pack a file and lay it into the loads.

        Args:
            source: The file.
            name: What to call its pieces.
        """
        packed = self._folder / f"{name}.xz"
        _pack(source, packed)
        pieces: list[Piece] = []
        start, total = 0, packed.stat().st_size
        while start < total:
            if not self.sizes or self.sizes[-1] >= self._room:
                self.sizes.append(0)
                (self._folder / load_name(len(self.sizes))).mkdir()
            place = f"{load_name(len(self.sizes))}/{name}.{len(pieces)}"
            pieces.append(cut(packed, start, self._room - self.sizes[-1], (self._folder, place)))
            start += pieces[-1].bytes
            self.sizes[-1] += pieces[-1].bytes
        packed.unlink()
        return Whole(source.stat().st_size, sha256(source), packed=True, pieces=tuple(pieces))


def load_name(number: int) -> str:
    """Name of the folder of a load, counted from 1."""
    return f"load-{number:02}"


def cut(source: Path, start: int, most: int, place: tuple[Path, str]) -> Piece:
    """Write a stretch of a file as a file of its own.

    Args:
        source: File to cut from.
        start: First byte.
        most: Bytes to take if there are as many.
        place: Folder of the pieces, and the name of this one below it.
    """
    with source.open("rb") as file:
        file.seek(start)
        found = file.read(most)
    folder, name = place
    (folder / name).write_bytes(found)
    return Piece(name, len(found), hashlib.sha256(found).hexdigest())


def join(whole: Whole, find: Callable[[Piece], Path], target: Path) -> None:
    """Write a file from its pieces, whole or not at all.

    Args:
        whole: The file and its pieces.
        find: Where a piece lies.
        target: File to write.

    Raises:
        KleinError: If a piece, or what they make, is not what was cut.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    digest = hashlib.sha256()
    try:
        with part.open("wb") as file:
            for block in _blocks(whole, find):
                digest.update(block)
                file.write(block)
        if digest.hexdigest() != whole.sha256:
            raise KleinError(f"{target.name}: whole pieces do not make it; write the bundle again")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _blocks(whole: Whole, find: Callable[[Piece], Path]) -> Iterator[bytes]:
    unpacker = lzma.LZMADecompressor()
    for piece in whole.pieces:
        path = find(piece)
        found = path.read_bytes()
        if hashlib.sha256(found).hexdigest() != piece.sha256:
            raise KleinError(f"{path}: altered on the way; copy it again")
        yield unpacker.decompress(found) if whole.packed else found


def _pack(source: Path, target: Path) -> None:
    with source.open("rb") as file, lzma.open(target, "wb", preset=_PRESET) as packed:
        while block := file.read(_BLOCK):
            packed.write(block)
