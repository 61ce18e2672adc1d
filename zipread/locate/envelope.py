"""Where the code of an envelope can stand: runs of letters in its lines, best place first.

Geometry alone cannot tell digits from letters; it only orders the places, and the reader decides between them by
what it reads there. So every run that could hold the code is offered, and none is counted strictly: digits touch.
"""

from __future__ import annotations

import math

import numpy as np

from zipread.locate.lines import MAX_GAP, Block, Text, TextLine, find_blocks
from zipread.locate.runs import ADD_ON_DIGITS, Runs, find_runs
from zipread.locate.upright import Span, Upright, span_to_field
from zipread.records import Field

DIGIT_PITCH = 0.82
"""Typical distance between digits, digit heights: 0.6 in narrow print, 1.3 in wide writing."""
PITCH_SPREAD = (0.4, 0.6)
"""Standard deviation of its logarithm, for narrower and for wider spacing."""
LEAST_GAP = 0.05
"""Added to gaps before they are compared, letter heights."""
MOST_LINES = 400
"""Most lines looked into, the tallest: no mail has as many, but the grain of rough paper can look like more."""
RUNS_PER_LINE = 4
"""Most places offered on one line."""
SAME_PLACE = 0.85
"""Overlap (intersection over union) from which two runs are one place."""
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
    lines, base = _weighed_lines(upright, text)
    runs = find_runs(lines, text.pieces, digits)
    scores = base[runs.line] + _run_scores(runs, digits)
    slopes: dict[int, float] = {}
    fields = []
    for run in _distinct(runs, scores, limit):
        owner = int(runs.line[run])
        slope = slopes[owner] if owner in slopes else slopes.setdefault(owner, _slope(lines[owner]))
        span = _framed(runs, run, lines[owner].height, text.pieces, slope)
        tilt = math.degrees(math.atan(slope))
        fields.append(span_to_field(upright, span, "envelope", float(scores[run]), tilt=tilt))
    return fields


def _weighed_lines(upright: Upright, text: Text) -> tuple[list[TextLine], np.ndarray]:
    """The lines that can be of an address, and the log-odds (n,) for their places."""
    lines: list[TextLine] = []
    scores: list[float] = []
    typical = float(np.median([line.height for line in text.lines])) if text.lines else 1.0
    tallest = MAX_PAGE_SHARE * upright.page_size[1]
    for block in find_blocks(_tallest(text.lines)):
        place = _block_score(block, upright.page_size)
        for row, pieces in enumerate(block.rows):
            row_score = place + _row_score(len(block.rows) - 1 - row, block, text)
            for line in pieces:
                if line.height <= tallest:
                    size = max(-0.7, min(0.7, 0.5 * math.log(line.height / typical)))
                    lines.append(line)
                    scores.append(row_score + size + (LAST_IN_ROW if line is pieces[-1] else 0.0))
    return lines, np.array(scores, np.float64)


def _tallest(lines: tuple[TextLine, ...]) -> tuple[TextLine, ...]:
    """The MOST_LINES tallest lines, in their order."""
    if len(lines) <= MOST_LINES:
        return lines
    order = np.argsort([-line.height for line in lines], kind="stable")
    return tuple(lines[i] for i in sorted(order[:MOST_LINES].tolist()))


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


