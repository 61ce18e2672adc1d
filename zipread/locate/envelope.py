"""Where the code of an envelope can stand: runs of letters in its lines, best place first.

Geometry alone cannot tell digits from letters; it only orders the places, and the reader decides between them by
what it reads there. So every run that could hold the code is offered, and none is counted strictly: digits touch.
"""

from __future__ import annotations

import math

import numpy as np

from zipread.locate.lines import MAX_GAP, Block, Text, TextLine, find_blocks
from zipread.locate.runs import ADD_ON_DIGITS, Run, find_runs
from zipread.locate.upright import Span, Upright, span_to_field
from zipread.records import Field

DIGIT_PITCH = 0.82
"""Typical distance between digits, digit heights: 0.6 in narrow print, 1.3 in wide writing."""
PITCH_SPREAD = (0.4, 0.6)
"""Standard deviation of its logarithm, for narrower and for wider spacing."""
LEAST_GAP = 0.05
"""Added to gaps before they are compared, letter heights."""
RUNS_PER_LINE = 4
"""Most places offered on one line."""
MARGIN = 0.22
"""Paper kept above, below and beside a code, digit heights."""
LEAST_SLOPE, GREATEST_SLOPE = 0.012, 0.12
"""Slopes of a line against its page that are followed: less does no harm, more is no line."""
LAST_IN_ROW = 0.2
"""Log-odds for the last piece of a row that wide gaps have parted."""
ROW_SCORES = (2.6, 1.0, -0.6, -1.2)
"""Log-odds for the rows of an address, the last first: box and house numbers stand above, a country may stand below."""
MAX_PAGE_SHARE = 0.35
"""Letters taller than this share of the page are no address."""
ZIP_DIGITS = 5
"""Digits of a code that a ZIP+4 add-on may follow."""


def find_codes(upright: Upright, text: Text, digits: int, limit: int) -> list[Field]:
    """Places where a code of `digits` digits can stand on an envelope, best first, at most `limit`.

    The fields' priors are scores: log-odds up to a constant that is the same for all of a page.
    """
    found: list[tuple[float, Run]] = []
    typical = float(np.median([line.height for line in text.lines])) if text.lines else 1.0
    tallest = MAX_PAGE_SHARE * upright.page_size[1]
    for block in find_blocks(text.lines):
        place = _block_score(block, upright.page_size)
        for row, lines in enumerate(block.rows):
            row_score = place + _row_score(len(block.rows) - 1 - row, block, text)
            for line in lines:
                if line.height <= tallest:
                    size = max(-0.7, min(0.7, 0.5 * math.log(line.height / typical)))
                    base = row_score + size + (LAST_IN_ROW if line is lines[-1] else 0.0)
                    found += _best_runs(line, text.pieces, digits, base)
    chosen = _distinct(sorted(found, key=lambda item: -item[0]), limit)
    return [_as_field(upright, run, text.pieces, score) for score, run in chosen]


def _as_field(upright: Upright, run: Run, pieces: np.ndarray, score: float) -> Field:
    slope = _slope(run.line)
    span = _framed(run, pieces, slope)
    return span_to_field(upright, span, "envelope", score, tilt=math.degrees(math.atan(slope)))


def _slope(line: TextLine) -> float:
    """Slope of a line of its own: the median over pairs of letters' feet (Theil, 1950; Sen, 1968); 0 when unsure."""
    middle = (line.letters[:, 0] + line.letters[:, 2]) / 2
    tall = line.letters[:, 3] - line.letters[:, 1]
    body = tall >= 0.6 * line.height
    if np.count_nonzero(body) < 5 or line.right - line.left < 5 * line.height:
        return 0.0
    x, foot = middle[body], line.letters[body, 3]
    across = x[None] - x[:, None]
    apart = across > 2 * line.height
    slopes = (foot[None] - foot[:, None])[apart] / across[apart]
    slope = float(np.median(slopes)) if len(slopes) else 0.0
    return slope if LEAST_SLOPE <= abs(slope) <= GREATEST_SLOPE else 0.0


def _best_runs(line: TextLine, pieces: np.ndarray, digits: int, base: float) -> list[tuple[float, Run]]:
    """The line's best runs with their scores."""
    scored = [(base + _run_score(run, digits), run) for run in find_runs(line, pieces, digits)]
    return _distinct(sorted(scored, key=lambda item: -item[0]), RUNS_PER_LINE)


