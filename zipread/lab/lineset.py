"""The training set of the second reader: made fields as normalized lines, with what each column shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np

from zipread.lab import widths
from zipread.lab.address import InAddress, address_line
from zipread.lab.habits import WithHabits
from zipread.lab.mnist import Digits
from zipread.lab.synth.capture import smear
from zipread.lab.synth.fields import Style, make_field
from zipread.lab.synth.hands import DigitSource, Hands, Prints
from zipread.lab.synth.negatives import make_negative
from zipread.lab.synth.places import Place, load_places
from zipread.lab.words import WithWord
from zipread.lab.zeros import RunningZeros
from zipread.records import NOT_A_DIGIT as NOTHING
from zipread.records import Box
from zipread.sequence import COLUMN, DIGIT_ROWS, ROWS, normalize_line

LONGEST = 10
"""Digits of the longest code."""

NO_DIGIT = 255
"""Padding of a code shorter than LONGEST."""

WIDTHS = (96, 160, 224, 320, 448)
"""Lines are padded to the next of these, so that batches have one shape; wider ones are left out."""

STYLES: tuple[tuple[Style, float], ...] = (
    ("clean", 0.15), ("boxed", 0.2), ("underlined", 0.15), ("noisy", 0.25), ("touching", 0.25)
)  # fmt: skip
PRINTED_SHARE = 0.3
LETTERED_SHARE = 0.2
"""Share of these that are set in a font of handwriting, and are to be told as such."""

NEGATIVE_SHARE = 0.05
FIVE_SHARE = 0.75
PLUS4_SHARE = 0.08
RUNNING_ZEROS_SHARE = 0.2
"""Share of lines that end in zeros written in one go."""

HABITS_SHARE = 0.6
"""Share of handwritten lines with a hand's own sizes, places and strokes that lead in and out."""

MARKED_SHARE = 0.45
"""Share of these, where they are not in boxes, with marks of an amount around the digits."""

WORD_SHARE = 0.12
"""Share of lines with letters beside the digits, where these are not in boxes."""

ADDRESS_SHARE = 0.2
"""Share of lines that are lines of an address, where they are not in boxes."""

WHOLE_SHARE = 0.7
"""Share of these that are seen whole; of the others only what stands near the digits."""

TOUCHING_ZEROS_SHARE = 0.6
"""Share of these in which digits touch, whatever the style."""

SOFT_SHARE = 0.3
"""Share of lines out of focus, smeared or of low resolution."""

CONDENSED_SHARE = 0.15
CONDENSED = (0.5, 0.85)
"""Share of lines that are squeezed from the sides, as condensed type is, and to what share of their width."""

MOTION = (0.12, 0.35)
"""Length of a smear, in digit heights."""

FIELD_REACH = 1.5
FIELD_REACH_BESIDE_WORD = 3.5
WHOLE_LINE = 60.0
"""How far a field may go on beyond its digits, in digit heights."""

TIGHT_SHARE, TIGHT = 0.15, 0.15
"""Share of the ends of fields that are cut at the last digit's edge or through it, and by how much, digit heights."""

MISJUDGED, MISPLACED = 0.13, 0.08
"""Standard deviations of what the reader takes for the digits' height, its logarithm, and of their place, heights."""

CENTRE = 0.22
"""A column shows a digit when it is this near to its middle, in widths of the digit."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of one width."""

    images: np.ndarray  # (n, 32, w) uint8
    columns: np.ndarray  # (n, w / 2) uint8, a digit or NOTHING
    codes: np.ndarray  # (n, 10) uint8, padded with NO_DIGIT
    by_hand: np.ndarray  # (n,) uint8, 1 where the digits are handwritten


def _code(rng: np.random.Generator) -> str:
    if rng.random() < FIVE_SHARE:
        plus4 = f"-{rng.integers(10_000):04d}" if rng.random() < PLUS4_SHARE else ""
        return f"{rng.integers(100_000):05d}{plus4}"
    length = int(rng.integers(2, LONGEST + 1))
    return "".join(map(str, rng.integers(0, 10, length)))


