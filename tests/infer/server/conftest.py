"""The real server in a process of its own, on the small model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from klein_embedding.infer.embedding import KleinEmbedding

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))

KEY = "correct-horse-battery-staple"


@dataclass(frozen=True)
class Served:
    address: str
    port: int
    process: subprocess.Popen


@pytest.fixture(scope="session")
def serve(klein_words, klein_environment):
    """Starts ``klein serve`` with options on a free port; it must end well when it is told to."""

    @contextmanager
    def start(*options: Any, **environment: str):
        with subprocess.Popen(
            klein_words("serve", "--port", "0", "--threads", "1", "--json", *options),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**klein_environment, **environment},
        ) as process:
            try:
                line = process.stdout.readline()
                assert line, process.stderr.read().decode()
                address = json.loads(line)["address"]
                yield Served(address, int(address.rpartition(":")[2]), process)
            except BaseException:
                process.kill()
                raise
            if process.poll() is None:
                os.kill(process.pid, signal.SIGTERM)
            _, complaints = process.communicate(timeout=60)
            assert (process.returncode, complaints) == (0, b"")

    return start


@pytest.fixture(scope="session")
def server(serve):
    """A server as anybody starts it."""
    with serve() as served:
        yield served


@pytest.fixture(scope="session")
def strict(serve):
    """A server with a key, small limits and little patience."""
    limits = ["--max-texts", "4", "--max-characters", "1000", "--max-body", "20000"]
    with serve(*limits, "--patience", "1", KLEIN_KEY=KEY) as served:
        yield served


@pytest.fixture(scope="session")
def model(model_folder):
    return KleinEmbedding(model_folder, threads=1)
