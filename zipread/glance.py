"""The places of a code on mail as one glance at the page shows them, the likeliest brought to the number there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from zipread.clean import cut_gray, sample_gray, separate_ink
from zipread.decode import log_odds, probability
from zipread.finder import NEGLIGIBLE, SURE_PLACE, Finder, Found
from zipread.records import Field, Page, Strip, written_lengths
from zipread.sequence import ColumnReader
from zipread.skim import Number, numbers_in, place_of

BESIDE = 3.0
"""Length of the line seen on either side of what the finder takes for the code, code heights."""
LONGER = 2.0
"""How many times as much of the line is seen where the number at the place goes on beyond what is seen."""
ABOVE = 0.4
"""Paper kept above and below a code, code heights."""
ASIDE = 0.3
"""Paper kept left and right of a code whose digits are not seen, code heights."""
TRIES = (((0.0, 1.0),), ((-0.4, 1.0), (0.4, 1.0)), ((0.0, 1.35),), ((-1.8, 1.0), (1.8, 1.0)))
"""Where the number is looked for until one is seen: how far below the place, and how high, code heights; at last on the
lines above and below. Of two tried at once the number that is nearer to the place counts."""
NO_NUMBER = 3.0
"""What a place loses where no number of the code's length is seen, log-odds. Of 1,228 made pages that the finder saw a
code on, the first look was right on 1,132 of the 1,171 with such a number, and on 17 of the 57 without, which would
make it 4.2; less, since digits that run together show none either."""
NEAR = 0.35
"""How far a number's middle may be from the place's, as a share of the place's length."""
COVERED = 0.8
"""Or what share of the place it covers: the finder may see the end of a long number alone."""
APART = 1.25
"""Least step between a code and what beside it is taken for digits, in usual steps from digit to digit."""
TALLER, FIT_DIGIT = 2.4, 24.0
"""Height of what is seen of a place to tell whether its digits reach out of it, code heights; pixels a code height."""
FIT, FEWEST = (0.6, 1.4), 3
"""Heights of what is taken for a digit there, code heights; the fewest such that are trusted."""
LEAST_ABOVE = 0.1
"""Paper above and below digits, code heights, from which a place holds them."""
LINE_BESIDE, LINE_ABOVE, LINE_DIGIT = 8.0, 1.0, 14.0
"""What is seen of a line for its direction: on either side and above and below, code heights; pixels a code height."""
TILTS = np.tan(np.radians(np.arange(-10.0, 10.5, 0.5)))
"""Slopes that a line may have against the direction that the finder saw."""
LEANING = 0.5
"""Share of the density that a slope of 1 costs."""
MOST_POINTS = 1000
"""Pixels of strokes' edges looked at for it."""
SAME = 0.4
"""Middles of one place are at most so far apart, as a share of its length."""
UNSEEN = 0.01
"""Probability that a place has which the glance did not see: real mail may look like none that trained it."""
UNOFFERED = 0.03
"""Probability that a place has which geometry did not offer."""
NO_PLACE = 0.25
"""Least probability for geometry that the page has no code at all: every piece that it was fitted on had one."""
BETWEEN = 0.5
"""Exponent of what geometry says between places: it was fitted on envelopes alone, the glance on more kinds of mail."""


def glance(page: Page, finder: Finder, columns: ColumnReader, digits: int) -> list[Field]:
    """Find the places of a code of `digits` digits on a mail piece, the likeliest first.

    Args:
        page: the page.
        finder: sees where a code may stand.
        columns: the second reader, which sees where exactly its digits are.
        digits: length of the code.

    Returns:
        Places with their log-odds, the first of them brought to the number that stands there, if one does, and where
        that leaves a doubt the others, too; none where no code is seen.
    """
    places = finder.find(page.gray)
    if not places:
        return []
    first = _number_near(page, places[0], columns, digits)
    if first is not None and places[0].probability >= SURE_PLACE:
        return [first, *map(_as_seen, places[1:])]
    # What a place loses, the others and there being none gain: one that shows a number may be the likeliest now.
    numbers = [first, *(_number_near(page, found, columns, digits) for found in places[1:])]
    loss = math.exp(-NO_NUMBER)
    told = [found.probability * (loss if n is None else 1.0) for found, n in zip(places, numbers, strict=True)]
    whole = sum(told) + max(NEGLIGIBLE, 1.0 - sum(found.probability for found in places))
    fields = [
        replace(_as_seen(found) if number is None else number, prior=log_odds(share / whole))
        for found, number, share in zip(places, numbers, told, strict=True)
    ]
    return sorted(fields, key=lambda field: -field.prior)