def _round_number(rng: np.random.Generator) -> str:
    """A number that ends in two to four zeros."""
    zeros = int(rng.integers(2, 5))
    first = "".join(map(str, rng.integers(1, 10, int(rng.integers(1, 4)))))
    return (first + "0" * zeros)[-5:] if rng.random() < FIVE_SHARE else first + "0" * zeros


@dataclass(frozen=True, slots=True)
class Fonts:
    """What lines that nobody wrote are set in."""

    prints: Prints
    lettered: Prints  # fonts of handwriting


Line = tuple[np.ndarray, np.ndarray, str, bool]
"""(32, w) uint8 line, (w / 2,) uint8 what each column shows, the code, and whether it is handwritten."""


def make_line(rng: np.random.Generator, hands: Hands, fonts: Fonts, places: tuple[Place, ...]) -> Line | None:
    """One made field as the reader would normalize it; None where there is no line."""
    prints = fonts.prints
    if rng.random() < NEGATIVE_SHARE:
        picture = make_negative(rng, prints)
        height = picture.shape[0]
        line = normalize_line(soft(rng, picture, height / 2), *np.sort(rng.uniform(0.05, 0.95, 2) * height))
        return None if line is None else (line, np.full(line.shape[1] // COLUMN, NOTHING, np.uint8), "", False)
    names, shares = zip(*STYLES, strict=True)
    style = names[rng.choice(len(names), p=shares)]
    code = _code(rng)
    marked = MARKED_SHARE if style != "boxed" else 0.0
    writer: Hands | WithHabits | Prints = hands
    if rng.random() < PRINTED_SHARE:
        writer = fonts.lettered if rng.random() < LETTERED_SHARE else prints
    if writer is hands and rng.random() < HABITS_SHARE:
        writer = WithHabits(hands, marked)
    source: DigitSource = writer
    if rng.random() < RUNNING_ZEROS_SHARE:
        code, source = _round_number(rng), RunningZeros(WithHabits(hands, marked))
        style = "touching" if rng.random() < TOUCHING_ZEROS_SHARE else style
    elif style != "boxed" and rng.random() < ADDRESS_SHARE:
        before, code, after = address_line(rng, places, code)
        source = InAddress(writer, prints, before, after)
    elif style != "boxed" and rng.random() < WORD_SHARE:
        source = WithWord(writer, prints)
    picture, truth = make_field(rng, code, style, source)
    picture, boxes = _condensed(rng, picture, truth.boxes)
    top = float(np.median([box.y for box in boxes]))
    bottom = float(np.median([box.bottom for box in boxes]))
    height = max(3.0, bottom - top)
    picture = soft(rng, picture, height)
    # What the reader takes for the digits' height and place is off by so much.
    spread, shift = np.exp(rng.normal(0.0, MISJUDGED)), rng.normal(0.0, MISPLACED) * height
    middle, half = (top + bottom) / 2 + shift, height * spread / 2
    reach = FIELD_REACH_BESIDE_WORD if isinstance(source, WithWord | InAddress) else FIELD_REACH
    if isinstance(source, InAddress) and rng.random() < WHOLE_SHARE:
        reach = WHOLE_LINE
    left, right = _cut(rng, boxes, reach * height, TIGHT * height, picture.shape[1])
    line = normalize_line(picture[:, left:right], middle - half, middle + half)
    if line is None:
        return None
    scale = DIGIT_ROWS / (2 * half)
    columns = _columns(boxes, code, left, scale, line.shape[1])
    return line, columns, code.replace("-", ""), source.writing == "handwritten"


def _condensed(
    rng: np.random.Generator, picture: np.ndarray, boxes: tuple[Box, ...]
) -> tuple[np.ndarray, tuple[Box, ...]]:
    """Squeezed from the sides, at times: the picture, and its digits' boxes."""
    if rng.random() >= CONDENSED_SHARE:
        return picture, boxes
    height, wide = picture.shape
    width = round(wide * rng.uniform(*CONDENSED))
    share = width / wide
    squeezed = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return squeezed, tuple(
        replace(box, x=round(box.x * share), width=max(1, round(box.width * share))) for box in boxes
    )


def soft(rng: np.random.Generator, picture: np.ndarray, height: float) -> np.ndarray:
    """Out of focus, smeared by motion, or of low resolution, at times."""
    if rng.random() >= SOFT_SHARE:
        return picture
    chance = rng.random()
    if chance < 0.45:
        return cv2.GaussianBlur(picture, (0, 0), max(0.3, rng.uniform(0.05, 0.12) * height))
    if chance < 0.7:
        return cv2.filter2D(picture, -1, smear(rng, rng.uniform(*MOTION) * height), borderType=cv2.BORDER_REPLICATE)
    factor = min(1.0, rng.uniform(9.0, 16.0) / height)
    size = (max(4, round(picture.shape[1] * factor)), max(4, round(picture.shape[0] * factor)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_LINEAR)


def _cut(rng: np.random.Generator, boxes: tuple[Box, ...], reach: float, tight: float, width: int) -> tuple[int, int]:
    """First and last column of a field that reaches up to `reach` pixels beyond the digits, or cuts `tight` off."""

    def beyond() -> float:
        return -rng.uniform(0.0, tight) if rng.random() < TIGHT_SHARE else rng.uniform(0.0, reach)

    left = round(min(box.x for box in boxes) - beyond())
    right = round(max(box.right for box in boxes) + beyond())
    left = min(max(0, left), width - 1)
    return left, max(left + 1, min(width, right))  # of two thin ones all may be cut off


def _columns(boxes: tuple[Box, ...], code: str, left: int, scale: float, width: int) -> np.ndarray:
    """What each column shows: a digit near its middle, nothing between two digits."""
    columns = np.full(width // COLUMN, NOTHING, np.uint8)
    places = (np.arange(len(columns)) + 0.5) * COLUMN
    middles = [(box.x + box.width / 2 - left) * scale for box in boxes]
    for box, middle, name in zip(boxes, middles, code.replace("-", ""), strict=True):
        near = np.abs(places - middle) <= max(COLUMN * 0.75, CENTRE * box.width * scale)
        columns[near] = int(name)
    for a, b in pairwise(middles):
        columns[np.abs(places - (a + b) / 2) <= COLUMN / 2] = NOTHING
    return columns


_worker_data: tuple[Hands, Fonts, tuple[Place, ...]] | None = None


def _start_worker(digits: Digits, fonts: Fonts) -> None:
    global _worker_data  # noqa: PLW0603  one copy a process instead of one a chunk
    cv2.setNumThreads(1)
    _worker_data = (Hands(digits.x, digits.y, digits.writer), fonts, load_places())


def _make_chunk(task: tuple[int, int]) -> dict[int, Lines]:
    assert _worker_data is not None
    count, seed = task
    rng = np.random.default_rng((seed, 77))
    rows: dict[int, list[Line]] = {width: [] for width in WIDTHS}
    made = 0
    while made < count:
        result = make_line(rng, *_worker_data)
        if result is None or result[0].shape[1] > WIDTHS[-1]:
            continue
        made += 1
        rows[next(width for width in WIDTHS if result[0].shape[1] <= width)].append(result)
    return {width: _stacked(lines, width) for width, lines in rows.items() if lines}


def _stacked(rows: list[Line], width: int) -> Lines:
    images = np.zeros((len(rows), ROWS, width), np.uint8)
    columns = np.full((len(rows), width // COLUMN), NOTHING, np.uint8)
    codes = np.full((len(rows), LONGEST), NO_DIGIT, np.uint8)
    for row, (line, shown, code, _) in enumerate(rows):
        images[row, :, : line.shape[1]] = line
        columns[row, : len(shown)] = shown
        codes[row, : len(code)] = [int(c) for c in code]
    return Lines(images, columns, codes, np.array([by_hand for *_, by_hand in rows], np.uint8))


def make_lines(
    digits: Digits, fonts: Fonts, count: int, seed: int, jobs: int, on_progress: Callable[[int, int], None]
) -> dict[int, Lines]:
    """Make `count` lines in `jobs` processes; returns them by width. The same whatever the number of processes."""
    worker = _start_worker, (digits, fonts)
    return widths.made_in_chunks(Lines, _make_chunk, worker, count, seed, jobs, on_progress)
