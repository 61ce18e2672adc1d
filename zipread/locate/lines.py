"""From ink to text lines and blocks, on an upright page.

Letters are linked to their nearest neighbour on the right (in the manner of O'Gorman's docstrum, 1993, whose
distances scale with the letters), so lines of any size live side by side on one page. All lengths that matter are in
letter heights.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

RULE_LENGTH = 80
"""A straight run of ink at least this long is a rule or a frame, working pixels."""
SIEVE_STEP = 16
"""Distance of the samples by which rows with rules are told first, working pixels; divides RULE_LENGTH."""
MIN_LETTER = 6
"""Least height of a letter, working pixels."""
MAX_GAP = 2.4
"""Widest gap inside a line, letter heights: the digits of a code may stand far apart."""
MAX_HEIGHT_RATIO = 2.6
"""Heights of neighbours on a line, larger over smaller: small letters beside capitals, joined pairs."""
SCRAP_COST = 0.8
"""How much nearer a piece must be that is much smaller than the letter before it, letter heights."""
MIN_LINE_LENGTH = 1.2
"""Shortest line, letter heights: a code whose digits all touch is one wide piece, a lone letter is none."""
MOST_LABELS = 65_000
"""Components that labels of 16 bits can tell apart; they cost half as much as those of 32, and fail beyond."""
PICTURE_SIDE = 0.03
"""Least side of a stamp, a postmark or a drawing, shares of the page's shorter side."""
SLIM = 4.0
"""Height of a bar of a barcode for goods, bar widths, at least."""
BARCODE_BARS = 14
"""A run of at least this many equally spaced bars is a barcode."""
NEARLY_ALL, WIDEST_BAR = 0.9, 0.45
"""This share of a mail barcode's bars is narrower than this share of its height. Letters whose hairlines are lost, and
narrow ones, are as thin and as evenly spaced in the main, but some are wide: of 486 lines taken for barcodes on made
mail whose fonts and writers train 14 were text, every one with wider letters; of the barcodes 3 were as wide."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """Letters that stand on one line, left to right. Lengths in working pixels."""

    letters: np.ndarray  # (n, 4) float64: left, top, right, bottom
    height: float  # typical height of its taller letters
    left: float
    right: float
    middle: float  # y halfway up the typical letter

    @property
    def top(self) -> float:
        """Y of the typical letter's top."""
        return self.middle - self.height / 2

    @property
    def bottom(self) -> float:
        """Y of the typical letter's foot."""
        return self.middle + self.height / 2


@dataclass(frozen=True, slots=True)
class Text:
    """What is written on a page."""

    lines: tuple[TextLine, ...]
    pieces: np.ndarray  # (m, 4) float64: boxes of what stands on no line or alone: dots, dashes, broken strokes
    barcodes: tuple[TextLine, ...] = ()
    pictures: np.ndarray = field(default_factory=lambda: np.empty((0, 4)))  # (k, 4): boxes of stamps, postmarks, rings


def find_text(ink: np.ndarray) -> Text:
    """Find the text lines of an upright page; `ink` is (h, w) uint8, 255 ink / 0 paper."""
    letters, specks, pictures = _letters(_without_rules(ink))
    found, loose = _as_lines(letters, _linked(letters))
    lines: list[TextLine] = []
    barcodes: list[TextLine] = []
    for line in found:
        (barcodes if _is_barcode(line) else lines).append(line)
    # A line of one piece may be a code whose digits all touch, or a hyphen.
    single = [line.letters for line in lines if len(line.letters) == 1]
    return Text(tuple(lines), np.concatenate([specks, loose, *single]), tuple(barcodes), pictures)


def _without_rules(ink: np.ndarray) -> np.ndarray:
    """Ink less its long straight runs, so that an underline or a frame does not join the letters on it."""
    turned = cv2.transpose(ink)
    across, down = _long_runs(ink), _long_runs(turned)
    if len(down[0]):
        _rub_out(turned, *down)
        ink = cv2.transpose(turned)
    elif len(across[0]):
        ink = ink.copy()
    _rub_out(ink, *across)
    return ink


