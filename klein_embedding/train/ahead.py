"""Steps drawn ahead: a thread prepares the next one while this one is computed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Ahead(Generic[_T]):
    """Gives what a function of the step's number gives, and starts on the next number at once.

    A step is a function of seed and number, so it does not matter who draws it, or when: with a
    thread and without, from the first step or after a resumption, the steps are the same.
    """

    def __init__(self, draw: Callable[[int], _T], *, threaded: bool) -> None:
        """Keep the function.

        Args:
            draw: Gives a step by its number.
            threaded: Whether a thread draws ahead; a processor that computes the steps itself
                has no core to spare for one.
        """
        self._draw = draw
        self._pool = ThreadPoolExecutor(1, "drawing") if threaded else None
        self._next: tuple[int, Future[_T]] | None = None

    def step(self, number: int) -> _T:
        """The step of that number."""
        if self._pool is None:
            return self._draw(number)
        waiting = self._next
        # What the thread raises is raised here, as if it had been drawn here.
        found = waiting[1].result() if waiting and waiting[0] == number else self._draw(number)
        self._next = number + 1, self._pool.submit(self._draw, number + 1)
        return found
