"""Zeros written in one go at the end of a number: low, wide, joined at the top. No set of single digits has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zipread.lab.habits import WithHabits
from zipread.lab.synth.hands import Glyph, Hands, Script, Writing
from zipread.lab.synth.marks import polyline
from zipread.lab.synth.strokes import cut_to_ink

HEIGHTS = (0.36, 0.95)
"""Height of such zeros, in digit heights."""

ASPECTS = (0.75, 1.7)
"""Width by height of such zeros."""

TAILS = (0.1, 0.55)
"""Length of the stroke to the next zero, in heights of the zero."""

JOINED = 0.75
"""Share of writers who join them."""

WIDTH_SPREAD = 0.1
"""Standard deviation of the logarithm of one zero's width, in one number."""

FLATTENED_SHARE = 0.35
FLATTENED = (0.4, 0.9)
"""Share of writers whose zeros get flatter towards the end, and the last one's height, of what it would have."""

ROUND = (0.84, 1.14)
"""Turns of the stroke of such a zero: it stays open, or runs over its own beginning."""

BEGINS = 0.55
"""Standard deviation of where a zero begins, from its top, radians."""

CURLED_SHARE = 0.25
CURL = (0.25, 0.6)
CURL_RADIUS = (0.25, 0.7)
"""Share of writers whose zeros end in a curl inside, by how many turns it goes on, and what radius it ends with."""

LAST_TAIL_SHARE = 0.15
"""Share of numbers whose last zero has a tail, too."""


@dataclass(frozen=True)
class RunningZeros:
    """Real hands whose last zeros, where there are two or more, are written in one go."""

    hands: Hands | WithHabits

    @property
    def writing(self) -> Writing:
        """See DigitSource."""
        return "handwritten"

    def glyphs(self, rng: np.random.Generator, text: str, script: Script) -> list[Glyph]:
        """See DigitSource."""
        drawn = self.hands.glyphs(rng, text, script)
        places = [place for place, glyph in enumerate(drawn) if glyph.text.isdigit()]
        zeros = len(places) - len("".join(drawn[place].text for place in places).rstrip("0"))
        if zeros < 2:
            return drawn
        way = _Way.of(rng)
        height = script.height * rng.uniform(*HEIGHTS)
        rise = rng.uniform(0.0, 0.25) * (script.height - height)
        for turn, place in enumerate(places[-zeros:]):
            size = height * float(np.clip(rng.normal(1.0, 0.08), 0.8, 1.2))
            width = size * way.aspect * float(np.exp(rng.normal(0.0, WIDTH_SPREAD)))
            size *= way.flattened ** (turn / (zeros - 1))
            goes_on = place < places[-1] or way.ends_in_tail
            tail = rng.uniform(*TAILS) * size if way.joined and goes_on else 0.0
            loop = _loop(rng, (width, size), tail, way, script)
            drawn[place] = Glyph("0", loop, -rise - size + rng.normal(0, script.wobble) * size)
        return drawn


@dataclass(frozen=True, slots=True)
class _Way:
    """How a writer draws such zeros."""

    aspect: float  # width by height
    joined: bool  # a stroke leads to the next
    ends_in_tail: bool  # from the last, too
    curled: bool
    flattened: float  # height of the last, of what it would have

    @classmethod
    def of(cls, rng: np.random.Generator) -> _Way:
        """Any writer's."""
        return cls(
            aspect=rng.uniform(*ASPECTS),
            joined=rng.random() < JOINED,
            ends_in_tail=rng.random() < LAST_TAIL_SHARE,
            curled=rng.random() < CURLED_SHARE,
            flattened=rng.uniform(*FLATTENED) if rng.random() < FLATTENED_SHARE else 1.0,
        )


def _loop(rng: np.random.Generator, size: tuple[float, float], tail: float, way: _Way, script: Script) -> np.ndarray:
    """A ring (width, height) begun near its top, its curl, and the stroke that leads on so far: (h, w) float32."""
    width, height = size
    curl = rng.uniform(*CURL) if way.curled else 0.0
    pad = 2 * script.stroke + 3
    begin, turns = rng.normal(0.0, BEGINS), rng.uniform(*ROUND)
    angles = begin + 2 * np.pi * np.linspace(0.0, turns + curl, 48)
    inward = np.clip((angles - begin) / (2 * np.pi) - turns, 0.0, None) / max(curl, 1e-6)
    radius = 1.0 - inward * (1.0 - rng.uniform(*CURL_RADIUS)) if curl else np.ones(len(angles))
    radius = radius * (1.0 + 0.05 * np.cumsum(rng.normal(0, 0.15, len(angles))))
    xs = -np.sin(angles) * width / 2 * radius + width / 2
    ys = -np.cos(angles) * height / 2 * radius + height / 2
    if tail > 0:
        along = np.linspace(0.0, 1.0, 8)[1:]
        sag = rng.uniform(-0.05, 0.2) * height
        xs = np.concatenate((xs, xs[-1] + along * (max(0.0, width - xs[-1]) + tail)))
        ys = np.concatenate((ys, ys[-1] + sag * np.sin(np.pi * along)))
    xs = xs - script.slant * (ys - height / 2)
    points = np.stack((xs - xs.min() + pad, ys - ys.min() + pad), axis=1)
    extent = points.max(axis=0) + pad
    canvas = np.zeros((int(extent[1]) + 1, int(extent[0]) + 1), np.uint8)
    polyline(canvas, points, script.stroke)
    return cut_to_ink(canvas.astype(np.float32) / 255)
