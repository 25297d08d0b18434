"""Several rankings of the same things made into one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)

# The constant of the paper: what stands first counts little more than what stands second.
DAMPING = 60


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[Item]], damping: int = DAMPING
) -> list[tuple[Item, float]]:
    """Rank things by the sum of 1 / (damping + rank) over the rankings that hold them.

    Args:
        rankings: Each with the best first, ranks from 1; none holds a thing twice.
        damping: How little the first places count more than those behind them.

    Returns:
        Every thing that stands in a ranking with its sum, best first; of two alike the one that
        stands first in the earlier ranking.

    Source: Cormack, Clarke and Büttcher 2009 (Reciprocal rank fusion outperforms Condorcet and
    individual rank learning methods), SIGIR.
    """
    sums: dict[Item, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(ranking, start=1):
            sums[item] = sums.get(item, 0.0) + 1 / (damping + rank)
    return sorted(sums.items(), key=lambda pair: -pair[1])
