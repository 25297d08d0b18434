"""Wiki markup of MediaWiki's messages, reduced to the text that a reader sees."""

from __future__ import annotations

import re

# Innermost only: replaced from the inside out until none is left.
_CHOICE = re.compile(r"\{\{\s*(PLURAL|GENDER|GRAMMAR)\s*:([^{}]*)\}\}", re.IGNORECASE)
_INNER_LINK = re.compile(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]+)\]\]")
_OUTER_LINK = re.compile(r"\[(?:https?:|//|\$)\S*\s+([^\[\]]+)\]")
_EMPHASIS = re.compile(r"'{2,5}")


def plain(message: str) -> str:
    """Text of a message: links by their labels, the last plural, the first gender.

    Args:
        message: Wiki text; other templates ``{{...}}`` stay, so that cleaning can see them.
    """
    before = ""
    while before != message:
        before, message = message, _CHOICE.sub(_chosen, message)
    message = _OUTER_LINK.sub(r"\1", _INNER_LINK.sub(r"\1", message))
    return _EMPHASIS.sub("", message)


def _chosen(found: re.Match[str]) -> str:
    _, *forms = found[2].split("|")
    # Forms for exact numbers (0=none) do not fit a text without its number.
    general = [form for form in forms if not re.match(r"\s*\d+=", form)]
    if not general:
        return ""
    return general[-1] if found[1].upper() != "GENDER" else general[0]