def _run_scores(runs: Runs, digits: int) -> np.ndarray:
    """Log-odds (k,) that each run is the code, from its shape and its place in the line; up to a constant."""
    if not len(runs.line):
        return np.empty(0)
    at, first, run = runs.flat()
    tall = runs.letters[at, 3] - runs.letters[at, 1]
    taller = _of_rank(tall, run, first + (0.8 * (runs.stop - runs.start - 1)).astype(np.int64))
    body = tall >= 0.5 * taller[run]
    at, run, tall = at[body], run[body], tall[body]
    count = np.bincount(run)
    first = np.cumsum(count) - count
    height = _of_rank(tall, run, first + count // 2)
    aspect = (np.maximum.reduceat(runs.letters[at, 2], first) - runs.letters[at[first], 0]) / height
    score = _shape_scores(aspect, count, digits)
    if digits == ZIP_DIGITS:
        score = np.maximum(score, _shape_scores(aspect, count, digits + ADD_ON_DIGITS) - 0.5)
    # Digits are of one height and stand on one line; words have ascenders, descenders and capitals.
    score -= 2.0 * np.minimum(1.0, _deviations(tall, run, count) / height)
    score -= 2.0 * np.minimum(1.0, _deviations(runs.letters[at, 3], run, count) / height)
    wide = runs.letters[at, 2] - runs.letters[at, 0] > 1.1 * height[run]
    score -= np.bincount(run, wide) / count
    outside = np.minimum(np.minimum(runs.gap_before, runs.gap_after), MAX_GAP)
    separation = np.log((outside + LEAST_GAP) / (runs.gap_inside + LEAST_GAP))
    score += 1.5 * np.clip(separation, -1.0, 1.3)
    ends, begins = np.isinf(runs.gap_after), np.isinf(runs.gap_before)
    # A hyphen before: the add-on of a ZIP+4, the tail of a telephone number.
    return score + np.select([runs.dash_before, ends, runs.dash_after, begins], [-2.5, 1.0, 0.7, -0.5], -0.7)


def _of_rank(values: np.ndarray, run: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """The values (k,) at places `rank` (k,) when values (n,) are sorted within each run; `run` (n,) ascends."""
    return values[np.lexsort((values, run))][rank]


def _deviations(values: np.ndarray, run: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Standard deviations (k,) of the values (n,) of each run."""
    off = values - (np.bincount(run, values) / count)[run]
    return np.sqrt(np.bincount(run, off * off) / count)


def _shape_scores(aspect: np.ndarray, pieces: np.ndarray, digits: int) -> np.ndarray:
    """Log-odds (k,) for runs of an aspect (k,) and a number of pieces (k,), up to a constant."""
    off = np.log(np.maximum(aspect, 0.05) / (DIGIT_PITCH * digits))
    off /= np.where(off > 0, PITCH_SPREAD[1], PITCH_SPREAD[0])
    # Two pairs of touching digits are common, a code in one piece is not; pieces too many are letters.
    missing, surplus = np.maximum(0, digits - pieces), np.maximum(0, pieces - digits)
    return 1.0 - 0.5 * off * off - 0.5 * surplus - 0.2 * np.minimum(missing, 2) - 0.6 * np.maximum(0, missing - 2)


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


def _framed(runs: Runs, run: int, height: float, pieces: np.ndarray, slope: float) -> Span:
    """The run's box with its small pieces (the bar of a 5, a broken stroke) and a margin short of its neighbours.

    Along a sloping line the box is that of the letters brought level about the run's middle.
    """
    letters = runs.letters[runs.start[run] : runs.stop[run]]
    left, right = letters[:, 0].min(), letters[:, 2].max()
    pieces = pieces[(pieces[:, 0] <= right + 0.15 * height) & (pieces[:, 2] >= left - 0.15 * height)]
    letters, pieces = _level(letters, (left + right) / 2, slope), _level(pieces, (left + right) / 2, slope)
    top, bottom = letters[:, 1].min(), letters[:, 3].max()
    # The lower part beside the code is a comma's or full stop's place, not a broken digit's.
    upper = (pieces[:, 3] <= bottom - 0.4 * height) & (pieces[:, 1] >= top - 0.3 * height)
    hyphen = (pieces[:, 0] >= right) & (pieces[:, 1] > top + 0.2 * height)
    near = pieces[upper & ~hyphen & (pieces[:, 2] - pieces[:, 0] < height)]
    left, top = near[:, 0].min(initial=left), near[:, 1].min(initial=top)
    right = near[:, 2].max(initial=right)
    across = MARGIN * height
    before = min(across, 0.4 * runs.gap_before[run] * height)
    after = min(across, 0.4 * runs.gap_after[run] * height)
    return Span(float(left), float(top), float(right), float(bottom)).grown(float(before), across, float(after), across)


def _level(boxes: np.ndarray, middle: float, slope: float) -> np.ndarray:
    """Boxes (n, 4) moved up or down onto the level of a sloping line at x = middle."""
    rise = slope * ((boxes[:, 0] + boxes[:, 2]) / 2 - middle)
    return boxes - rise[:, None] * np.array([0.0, 1.0, 0.0, 1.0])


def _distinct(runs: Runs, scores: np.ndarray, limit: int) -> list[int]:
    """The best `limit` runs, at most RUNS_PER_LINE of a line, leaving out those that nearly repeat a better one."""
    boxes, owners = runs.spans.tolist(), runs.line.tolist()
    kept: list[int] = []
    of_line: dict[int, list[int]] = {}
    for run in np.argsort(-scores, kind="stable").tolist():
        box, rivals = boxes[run], of_line.setdefault(owners[run], [])
        if len(rivals) == RUNS_PER_LINE or any(_overlap(box, boxes[rival]) >= SAME_PLACE for rival in rivals):
            continue
        rivals.append(run)
        if all(_overlap(box, boxes[other]) < SAME_PLACE for other in kept):
            kept.append(run)
            if len(kept) == limit:
                break
    return kept


def _overlap(a: list[float], b: list[float]) -> float:
    """Intersection over union of two boxes: left, top, right, bottom."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