def _run_score(run: Run, digits: int) -> float:
    """Log-odds that a run is the code, from its shape and its place in the line; up to a constant."""
    tall = sorted(letter[3] - letter[1] for letter in run.letters)
    body = [letter for letter in run.letters if letter[3] - letter[1] >= 0.5 * tall[int(0.8 * (len(tall) - 1))]]
    heights = sorted(letter[3] - letter[1] for letter in body)
    height = heights[len(heights) // 2]
    aspect = (max(letter[2] for letter in body) - body[0][0]) / height
    score = _shape_score(aspect, len(body), digits)
    if digits == ZIP_DIGITS:
        score = max(score, _shape_score(aspect, len(body), digits + ADD_ON_DIGITS) - 0.5)
    # Digits are of one height and stand on one line; words have ascenders, descenders and capitals.
    score -= 2.0 * min(1.0, _deviation(heights) / height)
    score -= 2.0 * min(1.0, _deviation([letter[3] for letter in body]) / height)
    score -= sum(letter[2] - letter[0] > 1.1 * height for letter in body) / len(body)
    outside = min(run.gap_before, run.gap_after, MAX_GAP)
    separation = math.log((outside + LEAST_GAP) / (run.gap_inside + LEAST_GAP))
    score += 1.5 * max(-1.0, min(1.3, separation))
    if run.dash_before:
        return score - 2.5  # the add-on of a ZIP+4, the tail of a telephone number
    if math.isinf(run.gap_after):
        return score + 1.0
    return score + (0.7 if run.dash_after else -0.5 if math.isinf(run.gap_before) else -0.7)


def _deviation(values: list[float]) -> float:
    """Standard deviation."""
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def _shape_score(aspect: float, pieces: int, digits: int) -> float:
    off = math.log(max(aspect, 0.05) / (DIGIT_PITCH * digits))
    off /= PITCH_SPREAD[off > 0]
    # Two pairs of touching digits are common, a code in one piece is not; pieces too many are letters.
    missing, surplus = max(0, digits - pieces), max(0, pieces - digits)
    return 1.0 - 0.5 * off * off - 0.5 * surplus - 0.2 * min(missing, 2) - 0.6 * max(0, missing - 2)


def _row_score(from_end: int, block: Block, text: Text) -> float:
    """Log-odds for a row of a block: the code ends the last row, or stands above a country or a barcode."""
    score = ROW_SCORES[min(from_end, len(ROW_SCORES) - 1)]
    if from_end == 0:
        row = block.rows[-1]
        left, right, bottom = row[0].left, row[-1].right, row[-1].bottom
        near = any(
            bar.left < right and bar.right > left and 0 <= bar.middle - bottom <= 4 * row[-1].height
            for bar in text.barcodes
        )
        score += 0.5 if near else 0.0
    return score


def _block_score(block: Block, page_size: tuple[float, float]) -> float:
    """Log-odds for a block of a page: the recipient's is several lines in the middle or below, right of the middle."""
    rows = len(block.rows)
    score = -0.3 if rows == 1 else 0.4 if rows == 2 else 1.0 if rows <= 7 else -0.5
    left, right = min(line.left for line in block.lines), max(line.right for line in block.lines)
    x = (left + right) / 2 / page_size[0]
    y = (block.rows[0][0].top + block.rows[-1][0].bottom) / 2 / page_size[1]
    if y < 0.36 and x < 0.5:
        return score - 2.6  # return address
    if y < 0.36 and x > 0.62:
        return score - 2.2  # stamp, postmark, permit imprint
    return score + 0.8 * (1.0 - min(1.0, 2.5 * math.hypot(x - 0.55, y - 0.6)))


def _framed(run: Run, pieces: np.ndarray, slope: float) -> Span:
    """The run's box with its small pieces (the bar of a 5, a broken stroke) and a margin short of its neighbours.

    Along a sloping line the box is that of the letters brought level about the run's middle.
    """
    letters, height = np.array(run.letters), run.height
    middle = (letters[:, 0].min() + letters[:, 2].max()) / 2
    letters, pieces = _level(letters, middle, slope), _level(pieces, middle, slope)
    left, top = letters[:, :2].min(axis=0)
    right, bottom = letters[:, 2:].max(axis=0)
    # The lower part beside the code is a comma's or full stop's place, not a broken digit's.
    upper = (pieces[:, 3] <= bottom - 0.4 * height) & (pieces[:, 1] >= top - 0.3 * height)
    beside = (pieces[:, 0] <= right + 0.15 * height) & (pieces[:, 2] >= left - 0.15 * height)
    hyphen = (pieces[:, 0] >= right) & (pieces[:, 1] > top + 0.2 * height)
    near = pieces[upper & beside & ~hyphen & (pieces[:, 2] - pieces[:, 0] < height)]
    left, top = near[:, 0].min(initial=left), near[:, 1].min(initial=top)
    right = near[:, 2].max(initial=right)
    across = MARGIN * height
    before = min(across, 0.4 * run.gap_before * height)
    after = min(across, 0.4 * run.gap_after * height)
    return Span(float(left), float(top), float(right), float(bottom)).grown(before, across, after, across)


def _level(boxes: np.ndarray, middle: float, slope: float) -> np.ndarray:
    """Boxes (n, 4) moved up or down onto the level of a sloping line at x = middle."""
    rise = slope * ((boxes[:, 0] + boxes[:, 2]) / 2 - middle)
    return boxes - rise[:, None] * np.array([0.0, 1.0, 0.0, 1.0])


def _distinct(ranked: list[tuple[float, Run]], limit: int) -> list[tuple[float, Run]]:
    """The best `limit` runs, leaving out those that nearly repeat a better one."""
    kept: list[tuple[float, Run]] = []
    for score, run in ranked:
        if all(_overlap(run.span, other.span) < 0.85 for _, other in kept):
            kept.append((score, run))
            if len(kept) == limit:
                break
    return kept


def _overlap(a: Span, b: Span) -> float:
    """Intersection over union of two rectangles."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a.width * a.height + b.width * b.height - shared)
