"""HTML as values: what is not markup yet is escaped, whoever forgets it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from klein_embedding.languages import LANGUAGES

# Shapes of a drawing are none of these: unless they are closed, the next would lie inside them.
_EMPTY = frozenset({"meta", "input"})
_RIGHT_TO_LEFT = frozenset({"ur"})


class Markup(str):
    """Finished HTML; any other string is text."""

    __slots__ = ()


def tag(name: str, /, *inside: str, **attributes: str | float | bool | None) -> Markup:
    """An element.

    Args:
        name: Its name.
        inside: Its content; what is not `Markup` is escaped.
        attributes: In their order; an underscore at the end is dropped and one inside becomes a
            hyphen; False and None are left out, True stands without a value.
    """
    said = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{_escape(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Markup(
        f"<{name}{said}>" if name in _EMPTY else f"<{name}{said}>{joined(inside)}</{name}>"
    )


def joined(parts: Iterable[str]) -> Markup:
    """Parts one after the other; what is not `Markup` is escaped."""
    return Markup("".join(part if isinstance(part, Markup) else _escape(part) for part in parts))


def _escape(value: object) -> str:
    return html.escape(str(value))


def foreign(name: str, text: str, lang: str, **attributes: str) -> Markup:
    """An element with text in one of the languages, which says so, and its direction."""
    return tag(name, text, lang=lang, dir="rtl" if lang in _RIGHT_TO_LEFT else None, **attributes)


def decimal(value: float, places: int = 2) -> str:
    """A number with a true minus sign, and no minus before a rounded zero."""
    return f"{round(value, places) + 0.0:.{places}f}".replace("-", "−")


def amount(count: int, thing: str) -> str:
    """A number of things, in the plural unless it is one."""
    more = "es" if thing.endswith("s") else "s"
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}{more}"


def language_name(code: str) -> str:
    """Name of a language, of a pair of them such as "bn-hi", or of "mean" and "all"."""
    parts = [LANGUAGES[part].name if part in LANGUAGES else part for part in code.split("-")]
    return " → ".join(parts)


def table(caption: str, heads: Sequence[str], bodies: Iterable[Markup], words: int = 1) -> Markup:
    """A table in a box of its own, which scrolls where the screen is narrow.

    Args:
        caption: What it shows.
        heads: Titles of its columns.
        bodies: Its ``tbody`` elements.
        words: How many columns, from the first, hold words and not numbers.
    """
    titles = (
        tag("th", head, scope="col", class_="word" if at < words else None)
        for at, head in enumerate(heads)
    )
    head = tag("thead", tag("tr", *titles))
    inner = tag("table", tag("caption", caption), head, *bodies)
    return scrolled(inner, caption)


def scrolled(inner: Markup, label: str) -> Markup:
    """A box that scrolls by itself, also by keyboard."""
    return tag("div", inner, class_="scroll", role="region", aria_label=label, tabindex="0")


def section(ident: str, title: str, *inside: str) -> Markup:
    """A part of the page with its heading of the second level."""
    heading = tag("h2", title, id=f"{ident}-title")
    return tag("section", heading, *inside, id=ident, aria_labelledby=f"{ident}-title")
