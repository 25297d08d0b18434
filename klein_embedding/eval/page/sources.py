"""Where the page's numbers come from: commands, models, sets, versions."""

from __future__ import annotations

from dataclasses import dataclass

from klein_embedding.eval.figures import Results, root, titles
from klein_embedding.eval.page.board import NAMES
from klein_embedding.eval.page.markup import Markup, section, table, tag
from klein_embedding.eval.page.portrait import SENTENCES, Portrait


@dataclass(frozen=True, slots=True)
class Made:
    """How the portrait of a page was made.

    Attributes:
        model: Name of the model.
        precision: Number format of the encoder.
        digest: SHA-256 over the digests of the files that make its vectors.
        command: Command that made the page.
        date: When, in UTC.
        processor: On what.
    """

    model: str
    precision: str
    digest: str
    command: str
    date: str
    processor: str


def sources_section(results: Results, drawn: Portrait, made: Made) -> Markup:
    """Every command, model and set.

    Args:
        results: Content of the results file.
        drawn: The portrait.
        made: How that was made.
    """
    return section(
        "sources",
        "Where the numbers come from",
        tag("h3", "Runs"),
        _runs(results),
        tag("h3", "Models"),
        _models(results),
        tag("h3", "Evaluation sets"),
        _sets(results, drawn),
        tag("h3", "Portrait and gallery"),
        tag(
            "p",
            tag("code", made.command),
            f", {made.date}, {made.processor}. Vectors of {made.model} in {made.precision}, "
            f"512 dimensions, from the first {SENTENCES} sentences of each bitext and from all "
            "test pairs of STS-B.",
        ),
        tag("p", "Versions of the results file: ", _said(results.versions), "."),
    )


def _said(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _runs(results: Results) -> Markup:
    stamps: dict[tuple[str, str, str], dict[str, None]] = {}
    for figure in results.figures:
        stamp = (figure.command, figure.date, figure.processor)
        stamps.setdefault(stamp, {})[NAMES.get(root(figure.suite), root(figure.suite))] = None
    rows = [
        tag(
            "tr",
            tag("th", ", ".join(names), scope="row"),
            tag("td", tag("code", command), class_="word"),
            tag("td", date, class_="word"),
            tag("td", where, class_="word"),
        )
        for (command, date, where), names in stamps.items()
    ]
    heads = ["Sets", "Command", "Date", "Processor"]
    return table(
        "Each command with the sets that it measured", heads, [tag("tbody", *rows)], words=4
    )


def _models(results: Results) -> Markup:
    columns = titles(results)
    found = {columns[figure.precision]: figure for figure in results.figures}
    rows = [
        tag(
            "tr",
            tag("th", column, scope="row"),
            tag("td", figure.model, class_="word"),
            tag("td", tag("code", figure.model_digest), class_="word"),
        )
        for column, figure in found.items()
    ]
    heads = ["Column", "Model", "SHA-256"]
    return table("Columns and the files behind them", heads, [tag("tbody", *rows)], words=3)


def _sets(results: Results, drawn: Portrait) -> Markup:
    citations = {name: facts.citation for name, facts in results.data.items()}
    digests = {name: facts.digest for name, facts in results.data.items()} | dict(drawn.digests)
    rows = [
        tag(
            "tr",
            tag("th", NAMES.get(name, name), scope="row"),
            tag("td", citations.get(name, "portrait and gallery only"), class_="word"),
            tag("td", tag("code", digest), class_="word"),
        )
        for name, digest in digests.items()
    ]
    heads = ["Set", "Citation", "SHA-256"]
    return table("Sets and their files", heads, [tag("tbody", *rows)], words=3)
