"""How fast and how well vectors are searched: our index, and the engines it could stand on.

Vectors are those of real sentences, made by the static stage of a run; queries are sentences of the
same corpus that are not among them. Each engine runs in a process of its own, so that its memory is
its own and a kill is a real one. Run it on a quiet machine:

    python benchmarks/search.py --vectors 1000000
    python benchmarks/search.py --vectors 100000 --engines usearch hnswlib sqlite-vec lancedb
    python benchmarks/search.py --vectors 100000 --kills 20

`--page docs` writes what was measured into docs/performance.md and .json.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from performance_page import Figures, write_page
from search_collection import TOP, Ours, prepare
from search_engines import ENGINES, Engine

from klein_embedding.files import now, processor
from klein_embedding.infer.index.find import Index


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one engine.

    Attributes:
        name: The engine.
        vectors: How many.
        build: Seconds until it can be searched.
        recall: Share of the ten truly nearest among its ten.
        p50: Median milliseconds of a search.
        p99: Milliseconds that one search in a hundred exceeds.
        cpu: Mean milliseconds of processor time of a search, all threads together; other work on
            the machine changes it least.
        memory: Megabytes that the searching process holds more than before it opened the index.
        disk: Megabytes on disk.
        killed: What a kill in the middle of a build leaves.
    """

    name: str
    vectors: int
    build: float
    recall: float
    p50: float
    p99: float
    cpu: float
    memory: float
    disk: float
    killed: str

    def values(self) -> dict[str, str]:
        """Figures by the heads of their columns."""
        return {
            "vectors": f"{self.vectors:,}",
            "build s": f"{self.build:.1f}",
            "recall@10": f"{self.recall:.3f}",
            "p50 ms": f"{self.p50:.2f}",
            "p99 ms": f"{self.p99:.2f}",
            "CPU ms": f"{self.cpu:.2f}",
            "memory MB": f"{self.memory:.0f}",
            "disk MB": f"{self.disk:.0f}",
            "after a kill": self.killed,
        }


def engine_of(name: str, home: Path, static: Path) -> Engine:
    """The engine of a name."""
    return Ours(home, static) if name == Ours.name else ENGINES[name](home)


