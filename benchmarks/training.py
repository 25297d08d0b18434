"""How fast training is: against the processor's own ceiling, and against sentence-transformers.

    python benchmarks/training.py [--only a,b,c,d] [--rounds N] [--shapes A,B] [--quick]
    python benchmarks/training.py --profile

The sections are a, the share of the measured matrix product that whole steps of ours reach, by
shape and length; b, tokens a second beside sentence-transformers; c, peak memory of both in fresh
processes; d, the static stage beside StaticEmbedding. Prints them as Markdown and writes them into
docs/performance.json and docs/performance.md; ``--quick`` tries everything in tiny sizes and
writes nothing. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace

import training_sections as sections
from performance_page import SECTIONS, Row, section_text, write_page
from training_bench import QUICK, Bench, Sizes
from training_ours import ROOT

_DOCS = ROOT / "docs"
_MEASURES: dict[str, Callable[[Bench], list[Row]]] = {
    "a": sections.ceiling,
    "b": sections.speed,
    "c": sections.memory,
    "d": sections.static,
}


def main() -> None:
    """Measure what is asked for."""
    arguments = _arguments()
    sizes = QUICK if arguments.quick else Sizes()
    if arguments.rounds:
        sizes = replace(sizes, rounds=arguments.rounds)
    if arguments.shapes:
        sizes = replace(sizes, shapes=tuple(arguments.shapes.split(",")))
    bench = Bench(sizes, f"python benchmarks/training.py {shlex.join(sys.argv[1:])}".strip())
    if arguments.peak:
        sections.print_peak_of(bench, arguments.peak)
        return
    print(bench.compute.reason, file=sys.stderr)
    wanted = [sections.profiled] if arguments.profile else [_MEASURES[a] for a in arguments.only]
    for measure in wanted:
        rows = measure(bench)
        print(f"\n## {SECTIONS[rows[0].section]}\n\n{section_text(rows)}")
        if not arguments.quick:
            write_page(rows, _DOCS)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how fast training is.")
    parser.add_argument("--only", type=_letters, default="abcd", help="sections, such as a,b")
    parser.add_argument("--profile", action="store_true", help="profile a contrastive step instead")
    parser.add_argument("--rounds", type=int, help="rounds of every comparison")
    parser.add_argument("--shapes", help="encoders of section a, such as 768x3,512x10")
    parser.add_argument("--quick", action="store_true", help="tiny sizes; write nothing")
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    return parser.parse_args()


def _letters(text: str) -> str:
    letters = text.replace(",", "")
    if not letters or set(letters) - set(_MEASURES):
        raise argparse.ArgumentTypeError(f"known sections are {', '.join(_MEASURES)}")
    return letters


if __name__ == "__main__":
    main()
