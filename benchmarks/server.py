"""How much the server answers, how fast, and that nothing sent to it makes it fall.

    python benchmarks/server.py load --clients 1 8 64 200 --seconds 60
    python benchmarks/server.py fuzz --count 100000

Both start a `klein serve` of their own on a free port. `load` compares every answer with the vector
that the same text has alone: an answer that is lost, or goes to another client, is an error. Both
end with 1 when there was one.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from performance_page import Figures, write_page
from server_client import Answer, Client
from server_fuzz import Fuzzed, fuzzed

from klein_embedding.files import now, processor
from klein_embedding.infer.embedding import KleinEmbedding
from klein_embedding.infer.passages import read_passages

ROOT = Path(__file__).resolve().parents[1]
_NEAR = 1e-4


@dataclass(slots=True)
class Tally:
    """What a number of clients met with.

    Attributes:
        clients: How many asked at the same time.
        seconds: How long.
        times: Seconds of each answered request.
        full: Answers with 429.
        errors: Other answers that were not right, by what was wrong.
        worst: Largest difference of a coordinate to the text's vector alone.
        megabytes: Memory of the server before and after.
    """

    clients: int
    seconds: float
    times: list[float] = field(default_factory=list)
    full: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    worst: float = 0.0
    megabytes: tuple[float, float] = (0.0, 0.0)

    def row(self) -> dict[str, Any]:
        """The figures, with command, date and processor."""
        p50, p99 = np.percentile(self.times or [0.0], [50, 99])
        return {
            "clients": self.clients,
            "seconds": round(self.seconds, 1),
            "requests": len(self.times),
            "per_second": round(len(self.times) / self.seconds, 1),
            "p50_ms": round(1000 * float(p50), 1),
            "p99_ms": round(1000 * float(p99), 1),
            "full_429": self.full,
            "errors": dict(self.errors),
            "worst_difference": self.worst,
            "megabytes": [round(value, 1) for value in self.megabytes],
            "command": " ".join(["python benchmarks/server.py", *sys.argv[1:]]),
            "date": now(),
            "processor": processor(),
        }


@contextmanager
def served(*options: str, model: Path | None = None) -> Iterator[int]:
    """Run ``klein serve`` on a free port.

    Yields:
        The port.
    """
    words = [sys.executable, "-m", "klein_embedding.cli.main", "serve", "--port", "0", "--json"]
    words += [*options, *(["--model", str(model)] if model else [])]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise SystemExit("the server did not start")
            yield int(json.loads(line)["address"].rpartition(":")[2])
        finally:
            process.terminate()
            if process.wait(60):
                raise SystemExit(f"the server ended with {process.returncode}")


async def megabytes(port: int) -> float:
    """Resident memory of the server."""
    client = Client(port)
    answer = await client.raw(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await client.close()
    lines = dict(line.rsplit(" ", 1) for line in answer.body.decode().splitlines() if line)
    return float(lines["process_resident_memory_bytes"]) / 2**20


async def load(
    port: int, texts: list[str], alone: np.ndarray, clients: int, seconds: float
) -> Tally:
    """Let clients ask without a pause, each one text at a time.

    Args:
        port: Where the server is.
        texts: What is asked, at random.
        alone: float32 (n, 512), the texts' vectors.
        clients: How many.
        seconds: How long.
    """
    tally = Tally(clients, seconds)
    first = await megabytes(port)
    end = time.monotonic() + seconds
    await asyncio.gather(
        *(_ask(Client(port), texts, alone, end, tally, seed) for seed in range(clients))
    )
    tally.megabytes = (first, await megabytes(port))
    return tally


async def _ask(  # noqa: PLR0913, PLR0917 - one client of the loop above
    client: Client, texts: list[str], alone: np.ndarray, end: float, tally: Tally, seed: int
) -> None:
    draw = random.Random(seed)
    while (start := time.monotonic()) < end:
        number = draw.randrange(len(texts))
        answer = await client.post(
            "/v1/embeddings", {"input": texts[number], "encoding_format": "base64"}
        )
        if answer.status == 429:
            tally.full += 1
            await asyncio.sleep(min(answer.retry, 1.0))
        elif answer.status != 200:
            tally.errors[f"status {answer.status}"] += 1
        else:
            tally.times.append(time.monotonic() - start)
            found = json.loads(answer.body)["data"][0]["embedding"]
            vector = np.frombuffer(base64.b64decode(found), dtype="<f4")
            difference = float(np.abs(vector - alone[number]).max())
            tally.worst = max(tally.worst, difference)
            if difference > _NEAR:
                tally.errors["wrong vector"] += 1
    await client.close()


async def fuzz(port: int, count: int, seed: int, clients: int = 16) -> Counter[str]:
    """Send broken requests and odd texts.

    Args:
        port: Where the server is.
        count: How many requests.
        seed: Of the random numbers.
        clients: How many ask at the same time.

    Returns:
        How often each thing came back; what must not is marked with "!".
    """
    found: Counter[str] = Counter()
    requests = iter(fuzzed(random.Random(seed), count))

    async def ask() -> None:
        client = Client(port)
        for request in requests:
            answer = await client.raw(request.data)
            found[_judged(request, answer)] += 1
            if not request.framed:
                await client.close()
        await client.close()

    await asyncio.gather(*(ask() for _ in range(clients)))
    return found


def _judged(request: Fuzzed, answer: Answer) -> str:
    said = f"{request.kind}: {answer.status or 'closed'}"
    if answer.status in (500, 503) or (request.framed and not answer.status):
        return f"! {said} {request.data[:200]!r}"
    if request.fine and answer.status != 200:
        return f"! {said} {request.data[:200]!r} {answer.body[:200]!r}"
    if answer.status >= 400 and answer.body:
        json.loads(answer.body)["error"]["message"]
    if answer.status == 200 and request.fine:
        rows = np.array([row["embedding"] for row in json.loads(answer.body)["data"]])
        if not np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4):
            return f"! {said}: not of length one: {request.data[:200]!r}"
    return said


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["load", "fuzz"])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64, 200])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page", type=Path, help="folder of performance.md and .json")
    asked = parser.parse_args()
    if asked.what == "fuzz":
        with served("--patience", "0.5") as port:
            found = asyncio.run(fuzz(port, asked.count, asked.seed))
            memory = asyncio.run(megabytes(port))
        print(json.dumps({"answers": dict(sorted(found.items())), "megabytes": round(memory, 1)}))
        raise SystemExit(any(said.startswith("!") for said in found))
    texts = [passage.text for passage in read_passages([ROOT / "demo/texts"], "passage").passages]
    model = KleinEmbedding()
    alone = np.concatenate([model.encode(text) for text in texts])
    tallies = []
    with served() as port:
        for clients in asked.clients:
            tallies.append(asyncio.run(load(port, texts, alone, clients, asked.seconds)))
            print(json.dumps(tallies[-1].row()), flush=True)
    if asked.page:
        write_page([figures(tally.row(), asked.page) for tally in tallies], asked.page)
    raise SystemExit(any(tally.errors or not tally.times for tally in tallies))


def figures(row: dict[str, Any], page: Path) -> Figures:
    """A row of the page about speed."""
    before, after = row["megabytes"][0], row["megabytes"][-1]
    values = {
        "answers a second": f"{row['per_second']:.0f}",
        "p50 ms": f"{row['p50_ms']:.1f}",
        "p99 ms": f"{row['p99_ms']:.1f}",
        "refused (429)": str(row["full_429"]),
        "errors": str(sum(row["errors"].values())),
        "largest difference": f"{row['worst_difference']:.0e}",
        "memory MB": f"{before:.0f} to {after:.0f}",
    }
    command = row["command"].removesuffix(f" --page {page}")
    return Figures(
        "load", f"{row['clients']} clients", values, command, row["date"], row["processor"]
    )


if __name__ == "__main__":
    main()
