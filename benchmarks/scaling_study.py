"""What more pairs and more hours of training buy: a curve through measured points, and its error.

Run, with static vectors by the millions of pairs that they read, and a run's own log: ``python
benchmarks/scaling_study.py runs/v0.2/shards --of 1.1=runs/quarter/bigrams --of
4.3=runs/v0.2/bigrams --to 10 --log runs/v0.2/contrastive-work --hours 6 24 --out docs/runs/v0.2``

Each point is the share of held-out anchors whose positive is not the nearest of its set. A power
law a x^-b goes through the points of the pairs, least squares on logarithms; resampled held-out
pairs, the same ones for all points, give the interval of b and of what the law predicts. Through
the validations of a log goes c + a (1 + hours)^-b, whose residuals are resampled instead.

Source: Hestness et al. 2017, Deep Learning Scaling is Predictable, Empirically, arXiv 1712.00409.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import least_squares

from klein_embedding.device import choose_compute
from klein_embedding.errors import KleinError
from klein_embedding.files import write_json
from klein_embedding.tokenizer.shards import Shards, open_shards
from klein_embedding.train.finished import static_of
from klein_embedding.train.plot import read_curves
from klein_embedding.train.static import bags
from klein_embedding.train.validation import MEAN, drawn_sets

RESAMPLES, REFITS = 1000, 200
MOST_PAIRS = 1000
LONGEST = 64
INTERVAL = (2.5, 97.5)


def main() -> None:
    """Measure, fit and write ``scaling.json``."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    reader.add_argument("shards", type=Path)
    reader.add_argument("--of", action="append", default=[], metavar="MILLIONS=FOLDER")
    reader.add_argument("--to", type=float, nargs="+", default=[])
    reader.add_argument("--log", type=Path)
    reader.add_argument("--hours", type=float, nargs="+", default=[])
    reader.add_argument("--out", type=Path, required=True)
    asked = reader.parse_args()
    found: dict[str, Any] = {}
    if asked.of:
        points = [point.partition("=")[::2] for point in asked.of]
        found["pairs"] = by_pairs(
            open_shards(asked.shards, "valid"),
            {float(millions): Path(folder) for millions, folder in points},
            asked.to,
        )
    if asked.log:
        found["hours"] = by_hours(asked.log, asked.hours)
    asked.out.mkdir(parents=True, exist_ok=True)
    write_json(asked.out / "scaling.json", found)
    print(json.dumps(found, indent=1))


def by_pairs(valid: Shards, folders: dict[float, Path], to: list[float]) -> dict[str, Any]:
    """Curve of held-out errors over millions of pairs.

    Args:
        valid: Held-out split.
        folders: Finished static stages by the millions of pairs that they read.
        to: Millions to predict for.

    Returns:
        The law of each kind, of their mean, and of the translations of each language.

    Raises:
        KleinError: If fewer than two points are given.
    """
    if len(folders) < 2:
        raise KleinError("scaling: two folders or more make a curve; give --of for each")
    x = np.array(sorted(folders))
    misses = [_misses(valid, folders[millions]) for millions in x]
    drawn = np.random.default_rng(0)
    rows = {name: _resampled([of[name] for of in misses], drawn) for name in misses[0]}
    kinds = sorted({kind for kind, _ in rows})
    errors = {
        kind: np.mean([rows[name] for name in sorted(rows) if name[0] == kind], axis=0)
        for kind in kinds
    }
    errors[MEAN] = np.mean([errors[kind] for kind in kinds], axis=0)
    errors |= {f"{kind}, {lang}": table for (kind, lang), table in sorted(rows.items()) if lang}
    return {kind: _law(x, table, np.array(to)) for kind, table in errors.items()}


def _misses(valid: Shards, folder: Path) -> dict[tuple[str, str], np.ndarray]:
    """Of each set whether (N,) an anchor's positive is not its nearest, 0 or 1."""
    table, bigrams = static_of(folder, choose_compute())
    found = {}
    for name, pairs in drawn_sets(valid, MOST_PAIRS, seed=1):
        sides = [
            torch.nn.functional.normalize(bags(table, valid, (pairs[:, side], LONGEST), bigrams))
            for side in (0, 1)
        ]
        nearest = (sides[0] @ sides[1].T).argmax(1).cpu().numpy()
        found[name] = (nearest != np.arange(len(pairs))).astype(np.float64)
    return found


def _resampled(misses: list[np.ndarray], drawn: np.random.Generator) -> np.ndarray:
    """Error (1 + RESAMPLES, points), the first row of the pairs as they are."""
    table = np.stack(misses, axis=1)
    picked = [table[drawn.integers(len(table), size=len(table))].mean(0) for _ in range(RESAMPLES)]
    return np.stack([table.mean(0), *picked])


def _law(x: np.ndarray, errors: np.ndarray, to: np.ndarray) -> dict[str, Any]:
    """Exponent and predictions of a x^-b through errors (1 + RESAMPLES, points)."""
    design = np.stack([np.ones(len(x)), np.log(x)], axis=1)
    fits = np.log(np.maximum(errors, 1e-9)) @ np.linalg.pinv(design).T
    ahead = np.exp(fits @ np.stack([np.ones(len(to)), np.log(to)]))
    return {
        "millions": x.tolist(),
        "accuracy": (100 * (1 - errors[0])).round(2).tolist(),
        "exponent": _told(-fits[:, 1], 3),
        "predicted": {f"{at:g}": _told(100 * (1 - ahead[:, n]), 2) for n, at in enumerate(to)},
    }


def by_hours(log: Path, to: list[float]) -> dict[str, Any]:
    """Curve of held-out errors over hours, from the validations of a run's log."""
    found = {}
    for kind, points in read_curves(log).valid.items():
        hours, errors = points[:, 1] / 3600, 1 - points[:, 2]
        if len(hours) < 4:
            raise KleinError(f"{log}: four validations or more make a curve; train longer")
        found[kind] = _saturating(hours, errors, np.array(to))
    return found


def _saturating(hours: np.ndarray, errors: np.ndarray, to: np.ndarray) -> dict[str, Any]:
    def fitted(values: np.ndarray) -> np.ndarray:
        start = np.log([max(values.min() / 2, 1e-6), max(np.ptp(values), 1e-4)])
        return least_squares(
            lambda p: np.exp(p[0]) + np.exp(p[1]) * (1 + hours) ** -p[2] - values,
            [*start, 0.5],
            bounds=([-20, -20, 0], [0, 2, 5]),
        ).x

    def at(p: np.ndarray, x: np.ndarray) -> np.ndarray:
        return np.exp(p[0]) + np.exp(p[1]) * (1 + x) ** -p[2]

    best = fitted(errors)
    residuals = errors - at(best, hours)
    drawn = np.random.default_rng(0)
    draws = [at(best, hours) + drawn.choice(residuals, len(errors)) for _ in range(REFITS)]
    table = np.stack([at(best, to), *(at(fitted(values), to) for values in draws)])
    return {
        "hours": hours.round(3).tolist(),
        "accuracy": (100 * (1 - errors)).round(2).tolist(),
        "residual": round(float(100 * residuals.std()), 2),
        "predicted": {f"{x:g}": _told(100 * (1 - table[:, n]), 2) for n, x in enumerate(to)},
    }


def _told(values: np.ndarray, digits: int) -> list[float]:
    """The value itself and its 95 % interval."""
    low, high = np.percentile(values[1:], INTERVAL)
    return [round(float(value), digits) for value in (values[0], low, high)]


if __name__ == "__main__":
    main()
