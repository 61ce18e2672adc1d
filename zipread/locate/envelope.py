"""Where the code of an envelope can stand: runs of letters in its lines, best place first.

Geometry alone cannot tell digits from letters; it only orders the places, and the reader decides between them by
what it reads there. So every run that could hold the code is offered, and none is counted strictly: digits touch.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from zipread.locate.lines import Text, TextLine, find_blocks
from zipread.locate.rank import describe_lines, score_runs
from zipread.locate.runs import Runs, find_runs
from zipread.locate.upright import Span, Upright, span_to_field
from zipread.records import Field, Strip

MOST_LINES = 400
"""Most lines looked into, the tallest: no mail has as many, but the grain of rough paper can look like more."""
RUNS_PER_LINE = 4
"""Most places offered on one line."""
SAME_PLACE = 0.85
"""Overlap (intersection over union) from which two runs are one place."""
MARGIN = 0.46
"""Paper kept above, below and beside a code, digit heights."""
STRIP_MARGIN = 0.4
"""Paper kept around a whole line, heights of its tall letters."""
TALL = 0.8
"""Letters this tall are tall, as a share of the height that this share of a line's letters do not exceed."""
LEAST_SLOPE, GREATEST_SLOPE = 0.012, 0.12
"""Slopes of a line against its page that are followed: less does no harm, more is no line."""
MAX_PAGE_SHARE = 0.35
"""Letters taller than this share of the page are no address."""


def find_codes(upright: Upright, text: Text, digits: int, limit: int) -> list[Field]:
    """Places where a code of `digits` digits can stand on an envelope, best first, at most `limit`.

    The fields' priors are scores: log-odds up to a constant that is the same for all of a page.
    """
    described = describe_lines(find_blocks(_tallest(text.lines)), text, upright, MAX_PAGE_SHARE * upright.size[1])
    lines = described.lines
    runs = find_runs(lines, text.pieces, digits)
    scores, of_letters = score_runs(runs, described, digits)
    sloped: dict[int, tuple[float, Strip]] = {}
    fields = []
    for run in _distinct(runs, scores, limit):
        owner = int(runs.line[run])
        if owner not in sloped:
            slope = _slope(lines[owner])
            sloped[owner] = slope, _strip(upright, lines[owner], slope)
        slope, strip = sloped[owner]
        span = _framed(runs, run, lines[owner].height, text.pieces, slope)
        field = span_to_field(upright, span, "envelope", float(scores[run]), tilt=math.degrees(math.atan(slope)))
        fields.append(replace(field, line=strip, of_letters=float(of_letters[run])))
    return fields


def _strip(upright: Upright, line: TextLine, slope: float) -> Strip:
    """The whole of a line, with a margin above and below its tall letters."""
    tall = line.letters[:, 3] - line.letters[:, 1]
    at = int(TALL * (len(tall) - 1))
    letters = line.letters[tall >= TALL * np.partition(tall, at)[at]]
    edges = np.sort(_level(letters, (line.left + line.right) / 2, slope)[:, [1, 3]], axis=0)
    top, bottom = edges[len(edges) // 2].tolist()
    margin = STRIP_MARGIN * (bottom - top)
    span = Span(line.left, top, line.right, bottom).grown(margin, margin, margin, margin)
    place = span_to_field(upright, span, "envelope", 0.0, tilt=math.degrees(math.atan(slope)))
    return Strip(place.center, place.size, place.angle, margin / span.height)


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
