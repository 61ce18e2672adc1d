"""Where the code of an envelope can stand: runs of letters in its lines, best place first.

Geometry alone cannot tell digits from letters; it only orders the places, and the reader decides between them by
what it reads there. So every run that could hold the code is offered, and none is counted strictly: digits touch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zipread.locate.lines import Block, Text, TextLine, find_blocks
from zipread.locate.upright import Span, Upright, span_to_field
from zipread.records import Field

DIGIT_PITCH = 0.82
"""Typical distance between digits, digit heights: 0.6 in narrow print, 1.3 in wide writing."""
PITCH_SPREAD = 0.42
"""Standard deviation of its logarithm."""
WORD_GAP = 0.10
"""Gaps up to this are never the end of a word, letter heights."""
LEAST_GAP = 0.05
"""Added to gaps before they are compared, letter heights."""
RUNS_PER_LINE = 4
"""Most places offered on one line."""
MARGIN = 0.22
"""Paper kept above, below and beside a code, digit heights."""
ADD_ON_DIGITS = 4
"""Digits of the ZIP+4 add-on."""


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring letters of a line that may be the code."""

    line: TextLine
    start: int  # first letter
    stop: int  # one past the last
    gap_before: float  # letter heights; infinite at the line's ends
    gap_after: float
    gap_inside: float  # widest, letter heights


def find_codes(upright: Upright, text: Text, digits: int, limit: int) -> list[Field]:
    """Places where a code of `digits` digits can stand on an envelope, best prior first, at most `limit`."""
    found: list[tuple[float, Span]] = []
    blocks = find_blocks(text.lines)
    for block in blocks:
        place = _block_score(block, upright.page_size)
        for row, lines in enumerate(block.rows):
            from_end = len(block.rows) - 1 - row
            line_score = place + _row_score(from_end, block, text)
            for piece, line in enumerate(lines):
                last = piece == len(lines) - 1
                scored = [(line_score + _run_score(run, digits, last), run) for run in _runs(line, digits)]
                scored.sort(key=lambda item: -item[0])
                best = [(score, _tight_span(run, text.pieces)) for score, run in scored[: 2 * RUNS_PER_LINE]]
                found += _distinct(best, RUNS_PER_LINE)
    found.sort(key=lambda item: -item[0])
    chosen = _distinct(found, limit)
    return [span_to_field(upright, span, "envelope", prior) for prior, span in chosen]


def _runs(line: TextLine, digits: int) -> Iterator[Run]:
    """Runs whose gaps outside are wider than those inside: the words of a line, at every scale of spacing."""
    letters = line.letters
    gaps = np.maximum(letters[1:, 0] - np.maximum.accumulate(letters[:, 2])[:-1], 0.0) / line.height
    shortest, longest = 0.45 * digits * line.height, 2.2 * digits * line.height
    pending = [(0, len(letters), math.inf, math.inf)]
    while pending:
        start, stop, before, after = pending.pop()
        width = float(letters[start:stop, 2].max() - letters[start, 0])
        if width < shortest:
            continue
        inside = gaps[start : stop - 1]
        widest = float(inside.max()) if inside.size else 0.0
        if width <= longest:
            yield Run(line, start, stop, before, after, widest)
        if widest <= WORD_GAP:
            continue
        # Gaps within a tenth of the widest are one kind of gap: split at all of them at once, and at the last alone.
        cuts = start + 1 + np.flatnonzero(inside >= 0.8 * widest)
        edges = [start, *cuts.tolist(), stop]
        outer = [before, *(float(gaps[cut - 1]) for cut in cuts), after]
        for i in range(len(edges) - 1):
            pending.append((edges[i], edges[i + 1], outer[i], outer[i + 1]))
            # Two neighbours together: a code may have one gap as wide as the gap before it.
            if len(cuts) > 1 and i + 2 < len(edges):
                joined = Run(line, edges[i], edges[i + 2], outer[i], outer[i + 2], outer[i + 1])
                span = float(letters[edges[i] : edges[i + 2], 2].max() - letters[edges[i], 0])
                if shortest <= span <= longest:
                    yield joined


