"""Codes in printed boxes: on cards, and on envelopes as they are sold in many countries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from zipread.lab.synth import marks, stationery
from zipread.lab.synth.addresses import Address, make_address
from zipread.lab.synth.hands import Writing
from zipread.lab.synth.ink import lay, set_in_cells
from zipread.lab.synth.lettering import Hand
from zipread.lab.synth.mail import (
    RESOLUTIONS,
    SIZES_IN_INCHES,
    Capture,
    MailTruth,
    Supplies,
    captured,
    choose_hand,
    choose_ink,
    fitted,
)
from zipread.records import Box

Corner = Literal["lower right", "upper left", "lower left", "upper right", "under the address"]
CORNERS: dict[Corner, float] = {
    "lower right": 0.4,
    "upper left": 0.22,
    "lower left": 0.14,
    "upper right": 0.1,
    "under the address": 0.14,
}
"""Where on an envelope the boxes are, and how often: on the lower right in France or Australia, on the upper left in
China, on the lower left in Russia, on the upper right in Japan, where the stamp is on the left."""
DIGITS_IN_INCHES, MOST_AT_FULL_HEIGHT = (0.13, 0.3), 6
"""Height of digits in the boxes of an envelope; if there are more of them than so many, they are as much smaller."""
APART, BETWEEN_GROUPS, HYPHEN = 0.7, (0.25, 0.9), 0.35
"""How often the groups of a code that has a hyphen stand apart, how far, and how long what is printed between is, digit
heights."""
TYPED = 0.2
"""Share of envelopes that a machine addressed."""
STAMPED, CANCELLED = 0.7, 0.6
"""Share of envelopes with a stamp, and of these with a postmark."""
TWICE = 0.3
"""Share of those who write the code beside the city as well."""
WITH_SENDER, SENDERS_BOXES = 0.75, 0.3
"""Share of envelopes with the sender's address, and of these with boxes for the sender's code too."""
FRAME_INKS = ((70, 70, 205), (50, 130, 240), (60, 60, 60), (130, 130, 130), (190, 140, 60))
"""Blue, green and red of what boxes are printed in: red, orange, black, gray, blue."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of printed boxes, and the height of one, pixels."""

    cells: marks.Cells
    height: float


@dataclass(frozen=True, slots=True)
class Filled:
    """What is written into a row of boxes."""

    coverage: np.ndarray  # (h, w) float32
    top: float  # of the coverage, pixels below the row's upper edge; its left edge is the row's
    code: Box  # pixels of the row

    def at(self, x: int, y: int) -> Box:
        """Where the code stands when the row is at (`x`, `y`)."""
        return replace(self.code, x=self.code.x + x, y=self.code.y + round(y + self.top))


def row_of_boxes(rng: np.random.Generator, address: Address, tall: float, line: float) -> Row:
    """Draw boxes for the digits of an address's code, `tall` pixels high, by a line `line` pixels wide."""
    size = tall * rng.uniform(1.1, 1.6), tall * rng.uniform(1.2, 1.7)
    frame = marks.FRAMES[rng.integers(len(marks.FRAMES))]
    boxes, group = [True] * len(address.place.code), address.grouped.find("-")
    if group < 0 or rng.random() >= APART:
        return Row(marks.cells(rng, boxes, size, frame, line), size[1])
    room = tall * float(rng.uniform(*BETWEEN_GROUPS))
    row = marks.cells(rng, boxes, size, frame, line, (group, room))
    before, after = row.cells[group - 1], row.cells[group]
    if room > 1.5 * HYPHEN * tall:
        middle, half, y = (before.right + after.x) / 2, HYPHEN * tall / 2, before.y + before.height / 2
        hyphen = np.zeros(row.coverage.shape, np.uint8)
        marks.polyline(hyphen, np.array([(middle - half, y), (middle + half, y)]), max(line, 0.08 * tall))
        np.maximum(row.coverage, hyphen.astype(np.float32) / 255, out=row.coverage)
    return Row(row, size[1])


