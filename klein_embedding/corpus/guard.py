"""The firewall: the corpus knows evaluation text as fingerprints only, and lets none in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from klein_embedding.errors import KleinError
from klein_embedding.files import digest_of, read_manifest
from klein_embedding.text import Line, Pair, fingerprint, normalised

_FIELDS = re.compile(r"[\t\r\n]+")


@dataclass(frozen=True, slots=True)
class Guard:
    """Fingerprints of all evaluation text.

    Attributes:
        prints: 64-bit fingerprints of normalised texts.
        digest: SHA-256 over the sorted fingerprints; every processed manifest carries it.
    """

    prints: frozenset[int]
    digest: str

    def hits(self, text: str) -> bool:
        """Whether a text equals an evaluation text after normalisation."""
        return fingerprint(normalised(text)) in self.prints

    def blocks(self, item: Pair | Line) -> bool:
        """Whether any side of a pair, a hard negative included, or a line is evaluation text."""
        if isinstance(item, Line):
            return self.hits(item.text)
        return any(self.hits(text) for text in (item.anchor, item.positive, *item.negatives))


def guard_of(texts: Iterable[str]) -> Guard:
    """Guard over the texts given."""
    normal = (normalised(text) for text in texts)
    prints = frozenset(fingerprint(text) for text in normal if text and not text.isdigit())
    return Guard(prints, digest_of(sorted(prints)))


def load_guard(folder: Path, names: list[str]) -> Guard:
    """Fingerprint every tab-separated field of every file of the named evaluation sets.

    Args:
        folder: ``data/eval``, one fetched folder a set.
        names: Sets that must be there.

    Raises:
        KleinError: If a set is missing or gives no text, so that no corpus is built unguarded.
    """
    texts: list[str] = []
    for name in names:
        read_manifest(folder / name)
        before = len(texts)
        for path in sorted((folder / name / "files").rglob("*")):
            if path.is_file():
                text = path.read_text(encoding="utf-8", errors="replace")
                texts += [field for field in _FIELDS.split(text) if field.strip()]
        if len(texts) == before:
            raise KleinError(f"{folder / name}: holds no evaluation text; fetch it again")
    return guard_of(texts)
