"""Shards: which pairs share a group, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from klein_embedding.errors import KleinError
from klein_embedding.files import read_json, write_json, write_manifest
from klein_embedding.tokenizer import write_shards
from klein_embedding.tokenizer.shards import check_shards, open_shards
from klein_embedding.tokenizer.write_shards import make_shards

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
    anchors = shards.pairs[interface.start : interface.stop][:, 0]
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
    write_manifest(folders[0], {"guard": GUARD, **FACTS})
    make_shards(*folders, tmp_path / "shards", 32)
    weights = {g.source: g.weight for g in open_shards(tmp_path / "shards", "train").groups}
    assert weights == {"interface": pytest.approx(0.4), "talks": pytest.approx(0.4)}


def test_hard_negatives_keep_their_pair(folders: tuple[Path, Path], tmp_path: Path) -> None:
    make_shards(*folders, tmp_path / "shards", 32)
    shards = open_shards(tmp_path / "shards", "train")
    talks = next(g for g in shards.groups if g.source == "talks")
    assert int(shards.text(shards.negatives[talks.start])[0]) == 7
    assert sorted(shards.negatives[:].tolist())[:2] == [-1, -1]


def test_a_corpus_without_the_guard_is_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    write_manifest(folders[0], FACTS)
    with pytest.raises(KleinError, match="without the evaluation guard"):
        make_shards(*folders, tmp_path / "shards", 32)
    write_manifest(folders[0], {"guard": "cd" * 32, **FACTS})
    with pytest.raises(KleinError, match="another guard"):
        make_shards(*folders, tmp_path / "shards", 32)
    assert not (tmp_path / "shards").exists()


def _made(folders: tuple[Path, Path], tmp_path: Path) -> Path:
    make_shards(*folders, tmp_path / "shards", 32)
    return tmp_path / "shards"


def test_shards_without_the_guard_are_not_opened(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    shards = _made(folders, tmp_path)
    manifest = read_json(shards / "manifest.json")
    write_json(shards / "manifest.json", manifest | {"guard": ""})
    with pytest.raises(KleinError, match="no guard digest"):
        open_shards(shards, "train")
    del manifest["format"]
    write_json(shards / "manifest.json", manifest)
    with pytest.raises(KleinError, match="earlier version"):
        open_shards(shards, "train")


def test_another_tokenizer_is_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    shards, tokenizer = _made(folders, tmp_path), folders[1] / "tokenizer.json"
    assert check_shards(shards, tokenizer)["vocabulary"] == 9
    tokenizer.write_text(tokenizer.read_text() + "\n")
    with pytest.raises(KleinError, match="made with another tokenizer"):
        check_shards(shards, tokenizer)
    with pytest.raises(KleinError, match="differs from its manifest's sha256"):
        make_shards(*folders, tmp_path / "again", 32)
    assert not (tmp_path / "again").exists()


def test_a_missing_cut_or_altered_part_is_refused(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    shards, tokenizer = _made(folders, tmp_path), folders[1] / "tokenizer.json"
    part = shards / "ids-000.npy"
    whole = part.read_bytes()
    part.write_bytes(whole[:-1] + b"\xff")
    open_shards(shards, "train")  # sizes only
    with pytest.raises(KleinError, match=r"ids-000\.npy: differs .* delete it and run"):
        check_shards(shards, tokenizer)
    part.write_bytes(b"?" * len(whole))
    with pytest.raises(KleinError, match="ids is altered"):
        open_shards(shards, "train")
    part.write_bytes(whole[:-2])
    with pytest.raises(KleinError, match=r"ids-000\.npy: missing or not of"):
        open_shards(shards, "train")
    part.unlink()
    for read in (lambda: open_shards(shards, "valid"), lambda: check_shards(shards, tokenizer)):
        with pytest.raises(KleinError, match=r"ids-000\.npy: .*missing"):
            read()


@pytest.mark.parametrize(
    ("anchor", "message"),
    [("a\0b", "holds NUL"), (b"a\xffb", "not UTF-8"), (None, "no training pairs")],
)
def test_bad_texts_and_an_empty_corpus_are_one_line(
    folders: tuple[Path, Path], tmp_path: Path, anchor: str | bytes | None, message: str
) -> None:
    path = folders[0] / "pairs-train.parquet"
    table = pq.read_table(path)
    rows = table.num_rows if anchor is not None else 0
    if isinstance(anchor, bytes):
        # What a faulty writer would leave: bytes that claim to be text.
        column = pa.array([anchor] * rows, pa.binary()).view(pa.string())
    else:
        column = pa.array([anchor] * rows, pa.string())
    pq.write_table(table.slice(0, rows).set_column(0, "anchor", column), path)
    write_manifest(folders[0], {"guard": GUARD, **FACTS})
    with pytest.raises(KleinError, match=message) as caught:
        make_shards(*folders, tmp_path / "shards", 32)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "shards").exists()


def test_a_corpus_built_anew_meanwhile_is_refused(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rebuilt(*arguments: Any) -> dict[str, int]:
        write_manifest(folders[0], {"guard": GUARD, **FACTS, "again": 1})
        return {}

    monkeypatch.setattr(write_shards, "_write_texts", rebuilt)
    with pytest.raises(KleinError, match="built again while it was read"):
        make_shards(*folders, tmp_path / "shards", 32)
    assert not (tmp_path / "shards").exists()


def test_an_empty_validation_split_opens(folders: tuple[Path, Path], tmp_path: Path) -> None:
    path = folders[0] / "pairs-valid.parquet"
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    write_manifest(folders[0], {"guard": GUARD, **FACTS})
    valid = open_shards(_made(folders, tmp_path), "valid")
    assert (len(valid.pairs), valid.pairs[:].shape, valid.groups) == (0, (0, 2), [])


def test_ids_fit_sixteen_bits(folders: tuple[Path, Path], tmp_path: Path) -> None:
    words = {f"w{at}": at for at in range(2**16 + 1)}
    path = folders[1] / "tokenizer.json"
    Tokenizer(models.WordLevel(words, unk_token="w0")).save(str(path))
    write_manifest(folders[1], {"guard": GUARD})
    with pytest.raises(KleinError, match="65,537 entries do not fit"):
        make_shards(*folders, tmp_path / "shards", 32)
