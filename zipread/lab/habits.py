"""Habits of a hand: digits of differing size and place, strokes that lead in and out, marks around an amount.

Collections of single digits scale them all to one height. In a string the zeros may be half as tall as a one, a seven
may hang below the line, and what stands around the digits is written with the same pen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from zipread.lab.synth.hands import Glyph, Hands, Script, Writing
from zipread.lab.synth.marks import polyline
from zipread.lab.synth.strokes import cut_to_ink

SIZE_SPREAD = 0.2
"""Most standard deviation, within one hand, of the logarithm of its digits' sizes."""

SIZES = (0.45, 1.7)
"""Smallest and largest size of a digit, in digit heights."""

LOW_ZERO_SHARE = 0.4
LOW_ZEROS = (0.55, 0.95)
"""Share of hands that write zeros lower than other digits, and their sizes."""

TALL_ONES = 0.12
"""Mean logarithm of a one's size."""

DROP_SPREAD = 0.08
"""Most standard deviation, within one hand, of where its digits stand, in digit heights."""

HANGING = "479"
HANGING_SHARE = 0.2
HANGING_BY = (0.1, 0.35)
"""Digits that a hand may let hang below the line, how often, and how far, in digit heights."""

WIDTH_SPREAD = 0.12
"""Standard deviation, within one hand, of the logarithm of its digits' widths."""

LEADS_IN = {"1": "high", "2": "high", "3": "high", "7": "high", "9": "high", "0": "high"}
LEADS_OUT = {"0": "high", "2": "low", "4": "middle", "5": "high", "6": "middle", "8": "high", "9": "low"}
"""Where strokes may lead into digits and out of them without making them others."""

BANDS = {"high": (0.0, 0.35), "middle": (0.4, 0.75), "low": (0.7, 1.0)}

LEADING_SHARE = 0.25
"""Share of hands whose strokes lead in or out, and of their digits that show it, each."""

LEAD = (0.1, 0.35)
"""Length of such a stroke, in digit heights."""

GROUPED_SHARE = 0.6
"""Share of marked strings with a mark before the last three digits."""

GROUP_MARKS = (".", ".", ",")
END_MARKS = ("", "", "-", "-", ".-", ",-", "=", ".=", ".", ",", "--", "-.-")
FRONT_MARKS = ("", "", "", "", "-", "=", ".")

DASHES = (0.25, 1.5)
"""Length of a dash at an end, in digit heights."""

DASH_RISE = (0.05, 0.65)
"""Height of dashes above the line, in digit heights."""

HOOKED_SHARE = 0.35
HOOK = (0.1, 0.45)
"""Share of dashes that begin with a hook, from a dot below or from above, and its length, in digit heights."""

BENT = 0.12
"""Standard deviation of how far a dash bends, in its lengths."""


@dataclass(frozen=True)
class WithHabits:
    """A source of digits whose every string has the habits of one hand."""

    hands: Hands
    marked: float = 0.0  # share of the strings with marks around them

    @property
    def writing(self) -> Writing:
        """See DigitSource."""
        return "handwritten"

    def glyphs(self, rng: np.random.Generator, text: str, script: Script) -> list[Glyph]:
        """See DigitSource; marks are glyphs of their own."""
        script = replace(script, sizes=_sizes(rng), drops=_drops(rng))
        grouped = text.isdigit() and rng.random() < self.marked
        front, end = "", ""
        if grouped:
            front, end = str(rng.choice(FRONT_MARKS)), str(rng.choice(END_MARKS))
            if len(text) > 3 and rng.random() < GROUPED_SHARE:
                text = f"{text[:-3]}{rng.choice(GROUP_MARKS)}{text[-3:]}"
        widths = np.exp(rng.normal(0.0, WIDTH_SPREAD, 10))
        leading = rng.random() < LEADING_SHARE
        drawn = self.hands.glyphs(rng, text, script)
        drawn = [_widened(g, float(widths[int(g.text)])) if g.text.isdigit() else g for g in drawn]
        if leading:
            drawn = [_with_leads(rng, glyph, script) for glyph in drawn]
        return [*_marks(rng, front, script), *drawn, *_marks(rng, end, script)]


def _sizes(rng: np.random.Generator) -> tuple[float, ...]:
    """Size of each digit, in digit heights."""
    sizes = np.exp(rng.normal(0.0, rng.uniform(0.0, SIZE_SPREAD), 10))
    sizes[1] *= np.exp(TALL_ONES)
    if rng.random() < LOW_ZERO_SHARE:
        sizes[0] *= rng.uniform(*LOW_ZEROS)
    return tuple(np.clip(sizes, *SIZES).tolist())


def _drops(rng: np.random.Generator) -> tuple[float, ...]:
    """How far below the line each digit stands, in digit heights."""
    drops = rng.normal(0.0, rng.uniform(0.0, DROP_SPREAD), 10)
    for digit in HANGING:
        if rng.random() < HANGING_SHARE:
            drops[int(digit)] += rng.uniform(*HANGING_BY)
    return tuple(drops.tolist())


def _widened(glyph: Glyph, factor: float) -> Glyph:
    height, width = glyph.coverage.shape
    size = (max(1, round(width * factor)), height)
    return replace(glyph, coverage=cv2.resize(glyph.coverage, size, interpolation=cv2.INTER_LINEAR))


