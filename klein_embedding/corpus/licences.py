"""Licences of the catalogue: which clearly allow training and passing on what comes of it."""

from __future__ import annotations

from klein_embedding.corpus.sources import Source
from klein_embedding.errors import KleinError

# Share-alike text stays in: its terms allow use and redistribution under the same terms, and the
# card names them. Copyleft programs' strings stay out, for what a model owes them is disputed.
PERMISSIVE: dict[str, bool] = {
    "Apache-2.0": True,
    "BSD-3-Clause": True,
    "BSD-3-Clause (Chromium's strings), MPL-2.0": True,
    "BSD-3-Clause (Chromium's strings; the repository states none)": True,
    "CC-BY-2.0-FR": True,
    "CC-BY-3.0": True,
    "CC-BY-4.0": True,
    "CC-BY-4.0 (captions)": True,
    "CC-BY-NC-ND-4.0": False,
    "CC-BY-SA-3.0": True,
    "CC-BY-SA-4.0": True,
    "CC-BY-SA-4.0 (SNLI), others as their data sets": False,
    "CC0-1.0": True,
    "GPL, LGPL, MPL or MIT, package by package": False,
    "GPL-2.0-or-later": False,
    "LGPL-2.1+": False,
    "MIT": True,
    # The repository's word on a translation of scripture that it did not make.
    "MIT (repository)": False,
    "ODbL-1.0 (text), GPL-3.0 (repository)": False,
    "Unicode-3.0": True,
    "WordNet": True,
    "free with citation": False,
    "none stated": False,
    "public domain": True,
    "research; the raw files may not be republished": False,
}


def is_permissive(source: Source) -> bool:
    """Whether a source's licence clearly allows training and redistribution of the result.

    Raises:
        KleinError: If the table does not know the licence.
    """
    if source.licence not in PERMISSIVE:
        raise KleinError(
            f"source {source.name}: licence '{source.licence}' is not in corpus/licences.py; "
            "add it there with its answer"
        )
    return PERMISSIVE[source.licence]
