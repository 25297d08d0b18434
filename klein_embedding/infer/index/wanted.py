"""What is looked for in an index, and the condition that it puts on passages."""

from __future__ import annotations

from dataclasses import dataclass

from klein_embedding.infer.index.scripts import script_for


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for.

    Attributes:
        query: Words or a sentence.
        top: Most hits.
        path: Pattern that a file's path, or the end of it from a folder on, must match.
        lang: Code of a language in whose script the passage must be.
        hybrid: Whether passages that share words with the query are ranked too.
    """

    query: str
    top: int = 5
    path: str = ""
    lang: str = ""
    hybrid: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on passages ``p``.

    Attributes:
        condition: In SQL, on passages ``p`` and files ``f``.
        values: What stands in the places of its question marks.
    """

    condition: str
    values: tuple[str, ...]

    @property
    def joins(self) -> str:
        """What follows a FROM that names the passages."""
        return f"JOIN files f ON f.id = p.file WHERE {self.condition}"


def filter_of(wanted: Wanted) -> Filter | None:
    """The condition of a search, None when everything passes.

    Raises:
        KleinError: If the language is unknown.
    """
    parts, values = [], []
    if wanted.lang:
        parts.append("p.script = ?")
        values.append(script_for(wanted.lang))
    if wanted.path:
        parts.append("(f.path GLOB ? OR f.path GLOB ?)")
        values += [wanted.path, f"*/{wanted.path}"]
    return Filter(" AND ".join(parts), tuple(values)) if parts else None
