"""A build that is killed, cut off from its disk, or given another source still ends right."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from klein_embedding.corpus.build import HARVEST, build, chosen
from klein_embedding.corpus.fetch import fetch_all
from klein_embedding.corpus.licences import is_permissive
from klein_embedding.corpus.sources import Source, load_sources
from klein_embedding.errors import KleinError
from klein_embedding.files import read_manifest, sha256
from klein_embedding.recipe import CorpusRecipe, load_recipe

ROOT = Path(__file__).resolve().parents[2]
RECIPE = load_recipe(ROOT / "recipes" / "tiny.toml").corpus


def _sources() -> list[Source]:
    found = load_sources(ROOT / "recipes" / "tiny-sources.toml")
    return [found["tiny-pairs"], found["tiny-lines"]]


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("fetched")
    found = load_sources(ROOT / "recipes" / "tiny-sources.toml")
    silent = lambda line: None  # noqa: E731
    fetch_all(_sources(), home / "raw", None, strict=True, report=silent)
    fetch_all([found["eval-tiny"]], home / "eval", None, strict=True, report=silent)
    return home


def _build(
    fetched: Path, target: Path, sources: list[Source], recipe: CorpusRecipe = RECIPE
) -> list[str]:
    said: list[str] = []
    build(recipe, sources, (fetched / "raw", fetched / "eval", target), said.append)
    return said


def _bytes(target: Path) -> dict[str, str]:
    return {p.name: sha256(p) for p in sorted(target.iterdir()) if p.name != "manifest.json"}


PROGRAM = """
import resource, sys
from pathlib import Path
from klein_embedding.corpus.build import build
from klein_embedding.corpus.sources import load_sources
from klein_embedding.errors import KleinError
from klein_embedding.recipe import load_recipe
root, fetched, target, most = sys.argv[1:]
if int(most):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
if __name__ == "__main__":
    found = load_sources(Path(root) / "recipes" / "tiny-sources.toml")
    sources = [found["tiny-pairs"], found["tiny-lines"]]
    recipe = load_recipe(Path(root) / "recipes" / "tiny.toml").corpus
    folders = (Path(fetched) / "raw", Path(fetched) / "eval", Path(target))
    print("started", flush=True)
    try:
        build(recipe, sources, folders, lambda line: print(line, flush=True))
    except KleinError as error:
        print(f"refused: {error}", flush=True)
"""


def _process(fetched: Path, target: Path, most: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(ROOT), str(fetched), str(target), str(most)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_it_ends_in_a_process_that_made_sketches_before(fetched: Path, tmp_path: Path) -> None:
    before = """
