"""Licences of the catalogue: which clearly allow training and passing on what comes of it."""

from __future__ import annotations

import re

from klein_embedding.corpus.sources import Source
from klein_embedding.errors import KleinError

# Share-alike text stays in: its terms allow use and redistribution, and the card names them. So
# does MPL, which asks for its own files alone.
ALLOWING = re.compile(
    r"Apache-2\.0|BSD-\d-Clause|CC-BY(?:-SA)?-\d\.\d(?:-\w+)?|CC0-1\.0|ISC|MIT|MPL-2\.0"
    r"|PSF-2\.0|PostgreSQL|Unicode-3\.0|WordNet|public domain"
    r"|(?:[\w ]+ )?CC-BY(?:-SA)?-\d\.\d"
)
"""Families whose every part allows it; remarks in brackets do not count."""
REFUSING = re.compile(
    r"none stated|states none|not stated|research|\bNC\b|-NC\b|\bND\b|-ND\b|GPL|GFDL|ODbL"
    r"|Artistic|\brepository\b|by package|by page|citation|copyright|\bas the|as their|newspaper"
)
"""Words that leave a doubt: no licence, no commerce, no changes, copyleft programs whose strings
a model may or may not owe something, a repository that speaks for text it did not write."""


def is_permissive(source: Source) -> bool:
    """Whether a source's licence clearly allows training and redistribution of the result.

    Raises:
        KleinError: If the licence belongs to no known family.
    """
    if REFUSING.search(source.licence):
        return False
    bare = re.sub(r"\([^()]*\)", "", source.licence)
    parts = [part.strip() for part in re.split(r"[;,]|\band\b|\bor\b", bare)]
    if not all(ALLOWING.fullmatch(part) for part in parts):
        raise KleinError(
            f"source {source.name}: licence '{source.licence}' is of no family that "
            "corpus/licences.py knows; add it there"
        )
    return True
