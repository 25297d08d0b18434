"""Drops of a whole build: counted by source, language and reason, the first few shown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from klein_embedding.corpus.harvest import CODES, SAMPLES
from klein_embedding.files import read_manifest, write_text


class Drops:
    """Counts and samples, taken over from harvests and added to by the merge."""

    def __init__(self, names: Sequence[str], folders: Sequence[Path]) -> None:
        """Take over what the harvests dropped.

        Args:
            names: Names of the sources.
            folders: Their harvests.
        """
        self._names: list[str] = list(names)
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._shown: Counter[tuple[str, str]] = Counter()
        self._samples: list[str] = []
        for name, folder in zip(names, folders, strict=True):
            for langs, reasons in read_manifest(folder)["dropped"].items():
                for reason, count in reasons.items():
                    self._counts[name, langs, reason] += count
            self._samples += (folder / "drops.jsonl").read_text(encoding="utf-8").splitlines()

    def count(self, reason: str, source: np.ndarray, langs: np.ndarray) -> None:
        """Count rows dropped by the merge.

        Args:
            reason: Why.
            source: (n,) numbers of the sources.
            langs: (n, 1) or (n, 2) places of the languages in `harvest.CODES`.
        """
        table = np.column_stack([source, langs]).astype(np.int64)
        for row, count in zip(*np.unique(table, axis=0, return_counts=True), strict=True):
            name = "-".join(CODES[code] for code in row[1:])
            self._counts[self._names[row[0]], name, reason] += int(count)

    def wanted(self, source: int, reason: str) -> int:
        """How many more samples of a reason a source may show."""
        return SAMPLES - self._shown[self._names[source], reason]

    def show(self, source: int, reason: str, langs: str, texts: tuple[str, str]) -> None:
        """Keep a sample of a drop."""
        name = self._names[source]
        self._shown[name, reason] += 1
        sample = {"source": name, "languages": langs, "reason": reason}
        sample |= {"anchor": texts[0], "positive": texts[1]}
        self._samples.append(json.dumps(sample, ensure_ascii=False))

    def table(self, part: int) -> dict[str, dict[str, int]]:
        """Counts by reason within each source (part 0) or each language (part 1)."""
        table: dict[str, Counter[str]] = {}
        for key, count in self._counts.items():
            table.setdefault(key[part], Counter())[key[2]] += count
        return {name: dict(sorted(table[name].items())) for name in sorted(table)}

    def write(self, path: Path) -> None:
        """Write the samples as JSON lines."""
        write_text(path, "".join(f"{sample}\n" for sample in self._samples))
