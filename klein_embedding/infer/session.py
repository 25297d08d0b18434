"""One ONNX encoder, from token ids to sentence vectors.

Shapes: B texts, K width of the vector.
"""

from __future__ import annotations

import os
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
            threads: Threads of one product; 0 takes as many as `threads_here`.

        Raises:
            KleinError: If the file is no model that the runtime can read.
        """
        options = onnxruntime.SessionOptions()
        self.threads = threads or threads_here()
        options.intra_op_num_threads = self.threads
        options.log_severity_level = _ERRORS_ONLY
        try:
            self._session = onnxruntime.InferenceSession(
                model if isinstance(model, bytes) else str(model),
                options,
                providers=["CPUExecutionProvider"],
            )
        except Exception as error:  # the runtime's own exceptions share no public base class
            reason = str(error).splitlines()[0]
            raise KleinError(f"{model!s:.200}: not readable as ONNX ({reason})") from None

    def vectors(self, rows: list[list[int]], pad: int) -> np.ndarray:
        """Embed rows of token ids in one pass.

        Args:
            rows: Token ids of B texts, special tokens included.
            pad: Id that fills shorter rows.

        Returns:
            float32 (B, K), unit rows.
        """
        longest = max(len(row) for row in rows)
        ids = np.full((len(rows), longest), pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = 1
        feed = {"input_ids": ids, "attention_mask": mask}
        return np.asarray(self._session.run(["sentence_embedding"], feed)[0])
