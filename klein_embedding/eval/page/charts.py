"""Drawings of the page, as inline SVG: curves over widths, histograms and the map."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from klein_embedding.eval.figures import Figure
from klein_embedding.eval.page.markup import Markup, decimal, joined, language_name, tag
from klein_embedding.eval.page.plane import Plane, Point
from klein_embedding.eval.page.portrait import EDGES, Histogram
from klein_embedding.infer.embedder import DIMS

_STEP = 5
_RADIUS = 11.5


@dataclass(frozen=True, slots=True)
class _Frame:
    """A drawing's size and the part of it inside the axes."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int

    def across(self, share: float) -> float:
        return round(self.left + share * (self.width - self.left - self.right), 1)

    def down(self, share: float) -> float:
        """From the lower axis up."""
        return round(self.height - self.bottom - share * (self.height - self.top - self.bottom), 1)


@dataclass(frozen=True, slots=True)
class Told:
    """What a drawing is called and says, for those who do not see it.

    Attributes:
        ident: Unique in the page.
        title: Short name.
        description: Its content in words.
    """

    ident: str
    title: str
    description: str


def _svg(told: Told, frame: _Frame, inside: Iterable[Markup], class_: str) -> Markup:
    named = f"{told.ident}-title", f"{told.ident}-desc"
    return tag(
        "svg",
        tag("title", told.title, id=named[0]),
        tag("desc", told.description, id=named[1]),
        *inside,
        role="img",
        aria_labelledby=" ".join(named),
        viewBox=f"0 0 {frame.width} {frame.height}",
        class_=class_,
    )


def curve(told: Told, lines: Mapping[str, Sequence[Figure]]) -> Markup:
    """Figures over the widths, a line a column, with their intervals.

    Args:
        told: Its name and description.
        lines: Figures of each column, one a width.
    """
    frame = _Frame(320, 190, 38, 22, 12, 28)
    every = [figure for line in lines.values() for figure in line]
    low = math.floor(100 * min(figure.low for figure in every) / _STEP) * _STEP
    high = max(math.ceil(100 * max(figure.high for figure in every) / _STEP) * _STEP, low + _STEP)
    ticks = [low, (low + high) / 2, high]
    marks = [_level(frame, (tick - low) / (high - low), f"{tick:g}") for tick in ticks]
    marks += [
        tag("text", f"{dim}", x=_place(frame, dim), y=frame.height - 8, text_anchor="middle")
        for dim in DIMS
    ]
    for number, line in enumerate(lines.values()):
        points = [
            (
                _place(frame, f.dim),
                _share(f.value, low, high),
                _share(f.low, low, high),
                _share(f.high, low, high),
            )
            for f in sorted(line, key=lambda f: -f.dim)
        ]
        marks.append(_line(frame, points, number))
    return _svg(told, frame, marks, "chart")


def _place(frame: _Frame, dim: int) -> float:
    return frame.across(DIMS.index(dim) / (len(DIMS) - 1))


def _share(value: float, low: float, high: float) -> float:
    return (100 * value - low) / (high - low)


def _level(frame: _Frame, share: float, label: str) -> Markup:
    y = frame.down(share)
    line = tag("line", x1=frame.left, x2=frame.width - frame.right, y1=y, y2=y, class_="grid")
    return joined([line, tag("text", label, x=frame.left - 6, y=y + 4, text_anchor="end")])


def _line(
    frame: _Frame, points: Sequence[tuple[float, float, float, float]], number: int
) -> Markup:
    """A line with its intervals; the second one is dashed and has squares for points."""
    marks = [
        tag("line", x1=x, x2=x, y1=frame.down(low), y2=frame.down(high), class_="whisker")
        for x, _, low, high in points
    ]
    way = " ".join(f"{x},{frame.down(value)}" for x, value, _, _ in points)
    marks.append(tag("polyline", points=way))
    marks += [
        tag("rect", x=x - 3.5, y=round(frame.down(value) - 3.5, 1), width=7, height=7)
        if number
        else tag("circle", cx=x, cy=frame.down(value), r=4)
        for x, value, _, _ in points
    ]
    return tag("g", *marks, class_=f"line line-{number}")


def histogram(told: Told, found: Histogram) -> Markup:
    """Translations as bars, all other pairs as an outline, each as shares of their own number."""
    frame = _Frame(360, 170, 38, 10, 10, 28)
    own, rest = (_shares(counts) for counts in (found.translations, found.others))
    most = max(*own, *rest)
    bins = len(own)
    marks = [_level(frame, part, f"{100 * part * most:.0f} %") for part in (0, 0.5, 1)]
    for at, share in enumerate(own):
        x, top, floor = frame.across(at / bins), frame.down(share / most), frame.down(0)
        wide = round(frame.across((at + 1) / bins) - x - 1, 1)
        if share:
            high = round(floor - top, 1)
            marks.append(tag("rect", x=x, y=top, width=wide, height=high, class_="bar"))
    outline = [(frame.across(0), frame.down(0))]
    for at, share in enumerate(rest):
        y = frame.down(share / most)
        outline += [(frame.across(at / bins), y), (frame.across((at + 1) / bins), y)]
    way = " ".join(f"{x},{y}" for x, y in outline)
    marks.append(tag("polyline", points=way, class_="outline"))
    for at, edge in list(enumerate(EDGES))[:bins:8]:
        x, y = frame.across(at / bins), frame.height - 8
        marks.append(tag("text", decimal(edge, 1), x=x, y=y, text_anchor="middle"))
    return _svg(told, frame, marks, "chart")


def _shares(counts: Sequence[int]) -> list[float]:
    whole = max(sum(counts), 1)
    return [count / whole for count in counts]


def scatter(told: Told, plane: Plane) -> Markup:
    """The map: a disc a sentence, labelled with its language and the number of its meaning."""
    frame = _Frame(760, 520, 24, 24, 24, 24)
    xs, ys = [point.x for point in plane.points], [point.y for point in plane.points]
    marks = [
        _disc(
            frame.across(_within(point.x, xs)),
            frame.down(_within(point.y, ys)),
            point,
            plane.languages.index(point.lang),
        )
        for point in plane.points
    ]
    return _svg(told, frame, marks, "map")


def _within(value: float, values: Sequence[float]) -> float:
    return (value - min(values)) / max(max(values) - min(values), 1e-9)


def _disc(x: float, y: float, point: Point, language: int) -> Markup:
    return tag(
        "g",
        tag("title", f"{language_name(point.lang)}, {point.meaning + 1}: {point.text}"),
        tag("circle", cx=x, cy=y, r=_RADIUS),
        tag("text", f"{point.lang}{point.meaning + 1}", x=x, y=y + 3, text_anchor="middle"),
        class_=f"dot language-{language} meaning-{point.meaning}",
    )