def joined(places: Sequence[Field], seen: Sequence[Field]) -> list[Field]:
    """Places found by geometry, weighed by what a glance has seen, and those that only the glance has seen.

    A product of experts (Hinton, ICANN 1999) over the places and there being none.

    Args:
        places: found by geometry, with log-odds.
        seen: at a glance, with log-odds.

    Returns:
        All of them with log-odds of each against all others, the likeliest first.
    """
    told = [max((probability(s.prior) for s in seen if _same(place, s)), default=0.0) for place in places]
    alone = [s for s in seen if not any(_same(place, s) for place in places)]
    fields = [*places, *alone]
    by_geometry = np.array([*(probability(place.prior) for place in places), *[UNOFFERED] * len(alone)])
    by_glance = np.array([*told, *(probability(s.prior) for s in alone)])
    nowhere = max(NO_PLACE, 1.0 - float(by_geometry.sum())) * max(UNSEEN, 1.0 - float(by_glance.sum()))
    between = by_geometry**BETWEEN
    between *= by_geometry.sum() / max(between.sum(), UNOFFERED)  # that there is any place at all counts in full
    shares = between * np.maximum(UNSEEN, by_glance)
    shares /= shares.sum() + nowhere
    weighed = [replace(field, prior=log_odds(float(share))) for field, share in zip(fields, shares, strict=True)]
    return sorted(weighed, key=lambda field: -field.prior)


def _same(one: Field, other: Field) -> bool:
    """Whether two rectangles are one place: their middles are near, and they are not on different sides or ends."""
    turned = abs((one.angle - other.angle + 180.0) % 360.0 - 180.0)
    return math.dist(one.center, other.center) < SAME * max(one.size[0], other.size[0]) and turned < 45.0


