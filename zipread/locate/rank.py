"""How likely each run of letters is to be the recipient's code, from its shape and its place on the mail piece.

A conditional logit (McFadden, 1974) over the runs of one page: each run has features, the score is their weighted
sum, and the runs' scores compete. The weights were fitted on made mail whose fonts and writers train.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from zipread.locate.lines import MAX_GAP, Block, Text, TextLine
from zipread.locate.runs import Runs
from zipread.locate.upright import Upright
from zipread.records import ADD_ON_DIGITS, ZIP_DIGITS

DIGIT_PITCH = 0.82
"""Typical distance between digits, digit heights: 0.6 in narrow print, 1.3 in wide writing."""
PITCH_SPREAD = (0.4, 0.6)
"""Standard deviation of its logarithm, for narrower and for wider spacing."""
LEAST_GAP = 0.05
"""Added to gaps before they are compared, letter heights."""

LETTER_WEIGHTS = {
    "shape": 2.3,  # width and number of pieces, as of so many digits
    "heights": -2.3,  # letters of unequal height
    "feet": -0.5,  # letters that do not stand on one line
    "exact": 1.5,  # exactly as many pieces as digits
    "separation": 1.9,  # gaps around wider than gaps inside
}
RUN_WEIGHTS = {
    **LETTER_WEIGHTS,
    # its place in the line
    "add-on": -0.4,  # behind a hyphen: the +4, the tail of a telephone number
    "ends": 0.0,  # ends its line
    "hyphened": 3.3,  # a hyphen follows
    "begins": -2.4,
    "alone": -1.2,  # begins and ends its line
    "inside": -1.0,
    "after two": 1.6,  # letters: a state
    "right": -0.2,  # letter heights from the right end of its row
}
LINE_WEIGHTS = {
    # the line
    "size": 2.2,  # letters larger than is usual on the page
    "last piece": 0.5,  # of the row
    "alone in row": -1.1,
    "last row": 3.4,
    "row before": -0.1,
    "two before": -1.6,
    "further up": -1.7,
    "barcode": 1.1,  # below the last row
    "short last row": 0.6,  # the last row is much shorter than the row above: a country, or the code alone
    "above short": 1.9,
    # its block
    "one row": -0.4,
    "two rows": -0.7,
    "address": 1.1,  # three to seven rows
    "text": -0.2,
    "main": 1.0,  # weight of the block, relative to the heaviest
    "sender": -4.1,  # upper left corner
    "stamp": -2.1,  # upper right corner
    "middle": 3.7,  # nearness to where recipients stand
    "lower edge": -0.1,
    "off": -0.6,  # beside the piece
}
"""Log-odds for each unit of each feature, in the order in which the features are worked out."""

TORN, TORN_GAP = 0.6, 0.35
"""Separation (as the feature) and gap, in letter heights, below which a run is torn out of a longer number or word.

Of 378 codes on made mail whose fonts and writers train fewer than 1 in 100 stand so, of 60 numbers below barcodes half.
"""
TORN_COST = 4.0
"""Log-odds against such a run; of mail alone the weights could not learn what a page without a code holds."""
TRUST = 0.6
"""Share at which the weights count: mail of the world differs from the made mail that they were fitted on."""
SHORT_ROW = 0.45
"""A last row is short below this share of the row above it."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines that can be of an address, with what their blocks say about them."""

    lines: list[TextLine]
    features: np.ndarray  # (n, m) float64, in the order of LINE_WEIGHTS
    row_right: np.ndarray  # (n,) right end of each line's row, working pixels


