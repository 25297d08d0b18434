"""Ask the demo's questions and print the rank of the right passage of each.

Run it where the package is installed: ``python benchmarks/demo_queries.py [--model FOLDER]``.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

from klein_embedding.infer.embedder import DIMS, Embedder
from klein_embedding.infer.embedding import KleinEmbedding
from klein_embedding.infer.passages import Passage, read_passages
from klein_embedding.infer.search import search

DEMO = Path(__file__).resolve().parent.parent / "demo"


@dataclass(frozen=True, slots=True)
class Query:
    """A row of ``demo/queries.tsv``.

    Attributes:
        query: The question.
        lang: Its language.
        file: File of the passage that answers it.
        passage: Part of that passage that stands in no other.
        passage_lang: Language of the passage.
    """

    query: str
    lang: str
    file: str
    passage: str
    passage_lang: str


def read_queries(path: Path) -> list[Query]:
    """Read the questions in their order."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Query(**row) for row in csv.DictReader(file, delimiter="\t")]


def rank(embedder: Embedder, query: Query, passages: list[Passage], dim: int) -> int:
    """Place of the right passage among all of them, 1 for the first."""
    hits = search(embedder, query.query, passages, top=len(passages), dim=dim)
    return next(place for place, hit in enumerate(hits, start=1) if query.passage in hit.text)


def main() -> None:
    """Print one line a question and the count of first places for each width."""
    parser = argparse.ArgumentParser(description="Ask the questions of the demo.")
    parser.add_argument("--model", type=Path, help="model folder (default: the released one)")
    embedder = KleinEmbedding(parser.parse_args().model)
    queries = read_queries(DEMO / "queries.tsv")
    passages = read_passages([DEMO / "texts"], "passage").passages
    for dim in DIMS:
        ranks = [rank(embedder, query, passages, dim) for query in queries]
        if dim == DIMS[0]:
            for query, place in zip(queries, ranks, strict=True):
                print(f"{place:4}  {query.lang} -> {query.passage_lang}  {query.query}")
        print(f"{dim} dimensions: rank 1 for {ranks.count(1)} of {len(queries)}")


if __name__ == "__main__":
    main()
