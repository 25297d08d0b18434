"""Shards: which pairs share a group, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from klein_embedding.errors import KleinError
from klein_embedding.files import write_manifest
from klein_embedding.tokenizer.shards import make_shards, open_shards

GUARD = "ab" * 32
WEIGHTS = {"menus": 1.0, "dialogs": 3.0, "talks": 2.0}
COUNTS = {"pairs_by_source": {"menus": 1, "dialogs": 1, "talks": 3000}}
FACTS = {"weights": WEIGHTS, "counts": COUNTS}


def _row(number: int, source: str, letter: str) -> dict[str, object]:
    return {
        "anchor": f"a{number}",
        "positive": f"p{number}",
        "anchor_lang": "en",
        "positive_lang": "hi",
        "source": source,
        "kind": "translation",
        "negatives": [f"n{number}"] if source == "talks" else [],
        "text_class": letter,
        "derived": False,
    }


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    processed, tokenizer = tmp_path / "processed", tmp_path / "tokenizer"
    processed.mkdir()
    tokenizer.mkdir()
    rows = [_row(1, "menus", "U"), _row(2, "talks", "H"), _row(3, "dialogs", "U")]
    for split in ("train", "valid"):
        pq.write_table(pa.Table.from_pylist(rows), processed / f"pairs-{split}.parquet")
    write_manifest(processed, {"guard": GUARD, **FACTS})
    words = {text: at for at, text in enumerate(f"{s}{n}" for s in "apn" for n in (1, 2, 3))}
    model = Tokenizer(models.WordLevel(words, unk_token="a1"))
    model.pre_tokenizer = pre_tokenizers.Whitespace()
    model.save(str(tokenizer / "tokenizer.json"))
    write_manifest(tokenizer, {"guard": GUARD})
    return processed, tokenizer


def test_interface_strings_of_all_sources_share_a_group(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    make_shards(*folders, tmp_path / "shards", 32)
    shards = open_shards(tmp_path / "shards", "train")
    groups = {g.source: (g.weight, g.stop - g.start) for g in shards.groups}
    assert groups == {"interface": (2.0, 2), "talks": (2.0, 1)}
    interface = next(g for g in shards.groups if g.source == "interface")
    anchors = shards.pairs[interface.start : interface.stop, 0]
    assert sorted(int(shards.text(n)[0]) for n in anchors) == [0, 2]


def test_small_sources_of_sentences_share_a_group(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    counts = {"pairs_by_source": {"menus": 1, "dialogs": 1, "talks": 2999}}
    write_manifest(folders[0], {"guard": GUARD, **FACTS, "counts": counts})
    make_shards(*folders, tmp_path / "shards", 32)
    groups = {g.source: g.weight for g in open_shards(tmp_path / "shards", "train").groups}
    assert groups == {"interface": 2.0, "prose": 2.0}


def test_derived_pairs_weigh_a_fifth(folders: tuple[Path, Path], tmp_path: Path) -> None:
    path = folders[0] / "pairs-train.parquet"
    rows = pq.read_table(path).to_pylist()
    pq.write_table(pa.Table.from_pylist([row | {"derived": True} for row in rows]), path)
    make_shards(*folders, tmp_path / "shards", 32)
    weights = {g.source: g.weight for g in open_shards(tmp_path / "shards", "train").groups}
    assert weights == {"interface": pytest.approx(0.4), "talks": pytest.approx(0.4)}


def test_hard_negatives_keep_their_pair(folders: tuple[Path, Path], tmp_path: Path) -> None:
    make_shards(*folders, tmp_path / "shards", 32)
    shards = open_shards(tmp_path / "shards", "train")
    talks = next(g for g in shards.groups if g.source == "talks")
    assert int(shards.text(shards.negatives[talks.start])[0]) == 7
    assert sorted(shards.negatives.tolist())[:2] == [-1, -1]


def test_a_corpus_without_the_guard_is_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    write_manifest(folders[0], FACTS)
    with pytest.raises(KleinError, match="without the evaluation guard"):
        make_shards(*folders, tmp_path / "shards", 32)
    write_manifest(folders[0], {"guard": "cd" * 32, **FACTS})
    with pytest.raises(KleinError, match="another guard"):
        make_shards(*folders, tmp_path / "shards", 32)
    assert not (tmp_path / "shards").exists()
