"""The firewall: the corpus knows evaluation text as fingerprints only, and lets none in."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from klein_embedding.corpus.evaluation_text import texts_of
from klein_embedding.corpus.near import Match, NearIndex, index_of
from klein_embedding.errors import KleinError
from klein_embedding.files import digest_of, read_manifest
from klein_embedding.text import Line, Pair, fingerprint, normalised

BLOCKED = "evaluation text"
_SENTENCE_END = re.compile(r"(?<=[.!?।॥۔؟|])[\"'”’)\]]*\s+|[\r\n]+")
_BATCH = 1024
_KNOWN = 1 << 18

Record = tuple[Pair | Line, str]


@dataclass(frozen=True, slots=True)
class Guard:
    """Fingerprints of all evaluation text.

    Attributes:
        prints: 64-bit fingerprints of normalised texts.
        near: Hashes of the n-grams of the texts that are long enough to be matched nearly.
        digest: SHA-256 over prints, n-grams and what counts as near; every processed manifest
            carries it.
    """

    prints: frozenset[int]
    near: NearIndex
    digest: str

    def hits(self, text: str) -> bool:
        """Whether a text is, nearly is or contains an evaluation text."""
        return self.hit([text])[0]

    def hit(self, texts: Sequence[str]) -> list[bool]:
        """Ask `hits` of many texts at once, which takes a small part of the time."""
        normal = [normalised(text) for text in texts]
        found = [fingerprint(text) in self.prints for text in normal]
        for number, owners in self.near.candidates(normal):
            if not found[number]:
                found[number] = self._near(texts[number], normal[number], owners)
        return found

    def _near(self, text: str, normal: str, owners: list[int]) -> bool:
        match = self.near.match
        if any(self.near.score(normal, owner) >= match.threshold for owner in owners):
            return True
        # A longer evaluation text was looked for inside the whole text already.
        short = [o for o in owners if self.near.letters[o] < match.least_contained]
        parts = [normalised(part) for part in sentences(text)] if short else []
        return len(parts) > 1 and any(
            self.near.score(part, owner) >= match.threshold
            for part in parts
            for owner in short
            if len(part) >= match.threshold * self.near.letters[owner]
        )

    def blocks(self, item: Pair | Line) -> bool:
        """Whether any side of a pair, a hard negative included, or a line is evaluation text."""
        return any(self.hit(_texts(item)))

    def screened(self, records: Iterable[Record]) -> Iterator[Record]:
        """Pass records on; those that hold evaluation text get that as the reason to be dropped.

        Of a longer monolingual line only the sentences that are evaluation text are dropped; of a
        group, such as the captions of one picture, everything is.

        Args:
            records: Records with the reason to drop each, "" for none; those of a group follow
                one another.
        """
        # The English side of a catalogue comes with every language, so answers are remembered.
        known: dict[str, bool] = {}
        for batch in _batches(records):
            texts = [() if reason else _texts(item) for item, reason in batch]
            new = [t for t in dict.fromkeys(t for group in texts for t in group) if t not in known]
            known.update(zip(new, self.hit(new), strict=True))
            hits = [sum(known[text] for text in group) for group in texts]
            if len(known) > _KNOWN:
                known.clear()
            spoilt = {_group(item) for (item, _), hit in zip(batch, hits, strict=True) if hit}
            for (item, reason), hit in zip(batch, hits, strict=True):
                if hit and isinstance(item, Line):
                    yield from self._cut(item)
                elif hit:
                    yield item, BLOCKED
                elif not reason and _group(item) and _group(item) in spoilt:
                    yield item, f"group of {BLOCKED}"
                else:
                    yield item, reason

    def _cut(self, line: Line) -> Iterator[Record]:
        parts = sentences(line.text)
        flags = self.hit(parts)
        rest = " ".join(part for part, bad in zip(parts, flags, strict=True) if not bad)
        if len(normalised(rest)) < self.near.match.least_letters or self.hits(rest):
            yield line, BLOCKED
            return
        for part, bad in zip(parts, flags, strict=True):
            if bad:
                yield dataclasses.replace(line, text=part), BLOCKED
        yield dataclasses.replace(line, text=rest), ""


def sentences(text: str) -> list[str]:
    """Sentences of a text, split after full stops, dandas and their like."""
    return [part for part in _SENTENCE_END.split(text) if part]


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records in batches that tear no group apart."""
    batch: list[Record] = []
    for record in records:
        whole = not (batch and _group(record[0]) and _group(record[0]) == _group(batch[-1][0]))
        if len(batch) >= _BATCH and whole:
            yield batch
            batch = []
        batch.append(record)
    if batch:
        yield batch


def _group(item: Pair | Line) -> str:
    return item.group if isinstance(item, Pair) else ""


def _texts(item: Pair | Line) -> tuple[str, ...]:
    if isinstance(item, Line):
        return (item.text,)
    return (item.anchor, item.positive, *item.negatives)


def guard_of(texts: Iterable[str], match: Match | None = None) -> Guard:
    """Guard over the texts given.

    Words alone, labels, identifiers and numbers are left out: a set's columns hold many, and to
    block them would block ordinary words.

    Args:
        texts: Evaluation texts in any order.
        match: What counts as a near copy, None for what `Match` says.
    """
    match = match or Match()
    prints, near = set[int](), set[str]()
    for text in dict.fromkeys(texts):
        parts = sentences(text)
        for part in (text, *(parts if len(parts) > 1 else ())):
            normal, words = normalised(part), len(part.split())
            if words >= 2 and not normal.isdigit() and normal:
                if part is text:
                    prints.add(fingerprint(normal))
                least = match.least_letters if part is text else match.least_contained
                if words >= match.least_words and len(normal) >= least:
                    near.add(normal)
    index = index_of(sorted(near), match)
    digest = digest_of([asdict(match), sorted(prints), index.digest()])
    return Guard(frozenset(prints), index, digest)


def load_guard(folder: Path, names: list[str]) -> Guard:
    """Fingerprint every text of every file of the named evaluation sets.

    Args:
        folder: ``data/eval``, one fetched folder a set.
        names: Sets that must be there.

    Raises:
        KleinError: If a set is missing, cannot be read or gives no text, so that no corpus is
            built unguarded.
    """
    texts: list[str] = []
    for name in names:
        read_manifest(folder / name)
        before = len(texts)
        texts += texts_of(folder / name / "files")
        if len(texts) == before:
            raise KleinError(f"{folder / name}: holds no evaluation text; fetch it again")
    return guard_of(texts)
