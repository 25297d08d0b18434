"""Messages with plural and select arguments, written out as one plain text a number."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)

_ARGUMENT = re.compile(r"\{\s*\w+\s*,\s*(plural|select|selectordinal)\s*,\s*(?:offset:\d+\s*)?")
_FORMATTED = re.compile(r"\{\s*(\w+)\s*,\s*(?:number|date|time)\b[^{}]*\}")
_KEYWORD = re.compile(r"\s*(=?\w+)\s*\{")
_CHOICES = {"one": ("=1", "one"), "other": ("other",)}


def forms(message: str) -> dict[str, str]:
    """Texts that a message can become, by grammatical number.

    Args:
        message: Message in the syntax of ICU's MessageFormat; simple arguments stay as ``{NAME}``.

    Returns:
        The message itself under "" when it has no plural or select argument, else its texts for
        "one" and "other", the count written as the placeholder ``{N}``. There is none for "one"
        when a plural has no such branch: a language that says all numbers alike would otherwise
        have its plural joined with the English singular.

    Raises:
        ValueError: If the braces of an argument do not pair up or it has no branch "other".

    Source:
        ICU User Guide, "Formatting Messages".
    """
    message = _FORMATTED.sub(r"{\1}", message)
    if not _ARGUMENT.search(message):
        return {"": message}
    texts = {number: _written_out(message, number) for number in _CHOICES}
    return {number: text for number, text in texts.items() if text is not None}


def _written_out(message: str, number: str) -> str | None:
    found = _ARGUMENT.search(message)
    if not found:
        return message
    branches, end = _branches(message, found.end())
    if "other" not in branches:
        raise ValueError("a plural or select argument has no branch 'other'")
    names = ("other",) if found[1] == "select" else _CHOICES[number]
    chosen = next((branches[name] for name in names if name in branches), None)
    if chosen is None:
        return None
    if found[1] != "select":
        chosen = chosen.replace("#", "{N}")
    return _written_out(message[: found.start()] + chosen + message[end:], number)


def _branches(message: str, start: int) -> tuple[dict[str, str], int]:
    """Branches by keyword, and the place behind the argument's closing brace."""
    branches: dict[str, str] = {}
    while found := _KEYWORD.match(message, start):
        depth, place = 1, found.end()
        while depth:
            if place >= len(message):
                raise ValueError("a brace is not closed")
            depth += (message[place] == "{") - (message[place] == "}")
            place += 1
        branches[found[1]] = message[found.end() : place - 1]
        start = place
    rest = message[start:].lstrip()
    if not rest.startswith("}"):
        raise ValueError("an argument is not closed")
    return branches, len(message) - len(rest) + 1


def all_forms(messages: Mapping[K, str]) -> dict[tuple[K, str], str]:
    """Texts of many messages by key and number; a message that cannot be parsed is left out."""
    texts: dict[tuple[K, str], str] = {}
    for key, message in messages.items():
        try:
            texts.update({(key, number): text for number, text in forms(message).items()})
        except ValueError:
            continue
    return texts