def score_runs(runs: Runs, lines: Lines, digits: int) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds (k,) that each run is the code, up to a constant that is the same for all of a page.

    And the part (k,) of it that a run has of its letters' shapes and gaps alone, wherever it stands.
    """
    run_features, line_features = features(runs, lines, digits)
    weighted = run_features * np.array(list(RUN_WEIGHTS.values()))
    of_lines = line_features @ np.array(list(LINE_WEIGHTS.values()))
    scores = TRUST * (weighted.sum(axis=1) + of_lines[runs.line]) - TORN_COST * _are_torn(runs)
    return scores, TRUST * weighted[:, : len(LETTER_WEIGHTS)].sum(axis=1)


def _are_torn(runs: Runs) -> np.ndarray:
    """Which runs (k,) bool are torn out of a longer number or word; a hyphen beside a run is an end of it."""
    before = np.where(runs.dash_before, MAX_GAP, runs.gap_before)
    after = np.where(runs.dash_after, MAX_GAP, runs.gap_after)
    outside = np.minimum(before, after)
    return (outside < TORN_GAP) & (_separation(outside, runs.gap_inside) < TORN)


def _separation(outside: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """How much wider the gaps around runs are than those inside, (k,) logarithms; gaps in letter heights."""
    return np.log((np.minimum(outside, MAX_GAP) + LEAST_GAP) / (inside + LEAST_GAP))


def features(runs: Runs, lines: Lines, digits: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of the runs (k, len(RUN_WEIGHTS)) and of the lines (n, len(LINE_WEIGHTS))."""
    if not len(runs.line):
        return np.empty((0, len(RUN_WEIGHTS))), lines.features
    at, first, run = runs.flat()
    tall = runs.letters[at, 3] - runs.letters[at, 1]
    taller = _of_rank(tall, run, first + (0.8 * (runs.stop - runs.start - 1)).astype(np.int64))
    body = tall >= 0.5 * taller[run]
    at, run, tall = at[body], run[body], tall[body]
    count = np.bincount(run)
    first = np.cumsum(count) - count
    height = _of_rank(tall, run, first + count // 2)
    right = np.maximum.reduceat(runs.letters[at, 2], first)
    aspect = (right - runs.letters[at[first], 0]) / height
    shape = _shape_scores(aspect, count, digits)
    exact = count == digits
    if digits == ZIP_DIGITS:
        shape = np.maximum(shape, _shape_scores(aspect, count, digits + ADD_ON_DIGITS) - 0.5)
        exact |= count == digits + ADD_ON_DIGITS
    separation = _separation(np.minimum(runs.gap_before, runs.gap_after), runs.gap_inside)
    ends, begins = np.isinf(runs.gap_after), np.isinf(runs.gap_before)
    add_on = runs.dash_before
    place = (
        add_on,
        ends & ~add_on,
        runs.dash_after & ~ends & ~add_on,
        begins & ~ends & ~add_on & ~runs.dash_after,
        begins & ends & ~add_on,
        ~(add_on | ends | runs.dash_after | begins),
    )
    return np.stack(
        [
            shape,
            np.minimum(1.0, _deviations(tall, run, count) / height),
            np.minimum(1.0, _deviations(runs.letters[at, 3], run, count) / height),
            exact,
            np.clip(separation, -1.0, 1.3),
            *place,
            runs.after_two,
            np.clip((lines.row_right[runs.line] - right) / height, 0.0, 8.0),
        ],
        axis=1,
    ), lines.features


def describe_lines(blocks: list[Block], text: Text, upright: Upright, tallest: float) -> Lines:
    """Collect the lines of all blocks that are no taller than `tallest` pixels, with their features."""
    typical = float(np.median([line.height for line in text.lines])) if text.lines else 1.0
    weights = [sum(line.height * (line.right - line.left) for line in block.lines) for block in blocks]
    most = max(weights, default=1.0)
    lines: list[TextLine] = []
    found: list[list[float]] = []
    right: list[float] = []
    for block, weight in zip(blocks, weights, strict=True):
        place = [*_block_features(block, upright)]
        place.insert(4, max(-4.0, math.log(weight / most)))
        for row, pieces in enumerate(block.rows):
            row_features = _row_features(row, block, text)
            row_right = max(line.right for line in pieces)
            for line in pieces:
                if line.height > tallest:
                    continue
                size = max(-1.4, min(1.4, math.log(line.height / typical)))
                lines.append(line)
                found.append([size, float(line is pieces[-1]), float(len(pieces) == 1), *row_features, *place])
                right.append(row_right)
    table = np.array(found, np.float64).reshape(-1, len(LINE_WEIGHTS))
    return Lines(lines, table, np.array(right))


def _row_features(row: int, block: Block, text: Text) -> list[float]:
    """Which row of its block it is, from the last; what stands below."""
    from_end = len(block.rows) - 1 - row
    values = [float(from_end == number) for number in range(3)] + [float(from_end > 2)]
    barcode = from_end == 0 and _has_barcode_below(block.rows[-1], text)
    short = len(block.rows) > 1 and _width(block.rows[-1]) < SHORT_ROW * _width(block.rows[-2])
    return [*values, float(barcode), float(short and from_end == 0), float(short and from_end == 1)]


def _width(row: tuple[TextLine, ...]) -> float:
    return max(line.right for line in row) - row[0].left


def _has_barcode_below(row: tuple[TextLine, ...], text: Text) -> bool:
    left, right, bottom = row[0].left, row[-1].right, row[-1].bottom
    return any(
        bar.left < right and bar.right > left and 0 <= bar.middle - bottom <= 4 * row[-1].height
        for bar in text.barcodes
    )


def _block_features(block: Block, upright: Upright) -> list[float]:
    """How many rows, and where on the piece: the recipient's block is in the middle or below, right of the middle."""
    rows = len(block.rows)
    values = [float(rows == 1), float(rows == 2), float(2 < rows <= 7), float(rows > 7)]
    left, right = min(line.left for line in block.lines), max(line.right for line in block.lines)
    middle = (block.rows[0][0].top + block.rows[-1][0].bottom) / 2
    u, v, w = upright.to_piece @ [(left + right) / 2, middle, 1.0]
    x, y = float(u / w), float(v / w)
    off = not (-0.02 < x < 1.02 and -0.02 < y < 1.02)
    sender, stamp = y < 0.36 and x < 0.42, y < 0.36 and x > 0.62
    near = 1.0 - min(1.0, 2.5 * math.hypot(x - 0.55, y - 0.6))
    return [*values, float(sender and not off), float(stamp and not off), near, float(y > 0.88), float(off)]


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
