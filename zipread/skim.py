"""Skim the lines of text that a code may stand in: what numbers the second reader sees, without a look at letters.

Geometry offers runs of letters as places for the code, and cannot tell digits from letters. The second reader can, for
a fraction of what reading a place costs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from zipread.clean import cut_gray
from zipread.decode import likeliest_digits, log_odds, probability
from zipread.records import Field, Page, Strip, written_lengths
from zipread.sequence import COLUMN, DIGIT_ROWS, ColumnReader, normalize_line

NUMBER_GAP = 1.6
"""Distance between the middles of digits from which they are of two numbers, digit heights."""

HALF_PITCH = 0.4
"""From the middle of a number's first or last digit to its end, digit heights."""

SIDE_MARGIN = 0.3
"""Paper kept beside a number that no place had been offered for, digit heights."""

SPANNED = 0.6
"""Share of a place's length that its digits must span to be all that stands there."""

TOLD, UNTOLD = 1.6, -1.0
"""Log-odds for a place that holds as many digits as a code, and for one that holds none or one. Fitted on made mail by
writers that trained nothing, and counted by 0.6 only, as the weights of geometry are: real mail differs."""

OF_DIGITS = 2.7
"""What shapes and gaps of letters say for a code whose letters are found well, log-odds."""
PROVEN = 0.5
"""Share of what they say less than that which does not count where the second reader sees a number; a postmark may pass
for one, so it is not all."""


@dataclass(frozen=True, slots=True)
class Number:
    """Digits of a line that stand together; lengths along the strip, pixels of the page from its left end."""

    digits: str
    middles: tuple[float, ...]  # of the digits
    half: float  # from the middle of a digit to its end

    @property
    def start(self) -> float:
        """Where the first digit begins."""
        return self.middles[0] - self.half

    @property
    def stop(self) -> float:
        """Where the last digit ends."""
        return self.middles[-1] + self.half


def skim(page: Page, fields: Sequence[Field], digits: int, reader: ColumnReader) -> list[Field]:
    """Skim the lines that places stand in, weigh the places by it, and offer those that only now are seen.

    Args:
        page: the page.
        fields: places with their priors.
        digits: length of the code.
        reader: the second reader.

    Returns:
        The places, best prior first; those in printed boxes and on pictures of one line keep their score.
    """
    lengths = written_lengths(digits)
    # In shares of all places, of which there may be none, evidence for one is evidence against the others.
    scores = [math.log(probability(field.prior)) for field in fields]
    nowhere = max(1e-3, 1.0 - sum(map(probability, (field.prior for field in fields))))
    weighed = [(field, score) for field, score in zip(fields, scores, strict=True) if field.line is None]
    for strip in dict.fromkeys(field.line for field in fields if field.line is not None):
        here = [(field, score) for field, score in zip(fields, scores, strict=True) if field.line == strip]
        numbers = numbers_in(page, strip, reader)
        extents = [_extent(field, strip) for field, _ in here]
        told = [_told(numbers, extent, lengths) for extent in extents]
        # What is seen to be a number need not look like one; its places still differ by how much they do.
        numbered = [field.of_letters for (field, _), says in zip(here, told, strict=True) if says == TOLD]
        proven = PROVEN * (OF_DIGITS - max(numbered, default=OF_DIGITS))
        weighed += [
            (field, score + says + (proven if says == TOLD else 0.0))
            for (field, score), says in zip(here, told, strict=True)
        ]
        unoffered = max(score - field.of_letters for field, score in here) + OF_DIGITS + TOLD
        weighed += [
            (place_of(number, strip), unoffered)
            for number in numbers
            if len(number.digits) in lengths and not any(_same(number, extent) for extent in extents)
        ]
    return _as_places(weighed, nowhere)


def numbers_in(page: Page, strip: Strip, reader: ColumnReader) -> list[Number]:
    """The numbers of a line, left to right."""
    margin = strip.margin
    gray, _ = cut_gray(page, strip, DIGIT_ROWS / (1.0 - 2.0 * margin))
    height = gray.shape[0]
    line = normalize_line(gray, margin * height, (1.0 - margin) * height)
    if line is None:
        return []
    digits = likeliest_digits(reader.see(line).columns)
    to_page = COLUMN / DIGIT_ROWS * _digit_height(strip)
    middles = [middle * to_page for _, middle in digits]
    apart = NUMBER_GAP * _digit_height(strip)
    edges = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(middles)) if b - a > apart), len(digits)]
    half = HALF_PITCH * _digit_height(strip)
    return [
        Number("".join(name for name, _ in digits[a:b]), tuple(middles[a:b]), half) for a, b in pairwise(edges) if a < b
    ]


def _told(numbers: Sequence[Number], extent: tuple[float, float], lengths: tuple[int, ...]) -> float:
    """What the digits inside a place say for it, log-odds."""
    start, stop = extent
    inside = [(middle, number.half) for number in numbers for middle in number.middles if start <= middle <= stop]
    if len(inside) < 2:
        return UNTOLD
    (first, half), (last, _) = inside[0], inside[-1]
    return TOLD if len(inside) in lengths and last - first + 2 * half >= SPANNED * (stop - start) else 0.0


def _same(number: Number, extent: tuple[float, float]) -> bool:
    """Whether a number and a place are one: what they share, of what they cover together."""
    start, stop = extent
    shared = min(number.stop, stop) - max(number.start, start)
    return shared >= SPANNED * (max(number.stop, stop) - min(number.start, start))


def _digit_height(strip: Strip) -> float:
    return strip.size[1] * (1.0 - 2.0 * strip.margin)


def _extent(field: Field, strip: Strip) -> tuple[float, float]:
    """Where a place begins and ends along its line, without the paper beside it."""
    angle = math.radians(strip.angle)
    off = np.array(field.center) - strip.center
    middle = float(off @ [math.cos(angle), math.sin(angle)]) + strip.size[0] / 2
    half = max(0.5, field.size[0] / 2 - SIDE_MARGIN * _digit_height(strip))
    return middle - half, middle + half


def place_of(number: Number, strip: Strip) -> Field:
    """The place of a number that was seen in a line, with a little paper beside it."""
    angle = math.radians(strip.angle)
    off = (number.start + number.stop) / 2 - strip.size[0] / 2
    center = strip.center[0] + off * math.cos(angle), strip.center[1] + off * math.sin(angle)
    margin = SIDE_MARGIN * _digit_height(strip)
    size = number.stop - number.start + 2 * margin, strip.size[1]
    return Field(center, size, strip.angle, "envelope", line=strip)


def _as_places(weighed: Sequence[tuple[Field, float]], nowhere: float) -> list[Field]:
    """Scores as log-odds of each place against all others and against there being none."""
    shares = np.exp([score for _, score in weighed])
    shares /= shares.sum() + nowhere
    places = [replace(field, prior=log_odds(float(share))) for (field, _), share in zip(weighed, shares, strict=True)]
    return sorted(places, key=lambda field: -field.prior)
