"""Plots as SVG text that stands inside a page: a square of axes, lines, dots and whiskers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from zipread.evaluate.metrics import Bin, Operating

WIDTH, HEIGHT = 460, 340
LEFT, RIGHT, TOP, BOTTOM = 62, 24, 14, 48
"""Margins around the axes, in units of the SVG."""

TICKS = 5
MOST_POINTS = 400
"""Points a curve is drawn with at most."""

TOPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Where the axis of errors may end."""


@dataclass
class Axes:
    """A plot under way: x from 0 to 1, y from 0 to `top`."""

    title: str
    x_label: str
    y_label: str
    top: float = 1.0
    marks: list[str] = field(default_factory=list)

    def x(self, value: float) -> float:
        """Place of a value on the horizontal axis."""
        return LEFT + value * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Place of a value on the vertical axis."""
        return HEIGHT - BOTTOM - min(value / self.top, 1.0) * (HEIGHT - TOP - BOTTOM)

    def line(self, points: Iterable[tuple[float, float]], kind: str) -> None:
        """Draw a line through points (x, y)."""
        places = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        self.marks.append(f'<polyline class="{kind}" fill="none" stroke="currentColor" points="{places}"/>')

    def dot(self, x: float, y: float, told: str) -> None:
        """Draw a dot that tells `told` under the pointer."""
        place = f'cx="{self.x(x):.1f}" cy="{self.y(y):.1f}"'
        self.marks.append(f'<circle class="dot" {place} r="4"><title>{escape(told)}</title></circle>')

    def svg(self) -> str:
        """The whole plot."""
        parts = [
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" font-size="12" role="img" aria-label="{escape(self.title)}">',
            *(self._x_tick(index / TICKS) for index in range(TICKS + 1)),
            *(self._y_tick(index / TICKS * self.top) for index in range(TICKS + 1)),
            *self.marks,
            f'<text x="{self.x(0.5)}" y="{HEIGHT - 8}" text-anchor="middle">{escape(self.x_label)}</text>',
            f'<text transform="translate(14 {self.y(self.top / 2)}) rotate(-90)" text-anchor="middle">'
            f"{escape(self.y_label)}</text>",
            "</svg>",
        ]
        return "\n".join(parts)

    def _x_tick(self, value: float) -> str:
        x, low = self.x(value), self.y(0.0)
        return (
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{low:.1f}"/>'
            f'<text x="{x:.1f}" y="{low + 16:.1f}" text-anchor="middle">{100 * value:.0f}%</text>'
        )

    def _y_tick(self, value: float) -> str:
        y, decimals = self.y(value), 0 if self.top >= 0.2 else 1
        return (
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{100 * value:.{decimals}f}%</text>'
        )


def reliability_chart(bins: Sequence[Bin]) -> str:
    """Confidence against the rate of right codes, with 95% intervals; the diagonal keeps its word."""
    axes = Axes("Reliability: confidence against the rate of right codes", "confidence", "right")
    axes.line([(0.0, 0.0), (1.0, 1.0)], "ideal")
    for part in bins:
        low, high = part.right.interval
        axes.line([(part.confidence, low), (part.confidence, high)], "whisker")
    for part in bins:
        told = f"confidence {part.confidence:.3f}: {part.right.hits} of {part.right.n} right"
        axes.dot(part.confidence, part.right.value, told)
    return axes.svg()


def reject_chart(points: Sequence[Operating], chosen: Operating | None) -> str:
    """Read rate against the error among accepted codes, along all thresholds; `chosen` is marked."""
    largest = max([0.0, *(point.error for point in points[-1:]), *([chosen.error] if chosen else [])])
    top = next(top for top in TOPS if top >= min(1.0, 1.1 * largest))
    axes = Axes("Read rate against the error among accepted codes", "read rate", "error among accepted", top)
    step = max(1, len(points) // MOST_POINTS)
    axes.line([(point.read_rate, point.error) for point in [*points[:-1:step], *points[-1:]]], "curve")
    if chosen is not None:
        told = f"accept {chosen.accept:g}: {chosen.accepted} of {chosen.n} accepted, {chosen.wrong} wrong"
        axes.dot(chosen.read_rate, chosen.error, told)
    return axes.svg()
