"""Raw sources in, one clean corpus out: read, clean, guard, de-duplicate, cap, split, write."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from klein_embedding.corpus.clean import clean_line, clean_pair
from klein_embedding.corpus.guard import Guard, load_guard
from klein_embedding.corpus.readers import READERS
from klein_embedding.corpus.sources import Source
from klein_embedding.errors import KleinError
from klein_embedding.files import digest_of, fresh_folder, read_manifest, write_manifest, write_text
from klein_embedding.recipe import CorpusRecipe
from klein_embedding.text import Line, Pair, fingerprint, normalised

_log = logging.getLogger(__name__)

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

    def drop(self, item: Pair | Line, reason: str) -> None:
        """Count a drop and keep the first few of each reason for the eye."""
        self.dropped[reason] += 1
        if self.dropped[reason] <= _SAMPLES:
            text = (item.text, "") if isinstance(item, Line) else (item.anchor, item.positive)
            self.samples.append(
                {"source": item.source, "reason": reason, "anchor": text[0], "positive": text[1]}
            )


def build_key(recipe: CorpusRecipe, raw: Path, evaluation: Path, sources: list[Source]) -> str:
    """Digest of everything a build depends on: recipe, catalogue rows, raw bytes, guard."""
    return digest_of(
        {
            "recipe": asdict(recipe),
            "sources": [asdict(source) for source in sources],
            "raw": {s.name: read_manifest(raw / s.name)["files"] for s in sources},
            "guard": load_guard(evaluation, recipe.evaluation).digest,
        }
    )


def build(
    recipe: CorpusRecipe,
    sources: list[Source],
    folders: tuple[Path, Path, Path],
    say: Callable[[str], None],
) -> dict[str, object]:
    """Build the processed corpus.

    Args:
        recipe: Corpus section of a recipe.
        sources: Sources in order of precedence; the first keeps a duplicate.
        folders: Raw folder, evaluation folder, and the processed folder to write.
        say: Called with one line a source.

    Returns:
        The manifest that was written.

    Raises:
        KleinError: If evaluation text is missing, or a source gives nothing at all.
    """
    raw, evaluation, target = folders
    guard = load_guard(evaluation, recipe.evaluation)
    merged = _Merge(recipe)
    with ProcessPoolExecutor(2) as pool:
        jobs = [pool.submit(harvest, s, raw / s.name / "files", recipe, guard) for s in sources]
        for source, job in zip(sources, jobs, strict=True):
            found = job.result()
            merged.add(source, found)
            say(f"{source.name}: {len(found.pairs):,} pairs, {len(found.lines):,} lines")
    with fresh_folder(target) as part:
        counts = merged.write(part)
        facts = {
            "stage": "corpus",
            "key": build_key(recipe, raw, evaluation, sources),
            "recipe": asdict(recipe),
            "guard": guard.digest,
            "weights": {source.name: source.weight for source in sources},
            "counts": counts,
        }
        write_manifest(part, facts)
    return read_manifest(target)


def harvest(source: Source, root: Path, recipe: CorpusRecipe, guard: Guard) -> Harvest:
    """Read, clean, guard and cap one source.

    Raises:
        KleinError: If the source's reader is unknown or it yields nothing.
    """
    if source.reader not in READERS:
        raise KleinError(f"source {source.name}: no reader named '{source.reader}'")
    found, seen, items = Harvest(), set[int](), 0
    for item in READERS[source.reader](root, source.options, source.name):
        items += 1
        for record, reason in _cleaned(item, source, recipe):
            key = record.key if isinstance(record, Pair) else fingerprint(normalised(record.text))
            if reason:
                found.drop(record, reason)
            elif guard.blocks(record):
                found.drop(record, "evaluation text")
            elif key in seen:
                found.drop(record, "duplicate")
            else:
                seen.add(key)
                (found.pairs if isinstance(record, Pair) else found.lines).append(record)
    if not items:
        raise KleinError(f"source {source.name}: its reader found nothing; check its options")
    found.pairs = list(_capped(found, source, recipe))
    return found


def _cleaned(
    item: Pair | Line, source: Source, recipe: CorpusRecipe
) -> Iterator[tuple[Pair | Line, str]]:
    if isinstance(item, Pair):
        yield clean_pair(item, source.text_class, recipe.max_words)
    else:
        lines, reason = clean_line(item, recipe.max_words)
        yield from ((line, "") for line in lines) if lines else ((item, reason),)


def _capped(found: Harvest, source: Source, recipe: CorpusRecipe) -> Iterator[Pair]:
    """Keep the pairs with the lowest keys of each capped group: a sample no order can bias."""
    keys = [pair.key for pair in found.pairs]
    ranked: dict[tuple[str, ...], list[int]] = {}
    for pair, key in zip(found.pairs, keys, strict=True):
        for group, _ in _caps(pair, source, recipe):
            ranked.setdefault(group, []).append(key)
    limits = {group: sorted(members) for group, members in ranked.items()}
    for pair, key in zip(found.pairs, keys, strict=True):
        over = ""
        for group, cap in _caps(pair, source, recipe):
            members = limits[group]
            if len(members) > cap and key >= members[cap]:
                over = f"cap: {group[0]}"
        if over:
            found.drop(pair, over)
        else:
            yield pair


def _caps(
    pair: Pair, source: Source, recipe: CorpusRecipe
) -> Iterator[tuple[tuple[str, ...], int]]:
    languages = (pair.anchor_lang, pair.positive_lang)
    if source.cap:
        yield ("source", *languages), source.cap
    if source.text_class == "S":
        yield ("scripture", *languages), recipe.scripture_cap
    if source.text_class == "U" and pair.anchor.count(" ") < 3:
        yield ("short interface", *languages), recipe.short_interface_cap


class _Merge:
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
