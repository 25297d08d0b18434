"""What others published of their models on the same sets, beside what was measured of ours."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from klein_embedding.eval.figures import Results
from klein_embedding.infer.embedder import WIDTH
from klein_embedding.languages import LANGUAGES
from klein_embedding.recipe import parse_table

_ROOM, _FILE = "klein_embedding.eval", "published.toml"
_TITLES = {
    ("tatoeba", "accuracy xx->en"): "Tatoeba {} to English",
    ("stsb/test", "spearman"): "STS-B test {}",
    ("sts12-16", "spearman"): "STS12-16 {}",
    ("semrel/test", "spearman"): "SemRel test {}",
}


@dataclass(frozen=True, slots=True)
class Published:
    """A figure that somebody else measured and published.

    Attributes:
        model: Their model.
        suite: As in `Figure`.
        language: As in `Figure`.
        metric: As in `Figure`.
        value: The figure.
    """

    model: str
    suite: str
    language: str
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """Content of ``published.toml``, which ``benchmarks/published.py`` writes.

    Attributes:
        source: Where all of them were published.
        figure: The figures.
    """

    source: str
    figure: list[Published]


@cache
def published() -> PublishedFile:
    """The figures that come with the package."""
    text = resources.files(_ROOM).joinpath(_FILE).read_text(encoding="utf-8")
    return parse_table(PublishedFile, tomllib.loads(text), _FILE)


def published_table(results: Results) -> str:
    """Markdown: their figures as published, a column a model, behind ours as measured in int8.

    Rows that were not measured of ours are left out; empty when none is left.
    """
    ours = {
        (f.suite, f.language, f.metric): f.value
        for f in results.figures
        if f.precision == "int8" and f.dim == WIDTH
    }
    theirs = {(f.model, f.suite, f.language, f.metric): f.value for f in published().figure}
    models = list(dict.fromkeys(f.model for f in published().figure))
    order = [*LANGUAGES, "mean"]
    keys = [
        (suite, language, metric)
        for suite, metric in _TITLES
        for language in order
        if (suite, language, metric) in ours
        and any((model, suite, language, metric) in theirs for model in models)
    ]
    rows = []
    for suite, language, metric in keys:
        cells = [f"{100 * ours[suite, language, metric]:.1f}"]
        for model in models:
            value = theirs.get((model, suite, language, metric))
            cells.append("–" if value is None else f"{100 * value:.1f}")
        title = _TITLES[suite, metric].format(language)
        rows.append(f"| {title} | {' | '.join(cells)} |")
    if not rows:
        return ""
    head = f"| as published by others | {results.model}, measured | {' | '.join(models)} |"
    return "\n".join([head, "|---|" + "---:|" * (len(models) + 1), *rows])
