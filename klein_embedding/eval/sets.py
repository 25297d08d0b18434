"""Evaluation sets of other people: pinned files, read as they are and never trained on.

What each holds is one of four kinds of record, which `bitexts.py`, `scored.py`, `judged.py` and
`labelled.py` read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError

from klein_embedding.errors import KleinError
from klein_embedding.eval.figures import SetFacts
from klein_embedding.files import check_files, digest_of

MISSING = "run: klein data fetch recipes/v0.2.toml"


@dataclass(frozen=True, slots=True)
class EvalSet:
    """An evaluation set as published.

    Attributes:
        name: Name of the suite that it feeds.
        folder: Its folder below ``data/eval``, and its name in ``recipes/sources.toml``.
        digest: SHA-256 over the digests of its files, as the catalogue pins it.
        licence: Licence of the text.
        citation: What to cite.
        metric: Main metric.
        scores: SHA-256 likewise of its scores where they lie in a folder of their own, which is
            called as this one with "-scores" behind; empty elsewhere.
    """

    name: str
    folder: str
    digest: str
    licence: str
    citation: str
    metric: str
    scores: str = ""

    @property
    def facts(self) -> SetFacts:
        """What the results file says about the set."""
        return SetFacts(self.digest, self.licence, self.citation, self.metric)

    def files(self, data: Path) -> Path:
        """The folder of its files, each of which is what was pinned.

        Args:
            data: ``data/eval``.

        Raises:
            KleinError: If the set is not there, or a file of it is missing or altered.
        """
        if self.scores:
            _checked(data / f"{self.folder}-scores", self.scores)
        return _checked(data / self.folder, self.digest)

    @contextmanager
    def opened(self, data: Path) -> Iterator[Path]:
        """The folder of its files, for a reader whose stumbling becomes one line.

        Args:
            data: ``data/eval``.

        Raises:
            KleinError: As `files`, or if the files are not what the reader expects.
        """
        files = self.files(data)
        try:
            yield files
        except (OSError, ValueError, LookupError, ParseError) as error:
            raise KleinError(f"{files}: not readable as {self.name} ({error}); {MISSING}") from None


def scores_of(files: Path) -> Path:
    """The folder of the scores that belong to the files of a set."""
    return files.parent.with_name(f"{files.parent.name}-scores") / files.name


def _checked(folder: Path, digest: str) -> Path:
    if not folder.is_dir():
        raise KleinError(f"{folder}: evaluation text is not there; {MISSING}")
    if digest_of(check_files(folder, MISSING)["files"]) != digest:
        raise KleinError(f"{folder}: differs from the pinned evaluation text; {MISSING}")
    return folder / "files"


def lines_of(path: Path) -> list[str]:
    """Lines of a file. Only line feeds end one: other separators may stand inside a sentence.

    Raises:
        KleinError: If the file is missing or not UTF-8.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KleinError(f"{path}: not readable ({error}); {MISSING}") from None
    return split_lines(text)


def split_lines(text: str) -> list[str]:
    """Lines of a text, without their ends."""
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
