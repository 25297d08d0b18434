"""Strings of a pickled pandas table, read without running anything that the file names."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from typing import Any

_ADMITTED = frozenset(
    {
        ("builtins", "slice"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("pandas.core.frame", "DataFrame"),
        ("pandas.core.indexes.base", "Index"),
        ("pandas.core.indexes.base", "_new_Index"),
        ("pandas.core.indexes.numeric", "Int64Index"),
        ("pandas.core.internals.managers", "BlockManager"),
    }
)


class _Husk:
    """Stands for every admitted global: takes any arguments and state, and does nothing."""

    def __new__(cls, *arguments: Any) -> _Husk:
        husk = super().__new__(cls)
        husk.held = list(arguments)
        return husk

    def __init__(self, *arguments: Any) -> None:
        """Leave what `__new__` kept."""

    held: list[Any]

    def __setstate__(self, state: Any) -> None:
        self.held.append(state)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type[_Husk]:
        """Give the husk for an admitted name, and refuse all others."""
        if (module, name) not in _ADMITTED:
            raise ValueError(f"the pickle asks for {module}.{name}, which is not admitted")
        return _Husk

    def persistent_load(self, pid: Any) -> Any:
        """Refuse references to outside the file."""
        raise ValueError(f"the pickle refers to something outside itself: {pid!r}")


def strings_of_pickle(content: bytes) -> Iterator[str]:
    """Yield every string in a pickled table, in the file's order.

    Args:
        content: The file's bytes; only names that a table of texts needs are admitted, and each
            of them becomes an inert object.

    Raises:
        ValueError: If the pickle is damaged or names anything else.
    """
    try:
        root = _Unpickler(io.BytesIO(content)).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, KeyError) as error:
        raise ValueError(f"damaged pickle: {error}") from None
    waiting, seen = [root], set[int]()
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, _Husk | dict | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            waiting += reversed(_inside(value))


def _inside(value: Any) -> list[Any]:
    if isinstance(value, _Husk):
        return value.held
    return list(value.values()) if isinstance(value, dict) else list(value)
