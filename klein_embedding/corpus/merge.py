"""Sources become one corpus: duplicates across them, the validation split, the files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from klein_embedding.corpus.sources import Source
from klein_embedding.files import write_text
from klein_embedding.recipe import CorpusRecipe
from klein_embedding.text import Line, Pair, fingerprint, normalised

PAIR_SCHEMA = pa.schema(
    [
        ("anchor", pa.string()),
        ("positive", pa.string()),
        ("anchor_lang", pa.string()),
        ("positive_lang", pa.string()),
        ("source", pa.string()),
        ("kind", pa.string()),
        ("negatives", pa.list_(pa.string())),
        ("text_class", pa.string()),
        ("licence", pa.string()),
        ("key", pa.uint64()),
    ]
)
MONO_SCHEMA = pa.schema(
    [("text", pa.string()), ("lang", pa.string()), ("source", pa.string()), ("side", pa.bool_())]
)
_SAMPLES = 10
# Answers and headwords repeat by nature, so only their questions and glosses tell whether a
# training pair gives a validation pair away.
_POSITIVE_REPEATS = ("question-answer", "gloss")


@dataclass(slots=True)
class Harvest:
    """What one source gave: kept records, and every drop counted by language and reason."""

    pairs: list[Pair] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    samples: list[dict[str, str]] = field(default_factory=list)

    def keep(self, item: Pair | Line) -> None:
        """Keep a record."""
        if isinstance(item, Pair):
            self.pairs.append(item)
        else:
            self.lines.append(item)

    def drop(self, item: Pair | Line, reason: str) -> None:
        """Count a drop and keep the first few of each reason for the eye."""
        self.dropped[reason] += 1
        if self.dropped[reason] <= _SAMPLES:
            text = (item.text, "") if isinstance(item, Line) else (item.anchor, item.positive)
            self.samples.append(
                {"source": item.source, "reason": reason, "anchor": text[0], "positive": text[1]}
            )


class Merge:
    """Duplicates across sources, the validation split, and the files written in the end."""

    def __init__(self, recipe: CorpusRecipe) -> None:
        self._recipe = recipe
        self._seen: set[int] = set()
        self._rows: list[tuple[Pair, Source]] = []
        self._mono: list[tuple[Line, bool]] = []
        self._mono_seen: set[int] = set()
        self._words: Counter[str] = Counter()
        self._drops: dict[str, Counter[str]] = {}
        self._samples: list[dict[str, str]] = []

    def add(self, source: Source, found: Harvest) -> None:
        """Take over what one source gave."""
        for pair in found.pairs:
            if pair.key in self._seen:
                found.drop(pair, "duplicate of another source")
                continue
            self._seen.add(pair.key)
            self._rows.append((pair, source))
        for line in found.lines:
            self._add_line(line, side=False)
        self._drops[source.name] = found.dropped
        self._samples += found.samples

    def _add_line(self, line: Line, *, side: bool) -> None:
        key = fingerprint(line.text)
        words = line.text.count(" ") + 1
        if key in self._mono_seen or self._words[line.lang] > self._recipe.mono_words_cap:
            return
        self._mono_seen.add(key)
        self._words[line.lang] += words
        self._mono.append((line, side))

    def write(self, part: Path) -> dict[str, object]:
        """Write Parquet files and drop samples; return the counts."""
        train, valid = self._split()
        for pair, source in train:
            sides = ((pair.anchor, pair.anchor_lang), (pair.positive, pair.positive_lang))
            for text, lang in sides:
                self._add_line(Line(text, lang, source.name), side=True)
        _write_pairs(part / "pairs-train.parquet", train)
        _write_pairs(part / "pairs-valid.parquet", valid)
        columns = {
            "text": [line.text for line, _ in self._mono],
            "lang": [line.lang for line, _ in self._mono],
            "source": [line.source for line, _ in self._mono],
            "side": [side for _, side in self._mono],
        }
        _write_table(part / "mono.parquet", pa.table(columns, schema=MONO_SCHEMA))
        rows = [json.dumps(sample, ensure_ascii=False) for sample in self._samples]
        write_text(part / "drops.jsonl", "".join(f"{row}\n" for row in rows))
        return self._counts(train, valid)

    def _split(self) -> tuple[list[tuple[Pair, Source]], list[tuple[Pair, Source]]]:
        """Hold out by content: a held-out text stands on no side of any training pair."""
        limit = int(self._recipe.valid_share * 2**64)
        anchors = [fingerprint(normalised(pair.anchor)) for pair, _ in self._rows]
        positives = [fingerprint(normalised(pair.positive)) for pair, _ in self._rows]
        chosen = [_mixed(anchor) < limit for anchor in anchors]
        held = {
            key
            for row, (pair, _) in enumerate(self._rows)
            if chosen[row]
            for key in (
                (anchors[row],)
                if pair.kind in _POSITIVE_REPEATS
                else (anchors[row], positives[row])
            )
        }
        train, valid = [], []
        for row, (pair, source) in enumerate(self._rows):
            if chosen[row]:
                valid.append((pair, source))
            elif anchors[row] in held or positives[row] in held:
                self._drops[source.name]["text of the validation split"] += 1
            else:
                train.append((pair, source))
        return train, valid

    def _counts(
        self, train: list[tuple[Pair, Source]], valid: list[tuple[Pair, Source]]
    ) -> dict[str, object]:
        pairs = [pair for pair, _ in train]
        both = [(pair.anchor_lang, pair.positive_lang) for pair in pairs]
        return {
            "pairs": len(train),
            "pairs_valid": len(valid),
            "pairs_english_indic": sum((a == "en") != (b == "en") for a, b in both),
            "pairs_by_languages": _table(f"{a}-{b}" for a, b in both),
            "pairs_by_kind": _table(pair.kind for pair in pairs),
            "pairs_by_class": _table(source.text_class for _, source in train),
            "pairs_by_source": _table(source.name for _, source in train),
            "mono_words": dict(sorted(self._words.items())),
            "dropped": {name: dict(sorted(c.items())) for name, c in self._drops.items() if c},
        }


def _mixed(key: int) -> int:
    return fingerprint(f"split {key}")


def _table(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _write_pairs(path: Path, rows: list[tuple[Pair, Source]]) -> None:
    columns = {
        "anchor": [pair.anchor for pair, _ in rows],
        "positive": [pair.positive for pair, _ in rows],
        "anchor_lang": [pair.anchor_lang for pair, _ in rows],
        "positive_lang": [pair.positive_lang for pair, _ in rows],
        "source": [pair.source for pair, _ in rows],
        "kind": [pair.kind for pair, _ in rows],
        "negatives": [list(pair.negatives) for pair, _ in rows],
        "text_class": [source.text_class for _, source in rows],
        "licence": [source.licence for _, source in rows],
        "key": [pair.key for pair, _ in rows],
    }
    _write_table(path, pa.table(columns, schema=PAIR_SCHEMA))


def _write_table(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path, compression="zstd")
