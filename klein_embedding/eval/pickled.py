"""A pickled table of pandas, read as a list of opcodes: nothing in it is ever run or built."""

from __future__ import annotations

import pickletools
from collections.abc import Iterator

import numpy as np

_STRINGS = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"})
_BYTES = frozenset({"BINBYTES", "BINBYTES8"})
_WIDE, _BLOCKS = 8, 2


def pickled_rows(
    content: bytes, columns: tuple[str, ...]
) -> list[tuple[int, tuple[str, ...], float]]:
    """Rows of a table of several columns of strings and, behind them, one of numbers.

    Args:
        content: Bytes of the pickle (protocol 4), in which a column's strings follow each other;
            the rows' labels stand in the first block of bytes as integers, and the numbers in the
            last one as doubles.
        columns: Names of all columns, in their order.

    Returns:
        Label, strings and number of each row.

    Raises:
        ValueError: If the pickle is damaged or holds another table.
    """
    lists = list(_lists(content))
    if list(columns) not in lists:
        raise ValueError(f"the pickle has no columns {', '.join(columns)}")
    opcodes = pickletools.genops(content)
    blocks = [bytes(a) for opcode, a, _ in opcodes if opcode.name in _BYTES and a is not None]
    if len(blocks) < _BLOCKS or any(len(block) % _WIDE for block in blocks):
        raise ValueError("the pickle lacks labels or numbers")
    labels, numbers = np.frombuffer(blocks[0], "<i8"), np.frombuffer(blocks[-1], "<f8")
    # The names of the columns stand there once for the table and once for each of its blocks.
    texts = [text for found in lists if not set(found) <= set(columns) for text in found]
    sides = len(columns) - 1
    if len(texts) != sides * len(numbers):
        raise ValueError(f"the pickle has {len(texts)} strings and {len(numbers)} numbers")
    by_column = [texts[at * len(numbers) : (at + 1) * len(numbers)] for at in range(sides)]
    rows = zip(*by_column, strict=True)
    return list(zip(labels.tolist(), rows, numbers.tolist(), strict=True))


def _lists(content: bytes) -> Iterator[list[str]]:
    """Every stretch of a list that holds nothing but strings."""
    memo: list[str | None] = []
    found: list[str | None] = []
    for opcode, argument, _ in pickletools.genops(content):
        name = opcode.name
        if name == "MARK":
            found = []
        elif name in _STRINGS:
            found.append(str(argument))
        elif name == "MEMOIZE":
            # What was made last; of objects that are no strings nothing is known but their place.
            memo.append(found[-1] if found else None)
        elif name in ("BINGET", "LONG_BINGET"):
            found.append(memo[int(str(argument))])
        elif name == "APPENDS":
            strings = [text for text in found if text is not None]
            if strings and len(strings) == len(found):
                yield strings
            found = []
        elif name != "FRAME":
            found.append(None)