from klein_embedding.corpus.near_duplicates import sketches
text = "the old bridge by the harbour was closed for the whole winter"
sketches([text] * 5000, [text] * 5000)
"""
    target = tmp_path / "after" / "tiny"
    done = subprocess.run(
        [sys.executable, "-c", before + PROGRAM, str(ROOT), str(fetched), str(target), "0"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=True,
    )
    assert "tiny-lines" in done.stdout
    _build(fetched, tmp_path / "whole" / "tiny", _sources())
    assert _bytes(target) == _bytes(tmp_path / "whole" / "tiny")


def test_killed_at_several_moments_it_ends_with_the_same_bytes(
    fetched: Path, tmp_path: Path
) -> None:
    _build(fetched, tmp_path / "whole" / "tiny", _sources())
    target = tmp_path / "killed" / "tiny"
    for line, delay in (
        ("started", 0.0),
        ("started", 0.15),
        ("tiny-pairs", 0.0),
        ("tiny-lines", 0.05),
    ):
        process = _process(fetched, target)
        assert process.stdout is not None
        for said in process.stdout:
            if said.startswith(line):
                break
        else:
            pytest.fail(f"it never said {line}")
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    out, err = _process(fetched, target).communicate(timeout=120)
    assert "refused" not in out, out + err
    assert _bytes(target) == _bytes(tmp_path / "whole" / "tiny")
    assert not list(tmp_path.glob("killed/*.part"))
    assert not list(tmp_path.glob(f"killed/{HARVEST}/*.part"))


@pytest.mark.parametrize("most", [4_000, 100_000])
def test_a_full_disk_is_one_line_and_nothing_half_written(
    fetched: Path, tmp_path: Path, most: int
) -> None:
    target = tmp_path / "out" / "tiny"
    out, err = _process(fetched, target, most).communicate(timeout=120)
    last = out.strip().splitlines()[-1]
    assert last.startswith("refused: "), out + err
    assert "could not be built" in last
    assert not target.exists()
    assert not list(target.parent.glob("*.part"))
    assert _build(fetched, target, _sources())
    assert read_manifest(target)["counts"]["pairs"] > 1000


def test_a_source_added_later_costs_only_itself(fetched: Path, tmp_path: Path) -> None:
    target = tmp_path / "tiny"
    _build(fetched, target, _sources()[:1])
    kept = next((tmp_path / HARVEST).glob("tiny-pairs-*/pairs.parquet"))
    before = kept.stat().st_mtime_ns
    _build(fetched, target, _sources())
    assert kept.stat().st_mtime_ns == before
    _build(fetched, tmp_path / "again" / "tiny", _sources())
    assert _bytes(target) == _bytes(tmp_path / "again" / "tiny")
    _build(fetched, target, _sources(), dataclasses.replace(RECIPE, max_words=40))
    assert len(list((tmp_path / HARVEST).glob("tiny-pairs-*"))) == 2


def test_classes_and_licences_choose_the_sources() -> None:
    pairs, lines = _sources()
    machine = dataclasses.replace(pairs, name="machine", text_class="M")
    closed = dataclasses.replace(pairs, name="closed", licence="none stated")
    recipe = dataclasses.replace(RECIPE, without_classes=["M"], licences="permissive")
    assert [s.name for s in chosen(recipe, [pairs, machine, closed, lines])] == [
        "tiny-pairs",
        "tiny-lines",
    ]
    everything = dataclasses.replace(RECIPE, without_classes=[], licences="all")
    assert len(chosen(everything, [pairs, machine, closed, lines])) == 4
    with pytest.raises(KleinError, match="no source is left"):
        chosen(recipe, [machine, closed])
    with pytest.raises(KleinError, match="Public Fiction"):
        is_permissive(dataclasses.replace(pairs, licence="Public Fiction 1.0"))


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("CC-BY-4.0 (captions)", True),
        ("CC-BY-2.0-FR", True),
        ("MIT; the English text CC-BY-SA-4.0", True),
        ("BSD-3-Clause (Chromium's strings), MPL-2.0", True),
        ("PSF-2.0; BSD-3-Clause", True),
        ("CC-BY-NC-SA-4.0", False),
        ("CC-BY-NC-ND", False),
        ("LGPL-2.1+", False),
        ("MIT (repository)", False),
        ("BSD-3-Clause (Chromium's strings; the repository states none)", False),
        ("CC-BY-SA-4.0 (SNLI), others as their data sets", False),
        ("none stated", False),
    ],
)
def test_licence_families(licence: str, allowed: bool) -> None:
    assert is_permissive(dataclasses.replace(_sources()[0], licence=licence)) is allowed


def test_every_licence_of_the_catalogues_has_an_answer() -> None:
    answers: dict[str, bool] = {}
    for path in sorted((ROOT / "recipes").glob("*sources.toml")):
        answers |= {s.name: is_permissive(s) for s in load_sources(path).values()}
    assert answers["tatoeba-marathi"]
    assert answers["chromium"]
    # Of these the repository's licence cannot speak for the text.
    assert not answers["bangladesh-news"]
    assert not answers["lk-news"]
    assert not answers["quran"]
    assert not answers["debian-gettext"]


def test_a_build_says_what_it_waits_for(fetched: Path, tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / HARVEST).mkdir()
    with (tmp_path / HARVEST / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        def say(line: str) -> None:
            said.append(line)
            if "waiting" in line:
                fcntl.flock(other, fcntl.LOCK_UN)

        folders = fetched / "raw", fetched / "eval", tmp_path / "one"
        build(RECIPE, _sources(), folders, say)
    assert said[0] == f"waiting for another build that uses {tmp_path / HARVEST}"
    assert (tmp_path / "one" / "manifest.json").is_file()
