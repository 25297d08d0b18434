"""Progress on a terminal, silence in a pipe."""

from __future__ import annotations

import sys
import time


class Progress:
    """A one-line counter on standard error, redrawn at most ten times a second.

    Says nothing when standard error is not a terminal, so that pipes and logs stay clean.
    """

    def __init__(self, label: str, total: int | None = None, unit: str = "texts") -> None:
        """Start counting.

        Args:
            label: What is being done.
            total: How many units there are, None when unknown.
            unit: Name of a unit, in the plural.
        """
        self._label, self._total, self._unit = label, total, unit
        self._start = time.monotonic()
        self._drawn = 0.0
        self._done = self._skipped = 0
        self._shown = sys.stderr.isatty()

    def skip(self, count: int) -> None:
        """Count units as done before the clock began."""
        self._done += count
        self._skipped += count

    def add(self, count: int = 1, note: str = "") -> None:
        """Count units as done and redraw the line, with a note behind it, when it is due."""
        self._done += count
        if self._shown and time.monotonic() - self._drawn >= 0.1:
            self._drawn = time.monotonic()
            seconds = max(self._drawn - self._start, 1e-9)
            rate = (self._done - self._skipped) / seconds
            of = f"/{self._total:,}" if self._total else ""
            left = (
                f", {clock((self._total - self._done) / rate)} left"
                if self._total and rate > 0
                else ""
            )
            line = f"{self._label}: {self._done:,}{of} {self._unit}, {rate:,.0f}/s{left} {note}"
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()

    def close(self) -> None:
        """Wipe the line."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def clock(seconds: float) -> str:
    """Seconds as ``m:ss`` or ``h:mm:ss``."""
    whole = max(int(seconds), 0)
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
