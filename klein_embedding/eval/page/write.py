"""From a model folder and its results file to the page."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from klein_embedding.errors import KleinError
from klein_embedding.eval.baselines import encoder_systems
from klein_embedding.eval.figures import read_results, root
from klein_embedding.eval.page.portrait import load_texts, portrait
from klein_embedding.eval.page.render import render
from klein_embedding.eval.page.sources import Made
from klein_embedding.files import now, processor, write_text


def write_page(model: Path, results: Path | None, data: Path, out: Path) -> None:
    """Draw a model's portrait and write the page.

    Args:
        model: Model folder.
        results: Its results file; None takes the one of its name in ``docs/results``.
        data: ``data/eval``.
        out: File to write.

    Raises:
        KleinError: If the model, its results or a set is missing or altered, or the results are
            another model's.
    """
    system = encoder_systems(model)[-1]
    path = results or Path("docs/results") / f"{system.model}.json"
    found = read_results(path)
    digests = {f.model_digest for f in found.figures if f.precision == system.precision}
    if digests != {system.digest}:
        raise KleinError(
            f"{path}: measured with another model than {model}; run klein eval {model}"
        )
    made = Made(
        model=system.model,
        precision=system.precision,
        digest=system.digest,
        command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        date=now(),
        processor=processor(),
    )
    texts = load_texts(data, {root(figure.suite) for figure in found.figures})
    drawn = portrait(system.embedder, texts)  # type: ignore[arg-type]
    write_text(out, render(found, drawn, made))