def _long_runs(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Horizontal runs of at least RULE_LENGTH ink pixels: the rows (n,) that hold any, and the runs (n, w) in them."""
    samples = np.ascontiguousarray(ink[:, ::SIEVE_STEP])
    rows = np.flatnonzero(_and_next(samples, RULE_LENGTH // SIEVE_STEP).max(axis=1, initial=0))
    begin = _and_next(ink[rows], RULE_LENGTH)
    hit = begin.max(axis=1, initial=0) > 0
    rows, begin = rows[hit], begin[hit]
    runs = np.zeros((len(rows), ink.shape[1]), np.uint8)
    runs[:, : begin.shape[1]] = begin
    covered = 1
    while covered < RULE_LENGTH and len(rows):
        step = min(covered, RULE_LENGTH - covered)
        runs[:, step:] = cv2.bitwise_or(runs[:, step:], runs[:, :-step])
        covered += step
    return rows, runs


def _rub_out(ink: np.ndarray, rows: np.ndarray, runs: np.ndarray) -> None:
    """Take the runs (n, w) of some rows, and the pixels around them, out of `ink`."""
    keep = cv2.bitwise_not(cv2.dilate(runs, np.ones((1, 3), np.uint8))) if len(rows) else runs
    for beside in (-1, 0, 1):
        inside = (rows + beside >= 0) & (rows + beside < len(ink))
        ink[rows[inside] + beside] &= keep[inside]


def _and_next(ink: np.ndarray, length: int) -> np.ndarray:
    """Where runs of `length` pixels begin in rows (h, w): (h, w - length + 1); doubling the step makes it cheap."""
    if ink.shape[1] < length or not len(ink):
        return ink[:, :0]
    covered = 1
    while covered < length:
        step = min(covered, length - covered)
        ink = cv2.bitwise_and(ink[:, :-step], ink[:, step:])
        covered += step
    return ink


def _letters(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes (n, 4) of components that may be letters or joined letters, of small pieces, and of what is larger."""
    labels = cv2.CV_16U if _run_count(ink) < MOST_LABELS else cv2.CV_32S
    _, _, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(ink, 8, labels, cv2.CCL_SPAGHETTI)
    left, top, width, height, area = stats[1:].T.astype(np.float64)
    boxes = np.stack([left, top, left + width, top + height], axis=1)
    fill = area / (width * height)
    page_height, page_width = ink.shape
    wave = (width > 4 * height) & (fill < 0.14)
    frame = (fill < 0.10) & (np.minimum(width, height) > 3 * MIN_LETTER)
    letter = (
        (height >= MIN_LETTER)
        & (height <= 0.98 * page_height)
        & (width <= 12 * height)
        & (height <= 14 * width)
        & ~wave
        & ~frame
        & ~((fill > 0.85) & (np.minimum(width, height) > 0.04 * max(page_height, page_width)))
    )
    speck = ~letter & (height < 3 * MIN_LETTER) & (width < 6 * MIN_LETTER) & (area >= 4)
    picture = ~letter & (np.minimum(width, height) > PICTURE_SIDE * min(page_height, page_width))
    return boxes[letter], boxes[speck], boxes[picture]


def _run_count(ink: np.ndarray) -> int:
    """At least the number of labels that the components may need while they are found."""
    return len(ink) + int(np.count_nonzero(ink[:, 1:] > ink[:, :-1]))


def _linked(boxes: np.ndarray) -> np.ndarray:
    """Group number (n,) of each letter: letters are joined by the link from each to its right neighbour."""
    count = len(boxes)
    first, second = _pairs_at_one_height(boxes)
    height = boxes[:, 3] - boxes[:, 1]
    small, large = np.minimum(height[first], height[second]), np.maximum(height[first], height[second])
    overlap = np.minimum(boxes[first, 3], boxes[second, 3]) - np.maximum(boxes[first, 1], boxes[second, 1])
    gap = boxes[second, 0] - boxes[first, 2]
    good = (overlap >= 0.5 * small) & (large <= MAX_HEIGHT_RATIO * small)
    good &= (gap <= MAX_GAP * large) & (gap >= -0.6 * large)
    good &= boxes[second, 2] > boxes[first, 2]
    # The next letter is nearer than what lies behind it, unless it is a scrap beside this one.
    cost = np.maximum(gap, 0) + SCRAP_COST * height[first] * (height[second] < 0.6 * height[first])
    first, second, cost = first[good], second[good], cost[good]
    order = np.lexsort((boxes[second, 0], cost, first))
    first, second = first[order], second[order]
    nearest = np.ones(len(first), bool)
    nearest[1:] = first[1:] != first[:-1]
    target = np.arange(count)
    target[first[nearest]] = second[nearest]
    # Every letter points to the right; following the pointers twice as far each time ends at the line's last letter.
    while not np.array_equal(target, target[target]):
        target = target[target]
    return target


def _pairs_at_one_height(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index pairs (i, j) where j's middle lies within i's height and j is further right."""
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    order = np.argsort(middle, kind="stable")
    start = np.searchsorted(middle[order], boxes[:, 1])
    stop = np.searchsorted(middle[order], boxes[:, 3])
    number = np.maximum(stop - start, 0)
    first = np.repeat(np.arange(len(boxes)), number)
    within = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    second = order[np.repeat(start, number) + within]
    across = boxes[:, 0] + boxes[:, 2]
    after = across[second] > across[first]
    return first[after], second[after]


def _as_lines(boxes: np.ndarray, group: np.ndarray) -> tuple[list[TextLine], np.ndarray]:
    """Lines from letters (n, 4) and the group number (n,) of each, and the letters that stand alone."""
    order = np.lexsort((boxes[:, 0], group))
    boxes, group = boxes[order], group[order]
    start = np.flatnonzero(np.r_[True, group[1:] != group[:-1]]) if len(group) else np.empty(0, np.int64)
    size = np.diff(np.r_[start, len(group)])
    tall = boxes[:, 3] - boxes[:, 1]
    centre = (boxes[:, 1] + boxes[:, 3]) / 2
    height = tall[np.lexsort((tall, group))][start + (0.7 * (size - 1)).astype(np.int64)]
    middle = centre[np.lexsort((centre, group))][start + size // 2]
    left = boxes[start, 0]
    right = np.maximum.reduceat(boxes[:, 2], start) if len(start) else left
    wide = right - left > MIN_LINE_LENGTH * height
    each = zip(start[wide], size[wide], height[wide], left[wide], right[wide], middle[wide], strict=True)
    lines = [TextLine(boxes[s : s + n], float(h), float(x0), float(x1), float(y)) for s, n, h, x0, x1, y in each]
    return lines, boxes[np.repeat(~wide, size)]


def _is_barcode(line: TextLine) -> bool:
    """Whether a line is made of bars: narrow, straight and close, evenly spaced (mail) or equally tall (goods)."""
    if len(line.letters) < BARCODE_BARS:
        return False
    width, height = line.letters[:, 2] - line.letters[:, 0], line.letters[:, 3] - line.letters[:, 1]
    if np.mean((height > SLIM * width) & (height > 0.9 * line.height)) > 0.8:
        return True
    if np.sort(width)[int(NEARLY_ALL * len(width))] >= WIDEST_BAR * line.height:
        return False
    pitch = np.diff((line.letters[:, 0] + line.letters[:, 2]) / 2)
    middle = float(np.median(pitch))
    narrow = float(np.mean(width <= 0.7 * np.median(pitch) + 1))
    even = float(np.mean(np.abs(pitch - middle) <= 0.25 * middle + 1))
    return narrow > 0.7 and even > 0.6


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together: an address, a postmark, a form's label."""

    rows: tuple[tuple[TextLine, ...], ...]  # from top to bottom; pieces of one row from left to right

    @property
    def lines(self) -> tuple[TextLine, ...]:
        """All lines, row by row."""
        return tuple(line for row in self.rows for line in row)


def find_blocks(lines: tuple[TextLine, ...]) -> list[Block]:
    """Group lines into blocks: close below one another and of similar size, or pieces of one row."""
    if not lines:
        return []
    left, right, middle, height = np.array([(line.left, line.right, line.middle, line.height) for line in lines]).T
    down = middle[None] - middle[:, None]
    apart = np.maximum(left[None], left[:, None]) - np.minimum(right[None], right[:, None])  # negative: they overlap
    large, small = np.maximum(height[None], height[:, None]), np.minimum(height[None], height[:, None])
    same_row = (np.abs(down) <= 0.5 * large) & (apart <= 6 * large)
    below = (down > 0) & (down <= 2.6 * large) & (apart <= 2 * large)
    linked = (large <= 2.0 * small) & (same_row | below)
    linked |= linked.T
    first, second = np.nonzero(linked)
    start, neighbours = np.searchsorted(first, np.arange(len(lines) + 1)).tolist(), second.tolist()
    blocks: list[Block] = []
    waiting = [True] * len(lines)
    for i in range(len(lines)):
        if not waiting[i]:
            continue
        waiting[i] = False
        members = [i]
        for member in members:  # grows while it is followed
            for j in neighbours[start[member] : start[member + 1]]:
                if waiting[j]:
                    waiting[j] = False
                    members.append(j)
        blocks.append(Block(_rows([lines[j] for j in sorted(members)])))
    return blocks


def _rows(lines: list[TextLine]) -> tuple[tuple[TextLine, ...], ...]:
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        if rows and line.middle - rows[-1][0].middle <= 0.6 * max(line.height, rows[-1][0].height):
            rows[-1].append(line)
        else:
            rows.append([line])
    return tuple(tuple(sorted(row, key=lambda line: line.left)) for row in rows)
