"""Builds and updates that are killed: what was there answers, what was done is not lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from klein_embedding.errors import KleinError
from klein_embedding.infer.index.build import build, check_built
from klein_embedding.infer.index.find import Index, Wanted
from klein_embedding.infer.index.formats import Reading
from tests.infer.index.test_update import texts

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path
from klein_embedding.infer.index import graph
from klein_embedding.infer.index.build import add, build
from klein_embedding.infer.index.formats import Reading
from klein_embedding.infer.index.identity import Maker
from tests.infer.index.conftest import Words
graph.EXACT = 1000
class Told(Words):
    def encode(self, texts, dim=512):
        print(len(texts), flush=True)
        return super().encode(texts, dim)
verb, folder, source = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
maker = Maker(Told(), "words", "1" * 64, 128)
print(0, flush=True)
if verb == "build":
    build(folder, [source], maker, Reading("line"))
else:
    add(folder, [], maker)
print("done", flush=True)
"""


def start(verb, folder, source):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, verb, str(folder), str(source)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )


def killed(process, chunks, delay):
    """Kill a process a moment after it began some chunk of texts; how many it began, if it died."""
    begun = []
    for line in process.stdout:
        if line.strip() == "done":
            break
        begun.append(int(line))
        if len(begun) > chunks:
            time.sleep(delay)
            break
    process.send_signal(signal.SIGKILL)
    begun += [int(line) for line in process.stdout if line.strip() != "done"]
    process.communicate()
    return sum(begun)


@pytest.fixture
def home(tmp_path, write):
    """One file of many chunks of passages, and many small ones."""
    write(tmp_path / "home/a.txt", "\n".join(f"big {number} पानी" for number in range(2500)))
    for number in range(40):
        lines = "\n".join(f"small {number} {line}" for line in range(25))
        write(tmp_path / f"home/{number}.txt", lines)
    return tmp_path / "home"


def test_a_killed_first_build_goes_on_where_it_was(tmp_path, home, maker):
    build(tmp_path / "whole", [home], maker, Reading("line"))
    folder = tmp_path / "index"
    draw = random.Random(5)
    begun, kills = 0, 0
    while not (folder / "index.sqlite").exists():
        assert kills < 30
        begun += killed(start("build", folder, home), draw.randrange(1, 4), draw.random() / 20)
        kills += 1
        if not (folder / "index.sqlite").exists():
            with pytest.raises(KleinError, match=r"not finished|holds no index"):
                check_built(folder)
    assert kills > 2
    # A kill costs the chunk that was in the model, of 512 texts.
    assert begun <= 3500 + 512 * kills
    again = start("build", folder, home)
    assert again.communicate(timeout=120)[0].endswith("done\n")
    assert texts(folder) == texts(tmp_path / "whole")
    assert Index(folder).describe()["search"] == "approximate"
    assert sorted(path.name.partition("-")[0] for path in folder.iterdir()) == [
        "graph",
        "index.lock",
        "index.sqlite",
    ]


@pytest.mark.parametrize("verb", ["build", "add"])
def test_the_old_index_answers_through_every_kill(tmp_path, home, maker, write, verb):
    folder = tmp_path / "index"
    build(folder, [home], maker, Reading("line"))
    before = texts(folder)
    write(home / "a.txt", "\n".join(f"new {number} पानी" for number in range(2500)))
    build(tmp_path / "whole", [home], maker, Reading("line"))
    after = texts(tmp_path / "whole")
    draw = random.Random(6)
    for _ in range(6):
        killed(start(verb, folder, home), draw.randrange(1, 5), draw.random() / 10)
        index = Index(folder)
        hits = index.search(maker, Wanted("small 7 7", top=1, hybrid=True))
        assert [hit.text for hit in hits] == ["small 7 7"]
        index.close()
    done = start(verb, folder, home)
    assert done.communicate(timeout=120)[0].endswith("done\n")
    assert done.returncode == 0
    assert texts(folder) == after != before
