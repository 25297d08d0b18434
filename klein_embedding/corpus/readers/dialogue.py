"""Dialogues with a service: what follows what, and what the speaker wants."""

from __future__ import annotations

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import files_of, readable, required
from klein_embedding.text import Line, Pair

_log = logging.getLogger(__name__)

MOST_OF_AN_INTENT = 40
"""Requests that one description of an intent is paired with; it repeats in every dialogue."""

_FEWEST_WORDS = 4

Turn = Mapping[str, Any]


def read_dialogues(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read dialogues of the schema-guided dialogue data.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of the dialogues; a ``schema.json`` beside them describes
            the intents.
        source: Name of the source.

    Returns:
        A turn of the user with the next one of the service, and a request with the description
        of its intent; turns under four words, such as thanks, are left out.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(_dialogues(root, options, source), source)


def _dialogues(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    intents: dict[tuple[str, str], str] = {}
    for _, schema in readable(files_of(root, "**/schema.json"), _intents):
        intents |= schema
    used: Counter[str] = Counter()
    paths = files_of(root, options.get("files", "**/dialogues_*.json"))
    for _, dialogues in readable(paths, _turns):
        for turns in dialogues:
            for first, second in pairwise(turns):
                texts = first["utterance"], second["utterance"]
                long = min(len(text.split()) for text in texts) >= _FEWEST_WORDS
                if first["speaker"] == "USER" and long:
                    yield Pair(*texts, "en", "en", source, "question-answer")
            for turn in turns:
                meant = _description(turn, intents)
                used[meant] += 1
                if meant and used[meant] <= MOST_OF_AN_INTENT:
                    yield Pair(turn["utterance"], meant, "en", "en", source, "paraphrase")


def read_schemas(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read descriptions of services, and the same in other words, from ``{split}/schema.json``.

    Args:
        root: Folder of the source's files; versions of one split stand in folders of its name.
        options: None are used.
        source: Name of the source.

    Returns:
        Paraphrase pairs: each description of a service, an intent or a slot with that of the
        next version.

    Raises:
        KleinError: If nothing could be read.
    """
    del options
    return required(_schemas(root, source), source)


def _schemas(root: Path, source: str) -> Iterator[Pair]:
    versions: dict[str, list[list[str]]] = defaultdict(list)
    for path, texts in readable(files_of(root, "**/schema.json"), _descriptions):
        versions[path.parent.name].append(texts)
    for split, listed in versions.items():
        if len({len(texts) for texts in listed}) > 1:
            _log.warning("skipped the schemas of %s: they describe different things", split)
            continue
        for same in zip(*listed, strict=True):
            for anchor, positive in pairwise(dict.fromkeys(same)):
                yield Pair(anchor, positive, "en", "en", source, "paraphrase")


def _descriptions(path: Path) -> list[str]:
    return [
        item["description"].strip()
        for service in json.loads(path.read_text(encoding="utf-8"))
        for item in (service, *service["intents"], *service["slots"])
    ]


def _turns(path: Path) -> list[list[Turn]]:
    dialogues = json.loads(path.read_text(encoding="utf-8"))
    return [[dict(turn) for turn in dialogue["turns"]] for dialogue in dialogues]


def _intents(path: Path) -> dict[tuple[str, str], str]:
    return {
        (service["service_name"], intent["name"]): intent["description"]
        for service in json.loads(path.read_text(encoding="utf-8"))
        for intent in service["intents"]
    }


def _description(turn: Turn, intents: Mapping[tuple[str, str], str]) -> str:
    """What the intent that a turn announces is for, if it announces just one."""
    found = [
        intents.get((frame["service"], value), "")
        for frame in turn["frames"]
        for action in frame.get("actions", ())
        if action["act"] == "INFORM_INTENT"
        for value in action["values"]
    ]
    return found[0] if len(found) == 1 and len(turn["utterance"].split()) >= _FEWEST_WORDS else ""
