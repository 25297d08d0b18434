"""The model card: written from facts, so that no figure in it stands without its source."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from klein_embedding.errors import KleinError
from klein_embedding.export.shape import Shape
from klein_embedding.files import read_json
from klein_embedding.infer.embedder import DIMS
from klein_embedding.infer.tokens import MAX_TOKENS
from klein_embedding.languages import LANGUAGES


@dataclass(frozen=True, slots=True)
class DataRow:
    """One row of the card's data table.

    Attributes:
        source: Where the text comes from.
        licence: Its licence.
        count: Pairs or lines that training saw.
        languages: Language codes; the column is left out where no row has any.
    """

    source: str
    licence: str
    count: int
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One measured figure, as the results file holds it.

    Attributes:
        suite: Name of the evaluation set.
        language: Language code, or "mean" or "all".
        metric: Name of the metric.
        dim: Width of the vectors.
        precision: Number format.
        value: The figure.
        low: Lower end of its 95 % interval.
        high: Upper end of its 95 % interval.
    """

    suite: str
    language: str
    metric: str
    dim: int
    precision: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card is written from.

    Attributes:
        name: Name of the model.
        summary: One or two sentences on what it is for.
        licence: SPDX identifier in lower case, as model hubs write it.
        data: Table of training data.
        figures: Measured figures; none is written where there are none.
        limits: Sentences on what the model cannot do.
    """

    name: str
    summary: str
    licence: str
    data: tuple[DataRow, ...]
    figures: tuple[FigureRow, ...]
    limits: tuple[str, ...]


def read_figures(path: Path) -> tuple[FigureRow, ...]:
    """Read the figures of a results file (``docs/results``).

    Raises:
        KleinError: If the file is missing or holds no figures.
    """
    table = read_json(path)
    try:
        return tuple(
            FigureRow(**{key: row[key] for key in FigureRow.__dataclass_fields__})
            for row in table["figures"]
        )
    except (KeyError, TypeError) as error:
        raise KleinError(f"{path}: no results file ({error}); write it with klein eval") from None


def card_text(facts: CardFacts, shape: Shape, int8_cosine: float) -> str:
    """Write the model card.

    Args:
        facts: What it says about data, quality and limits.
        shape: Sizes of the encoder.
        int8_cosine: Mean cosine of the int8 vectors to the float32 ones.

    Returns:
        Markdown with a YAML header, ending in a line feed.
    """
    blocks = [
        _header(facts),
        f"# {facts.name}\n\n{facts.summary}",
        _languages(),
        _USE.format(
            folder="" if shape.layers else '"release-static"',
            dims=", ".join(map(str, DIMS)),
            tokens=MAX_TOKENS,
        ),
        _files(shape, int8_cosine),
        _figures(facts.figures),
        _data(facts.data),
        "## Limits\n\n" + "\n".join(f"* {limit}" for limit in facts.limits) if facts.limits else "",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _header(facts: CardFacts) -> str:
    # JSON strings and lists are YAML too, and quote what a name may hold.
    lines: Mapping[str, Any] = {
        "language": list(LANGUAGES),
        "license": facts.licence,
        "library_name": "sentence-transformers",
        "pipeline_tag": "sentence-similarity",
        "tags": ["sentence-transformers", "feature-extraction", "sentence-similarity", "onnx"],
    }
    rows = [f"{key}: {json.dumps(value)}" for key, value in lines.items()]
    return "---\n" + "\n".join(rows) + "\n---"


def _languages() -> str:
    names = [f"{language.name} ({code})" for code, language in LANGUAGES.items()]
    return f"Languages: {', '.join(names[:-1])} and {names[-1]}."


_USE = """## Use

```python
from klein_embedding import KleinEmbedding

model = KleinEmbedding({folder})
vectors = model.encode(["Water is life.", "पानी ही जीवन है।"])
print(float(vectors[0] @ vectors[1]))
```

With sentence-transformers: `SentenceTransformer(folder)`, without prefixes and without remote code.
Vectors are unit rows of {dims} dimensions: a shorter one is the beginning of the longest, made
unit length again. A text counts up to its token number {tokens}, both special tokens included."""


def _files(shape: Shape, int8_cosine: float) -> str:
    return f"""## What is in the folder

{_kind(shape)}, mean over the tokens, the first {DIMS[0]} coordinates, unit length.

* `onnx/model_quantized.onnx`: int8, each row of activations rounded on its own, so that a vector
  does not depend on the other texts of its batch. Mean cosine to the float32 vectors:
  {int8_cosine:.4f}.
* `onnx/model.onnx`, `model.safetensors`, `2_Dense/model.safetensors`: float32. Version control
  leaves them out; `klein export FOLDER --to safetensors` makes them from the int8 file
  (dequantised: the rounding of the weights stays). A `derived.json` in the folder says that its
  float32 files were made that way; without one they are the checkpoint's own.
* `manifest.json`: SHA-256 of every file, checked when the model is loaded."""


def _kind(shape: Shape) -> str:
    if not shape.layers:
        return f"A RoBERTa without blocks (width {shape.width}, {shape.vocabulary:,} token vectors)"
    return (
        f"A plain RoBERTa encoder ({shape.layers} layers, width {shape.width}, {shape.heads} heads,"
        f"\n{shape.vocabulary:,} tokens)"
    )


def _figures(figures: Sequence[FigureRow]) -> str:
    if not figures:
        return ""
    rows = [
        f"| {row.suite} | {row.language} | {row.metric} | {row.dim} | {row.precision} "
        f"| {row.value:.3f} | {row.low:.3f} to {row.high:.3f} |"
        for row in figures
    ]
    head = "| set | language | metric | dimensions | format | value | 95 % interval |"
    return "\n".join(["## Quality", "", head, "|---|---|---|---|---|---|---|", *rows])


def _data(data: Sequence[DataRow]) -> str:
    if not data:
        return ""
    named = any(row.languages for row in data)
    head = ["source", "licence", "rows", *(["languages"] if named else [])]
    rows = [
        [row.source, row.licence, f"{row.count:,}", *([" ".join(row.languages)] if named else [])]
        for row in data
    ]
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(["## Training data", "", *lines])
