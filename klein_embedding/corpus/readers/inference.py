"""Premises with what follows from them and what contradicts them."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import files_of, option, readable, required
from klein_embedding.text import Kind, Line, Pair

MAX_NEGATIVES = 4
"""Contradictions of one premise that a pair carries at most."""

Judged = tuple[str, str, str]

_SENTENCES = re.compile(r"Sentence 1:\s*(.*?)\s*Sentence 2:\s*(.*)", re.DOTALL)
_STATEMENT = re.compile(r"Statement:\s*(.*?)\s*Label:\s*(\w+)\.?\s*Genre:", re.DOTALL)
_TASK = re.compile(r"task(\d+)_")
# What the second sentence of the input and what the output is to the first sentence. The outputs
# of task 189 follow from the premise although its name promises contradictions.
_SNLI_TASKS = {
    "184": ("entailment", "neutral"),
    "185": ("contradiction", "neutral"),
    "186": ("contradiction", "entailment"),
    "187": ("entailment", "contradiction"),
    "188": ("neutral", "entailment"),
    "189": ("neutral", "entailment"),
}


def read_nli(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read judged sentence pairs, tab-separated with a header, or one JSON object a line.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns; ``premise``, ``hypothesis``, ``label``: names of the
            columns or keys.
        source: Name of the source.

    Returns:
        Entailment pairs with contradictions of the same premise as negatives.

    Raises:
        KleinError: If an option is missing or nothing could be read.
    """
    return required(_nli(root, options, source), source)


def _nli(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    columns = [option(options, name, source) for name in ("premise", "hypothesis", "label")]
    judged: list[Judged] = []
    for _, rows in readable(files_of(root, option(options, "files", source)), _records):
        for row in rows:
            premise, hypothesis, label = (str(row.get(name) or "").strip() for name in columns)
            judged.append((premise, hypothesis, label))
    yield from _entailments(judged, source)


def _records(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    return list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


def _entailments(judged: Iterable[Judged], source: str) -> Iterator[Pair]:
    entailed: dict[str, dict[str, None]] = defaultdict(dict)
    contradicted: dict[str, dict[str, None]] = defaultdict(dict)
    for premise, hypothesis, label in judged:
        if premise and hypothesis and label == "entailment":
            entailed[premise][hypothesis] = None
        elif premise and hypothesis and label == "contradiction":
            contradicted[premise][hypothesis] = None
    for premise, hypotheses in entailed.items():
        wrong = [text for text in contradicted.get(premise, ()) if text not in hypotheses]
        for hypothesis in hypotheses:
            negatives = tuple(wrong[:MAX_NEGATIVES])
            yield Pair(premise, hypothesis, "en", "en", source, "entailment", negatives)


def read_instructions(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read task files of Natural Instructions that hold entailments or paraphrases.

    Tasks 184-189 are SNLI and 203 is MultiNLI, joined over all files by their premise; 1530 gives
    entailments of SciTail, 1340 compressions, 444 paraphrased questions and their answer. Files
    of any other task are passed over.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the task files.
        source: Name of the source.

    Returns:
        Entailment pairs, then those of the other tasks in the order of files.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(_instructions(root, options, source), source)


def _instructions(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    judged: list[Judged] = []
    others: list[tuple[str, str, Kind]] = []
    for path, rows in readable(files_of(root, options.get("files", "**/task*.json")), _instances):
        found = _TASK.match(path.name)
        task = found.group(1) if found else ""
        for given, output in rows:
            if task in _SNLI_TASKS or task == "203":
                judged += _judged(task, given, output)
            else:
                others += _paired(task, given, output)
    yield from _entailments(judged, source)
    for anchor, positive, kind in others:
        yield Pair(anchor, positive, "en", "en", source, kind)


def _instances(path: Path) -> list[tuple[str, str]]:
    tasks = json.loads(path.read_text(encoding="utf-8"))["Instances"]
    return [(task["input"].strip(), task["output"][0].strip()) for task in tasks]


def _judged(task: str, given: str, output: str) -> list[Judged]:
    if task == "203":
        statement = _STATEMENT.match(given)
        return [(statement.group(1), output, statement.group(2))] if statement else []
    sentences = _SENTENCES.match(given)
    if not sentences:
        return []
    premise, second = sentences.groups()
    label, output_label = _SNLI_TASKS[task]
    return [(premise, second, label), (premise, output, output_label)]


def _paired(task: str, given: str, output: str) -> list[tuple[str, str, Kind]]:
    if task == "1530":
        return [(given, output, "entailment")]
    if task == "1340":
        return [(given, output, "paraphrase")]
    if task != "444":
        return []
    questions = _questions(given)
    found: list[tuple[str, str, Kind]] = [(*pair, "paraphrase") for pair in pairwise(questions)]
    return found + [(question, output, "question-answer") for question in questions[:1]]


def _questions(given: str) -> list[str]:
    try:
        return [str(text) for text in ast.literal_eval(given.removeprefix("Questions:").strip())]
    except (SyntaxError, ValueError):
        return []
