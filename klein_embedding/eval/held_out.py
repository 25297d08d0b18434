"""Finding the right positive in the held-out split of the training sources.

The split is of the same sources as the training text, so its figures choose between models; the
sets of other people only report.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from klein_embedding.errors import KleinError
from klein_embedding.eval.alignment import nearest_hits
from klein_embedding.eval.bootstrap import Estimate, macro_mean, mean_estimate
from klein_embedding.eval.figures import SetFacts
from klein_embedding.eval.suite import Key, Suite
from klein_embedding.eval.vectors import Space
from klein_embedding.files import sha256
from klein_embedding.text import KINDS, fingerprint, normalised

ACCURACY = "accuracy"
NAME = "held-out"
FILE = "pairs-valid.parquet"
MOST = 300
# Among fewer candidates the right one is found by chance too often to say anything.
LEAST = 20
_COLUMNS = ["anchor", "positive", "positive_lang", "kind", "source"]


@dataclass(frozen=True, slots=True)
class Group:
    """Pairs whose anchors look for their positives among each other's.

    Attributes:
        kind: Kind of the pairs.
        language: Language of the positives, "all" for all of the kind.
        anchors: Anchors, no two equal after normalisation.
        positives: Positives, likewise.
    """

    kind: str
    language: str
    anchors: tuple[str, ...]
    positives: tuple[str, ...]


def held_out_suite(processed: Path) -> Suite:
    """The held-out suite.

    Args:
        processed: Folder of a built corpus.

    Raises:
        KleinError: If the split is missing, lacks a column, or is too small for any group.
    """
    path = processed / FILE
    groups = load_groups(path)
    texts = dict.fromkeys(text for group in groups for text in (*group.anchors, *group.positives))
    facts = SetFacts(sha256(path), "as its sources", "this project's training sources", ACCURACY)
    return Suite(NAME, tuple(texts), partial(retrieval, groups=groups), {NAME: facts})


def load_groups(path: Path) -> list[Group]:
    """Read the split and sample its groups: every kind, and translations by language.

    Raises:
        KleinError: If the file is missing or unreadable, lacks a column, or gives no group.
    """
    grouped: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for anchor, positive, language, kind, _ in rows_of(path):
        grouped.setdefault((kind, "all"), []).append((anchor, positive))
        if kind == "translation":
            grouped.setdefault((kind, language), []).append((anchor, positive))
    groups = [
        Group(kind, language, tuple(a for a, _ in chosen), tuple(p for _, p in chosen))
        for (kind, language), pairs in sorted(grouped.items())
        if len(chosen := sample(pairs)) >= LEAST
    ]
    if not groups:
        raise KleinError(f"{path}: no kind has {LEAST} pairs; build a larger corpus")
    return groups


def sample(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Up to `MOST` pairs with no text twice on a side, the same whatever the order of the input.

    Pairs are taken by the hash of their texts. Texts that are equal after normalisation count as
    one, since nothing could tell which of them is right.
    """
    ranked = sorted(pairs, key=lambda pair: (fingerprint("\0".join(pair)), pair))
    anchors, positives = set[str](), set[str]()
    chosen: list[tuple[str, str]] = []
    for anchor, positive in ranked:
        one, two = normalised(anchor) or anchor, normalised(positive) or positive
        if one in anchors or two in positives:
            continue
        anchors.add(one)
        positives.add(two)
        chosen.append((anchor, positive))
        if len(chosen) == MOST:
            break
    return chosen


def retrieval(space: Space, groups: list[Group]) -> dict[Key, Estimate]:
    """Accuracy from anchor to positive, a group each, and the mean over the kinds."""
    found: dict[Key, Estimate] = {}
    for group in groups:
        key = Key(f"{NAME}/{group.kind}", group.language, ACCURACY)
        hits = nearest_hits(space.of(group.anchors), space.of(group.positives))
        found[key] = mean_estimate(hits, key.label)
    kinds = [estimate for key, estimate in found.items() if key.language == "all"]
    found[Key(NAME, "mean", ACCURACY)] = macro_mean(kinds)
    return found


def rows_of(path: Path) -> list[tuple[str, str, str, str, str]]:
    """Anchor, positive, its language, kind and source of every held-out pair.

    Raises:
        KleinError: If the file is missing or unreadable, lacks a column, or has an unknown kind.
    """
    if not path.is_file():
        raise KleinError(f"{path}: no held-out pairs; run: klein data build recipes/v0.2.toml")
    try:
        missing = set(_COLUMNS) - set(pq.read_schema(path).names)
        if missing:
            raise KleinError(f"{path}: has no column '{min(missing)}'; build the corpus again")
        columns = pq.read_table(path, columns=_COLUMNS).to_pydict()
    except pa.ArrowInvalid as error:
        raise KleinError(f"{path}: not a readable Parquet file ({error})") from None
    strange = set(columns["kind"]) - set(KINDS)
    if strange:
        raise KleinError(f"{path}: unknown kind '{min(strange)}'; build the corpus again")
    return list(zip(*(columns[name] for name in _COLUMNS), strict=True))