def fill_in(rng: np.random.Generator, row: Row, code: str, hand: Hand) -> Filled:
    """Write a code into boxes, a digit each."""
    if hand.digits is None:
        glyphs = hand.prints.glyphs_in(hand.font, code, hand.script)
    else:
        glyphs = hand.digits.glyphs(rng, code, hand.script)
    tall = hand.script.height
    centres = [cell.x + cell.width * rng.uniform(0.42, 0.58) for cell in row.cells.cells]
    line = set_in_cells(glyphs, centres, rng.normal(0, 0.05 * tall, len(glyphs)).tolist())
    top = row.cells.cells[0].y + (row.height + tall) / 2 - line.baseline
    first, last = line.boxes[0], line.boxes[-1]
    upper, lower = min(box.y for box in line.boxes), max(box.bottom for box in line.boxes)
    return Filled(line.coverage, top, Box(first.x, upper, last.right - first.x, lower - upper))


@dataclass(frozen=True, slots=True)
class _Envelope:
    """An envelope in the making, and who writes on it. Drawing changes its sheet."""

    sheet: np.ndarray  # (h, w, 3) float32
    dpi: float
    writing: Writing
    hand: Hand
    ink: np.ndarray
    frames: np.ndarray  # (3,), the ink of boxes

    def inches(self, count: float) -> int:
        """A length in pixels."""
        return round(count * self.dpi)

    def draw_boxes(self, rng: np.random.Generator, row: Row, code: str, hand: Hand, at: tuple[int, int]) -> Box | None:
        """Print boxes and write a code into them; returns where it stands, None if it is empty."""
        lay(self.sheet, row.cells.coverage, at, self.frames)
        if not code:
            return None
        filled = fill_in(rng, row, code, hand)
        lay(self.sheet, filled.coverage, (at[0], round(at[1] + filled.top)), self.ink, 0.95)
        return filled.at(*at)


def make_boxed(
    rng: np.random.Generator,
    supplies: Supplies,
    uncoded: float = 0.0,
    capture: Capture | None = None,
    resolutions: tuple[float, ...] = RESOLUTIONS,
) -> tuple[np.ndarray, MailTruth]:
    """Make one captured envelope with printed boxes for the code: (h, w, 3) uint8 in OpenCV's order of colours, and
    its truth.

    uncoded: probability that no code stands on it, of recipient or sender; capture, resolutions: as `mail.make_mail`
    takes them.
    """
    place, other = (supplies.places[rng.integers(len(supplies.places))] for _ in range(2))
    address = replace(make_address(rng, place, business=bool(rng.random() < 0.2)), plus4="")
    sender = make_address(rng, other, business=bool(rng.random() < 0.4))
    if rng.random() < uncoded:
        address, sender = replace(address, coded=False), replace(sender, coded=False)
    envelope = _blank(rng, supplies, resolutions, min(1.0, MOST_AT_FULL_HEIGHT / len(place.code)))
    corner: Corner = list(CORNERS)[rng.choice(len(CORNERS), p=list(CORNERS.values()))]
    if rng.random() < STAMPED and corner != "upper right":
        stamp = stationery.put_stamp(rng, envelope.sheet, supplies.print_fonts, envelope.dpi)
        if rng.random() < CANCELLED:
            stationery.put_postmark(rng, envelope.sheet, supplies.print_fonts, stamp, envelope.dpi)
    if rng.random() < WITH_SENDER:
        _put_sender(rng, envelope, supplies, sender, corner)
    box = _put_recipient(rng, envelope, address, corner)
    words = [f"{envelope.dpi:.0f} dpi", f"boxes {corner}"]
    return captured(rng, envelope.sheet, capture, address, box, envelope.writing, "boxed", words)


def _blank(rng: np.random.Generator, supplies: Supplies, resolutions: tuple[float, ...], smaller: float) -> _Envelope:
    """An envelope with nothing on it, and who is to write on it. smaller: digits are so many times as high as usual."""
    width, height = SIZES_IN_INCHES[rng.integers(len(SIZES_IN_INCHES))]
    dpi = resolutions[rng.integers(len(resolutions))]
    paper = stationery.ENVELOPES[rng.choice(6, p=[0.47, 0.14, 0.11, 0.12, 0.09, 0.07])]
    sheet = stationery.make_envelope(rng, int(height * dpi), int(width * dpi), paper)
    writing: Writing = "printed" if rng.random() < TYPED else "handwritten"
    hand = choose_hand(rng, writing, supplies, smaller * dpi * float(rng.uniform(*DIGITS_IN_INCHES)))
    frames = np.array(FRAME_INKS[rng.integers(len(FRAME_INKS))], float) * rng.uniform(0.8, 1.15)
    return _Envelope(sheet, dpi, writing, hand, choose_ink(rng, by_hand=writing == "handwritten"), frames)


