"""A stacked bar chart as SVG text, legible on light and on dark pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

# Okabe and Ito's palette, told apart by colour-blind readers too.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999")
_LEFT, _BAR, _STEP, _WIDTH, _RIGHT = 110, 18, 26, 620, 90
_STYLE = (
    "text{font:13px sans-serif;fill:#24292f}@media(prefers-color-scheme:dark){text{fill:#d0d7de}}"
)


def stacked_bars(
    title: str, rows: Mapping[str, Mapping[str, int]], series: Sequence[tuple[str, str]]
) -> str:
    """Draw one horizontal bar a row, divided by series.

    Args:
        title: What a screen reader says first, and the heading of the picture.
        rows: Count by series key by label of the row.
        series: Key and legend of each series, at most seven.

    Returns:
        An SVG document.
    """
    longest = max((sum(counts.values()) for counts in rows.values()), default=0) or 1
    height = 70 + _STEP * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + _RIGHT} {height}" '
        f'role="img" aria-label="{escape(title)}"><style>{_STYLE}</style>',
        f'<text x="0" y="16" font-weight="bold">{escape(title)}</text>',
        *_legend(series),
    ]
    for number, (label, counts) in enumerate(rows.items()):
        parts += _bar(60 + _STEP * number, label, [counts.get(k, 0) for k, _ in series], longest)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend(series: Sequence[tuple[str, str]]) -> list[str]:
    parts, x = [], _LEFT
    for (_, legend), colour in zip(series, _COLOURS, strict=False):
        parts.append(f'<rect x="{x}" y="28" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{x + 16}" y="39">{escape(legend)}</text>')
        x += 34 + 7 * len(legend)
    return parts


def _bar(y: int, label: str, counts: Sequence[int], longest: int) -> list[str]:
    parts = [f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(label)}</text>']
    x = float(_LEFT)
    for count, colour in zip(counts, _COLOURS, strict=False):
        width = _WIDTH * count / longest
        if count:
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>'
            )
        x += width
    parts.append(f'<text x="{x + 6:.1f}" y="{y + 14}">{sum(counts):,}</text>')
    return parts
