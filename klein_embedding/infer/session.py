"""One ONNX encoder, from token ids to sentence vectors.

Shapes: B texts, K width of the vector.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from klein_embedding.errors import KleinError

# onnxruntime's own builds, from 1.29 on, send models' figures and a device's number to their maker
# unless this stands before the import; whoever wants that sets it to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

_ERRORS_ONLY = 3
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def threads_here() -> int:
    """Threads that this process may run at once: its cores, or what a container grants of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = _QUOTA.read_text().split()
        granted = int(quota) / int(period)
    except (OSError, ValueError):  # no control groups here, or "max"
        return cores or 1
    return max(1, min(cores or 1, round(granted)))


class OnnxEncoder:
    """A loaded ONNX file with the inputs and outputs of the model folder."""

    def __init__(self, model: Path | bytes, threads: int = 0) -> None:
        """Load the file.

        Args:
            model: ONNX file, or its bytes.
            threads: Threads that work at once; 0 takes as many as `threads_here`.

        Raises:
            KleinError: If the file is no model that the runtime can read.
        """
        self.threads = threads or threads_here()
        self._session = _loaded(model, self.threads)
        self._file = None if isinstance(model, bytes) else (model, _state(model))
        self._single: onnxruntime.InferenceSession | None = None

    def vectors(self, rows: list[list[int]], pad: int) -> np.ndarray:
        """Embed rows of token ids in one pass.

        Args:
            rows: Token ids of B texts, special tokens included.
            pad: Id that fills shorter rows.

        Returns:
            float32 (B, K), unit rows.
        """
        return _run(self._session, rows, pad)

    def side_by_side(self, batches: list[list[list[int]]], pad: int) -> Iterator[np.ndarray]:
        """Embed many batches, each of them on one thread.

        A thread that has a batch to itself waits for no other, so it does more in its time than
        one of several that share a product. It takes a second copy of the model in memory, loaded
        by the first call.

        Args:
            batches: Rows of token ids, as `vectors` takes them, a batch each.
            pad: Id that fills shorter rows.

        Yields:
            float32 (B, K), unit rows, of each batch in its turn.
        """
        single = self._of_one_thread()
        with ThreadPoolExecutor(self.threads) as pool:
            yield from pool.map(lambda rows: _run(single, rows, pad), batches)

    def _of_one_thread(self) -> onnxruntime.InferenceSession:
        if self._single is None:
            self._single = self._session
            # Another model may have taken the file's place since, and its vectors would differ.
            if self._file and self.threads > 1 and self._file[1] == _state(self._file[0]):
                self._single = _loaded(self._file[0], 1)
        return self._single


def _loaded(model: Path | bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = _ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(
            model if isinstance(model, bytes) else str(model),
            options,
            providers=["CPUExecutionProvider"],
        )
    except Exception as error:  # the runtime's own exceptions share no public base class
        reason = str(error).splitlines()[0]
        raise KleinError(f"{model!s:.200}: not readable as ONNX ({reason})") from None


def _state(file: Path) -> tuple[int, ...]:
    """What differs between two files of one name; nothing for one that is gone."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _run(session: onnxruntime.InferenceSession, rows: list[list[int]], pad: int) -> np.ndarray:
    longest = max(len(row) for row in rows)
    ids = np.full((len(rows), longest), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    feed = {"input_ids": ids, "attention_mask": mask}
    return np.asarray(session.run(["sentence_embedding"], feed)[0])