def line_angle(page: Page, place: Field) -> float:
    """The direction of the line of text that a place seen at a glance stands in, degrees in (-180, 180].

    The finder's is off by a degree or two, which reading bears. This is the one along which the edges of strokes, on
    the line and its neighbours, change most from row to row (after Postl, ICPR 1986), to half a degree. Dark and light
    ink have the same edges, and shade has none.
    """
    across = place.size[1] / (1.0 + 2.0 * ABOVE)
    size = place.size[0] + 2.0 * LINE_BESIDE * across, (1.0 + 2.0 * LINE_ABOVE) * across
    gray = sample_gray(page, Strip(place.center, size, place.angle, 0.0), LINE_DIGIT * size[1] / across)
    edges = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    _, mask = cv2.threshold(edges, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    ys, xs = np.nonzero(mask)
    if not len(ys):
        return place.angle
    step = len(ys) // MOST_POINTS + 1
    ys, xs = ys[::step], xs[::step] - mask.shape[1] / 2
    room = int(abs(TILTS).max() * mask.shape[1] / 2) + 2
    rows = np.rint(ys - TILTS[:, None] * xs).astype(np.int64) + room
    height = mask.shape[0] + 2 * room
    counts = np.bincount((rows + height * np.arange(len(TILTS))[:, None]).ravel(), minlength=height * len(TILTS))
    changes = np.diff(counts.reshape(len(TILTS), height).astype(np.float64), axis=1)
    # What is hardly denser along another direction leaves the line as it was seen.
    density = (changes**2).sum(axis=1) * (1.0 - LEANING * np.abs(TILTS))
    angle = place.angle + math.degrees(math.atan(TILTS[int(density.argmax())]))
    return 180.0 - (180.0 - angle) % 360.0


def fitted(page: Page, place: Field) -> Field:
    """A place seen at a glance, moved and made higher where digits in its middle reach out of it."""
    across = place.size[1] / (1.0 + 2.0 * ABOVE)
    strip = Strip(place.center, (place.size[0], TALLER * across), place.angle, 0.0)
    gray, _ = cut_gray(page, strip, TALLER * FIT_DIGIT)
    digit, middle = gray.shape[0] / TALLER, gray.shape[0] / 2
    ink = separate_ink(gray)[1]
    _, _, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(ink, 8, cv2.CV_32S, cv2.CCL_GRANA)
    tops, heights = stats[1:, cv2.CC_STAT_TOP], stats[1:, cv2.CC_STAT_HEIGHT]
    bottoms = tops + heights
    digits = (heights >= FIT[0] * digit) & (heights <= FIT[1] * digit) & (tops < middle) & (bottoms > middle)
    if digits.sum() < FEWEST:
        return place
    top, bottom = float(tops[digits].min()), float(bottoms[digits].max())
    if max(middle - top, bottom - middle) <= (0.5 + ABOVE - LEAST_ABOVE) * digit:
        return place
    off, height = ((top + bottom) / 2 - middle) * across / digit, (bottom - top) * across / digit
    turn = math.radians(place.angle)
    center = place.center[0] - off * math.sin(turn), place.center[1] + off * math.cos(turn)
    return replace(place, center=center, size=(place.size[0], (1.0 + 2.0 * ABOVE) * height))


def _number_near(page: Page, found: Found, columns: ColumnReader, digits: int) -> Field | None:
    """The field of the number of a code's length that is seen at a place; None where none is."""
    (along, across), lengths = found.size, written_lengths(digits)
    for tries in TRIES:
        strips = [_strip(found, off * across, taller * across) for off, taller in tries]
        told = [_number_of(page, strip, along, columns, lengths) for strip in strips]
        seen = [(number, strip) for number, strip in told if number is not None]
        if seen:
            # Of a number that one of two tries saw cut off the other may have seen all.
            number, strip = min(seen, key=lambda pair: (-len(pair[0].digits), _away(*pair)))
            return replace(place_of(number, strip), prior=log_odds(found.probability), line=None)
    return None


def _as_seen(found: Found) -> Field:
    """A place as the finder saw it, with paper around."""
    along, across = found.size
    size = along + 2.0 * ASIDE * across, (1.0 + 2.0 * ABOVE) * across
    return Field(found.center, size, found.angle, "envelope", prior=log_odds(found.probability))


def _strip(found: Found, off: float, height: float) -> Strip:
    """The line through a place and beside it; `off` below it and for digits of some height, pixels of the page."""
    turn = math.radians(found.angle)
    center = found.center[0] - off * math.sin(turn), found.center[1] + off * math.cos(turn)
    size = found.size[0] + 2.0 * BESIDE * found.size[1], (1.0 + 2.0 * ABOVE) * height
    return Strip(center, size, found.angle, ABOVE / (1.0 + 2.0 * ABOVE))


def _number_of(
    page: Page, strip: Strip, along: float, columns: ColumnReader, lengths: tuple[int, ...]
) -> tuple[Number | None, Strip]:
    """The number of a code's length at a place `along` a strip, and as much of the line as shows all of it."""
    numbers = numbers_in(page, strip, columns)
    number = _number_at(numbers, strip, along, lengths)
    first, last = (strip.size[0] - along) / 2, (strip.size[0] + along) / 2
    there = [n for n in numbers if n.stop > first and n.start < last]
    if all(_is_whole(n, strip) for n in there) or (number is not None and _is_whole(number, strip)):
        return number, strip
    longer = replace(strip, size=(LONGER * strip.size[0], strip.size[1]))
    return _number_at(numbers_in(page, longer, columns), longer, along, lengths), longer


def _is_whole(number: Number, strip: Strip) -> bool:
    """Whether a number ends on either side before its line is seen no further."""
    return number.start > number.half and number.stop < strip.size[0] - number.half


def _number_at(numbers: list[Number], strip: Strip, along: float, lengths: tuple[int, ...]) -> Number | None:
    """The number of a code's length at a place `along` a strip, or else such a part of one that stands apart."""
    there = [n for n in numbers if len(n.digits) in lengths and _stands_at(n, numbers, strip, along)]
    if not there:
        there = [
            part
            for number in numbers
            for part in _parts_apart(number, lengths)
            if _stands_at(part, [part, *(other for other in numbers if other is not number)], strip, along)
        ]
    return min(there, key=lambda number: _away(number, strip), default=None)


def _parts_apart(number: Number, lengths: tuple[int, ...]) -> list[Number]:
    """Parts of a number, as long as a code, that stand apart: letters beside a code may look like digits."""
    steps, parts = np.diff(number.middles), []
    for length in lengths:
        for first in range(len(number.digits) - length + 1):
            stop = first + length
            beside = steps[[at for at in (first - 1, stop - 1) if 0 <= at < len(steps)]]
            if (beside >= APART * np.median(steps[first : stop - 1])).all():
                parts.append(Number(number.digits[first:stop], number.middles[first:stop], number.half))
    return parts


def _stands_at(number: Number, line: list[Number], strip: Strip, along: float) -> bool:
    """Whether a number of a line stands at a place `along` its strip.

    What other digits of the place stand before is the end of a longer number; after a code its +4 may stand.
    """
    middle = strip.size[0] / 2
    first = min((m for other in line for m in other.middles if m >= middle - along / 2), default=0.0)
    covered = min(number.stop, middle + along / 2) - max(number.start, middle - along / 2)
    return number.start <= first and (_away(number, strip) <= NEAR * along or covered >= COVERED * along)


def _away(number: Number, strip: Strip) -> float:
    """How far a number's middle is from that of its line, pixels of the page."""
    return abs((number.start + number.stop) / 2 - strip.size[0] / 2)
