"""What one source gave, kept on disk: cleaned records with the keys that the merge compares."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from klein_embedding.corpus.caps import over_caps
from klein_embedding.corpus.code import code_digest
from klein_embedding.corpus.guard import BLOCKED
from klein_embedding.corpus.language_id import SHARED, LanguageModel
from klein_embedding.corpus.near_duplicates import SKETCH, sketches
from klein_embedding.corpus.readers import READERS
from klein_embedding.corpus.sources import Source, is_source_name
from klein_embedding.files import MANIFEST, digest_of, read_manifest, write_manifest, write_text
from klein_embedding.languages import LANGUAGES
from klein_embedding.recipe import CorpusRecipe
from klein_embedding.text import KINDS, Line, Pair, fingerprint, key_of_sides, normalised

_GATHER = "klein_embedding.corpus.gather"
CODES = tuple(LANGUAGES)
"""Languages as the number columns of a harvest count them."""
ROW_GROUP = 1 << 16
SAMPLES = 10
"""Drops of each reason that a source shows to the eye."""

_SKETCH = pa.binary(SKETCH)
# Languages and kinds are places in CODES and KINDS; ``contrast`` marks pairs that differ from
# others on purpose, so that near duplicates among them are kept.
PAIR_COLUMNS = pa.schema(
    [
        ("anchor", pa.string()),
        ("positive", pa.string()),
        ("anchor_lang", pa.int8()),
        ("positive_lang", pa.int8()),
        ("kind", pa.int8()),
        ("negatives", pa.list_(pa.string())),
        ("contrast", pa.bool_()),
        ("key", pa.uint64()),
        ("anchor_key", pa.uint64()),
        ("positive_key", pa.uint64()),
        ("anchor_words", pa.uint16()),
        ("positive_words", pa.uint16()),
        ("anchor_sketch", _SKETCH),
        ("positive_sketch", _SKETCH),
    ]
)
LINE_COLUMNS = pa.schema(
    [
        ("text", pa.string()),
        ("lang", pa.int8()),
        ("key", pa.uint64()),
        ("words", pa.uint16()),
        ("sketch", _SKETCH),
    ]
)


@dataclass(slots=True)
class Harvest:
    """Kept records of one source, and every drop counted by language and reason."""

    pairs: list[Pair] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    samples: list[dict[str, str]] = field(default_factory=list)
    _sampled: Counter[str] = field(default_factory=Counter)

    def keep(self, item: Pair | Line) -> None:
        """Keep a record."""
        if isinstance(item, Pair):
            self.pairs.append(item)
        else:
            self.lines.append(item)

    def drop(self, item: Pair | Line, reason: str) -> None:
        """Count a drop and keep the first few of each reason for the eye."""
        line = isinstance(item, Line)
        langs = item.lang if line else f"{item.anchor_lang}-{item.positive_lang}"
        self.dropped[langs, reason] += 1
        self._sampled[reason] += 1
        # What is evaluation text must not be kept in a file beside the corpus.
        if self._sampled[reason] <= SAMPLES and BLOCKED not in reason:
            texts = (item.text, "") if line else (item.anchor, item.positive)
            self.samples.append(
                {
                    "source": item.source,
                    "languages": langs,
                    "reason": reason,
                    "anchor": texts[0],
                    "positive": texts[1],
                }
            )

    def finish(self, source: Source, recipe: CorpusRecipe, model: LanguageModel | None) -> None:
        """Judge languages and apply the caps: the questions that take all records at once."""
        if model is not None and source.text_class != "L":
            self._keep_pairs(_wrong_pairs(self.pairs, model))
            wrong = model.wrong([x.text for x in self.lines], [x.lang for x in self.lines])
            kept = []
            for line, other in zip(self.lines, wrong, strict=True):
                if other:
                    self.drop(line, f"language: {other}")
                else:
                    kept.append(line)
            self.lines = kept
        self._keep_pairs(over_caps(self.pairs, source, recipe))

    def _keep_pairs(self, reasons: Iterable[str]) -> None:
        kept = []
        for pair, reason in zip(self.pairs, reasons, strict=True):
            if reason:
                self.drop(pair, reason)
            else:
                kept.append(pair)
        self.pairs = kept

    def write(self, part: Path, key: str) -> None:
        """Write the records, the samples of drops and a manifest into a folder."""
        _write(part / "pairs.parquet", _pair_table(self.pairs))
        _write(part / "lines.parquet", _line_table(self.lines))
        rows = [json.dumps(sample, ensure_ascii=False) for sample in self.samples]
        write_text(part / "drops.jsonl", "".join(f"{row}\n" for row in rows))
        dropped: dict[str, dict[str, int]] = {}
        for (langs, reason), count in sorted(self.dropped.items()):
            dropped.setdefault(langs, {})[reason] = count
        facts = {"key": key, "pairs": len(self.pairs), "lines": len(self.lines)}
        write_manifest(part, {**facts, "dropped": dropped}, volatile=False)


def _wrong_pairs(pairs: list[Pair], model: LanguageModel) -> list[str]:
    reasons = [""] * len(pairs)
    for side in ("anchor", "positive"):
        rows = [at for at, pair in enumerate(pairs) if getattr(pair, f"{side}_lang") in SHARED]
        texts = [getattr(pairs[at], side) for at in rows]
        langs = [getattr(pairs[at], f"{side}_lang") for at in rows]
        for at, other in zip(rows, model.wrong(texts, langs), strict=True):
            reasons[at] = reasons[at] or (f"language: {other}" if other else "")
    return reasons


def harvest_key(source: Source, raw: Path, recipe: CorpusRecipe, guard: str, languages: str) -> str:
    """Digest of all that a source's harvest depends on.

    Args:
        source: Row of the catalogue.
        raw: Folder of fetched sources.
        recipe: Corpus section of a recipe; only its rules of cleaning count.
        guard: Digest of the guard.
        languages: Key of the language model, "" for none.
    """
    reader = READERS.get(source.reader)
    modules = (_GATHER, reader.__module__) if reader else (_GATHER,)
    # A Bible is read beside the English one, which is another source.
    others = [name for name in source.options.values() if isinstance(name, str)]
    beside = [read_manifest(raw / name)["files"] for name in others if _is_source(raw, name)]
    return digest_of(
        {
            "code": code_digest(*modules),
            "beside": beside,
            "source": [source.name, source.reader, source.text_class, source.cap, source.options],
            "raw": digest_of(read_manifest(raw / source.name)["files"]),
            "rules": [
                recipe.scripture_cap,
                recipe.glossary_cap,
                recipe.short_interface_cap,
                recipe.template_cap,
                recipe.max_words,
                recipe.mono_words_cap,
            ],
            "guard": guard,
            "languages": languages,
        }
    )


def _is_source(raw: Path, name: str) -> bool:
    # Any other option, a query say, may be no name of a folder, or too long for one.
    return is_source_name(name) and (raw / name / MANIFEST).is_file()


class _Texts:
    """Texts of a table, each normalised once: catalogues repeat English for every language."""

    def __init__(self, *columns: list[str]) -> None:
        self._numbers = {text: at for at, text in enumerate(dict.fromkeys(chain(*columns)))}
        self._normal = [normalised(text) for text in self._numbers]
        self._keys = _uint64([fingerprint(text) for text in self._normal])
        self._sketches = sketches(list(self._numbers), self._normal)

    def _rows(self, texts: list[str]) -> list[int]:
        return [self._numbers[text] for text in texts]

    def keys(self, texts: list[str]) -> np.ndarray:
        """`text_key` of each text."""
        return self._keys[self._rows(texts)]

    def pair_keys(self, anchors: list[str], positives: list[str]) -> np.ndarray:
        """`pair_key` of each pair."""
        rows = zip(self._rows(anchors), self._rows(positives), strict=True)
        normal = self._normal
        return _uint64([key_of_sides(normal[a], normal[p]) for a, p in rows])

    def sketches(self, texts: list[str]) -> pa.Array:
        """`sketches` of each text, as bytes."""
        flat = np.ascontiguousarray(self._sketches[self._rows(texts)]).reshape(-1)
        return pa.Array.from_buffers(_SKETCH, len(texts), [None, pa.py_buffer(flat)])


def _pair_table(pairs: list[Pair]) -> pa.Table:
    anchors, positives = [p.anchor for p in pairs], [p.positive for p in pairs]
    texts = _Texts(anchors, positives)
    columns = {
        "anchor": anchors,
        "positive": positives,
        "anchor_lang": _coded([p.anchor_lang for p in pairs]),
        "positive_lang": _coded([p.positive_lang for p in pairs]),
        "kind": _coded([p.kind for p in pairs], KINDS),
        "negatives": [list(p.negatives) for p in pairs],
        "contrast": [bool(p.negatives) or p.kind == "entailment" for p in pairs],
        "key": texts.pair_keys(anchors, positives),
        "anchor_key": texts.keys(anchors),
        "positive_key": texts.keys(positives),
        "anchor_words": _words(anchors),
        "positive_words": _words(positives),
        "anchor_sketch": texts.sketches(anchors),
        "positive_sketch": texts.sketches(positives),
    }
    return pa.table(columns, schema=PAIR_COLUMNS)


def _line_table(lines: list[Line]) -> pa.Table:
    column = [line.text for line in lines]
    texts = _Texts(column)
    columns = {
        "text": column,
        "lang": _coded([line.lang for line in lines]),
        "key": texts.keys(column),
        "words": _words(column),
        "sketch": texts.sketches(column),
    }
    return pa.table(columns, schema=LINE_COLUMNS)


def _coded(values: list[str], names: tuple[str, ...] = CODES) -> np.ndarray:
    place = {name: at for at, name in enumerate(names)}
    return np.array([place[value] for value in values], dtype=np.int8)


def _uint64(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.uint64)


def _words(texts: list[str]) -> np.ndarray:
    counts = np.array([text.count(" ") + 1 for text in texts], dtype=np.int64)
    return np.minimum(counts, 65535).astype(np.uint16)


def _write(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path, compression="zstd", use_dictionary=False, row_group_size=ROW_GROUP)
