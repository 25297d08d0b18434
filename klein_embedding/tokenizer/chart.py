"""Dots on rows as SVG text, legible on light and on dark pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

# Okabe and Ito's palette, told apart by colour-blind readers too.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999")
_LEFT, _STEP, _WIDTH, _RIGHT, _TOP = 110, 26, 620, 40, 90
_STYLE = (
    "text{font:13px sans-serif;fill:#24292f}line{stroke:#8c959f;stroke-width:.5}"
    "@media(prefers-color-scheme:dark){text{fill:#d0d7de}}"
)


def dots(title: str, rows: Mapping[str, Mapping[str, float]], series: Sequence[str]) -> str:
    """Draw one line a row with a dot for each series, the first one largest.

    Args:
        title: What a screen reader says first, and the heading of the picture.
        rows: Values by series by label of the row; a series may be absent from a row.
        series: Series in the order of the legend, at most seven.

    Returns:
        An SVG document whose axis begins at zero.
    """
    largest = max((value for values in rows.values() for value in values.values()), default=0) or 1
    step = next(step for step in (0.5, 1, 2, 5, 10, 1000, 5000, 1e9) if largest / step <= 12)
    height = _TOP + _STEP * len(rows)
    scale = _WIDTH / (step * -(-largest // step))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + _RIGHT} {height}" '
        f'role="img" aria-label="{escape(title)}"><style>{_STYLE}</style>',
        f'<text x="0" y="16" font-weight="bold">{escape(title)}</text>',
        *_legend(series),
    ]
    for tick in range(int(-(-largest // step)) + 1):
        x = _LEFT + tick * step * scale
        parts.append(f'<text x="{x:.1f}" y="72" text-anchor="middle">{tick * step:g}</text>')
        parts.append(f'<line x1="{x:.1f}" y1="78" x2="{x:.1f}" y2="{height - 8}"/>')
    for number, (label, values) in enumerate(rows.items()):
        parts += _row(_TOP + _STEP * number, label, [values.get(name) for name in series], scale)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend(series: Sequence[str]) -> list[str]:
    parts, x, y = [], 6, 38
    for name, colour in zip(series, _COLOURS, strict=False):
        width = 30 + 7 * len(name)
        if x + width > _LEFT + _WIDTH + _RIGHT:
            x, y = 6, y + 18
        parts.append(f'<circle cx="{x}" cy="{y - 4}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{x + 10}" y="{y}">{escape(name)}</text>')
        x += width
    return parts


def _row(y: int, label: str, values: Sequence[float | None], scale: float) -> list[str]:
    parts = [
        f'<text x="{_LEFT - 12}" y="{y + 14}" text-anchor="end">{escape(label)}</text>',
        f'<line x1="{_LEFT}" y1="{y + 10}" x2="{_LEFT + _WIDTH}" y2="{y + 10}"/>',
    ]
    # The first series is drawn last, so that it lies on top.
    for at, (value, colour) in reversed(list(enumerate(zip(values, _COLOURS, strict=False)))):
        if value is not None:
            x = _LEFT + value * scale
            radius = 5 if at else 7
            parts.append(f'<circle cx="{x:.1f}" cy="{y + 10}" r="{radius}" fill="{colour}"/>')
    return parts
