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
from zipread.records import Field, Page, Strip
from zipread.sequence import COLUMN, DIGIT_ROWS, ColumnReader, normalize_line

ADD_ON_DIGITS = 4
"""Digits of the add-on that may follow a ZIP code (ZIP+4)."""
ZIP_DIGITS = 5

NUMBER_GAP = 1.6
"""Distance between the middles of digits from which they are of two numbers, digit heights."""

HALF_PITCH = 0.4
"""From the middle of a number's first or last digit to its end, digit heights."""

SIDE_MARGIN = 0.3
"""Paper kept beside a number that no place had been offered for, digit heights."""

SAME_PLACE = 0.6
"""Overlap along the line (intersection over union) from which a number and an offered place are one."""

TOLD, UNTOLD, UNOFFERED = 2.0, -2.0, -1.0
"""Log-odds for a place where a number of the code's length stands, for one where none does, and for a place that
geometry had not offered (beside the best place on its line). Fitted on made mail by writers that trained nothing."""


@dataclass(frozen=True, slots=True)
class Number:
    """Digits of a line that stand together."""

    digits: str
    start: float  # along the strip, pixels of the page from its left end
    stop: float


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
    lengths = (digits, digits + ADD_ON_DIGITS) if digits == ZIP_DIGITS else (digits,)
    # In shares of all places, of which there may be none, evidence for one is evidence against the others.
    scores = [math.log(probability(field.prior)) for field in fields]
    nowhere = max(1e-3, 1.0 - sum(map(probability, (field.prior for field in fields))))
    weighed = [(field, score) for field, score in zip(fields, scores, strict=True) if field.line is None]
    for strip in dict.fromkeys(field.line for field in fields if field.line is not None):
        here = [(field, score) for field, score in zip(fields, scores, strict=True) if field.line == strip]
        codes = [number for number in numbers_in(page, strip, reader) if len(number.digits) in lengths]
        best = max(score for _, score in here)
        for field, score in here:
            told = [code for code in codes if _overlap(code, _extent(field, strip)) >= SAME_PLACE]
            weighed.append((field, score + (TOLD if told else UNTOLD)))
            codes = [code for code in codes if code not in told]
        weighed += [(_place_of(code, strip), best + UNOFFERED + TOLD) for code in codes]
    return _as_places(weighed, nowhere)


def numbers_in(page: Page, strip: Strip, reader: ColumnReader) -> list[Number]:
    """The numbers of a line, left to right."""
    margin = strip.margin
    gray, _ = cut_gray(page, strip, DIGIT_ROWS / (1.0 - 2.0 * margin))
    height = gray.shape[0]
    line = normalize_line(gray, margin * height, (1.0 - margin) * height)
    if line is None:
        return []
    digits = likeliest_digits(reader.columns(line))
    to_page = COLUMN / DIGIT_ROWS * _digit_height(strip)
    middles = [middle * to_page for _, middle in digits]
    apart = NUMBER_GAP * _digit_height(strip)
    edges = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(middles)) if b - a > apart), len(digits)]
    half = HALF_PITCH * _digit_height(strip)
    return [
        Number("".join(name for name, _ in digits[a:b]), middles[a] - half, middles[b - 1] + half)
        for a, b in pairwise(edges)
        if a < b
    ]


def _digit_height(strip: Strip) -> float:
    return strip.size[1] * (1.0 - 2.0 * strip.margin)


def _extent(field: Field, strip: Strip) -> Number:
    """Where a place stands along its line."""
    angle = math.radians(strip.angle)
    off = np.array(field.center) - strip.center
    middle = off @ [math.cos(angle), math.sin(angle)] + strip.size[0] / 2
    half = max(0.5, field.size[0] / 2 - SIDE_MARGIN * _digit_height(strip))
    return Number("", float(middle - half), float(middle + half))


def _overlap(a: Number, b: Number) -> float:
    shared = min(a.stop, b.stop) - max(a.start, b.start)
    return max(0.0, shared) / (max(a.stop, b.stop) - min(a.start, b.start))


def _place_of(number: Number, strip: Strip) -> Field:
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
