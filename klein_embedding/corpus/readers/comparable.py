"""Documents that translate each other as wholes, cut into sentences and aligned."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations, compress
from pathlib import Path
from typing import Any

import numpy as np

from klein_embedding.corpus.align import Bead, BeadCost, align, anchors, length_cost
from klein_embedding.corpus.lexicon import Judge, Lexicon, judge, learn
from klein_embedding.corpus.readers.reading import files_of, option, readable, required
from klein_embedding.corpus.sentences import split_sentences
from klein_embedding.errors import KleinError
from klein_embedding.languages import LANGUAGES
from klein_embedding.text import Line, Pair, script_share

Text = list[str]
"""Sentences of one document."""
MOST_COST = 3.0
"""Of beads to learn words from: a length difference that one pair in twenty has."""
LEAST_SUPPORT = 0.3
"""Of beads to keep: mean log ratio that their words must reach."""
LEAST_CHARACTERS = 12
LEAST_SHARE = 0.5
MOST_RATIO = 3
"""Of the numbers of sentences; beyond it two documents are not compared."""
MOST_SKEW = 0.4
"""Of the log ratio of a pair's lengths from the median, where ``strict``: keeps 19 of 20 pairs."""
MOST_GAPS = 0.6
"""Documents of which more beads have an empty side do not translate each other."""


