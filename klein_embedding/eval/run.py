"""The evaluation itself: every system on every suite at every width."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.eval import held_out, questions, romanised, sensitivity
from klein_embedding.eval.alignment import alignment_suite
from klein_embedding.eval.baselines import (
    LexicalFloor,
    System,
    encoder_systems,
    hybrid_system,
    lexical_system,
    peer_system,
    static_system,
    word_system,
)
from klein_embedding.eval.bitexts import BITEXTS
from klein_embedding.eval.bootstrap import Estimate, paired_gap
from klein_embedding.eval.classification import classification_suite
from klein_embedding.eval.figures import (
    PEER,
    Difference,
    Figure,
    Results,
    merged,
    read_results,
    write_results,
)
from klein_embedding.eval.held_out import held_out_suite
from klein_embedding.eval.hybrid import Hybrid, fused
from klein_embedding.eval.judged import JUDGED
from klein_embedding.eval.labelled import LABELLED
from klein_embedding.eval.peers import Peer
from klein_embedding.eval.questions import questions_suite
from klein_embedding.eval.retrieval import retrieval_suite
from klein_embedding.eval.romanised import romanised_suite
from klein_embedding.eval.scored import SCORED
from klein_embedding.eval.sensitivity import changes_suite
from klein_embedding.eval.similarity import similarity_suite
from klein_embedding.eval.store import Store
from klein_embedding.eval.suite import Key, Suite
from klein_embedding.eval.vectors import Space, cut, embedded, indexed
from klein_embedding.eval.words import WordFloor
from klein_embedding.files import now, processor, versions
from klein_embedding.infer.embedder import DIMS, WIDTH


def _changes(_: Path) -> Suite:
    return changes_suite()


_BUILDERS: dict[str, Callable[[Path], Suite]] = {
    chosen.name: partial(build, chosen=chosen)
    for build, sets in (
        (alignment_suite, BITEXTS),
        (similarity_suite, SCORED),
        (retrieval_suite, JUDGED),
        (classification_suite, LABELLED),
    )
    for chosen in sets
}
_BUILDERS |= {romanised.NAME: romanised_suite, sensitivity.NAME: _changes}
# What needs the built corpus, whose held-out pairs it reads.
OF_CORPUS = {held_out.NAME: held_out_suite, questions.NAME: questions_suite}
SUITES = (*_BUILDERS, *OF_CORPUS)
_PACKAGES = ("numpy", "scipy", "scikit-learn", "tokenizers", "onnxruntime")
# What the encoder adds to its start, what eight bits cost, and what words add.
_COMPARED = (("float32", "static"), ("int8", "static"), ("int8", "float32"), ("hybrid", "int8"))


@dataclass(frozen=True, slots=True)
class Request:
    """What to evaluate.

    Attributes:
        model: Model folder.
        static: Folder of the static model that it started from, None to leave the column out.
        suite: One of `SUITES`, or "all".
        data: Folder of the fetched evaluation sets.
        processed: Folder of the corpus that holds the held-out pairs.
        out: Folder of the results files.
        peers: Other people's models, as `peers.open_peer` takes them.
        vectors: Folder in which vectors are kept for the next run; None keeps none.
    """

    model: Path
    static: Path | None
    suite: str
    data: Path
    processed: Path | None
    out: Path
    peers: tuple[str, ...] = ()
    vectors: Path | None = None


def run(request: Request) -> tuple[Results, Path]:
    """Measure a model and its baselines and write the results file.

    Args:
        request: What to evaluate.

    Returns:
        The results as written, older figures of the same model included, and their file.

    Raises:
        KleinError: If text or a model is missing or altered, or a model gives unfit vectors.
    """
    suites = load_suites(request)
    systems = encoder_systems(request.model)
    name = systems[0].model
    systems += [static_system(request.static, f"{name} static")] if request.static else []
    (quantised,) = (system for system in systems if system.precision == "int8")
    floors = lexical_system(), word_system(), hybrid_system(quantised)
    systems += [*floors, *map(peer_system, request.peers)]
    results = measure(systems, suites, Store(request.vectors))
    path = request.out / f"{name}.json"
    if path.is_file():
        results = merged(results, read_results(path))
    write_results(path, results)
    return read_results(path), path


def load_suites(request: Request) -> list[Suite]:
    """Read the texts of the suites that are asked for.

    Raises:
        KleinError: If the suite is unknown, or its text is missing or altered.
    """
    if request.suite not in (*SUITES, "all"):
        raise KleinError(f"suite '{request.suite}': choose {', '.join(SUITES)} or all")
    names = SUITES if request.suite == "all" else (request.suite,)
    suites = []
    for name in names:
        if name in _BUILDERS:
            suites.append(suite_of(name, request.data))
        elif request.processed:
            suites.append(OF_CORPUS[name](request.processed))
        else:
            raise KleinError(f"{name}: needs --processed FOLDER; or choose --suite tatoeba")
    return suites


def suite_of(name: str, data: Path) -> Suite:
    """The suite of a set of other people.

    Raises:
        KleinError: If there is none of that name, or its text is missing or altered.
    """
    if name not in _BUILDERS:
        raise KleinError(f"suite '{name}': choose {', '.join(_BUILDERS)}")
    return _BUILDERS[name](data)


def measure(
    systems: Sequence[System], suites: Sequence[Suite], store: Store | None = None
) -> Results:
    """Run suites for systems at all widths.

    Every text is embedded once, at the full width; the smaller widths are cut from that.

    Args:
        systems: Columns of the tables; the first names the results.
        suites: What to measure.
        store: Where vectors are kept; without one all are made anew.
    """
    kept = store or Store()
    stamp = _Stamp(shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]), now(), processor())
    figures: list[Figure] = []
    differences: list[Difference] = []
    for suite in suites:
        found = {system.precision: _by_width(system, suite, kept) for system in systems}
        figures += [
            _figure((system, key, dim), estimate, stamp)
            for system in systems
            for dim, estimates in found[system.precision].items()
            for key, estimate in estimates.items()
        ]
        differences += _differences(found)
    return Results(
        model=systems[0].model,
        command=stamp.command,
        date=stamp.date,
        processor=stamp.processor,
        versions=versions(*_PACKAGES),
        data={name: facts for suite in suites for name, facts in suite.data.items()},
        figures=figures,
        differences=differences,
    )


@dataclass(frozen=True, slots=True)
class _Stamp:
    command: str
    date: str
    processor: str


def _figure(place: tuple[System, Key, int], estimate: Estimate, stamp: _Stamp) -> Figure:
    system, key, dim = place
    low, high = estimate.interval
    return Figure(
        suite=key.suite,
        language=key.language,
        metric=key.metric,
        dim=dim,
        precision=system.precision,
        value=estimate.value,
        low=low,
        high=high,
        n=estimate.n,
        model=system.model,
        model_digest=system.digest,
        command=stamp.command,
        date=stamp.date,
        processor=stamp.processor,
    )


def _by_width(system: System, suite: Suite, store: Store) -> dict[int, dict[Key, Estimate]]:
    embedder, name = system.embedder, f"{system.model} {system.precision}"
    if isinstance(embedder, WordFloor):
        return {0: suite.ranked(embedder.ranked)} if suite.ranked else {}
    if isinstance(embedder, LexicalFloor):
        return {0: suite.measure(Space(indexed(suite.texts), embedder.rows(suite.texts)))}
    if isinstance(embedder, Peer):
        rows = store.rows(system.digest, suite.texts, partial(embedder.rows, suite.texts))
        return {rows.shape[1]: suite.measure(Space(indexed(suite.texts), rows))}

    fuses = isinstance(embedder, Hybrid)
    if fuses and not suite.ranked:
        return {}
    vectors_of = embedder.embedder if fuses else embedder

    def make() -> np.ndarray:
        return embedded(vectors_of, name, suite.texts, WIDTH).rows

    whole = Space(indexed(suite.texts), store.rows(system.digest, suite.texts, make))
    if fuses:
        return {WIDTH: suite.ranked(fused(whole))} if suite.ranked else {}
    return {dim: suite.measure(whole if dim == WIDTH else cut(whole, dim, name)) for dim in DIMS}


def _differences(
    found: Mapping[str, Mapping[int, Mapping[Key, Estimate]]],
) -> Iterable[Difference]:
    peers = (("int8", column) for column in found if column.startswith(PEER))
    for one, other in (*_COMPARED, *peers):
        if not found.get(one) or not found.get(other):
            continue
        (theirs,) = [found[other][WIDTH]] if WIDTH in found[other] else found[other].values()
        for key, estimate in found[one][WIDTH].items():
            gap = paired_gap(estimate, theirs[key])
            yield Difference(
                suite=key.suite,
                language=key.language,
                metric=key.metric,
                dim=WIDTH,
                precision=one,
                baseline=other,
                value=gap.value,
                low=gap.low,
                high=gap.high,
                p=gap.p,
            )