def memory() -> float:
    """Megabytes that this process holds now, mapped files that it has touched among them."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def build_one(name: str, home: Path, static: Path) -> None:
    """Build with one engine and print the seconds."""
    engine = engine_of(name, home, static)
    vectors = np.load(home / "vectors.npy", mmap_mode="r")
    start = time.perf_counter()
    print("begun", flush=True)
    engine.build(vectors)
    print(time.perf_counter() - start, flush=True)


def search_one(name: str, home: Path, static: Path) -> None:
    """Search with one engine and print what was measured as JSON."""
    engine = engine_of(name, home, static)
    queries, tenth = np.load(home / "queries.npy"), np.load(home / "tenth.npy")
    vectors = np.load(home / "vectors.npy", mmap_mode="r")
    before = memory()
    engine.open()
    engine.search(queries[0])
    times, found = [], []
    began = time.process_time()
    for query in queries:
        start = time.perf_counter()
        found.append(engine.search(query))
        times.append(1000 * (time.perf_counter() - start))
    cpu = 1000 * (time.process_time() - began) / len(queries)
    held = memory() - before
    hits = [
        float((vectors[rows] @ query >= border - 1e-5).sum()) / TOP
        for query, rows, border in zip(queries, found, tenth, strict=True)
    ]
    p50, p99 = np.percentile(times, [50, 99])
    facts = {"recall": np.mean(hits), "p50": p50, "p99": p99, "cpu": cpu, "memory": held}
    if isinstance(engine, Ours):
        lines = (home / "queries.txt").read_text(encoding="utf-8").split("\n")
        facts["words"] = np.median(engine.lexical(lines))
    print(json.dumps({key: float(value) for key, value in facts.items()} | {"n": engine.count()}))


def child(*words: str) -> subprocess.Popen[str]:
    """Run this file's inner verbs in a process of their own."""
    command = [sys.executable, __file__, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def measure(name: str, home: Path, arguments: argparse.Namespace) -> Row:
    """Build, search, and kill a second build half-way."""
    inner = ["--inner", name, "--home", str(home), "--static", str(arguments.static)]
    out, err = child(*inner, "--step", "build").communicate()
    if not out.strip() or out.strip() == "begun":
        raise SystemExit(f"{name}: {err}")
    seconds = float(out.split()[-1])
    out, err = child(*inner, "--step", "search").communicate()
    if not out:
        raise SystemExit(f"{name}: {err}")
    facts = json.loads(out)
    path = engine_of(name, home, arguments.static).files()
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    disk = sum(file.stat().st_size for file in files) / 1e6
    killed = after_kill(name, home, inner, seconds)
    count = facts.pop("n")
    if "words" in facts:
        print(json.dumps({"engine": name, "BM25 ms": round(facts.pop("words"), 2)}), flush=True)
    return Row(name, count, seconds, **facts, disk=disk, killed=killed)


def after_kill(name: str, home: Path, inner: list[str], seconds: float) -> str:
    """What can be searched after a second build over the first was killed half-way."""
    process = child(*inner, "--step", "build")
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(seconds / 2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    out, err = child(*inner, "--step", "search").communicate()
    if not out:
        return f"unreadable ({err.strip().splitlines()[-1][:80]})"
    facts = json.loads(out)
    return f"{facts['n']:,} vectors, recall {facts['recall']:.3f}"


def kills(home: Path, arguments: argparse.Namespace) -> None:
    """Build our index, killed again and again, and compare it with the collection."""
    inner = ["--inner", Ours.name, "--home", str(home), "--static", str(arguments.static)]
    draw = random.Random(2)
    start = time.perf_counter()
    for number in range(arguments.kills):
        process = child(*inner, "--step", "build")
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(arguments.seconds * draw.random())
        process.send_signal(signal.SIGKILL)
        process.communicate()
        part = home / "klein/index.sqlite.part"
        done = "finished" if not part.exists() else f"{part.stat().st_size / 1e6:.0f} MB so far"
        print(f"kill {number + 1}: {done}", flush=True)
    child(*inner, "--step", "build").communicate()
    index = Index(home / "klein")
    sql = sqlite3.connect(home / "klein/index.sqlite")
    held = {row[0] for row in sql.execute("SELECT text FROM passages")}
    sql.close()
    texts = {
        line
        for file in (home / "texts").iterdir()
        for line in file.read_text(encoding="utf-8").split("\n")
        if line
    }
    facts = index.describe()
    print(f"{facts['passages']:,} passages, {facts['search']} search")
    print(f"lost: {len(texts - held)}, foreign: {len(held - texts)}")
    print(f"{time.perf_counter() - start:.0f} s with {arguments.kills} kills")


def main() -> None:
    """Print what is measured."""
    parser = argparse.ArgumentParser(description="Measure the search.")
    parser.add_argument("--vectors", type=int, default=10_000)
    parser.add_argument("--engines", nargs="*", default=[], choices=[*ENGINES])
    parser.add_argument("--corpus", type=Path, default=Path("data/processed/v0.2"))
    parser.add_argument("--static", type=Path, default=Path("runs/v0.2/static"))
    parser.add_argument("--page", type=Path, help="folder of performance.md and .json")
    parser.add_argument("--kills", type=int, default=0, help="kill the build so often instead")
    parser.add_argument("--seconds", type=float, default=5, help="longest life before a kill")
    for hidden in ("--inner", "--home", "--step"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inner:
        step = build_one if arguments.step == "build" else search_one
        step(arguments.inner, Path(arguments.home), arguments.static)
        return
    home = Path(tempfile.mkdtemp(prefix="klein-search-"))
    try:
        corpus = arguments.corpus / "mono.parquet"
        prepare(home / "made", corpus, arguments.static, arguments.vectors)
        if arguments.kills:
            kills(home / "made", arguments)
        else:
            rows = []
            for name in [*arguments.engines, Ours.name]:
                rows.append(measure(name, home / "made", arguments))
                print(json.dumps({"engine": name, **rows[-1].values()}), flush=True)
            if arguments.page:
                write(rows, arguments.page)
    finally:
        shutil.rmtree(home)


def write(rows: list[Row], folder: Path) -> None:
    """Write a table of the engines, if there were others, and a row of our index by its size."""
    command = " ".join(["python benchmarks/search.py", *sys.argv[1:]])
    stamp = command.removesuffix(f" --page {folder}"), now(), processor()
    ours = rows[-1]
    if len(rows) > 1:
        write_page([Figures("engines", row.name, row.values(), *stamp) for row in rows], folder)
    whole = Figures("search", f"{ours.vectors:,} passages", ours.values(), *stamp)
    del whole.values["vectors"]
    write_page([whole], folder)


if __name__ == "__main__":
    main()