def _run_score(run: Run, digits: int, last_piece: bool) -> float:
    """Log-odds that a run is the code, from its shape and its place in the line."""
    letters = run.line.letters[run.start : run.stop]
    tall = letters[:, 3] - letters[:, 1]
    body = letters[tall >= 0.5 * np.quantile(tall, 0.8)]
    height = max(float(np.median(body[:, 3] - body[:, 1])), 1.0)
    width = float(body[:, 2].max() - body[:, 0].min())
    score = _shape_score(width / height, len(body), digits)
    if digits == 5:
        score = max(score, _shape_score(width / height, len(body), digits + ADD_ON_DIGITS) - 0.5)
    # Digits are of one height and stand on one line; words have ascenders, descenders and capitals.
    score -= 2.0 * min(1.0, float(np.std(body[:, 3] - body[:, 1])) / height)
    score -= 2.0 * min(1.0, float(np.std(body[:, 3])) / height)
    wide = float(np.mean(body[:, 2] - body[:, 0] > 1.1 * height))
    score -= 1.0 * wide
    outside = min(run.gap_before, run.gap_after, 1.5)
    separation = math.log((outside + LEAST_GAP) / (run.gap_inside + LEAST_GAP))
    score += 1.5 * max(-1.0, min(1.3, separation))
    if math.isinf(run.gap_after) and last_piece:
        return score + 1.2
    return score + (0.2 if math.isinf(run.gap_before) or math.isinf(run.gap_after) else -0.6)


def _shape_score(aspect: float, pieces: int, digits: int) -> float:
    off = math.log(max(aspect, 0.05) / (DIGIT_PITCH * digits)) / PITCH_SPREAD
    surplus = pieces - digits
    return 1.0 - 0.5 * off * off - (0.5 * max(0, surplus) + 0.25 * max(0, -surplus))


def _row_score(from_end: int, block: Block, text: Text) -> float:
    """Log-odds for a row of a block: the code ends the last row, or stands above a country or a barcode."""
    score = (1.5, 0.7, 0.0, -0.5)[min(from_end, 3)]
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
        return score - 1.5  # return address
    if y < 0.36 and x > 0.62:
        return score - 1.2  # stamp, postmark, permit imprint
    return score + 0.8 * (1.0 - min(1.0, 2.5 * math.hypot(x - 0.55, y - 0.6)))


def _tight_span(run: Run, pieces: np.ndarray) -> Span:
    """The run's box with its small pieces (the bar of a 5, a broken stroke) and a margin short of its neighbours."""
    letters = run.line.letters[run.start : run.stop]
    left, top = float(letters[:, 0].min()), float(letters[:, 1].min())
    right, bottom = float(letters[:, 2].max()), float(letters[:, 3].max())
    height = run.line.height
    if len(pieces):
        # The lower part beside the code is a comma's or full stop's place, not a broken digit's.
        upper = (pieces[:, 3] <= bottom - 0.4 * height) & (pieces[:, 1] >= top - 0.3 * height)
        beside = (pieces[:, 0] <= right + 0.15 * height) & (pieces[:, 2] >= left - 0.15 * height)
        near = pieces[upper & beside & (pieces[:, 2] - pieces[:, 0] < height)]
        if len(near):
            left, top = min(left, float(near[:, 0].min())), min(top, float(near[:, 1].min()))
            right = max(right, float(near[:, 2].max()))
    across = MARGIN * height
    before = min(across, 0.4 * run.gap_before * height)
    after = min(across, 0.4 * run.gap_after * height)
    return Span(left, top, right, bottom).grown(before, across, after, across)


def _distinct(ranked: list[tuple[float, Span]], limit: int) -> list[tuple[float, Span]]:
    """The best `limit` places, leaving out those that nearly repeat a better one."""
    kept: list[tuple[float, Span]] = []
    for score, span in ranked:
        if all(_overlap(span, other) < 0.85 for _, other in kept):
            kept.append((score, span))
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
