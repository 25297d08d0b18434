"""Write the numbers of ``docs/analysis.md`` anew from the results file that they are linked to.

Run: ``python benchmarks/analysis.py``
"""

from __future__ import annotations

from pathlib import Path

from klein_embedding.eval.figures import read_results
from klein_embedding.eval.linked import update_links

DOCS = Path(__file__).resolve().parents[1] / "docs"


def main() -> None:
    """Update the page."""
    update_links(DOCS / "analysis.md", read_results(DOCS / "results/klein-embedding.json"))


if __name__ == "__main__":
    main()
