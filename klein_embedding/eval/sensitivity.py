"""Small changes to a sentence: those that change its meaning, and those that change its spelling.

The sentences were written for this project (``changes.tsv``). There are few of them, so their
figures show where a model fails, not by how much two good models differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.eval.bootstrap import Estimate, macro_mean, mean_estimate
from klein_embedding.eval.figures import SetFacts
from klein_embedding.eval.similarity import pair_cosines
from klein_embedding.eval.suite import Key, Suite
from klein_embedding.eval.vectors import Space
from klein_embedding.files import digest_of

NAME = "changes"
ACCURACY, SAME, CHANGED = "same meaning nearer", "cosine of same meaning", "cosine of another"
DESCRIBING = frozenset({SAME, CHANGED})
_ROOM, _FILE = "klein_embedding.eval", "changes.tsv"


@dataclass(frozen=True, slots=True)
class Change:
    """A sentence with one that means the same and one that does not.

    Attributes:
        kind: What was changed.
        lang: Language of all three.
        text: The sentence.
        same: Other words or another spelling, with the same meaning.
        changed: Nearly the same words, with another meaning.
    """

    kind: str
    lang: str
    text: str
    same: str
    changed: str


def load_changes() -> list[Change]:
    """The sentences, which come with the package."""
    text = resources.files(_ROOM).joinpath(_FILE).read_text(encoding="utf-8")
    _, *lines = text.splitlines()
    try:
        return [Change(*line.split("\t")) for line in lines]
    except TypeError:
        raise KleinError(f"{_FILE}: a row lacks a column; install the package again") from None


def changes_suite() -> Suite:
    """The suite of small changes."""
    found = load_changes()
    texts = dict.fromkeys(text for one in found for text in (one.text, one.same, one.changed))

    def measure(space: Space) -> dict[Key, Estimate]:
        return sensitivity(space, found)

    rows = [[one.kind, one.lang, one.text, one.same, one.changed] for one in found]
    facts = SetFacts(digest_of(rows), "Apache-2.0", "written for this project", ACCURACY)
    return Suite(NAME, tuple(texts), measure, {NAME: facts})


def sensitivity(space: Space, found: list[Change]) -> dict[Key, Estimate]:
    """How often the same meaning is nearer than another one, and both cosines, a kind each."""
    estimates: dict[Key, Estimate] = {}
    for kind in dict.fromkeys(one.kind for one in found):
        mine = [one for one in found if one.kind == kind]
        text = space.of([one.text for one in mine])
        same = pair_cosines(text, space.of([one.same for one in mine]))
        changed = pair_cosines(text, space.of([one.changed for one in mine]))
        for metric, values in ((ACCURACY, same > changed), (SAME, same), (CHANGED, changed)):
            key = Key(f"{NAME}/{kind}", "all", metric)
            estimates[key] = mean_estimate(np.asarray(values), key.label)
    parts = [estimate for key, estimate in estimates.items() if key.metric == ACCURACY]
    estimates[Key(NAME, "mean", ACCURACY)] = macro_mean(parts)
    return estimates
