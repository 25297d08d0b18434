"""Dictionaries: what a word means, and which word means it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import (
    files_of,
    option,
    read_lines,
    readable,
    required,
)
from klein_embedding.text import Line, Pair

_EXAMPLE = re.compile(r'"([^"]+)"?')
_SYNTAX_MARK = re.compile(r"\((?:a|p|ip)\)$")


def read_kannada_dictionary(
    root: Path, options: Mapping[str, Any], source: str
) -> Iterator[Pair | Line]:
    """Read a Kannada-English dictionary, JSON of headword -> entries with definitions.

    Definitions that begin with an equals sign only refer to another headword and are left out.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the chunks.
        source: Name of the source.

    Returns:
        Gloss pairs, English definition -> Kannada headword, in the order of chunks.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(_kannada(root, options, source), source)


def _kannada(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    paths = files_of(root, options.get("files", "**/chunk_*.json"))
    for _, entries in readable(paths, _definitions):
        for headword, definition in entries:
            yield Pair(definition, headword, "en", "kn", source, "gloss")


def _definitions(path: Path) -> list[tuple[str, str]]:
    return [
        (headword.strip(), definition.strip())
        for headword, entries in json.loads(path.read_text(encoding="utf-8")).items()
        for entry in entries
        for definition in entry["defs"]
        if headword.strip() and definition.strip() and not definition.startswith("=")
    ]


def read_headwords(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read an English dictionary of lines ``word|count``, each before its ``|meaning`` lines.

    This is the format of the thesauri of MyThes, which hold the part of speech before the bar.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns; ``lang``: code of the meanings' language.
        source: Name of the source.

    Returns:
        Translation pairs, English word -> meaning, in the order of files and lines.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_headwords(root, options, source), source)


def _headwords(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    lang = option(options, "lang", source)
    for _, lines in readable(files_of(root, option(options, "files", source)), read_lines):
        word = ""
        for line in lines:
            name, bar, rest = line.partition("|")
            if bar and rest.isdigit():
                word = name.strip()
            elif bar and word:
                for meaning in filter(str.strip, rest.split("|")):
                    yield Pair(word, meaning.strip(), "en", lang, source, "translation")


@dataclass(frozen=True, slots=True)
class _Synset:
    lemmas: tuple[str, ...]
    definition: str
    examples: tuple[str, ...]
    hypernyms: tuple[tuple[str, str], ...]


def read_wordnet(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read the data files of WordNet.

    Lemmas and example sentences are anchors, the definition is their positive, and the
    definitions of the hypernyms are negatives: right in kind, too general in meaning.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the data files.
        source: Name of the source.

    Returns:
        Gloss pairs in the order of files and synsets.

    Raises:
        KleinError: If nothing could be read.

    Source: wndb(5WN), the manual page of the file format.
    """
    return required(_wordnet(root, options, source), source)


def _wordnet(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    synsets: dict[tuple[str, str], _Synset] = {}
    for _, found in readable(files_of(root, options.get("files", "**/data.*")), _synsets):
        synsets.update(found)
    for synset in synsets.values():
        above = [synsets[key].definition for key in synset.hypernyms if key in synsets]
        negatives = tuple(text for text in dict.fromkeys(above) if text != synset.definition)
        for anchor in (", ".join(synset.lemmas), *synset.examples):
            yield Pair(anchor, synset.definition, "en", "en", source, "gloss", negatives)


def _synsets(path: Path) -> dict[tuple[str, str], _Synset]:
    rows = [line for line in read_lines(path) if line and not line.startswith(" ")]
    return {_key(line): _synset(line) for line in rows}


def _key(line: str) -> tuple[str, str]:
    offset, _, part_of_speech = line.split(" ", 3)[:3]
    # Satellite adjectives share the adjectives' file, where pointers call them plain adjectives.
    return ("a" if part_of_speech == "s" else part_of_speech), offset


def _synset(line: str) -> _Synset:
    data, _, gloss = line.partition(" | ")
    fields = data.split(" ")
    words = int(fields[3], 16)
    lemmas = [_SYNTAX_MARK.sub("", word) for word in fields[4 : 4 + 2 * words : 2]]
    pointers = fields[5 + 2 * words :]
    hypernyms = [
        (pointers[at + 2], pointers[at + 1])
        for at in range(0, 4 * int(fields[4 + 2 * words]), 4)
        if pointers[at] in ("@", "@i")
    ]
    definition, quote, rest = gloss.partition('"')
    return _Synset(
        tuple(dict.fromkeys(lemma.replace("_", " ") for lemma in lemmas)),
        definition.strip().rstrip(";:").strip(),
        tuple(example.strip() for example in _EXAMPLE.findall(quote + rest) if " " in example),
        tuple(hypernyms),
    )