def read_comparable(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read documents of the same key in several languages and align their sentences.

    They are aligned by length and numbers first; words are learnt from that, and a second
    alignment uses them as well and drops the beads whose words do not support each other.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns; ``document``: regular expression that is found in a
            file's path and names the groups ``lang`` and ``key``; ``languages``: our code by what
            the group ``lang`` may be; ``unit``: "sentence", or "line" if every line is one;
            ``column``: of lines with tabs, the one that holds the text, counted from 0;
            ``anchor``: the only language that the others are aligned with, all unless given;
            ``strict``: true if only such beads are kept as read right nearly always: one sentence
            a side, none left over beside it, the same numbers and about the usual lengths;
            ``rows``, ``lang``, ``text``: where a file is JSON and holds one document in all
            languages, the names of its list of versions and of their language and text;
            ``document`` then names ``key`` alone.
        source: Name of the source.

    Returns:
        Pairs of two languages, English first, in the order of languages and keys.

    Raises:
        KleinError: If an option is missing or wrong, or nothing could be read.
    """
    return required(_pairs(root, options, source), source)


def _pairs(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    documents, strict = list(_documents(root, options, source)), options.get("strict", False)
    for left, right in combinations(LANGUAGES, 2):
        if options.get("anchor", left) != left:
            continue
        both = [found for found in documents if left in found and right in found]
        matches = [m for found in both for m in _matched(found[left], found[right])]
        lexicon = learned(matches)
        found = [
            pair
            for ours, theirs, _ in matches
            for pair in _supported(ours, theirs, judge(lexicon, ours, theirs), strict)
        ]
        for anchor, positive in _near_usual(found) if strict else found:
            yield Pair(anchor, positive, left, right, source, "translation")


def learned(matches: Iterable[tuple[Text, Text, list[Bead]]]) -> Lexicon:
    """Words of documents that were aligned by length and numbers, from their surer beads."""
    return learn(
        texts_of(ours, theirs, bead)
        for ours, theirs, beads in matches
        for bead in beads
        if bead.left and bead.right and bead.cost <= MOST_COST
    )


def _supported(left: Text, right: Text, judged: Judge, strict: bool) -> Iterator[tuple[str, str]]:
    beads = _aligned(left, right, judged.cost)
    for place, bead in enumerate(beads):
        if not bead.left or not bead.right or (strict and not _alone(beads, place)):
            continue
        anchor, positive = texts_of(left, right, bead)
        if (
            judged.support(bead) >= LEAST_SUPPORT
            and min(len(anchor), len(positive)) >= LEAST_CHARACTERS
            and not (strict and sorted(anchors(anchor)) != sorted(anchors(positive)))
        ):
            yield anchor, positive


def _alone(beads: list[Bead], place: int) -> bool:
    """Whether a bead has one sentence a side and no sentence beside it was left over."""
    beside = beads[max(place - 1, 0) : place + 2]
    bead = beads[place]
    return len(bead.left) == len(bead.right) == 1 and all(b.left and b.right for b in beside)


def _near_usual(pairs: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Pairs whose ratio of lengths is near that of most: where it is not, a clause is missing."""
    ratios = np.log([len(positive) / len(anchor) for anchor, positive in pairs])
    near = np.abs(ratios - np.median(ratios)) <= MOST_SKEW if pairs else ratios
    return compress(pairs, near)


def _aligned(left: Text, right: Text, cost: BeadCost) -> list[Bead]:
    return align(len(left), len(right), cost)


def texts_of(left: Text, right: Text, bead: Bead) -> tuple[str, str]:
    """The two sides of a bead."""
    return " ".join(left[n] for n in bead.left), " ".join(right[n] for n in bead.right)


def _documents(
    root: Path, options: Mapping[str, Any], source: str
) -> Iterator[dict[str, list[Text]]]:
    """The documents of each key by language."""
    pattern = re.compile(option(options, "document", source))
    wanted = {"key"} if "rows" in options else {"lang", "key"}
    if not wanted <= set(pattern.groupindex):
        names = ", ".join(sorted(wanted))
        raise KleinError(f"source {source}: 'document' must name the group(s) {names}")
    paths: dict[str, list[Path]] = defaultdict(list)
    for path in files_of(root, option(options, "files", source)):
        found = pattern.search(path.relative_to(root).as_posix())
        if found:
            paths[found["key"]].append(path)
    parse = _rows(options, source) if "rows" in options else _named(root, pattern, options, source)
    for key in sorted(paths):
        versions: dict[str, list[Text]] = defaultdict(list)
        for _, read in readable(paths[key], parse):
            for lang, sentences in read:
                # Pages that were never translated come in English under every language's name.
                if script_share(" ".join(sentences), lang) >= LEAST_SHARE:
                    versions[lang].append(sentences)
        yield versions


def _named(
    root: Path, pattern: re.Pattern[str], options: Mapping[str, Any], source: str
) -> Callable[[Path], list[tuple[str, Text]]]:
    """Reads the one document of a file, whose language its path says."""
    languages, cut = option(options, "languages", source), _cutter(options)

    def parse(path: Path) -> list[tuple[str, Text]]:
        found = pattern.search(path.relative_to(root).as_posix())
        lang = languages.get(found["lang"]) if found else None
        return [(lang, cut(path.read_bytes().decode("utf-8-sig")))] if lang else []

    return parse


def _rows(options: Mapping[str, Any], source: str) -> Callable[[Path], list[tuple[str, Text]]]:
    """Reads the versions of a document that one JSON file holds."""
    languages, cut = option(options, "languages", source), _cutter(options)
    rows, lang, text = (option(options, name, source) for name in ("rows", "lang", "text"))

    def parse(path: Path) -> list[tuple[str, Text]]:
        versions = json.loads(path.read_bytes())[rows]
        return [
            (languages[version[lang]], cut(version[text]))
            for version in versions
            if version[lang] in languages
        ]

    return parse


def _cutter(options: Mapping[str, Any]) -> Callable[[str], Text]:
    column = int(options.get("column", 0))
    whole = options.get("unit", "sentence") == "line"

    def cut(text: str) -> Text:
        if not whole:
            return split_sentences(text)
        rows = [line.split("\t") for line in text.split("\n")]
        return [row[column].strip() for row in rows if len(row) > column and row[column].strip()]

    return cut


def _matched(left: list[Text], right: list[Text]) -> Iterator[tuple[Text, Text, list[Bead]]]:
    """Pair the documents of two languages under one key, the best first, each once."""
    beads = {
        (place, other): _aligned(ours, theirs, length_cost(ours, theirs))
        for place, ours in enumerate(left)
        for other, theirs in enumerate(right)
        if max(len(ours), len(theirs)) <= MOST_RATIO * min(len(ours), len(theirs))
    }
    while beads:
        place, other = min(beads, key=lambda places: _mean_cost(beads[places]))
        found = beads[place, other]
        gaps = sum(not (bead.left and bead.right) for bead in found)
        if gaps <= MOST_GAPS * len(found):
            yield left[place], right[other], found
        beads = {at: b for at, b in beads.items() if at[0] != place and at[1] != other}


def _mean_cost(beads: list[Bead]) -> float:
    return sum(bead.cost for bead in beads) / max(len(beads), 1)
