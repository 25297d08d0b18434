"""Measuring a tokenizer and writing the page about it: figures, pictures, prose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from klein_embedding.errors import KleinError
from klein_embedding.files import now, processor, sha256, versions, write_json, write_text
from klein_embedding.languages import INDIC, LANGUAGES
from klein_embedding.tokenizer.chart import dots
from klein_embedding.tokenizer.frozen import FILE, read_tokenizer
from klein_embedding.tokenizer.held_out import HeldOut
from klein_embedding.tokenizer.measure import (
    bits_per_character,
    breaking_pieces,
    by_script,
    compared,
    coverage,
    round_trip,
    speed,
    unused,
)
from klein_embedding.tokenizer.page import page_text, readable

OURS = "Klein Embedding"


def parse_peers(texts: tuple[str, ...]) -> dict[str, Path]:
    """Names and files of other tokenizers from ``NAME=FILE``.

    Raises:
        KleinError: If a text is not of that form or names no file.
    """
    found = {}
    for text in texts:
        name, equals, file = text.rpartition("=")
        if not equals or not name or not Path(file).is_file():
            raise KleinError(f"--peer '{text}': write it as NAME=FILE with a tokenizer.json")
        found[name] = Path(file)
    return found


def measure(
    folder: Path, tokenizer: Tokenizer, held: HeldOut, peers: Mapping[str, Path]
) -> dict[str, Any]:
    """Every figure of the page.

    Args:
        folder: Folder of the tokenizer.
        tokenizer: What it holds.
        held: Text to measure on.
        peers: Files of other tokenizers by name.

    Raises:
        KleinError: If a peer's file is no tokenizer.
    """
    others = {name: read_tokenizer(path) for name, path in peers.items()}
    for other in others.values():
        # A file may ask for both, which would count what is no piece or leave pieces out.
        other.no_padding()
        other.no_truncation()
    idle = unused(tokenizer, held)
    figures = compared(tokenizer, held)
    return {
        **figures,
        "tokenizer": sha256(folder / FILE),
        "grapheme_breaking": breaking_pieces(tokenizer),
        "bits_per_character": bits_per_character(tokenizer, held),
        "by_script": by_script(tokenizer),
        "unused": {"pieces": len(idle), "examples": idle[-20:]},
        "round_trip": round_trip(tokenizer, held),
        "coverage": coverage(tokenizer, held),
        "speed": speed(tokenizer, held),
        "peers": {name: compared(other, held) for name, other in others.items()},
        "held_out": {code: len(texts) for code, texts in held.sentences.items()},
        "pairs": {code: len(rows) for code, rows in held.pairs.items()},
        "made": {"date": now()[:10], "processor": processor(), **versions("tokenizers")},
    }


def write_page(out: Path, facts: Mapping[str, Any], command: str) -> None:
    """Write the page, its figures and its three pictures.

    Args:
        out: Markdown file; the figures get its name with ``.json``, the pictures with their own.
        facts: ``figures`` of `measure`, the tokenizer's ``manifest``, and ``designs`` or nothing.
        command: What a reader types to make the page again.
    """
    figures = facts["figures"]
    names = {
        kind: out.with_name(f"{out.stem}-{kind}.svg") for kind in ("fertility", "parity", "scripts")
    }
    series = {OURS: figures, **figures["peers"]}
    read = {name: readable(row) for name, row in series.items()}
    for kind, title, codes in (
        ("fertility", "Pieces a word, held-out sentences", tuple(LANGUAGES)),
        ("parity", "Pieces for one of English, translations", INDIC),
    ):
        rows = {
            LANGUAGES[code].name: {
                name: read[name][code] if kind == "fertility" else row["parity"][code]
                for name, row in series.items()
                if code in read[name]
            }
            for code in codes
            if code in figures[kind]
        }
        write_text(names[kind], dots(title, rows, list(series)))
    rows = {name: {"entries": count} for name, count in list(figures["by_script"].items())[:16]}
    write_text(names["scripts"], dots("Entries by script", rows, ["entries"]))
    pictures = {kind: path.name for kind, path in names.items()}
    text = page_text(facts, pictures, command)
    write_json(out.with_suffix(".json"), {**figures, "command": command})
    write_text(out, text)