def _put_sender(
    rng: np.random.Generator, envelope: _Envelope, supplies: Supplies, sender: Address, corner: Corner
) -> None:
    """Write the sender's address on the upper left, or on the lower right where the recipient's boxes are up there."""
    by_hand = envelope.writing == "handwritten" and rng.random() < 0.6
    tall = envelope.dpi * float(rng.uniform(0.07, 0.1))
    hand = choose_hand(rng, "handwritten" if by_hand else "printed", supplies, tall)
    height, width = envelope.sheet.shape[:2]
    boxes = sender.boxed if rng.random() < SENDERS_BOXES and not sender.plus4 else ""
    coverage = fitted(rng, replace(sender, coded=sender.coded and not boxes), hand, 0.4 * width).coverage
    row = row_of_boxes(rng, sender, tall, max(1.0, envelope.dpi / 150)) if boxes else None
    below = 0 if row is None else row.cells.coverage.shape[0] + envelope.inches(0.08)
    x, y = (envelope.inches(inches) for inches in rng.uniform(0.2, 0.45, 2))
    if corner == "upper left":
        x, y = width - x - coverage.shape[1], height - y - coverage.shape[0] - below
    lay(envelope.sheet, coverage, (x, y), choose_ink(rng, by_hand=by_hand), rng.uniform(0.85, 1.0))
    if row is not None:
        envelope.draw_boxes(rng, row, boxes, hand, (x, y + coverage.shape[0] + envelope.inches(0.08)))


def _put_recipient(rng: np.random.Generator, envelope: _Envelope, address: Address, corner: Corner) -> Box | None:
    """Write the recipient's address and the code into its boxes; returns where that stands."""
    height, width = envelope.sheet.shape[:2]
    script = envelope.hand.script
    row = row_of_boxes(rng, address, script.height, max(1.0, envelope.dpi * rng.uniform(0.006, 0.015)))
    h, w = row.cells.coverage.shape
    written = address if rng.random() < TWICE else _without_code(address)
    smaller = script.height * float(rng.uniform(0.6, 0.9))
    hand = replace(envelope.hand, script=replace(script, height=smaller, stroke=max(1.0, 0.8 * script.stroke)))
    block = fitted(rng, written, hand, 0.55 * width)
    margin = tuple(envelope.inches(inches) for inches in rng.uniform(0.2, 0.5, 2))
    upper, lower = 0.3 * height, height - margin[1] - (0.0 if corner.startswith("upper") else 1.25 * h)
    block = block.scaled(min(1.0, (lower - upper) / block.coverage.shape[0]))
    left = round(width * float(rng.uniform(0.25, 0.42)))
    top = round(upper + max(0.0, lower - upper - block.coverage.shape[0]) * float(rng.uniform(0.0, 0.9)))
    if corner == "upper left":
        top = min(top, max(round(upper), round(0.68 * height) - block.coverage.shape[0]))
    lay(envelope.sheet, block.coverage, (left, top), envelope.ink, rng.uniform(0.85, 1.0))
    at = {
        "lower right": (width - margin[0] - w, height - margin[1] - h),
        "lower left": (margin[0], height - margin[1] - h),
        "upper left": margin,
        "upper right": (width - margin[0] - w, margin[1]),
        "under the address": (left, top + block.coverage.shape[0] + round(0.2 * h)),
    }[corner]
    return envelope.draw_boxes(rng, row, address.boxed, envelope.hand, (max(2, at[0]), at[1]))


def _without_code(address: Address) -> Address:
    """The address with its city alone on a line, if it has one there."""
    return replace(address, lines=(*address.lines, *filter(None, [address.city])), city="", coded=False)
