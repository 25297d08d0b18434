"""The ledger of experiments: entries in Markdown, newest first, none without what makes it count.

An entry is a heading ``## DATE: title`` and paragraphs that begin with a bold name, of which
`FIELDS` must be there. A negative result is named as one in the title.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from klein_embedding.errors import KleinError
from klein_embedding.files import write_text

FIELDS = ("Question", "Command", "Processor", "Result", "Noise", "Verdict")
NEGATIVE = "NEGATIVE"
_HEADING = re.compile(r"^## +(\d{4}-\d{2}-\d{2}): +(\S.*)$", re.MULTILINE)
_FIELD = re.compile(r"^\*\*([A-Z][^*]*?)\.?\*\*[.:]? *", re.MULTILINE)
_SPAN = re.compile(r"`[^`\n]+`|^```|\bscripts?\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One experiment.

    Attributes:
        day: When it was done.
        title: What came out, in one line.
        body: Everything below the heading.
    """

    day: date
    title: str
    body: str

    @property
    def fields(self) -> dict[str, str]:
        """Text of each named paragraph, with what follows it up to the next one."""
        _, *parts = _FIELD.split(self.body)
        return {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}

    @property
    def negative(self) -> bool:
        """Whether the title says that something did not work."""
        return NEGATIVE in self.title

    @property
    def text(self) -> str:
        """The entry as it stands in the ledger."""
        return f"## {self.day.isoformat()}: {self.title}\n\n{self.body.strip()}\n"


def read_ledger(path: Path) -> list[Entry]:
    """Entries of a ledger, in its order.

    Raises:
        KleinError: If the file is missing, a date is none, or the entries are not newest first.
    """
    _, entries = _split(path)
    for later, earlier in itertools.pairwise(entries):
        if later.day < earlier.day:
            raise KleinError(f"{path}: '{earlier.title}' is newer than what stands above it")
    return entries


def parse_entry(text: str, where: str) -> Entry:
    """One complete entry.

    Args:
        text: Heading and paragraphs.
        where: Names the text in errors.

    Raises:
        KleinError: If there is not exactly one heading, the date is none or lies ahead, a field
            is missing or empty, or the command names none.
    """
    entries = _entries(text, where)
    if len(entries) != 1:
        raise KleinError(f"{where}: needs one heading of the form '## YYYY-MM-DD: what came out'")
    (entry,) = entries
    if entry.day > datetime.now(UTC).date():
        raise KleinError(f"{where}: {entry.day} lies ahead; write the day of the experiment")
    for name in FIELDS:
        if not entry.fields.get(name):
            raise KleinError(f"{where}: lacks the paragraph '**{name}.** …'; write it")
    if not _SPAN.search(entry.fields["Command"]):
        raise KleinError(
            f"{where}: Command names none; write it in backticks, or say that a script did it"
        )
    return entry


def add_entry(path: Path, entry: Entry) -> None:
    """Put an entry at the top of a ledger.

    Raises:
        KleinError: If the ledger cannot be read, holds the entry already, or begins with a newer.
    """
    head, entries = _split(path)
    if any((old.day, old.title) == (entry.day, entry.title) for old in entries):
        raise KleinError(f"{path}: holds '{entry.title}' of {entry.day} already")
    if entries and entry.day < entries[0].day:
        raise KleinError(f"{path}: begins with an entry of {entries[0].day}; newest come first")
    whole = [head.rstrip(), *(one.text.rstrip() for one in (entry, *entries))]
    write_text(path, "\n\n".join(whole) + "\n")


def _split(path: Path) -> tuple[str, list[Entry]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KleinError(f"{path}: no ledger ({error}); name one with --ledger") from None
    first = _HEADING.search(text)
    return text[: first.start()] if first else text, _entries(text, str(path))


def _entries(text: str, where: str) -> list[Entry]:
    _, *parts = _HEADING.split(text)
    found = []
    for day, title, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        try:
            found.append(Entry(date.fromisoformat(day), title.strip(), body))
        except ValueError:
            raise KleinError(f"{where}: '{day}' is no date") from None
    return found