def _with_leads(rng: np.random.Generator, glyph: Glyph, script: Script) -> Glyph:
    """A digit with a stroke that leads into it, out of it, both or none."""
    if glyph.text in LEADS_OUT and rng.random() < LEADING_SHARE:
        glyph = _led_out(rng, glyph, LEADS_OUT[glyph.text], script)
    if glyph.text in LEADS_IN and rng.random() < LEADING_SHARE:
        mirrored = replace(glyph, coverage=np.ascontiguousarray(glyph.coverage[:, ::-1]))
        led = _led_out(rng, mirrored, LEADS_IN[glyph.text], script)
        glyph = replace(led, coverage=np.ascontiguousarray(led.coverage[:, ::-1]))
    return glyph


def _led_out(rng: np.random.Generator, glyph: Glyph, band: str, script: Script) -> Glyph:
    """A digit with a curved stroke from the rightmost ink of a band of its rows."""
    height, width = glyph.coverage.shape
    first, last = (round(share * (height - 1)) for share in BANDS[band])
    rows, columns = np.nonzero(glyph.coverage[first : last + 1] > 0.5)
    if not rows.size:
        return glyph
    at = int(columns.argmax())
    length = rng.uniform(*LEAD) * script.height
    rise = rng.uniform(-0.6, 0.6) * length
    pad = int(abs(rise) + script.stroke) + 2
    start = np.array([columns[at], rows[at] + first + pad], np.float64)
    stop = start + np.array([length, rise])
    bend = (start + stop) / 2 + np.array([0.0, rng.uniform(-0.3, 0.3) * length])
    points = _quadratic(start, bend, stop)
    canvas = np.zeros((height + 2 * pad, width + int(length + script.stroke) + 2), np.uint8)
    polyline(canvas, points, script.stroke * rng.uniform(0.5, 1.0))
    coverage = canvas.astype(np.float32) / 255
    inner = coverage[pad : pad + height, :width]
    np.maximum(inner, glyph.coverage, out=inner)
    _, upper, _, _ = cv2.boundingRect((coverage > 0.08).astype(np.uint8))
    return replace(glyph, coverage=cut_to_ink(coverage), top=glyph.top - pad + upper)


def _quadratic(start: np.ndarray, bend: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Points (12, 2) along the quadratic Bézier curve of three points."""
    along = np.linspace(0.0, 1.0, 12)[:, None]
    points: np.ndarray = (1 - along) ** 2 * start + 2 * along * (1 - along) * bend + along**2 * stop
    return points


def _marks(rng: np.random.Generator, marks: str, script: Script) -> list[Glyph]:
    """Dashes, double dashes, dots and commas beside an amount."""
    return [_mark(rng, mark, script) for mark in marks]


def _mark(rng: np.random.Generator, mark: str, script: Script) -> Glyph:
    return _dashes(rng, 2 if mark == "=" else 1, script) if mark in "-=" else _dot(rng, mark, script)


def _dashes(rng: np.random.Generator, number: int, script: Script) -> Glyph:
    """One or two dashes, bent, at times with a hook that they begin with."""
    size = script.height
    run = np.array([rng.uniform(*DASHES), rng.uniform(-0.2, 0.1)]) * size
    apart = rng.uniform(0.15, 0.35) * size
    strokes = []
    for stroke in range(number):
        start = np.array([rng.normal(0.0, 0.08) * size, apart]) * stroke
        stop = start + run * (1 + 0.2 * stroke * rng.normal())
        bend = (start + stop) / 2 + np.array([0.0, rng.normal(0.0, BENT)]) * run[0]
        points = _quadratic(start, bend, stop)
        if rng.random() < HOOKED_SHARE:
            back = np.array([rng.uniform(-0.5, 0.2), rng.choice([-0.6, 1.0])]) * rng.uniform(*HOOK) * size
            points = np.concatenate((_quadratic(start + back, start + back * [0.2, 0.4], start), points))
        strokes.append(points)
    coverage = _inked(strokes, script)
    return Glyph("-", coverage, -rng.uniform(*DASH_RISE) * size - coverage.shape[0] / 2)


def _dot(rng: np.random.Generator, mark: str, script: Script) -> Glyph:
    """A dot or a comma on the line."""
    run = np.array([-rng.uniform(0.0, 0.12), rng.uniform(0.0, 0.06) + (0.2 if mark == "," else 0.0)]) * script.height
    coverage = _inked([np.array([[0.0, 0.0], run])], script)
    return Glyph(mark, coverage, -rng.uniform(-0.05, 0.1) * script.height - coverage.shape[0] / 2)


def _inked(strokes: list[np.ndarray], script: Script) -> np.ndarray:
    """Coverage (h, w) float32 of strokes (n, 2) drawn with the script's pen."""
    points = np.concatenate(strokes)
    margin = 2 * max(1, round(script.stroke)) + 4
    low = points.min(axis=0) - margin
    width, height = (np.ceil(points.max(axis=0) - low) + margin).astype(int).tolist()
    canvas = np.zeros((height, width), np.uint8)
    for stroke in strokes:
        polyline(canvas, stroke - low, script.stroke)
    return cut_to_ink(canvas.astype(np.float32) / 255)
