"""Whole mail pieces with their truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from zipread.lab.synth import marks, photo, stationery
from zipread.lab.synth.addresses import Address, make_address
from zipread.lab.synth.hands import Hands, Prints, Script, Writing
from zipread.lab.synth.ink import lay, pencil
from zipread.lab.synth.lettering import Block, Hand, write_address, write_lines
from zipread.lab.synth.places import Place
from zipread.records import Box

Kind = Literal["envelope", "window", "label", "letter", "parcel", "reply", "postcard", "boxed"]
Capture = Callable[[np.random.Generator, np.ndarray], photo.Shot]

SIZES_IN_INCHES = ((9.5, 4.125), (9.5, 4.125), (6.5, 3.625), (7.25, 5.25), (8.75, 5.75), (6.0, 4.25))
"""Usual envelopes and a postcard, width and height."""
RESOLUTIONS = (150.0, 200.0, 200.0, 240.0, 300.0)
"""Pixels an inch."""


@dataclass(frozen=True, slots=True)
class Supplies:
    """What a deck is made from."""

    places: tuple[Place, ...]
    print_fonts: Prints
    hand_fonts: Prints
    digits: Hands | None  # real handwritten digits; None: those of the handwriting fonts


@dataclass(frozen=True, slots=True)
class MailTruth:
    """What a made mail piece says."""

    code: str  # empty where there is none
    plus4: str
    box: Box | None  # of the code with its +4, pixels of the picture; None where there is none
    writing: Writing
    kind: Kind
    conditions: tuple[str, ...]  # what makes it hard, as words
    angle: float  # degrees; positive makes lines of text run downwards to the right
    corners: tuple[tuple[float, float], ...] = ()  # of the code with its +4, clockwise from where it begins


@dataclass(frozen=True, slots=True)
class _Piece:
    """A mail piece in the making. The drawing functions below change its sheet."""

    sheet: np.ndarray  # (h, w, 3) float32
    dpi: float
    kind: Kind
    words: list[str]


def make_mail(
    rng: np.random.Generator,
    writing: Writing,
    supplies: Supplies,
    uncoded: float = 0.0,
    capture: Capture | None = None,
    resolutions: tuple[float, ...] = RESOLUTIONS,
) -> tuple[np.ndarray, MailTruth]:
    """Make one captured mail piece: (h, w, 3) uint8 in OpenCV's order of colours, and its truth.

    uncoded: probability that it bears no code at all, of recipient or sender; capture: how it becomes a picture, a
    scan or a photo at random when None; resolutions: one of which the piece is made in, pixels an inch.
    """
    place = supplies.places[rng.integers(len(supplies.places))]
    address = make_address(rng, place, business=bool(rng.random() < (0.15 if writing == "handwritten" else 0.4)))
    if rng.random() < uncoded:
        address = replace(address, coded=False)
    piece = _blank_piece(rng, writing, resolutions)
    postage = _put_postage(rng, piece, supplies)
    if address.coded:
        _put_sender(rng, piece, supplies, writing)
    box = _put_recipient(rng, piece, address, writing, supplies)
    if postage is not None and rng.random() < 0.75:
        stationery.put_postmark(rng, piece.sheet, supplies.print_fonts, postage, piece.dpi)
        piece.words.append("postmark")
    if box is not None and rng.random() < 0.06:
        stationery.put_cancellation(rng, piece.sheet, box, piece.dpi)
        piece.words.append("cancelled address")
    if rng.random() < 0.25:
        stationery.put_sorting_tag(rng, piece.sheet, piece.dpi)
        piece.words.append("sorting tag")
    return captured(rng, piece.sheet, capture, address, box, writing, piece.kind, piece.words)


def captured(
    rng: np.random.Generator,
    sheet: np.ndarray,
    capture: Capture | None,
    address: Address,
    box: Box | None,
    writing: Writing,
    kind: Kind,
    words: Sequence[str],
) -> tuple[np.ndarray, MailTruth]:
    """Make a picture of a finished piece: (h, w, 3) uint8, and its truth.

    capture: a scan or a photo at random when None; box: where the code of `address` stands on the sheet; words: what
    makes the piece hard.
    """
    if capture is None:
        capture = photo.photograph if rng.random() < 0.35 else photo.scan
    shot = capture(rng, sheet)
    truth = MailTruth(
        code=address.place.code if address.coded else "",
        plus4=address.plus4 if address.coded else "",
        box=None if box is None else photo.moved_box(box, shot.to_picture),
        writing=writing,
        kind=kind,
        conditions=(*words, *shot.conditions),
        angle=shot.angle,
        corners=() if box is None else tuple((x, y) for x, y in photo.moved_corners(box, shot.to_picture).tolist()),
    )
    return shot.picture, truth


def _blank_piece(rng: np.random.Generator, writing: Writing, resolutions: tuple[float, ...]) -> _Piece:
    width, height = SIZES_IN_INCHES[rng.integers(len(SIZES_IN_INCHES))]
    dpi = resolutions[rng.integers(len(resolutions))]
    paper = stationery.ENVELOPES[rng.choice(6, p=[0.47, 0.14, 0.11, 0.12, 0.09, 0.07])]
    sheet = stationery.make_envelope(rng, int(height * dpi), int(width * dpi), paper)
    kind: Kind = "envelope"
    if writing == "printed":
        kind = ("envelope", "window", "label")[rng.choice(3, p=[0.6, 0.2, 0.2])]
    return _Piece(sheet, dpi, kind, [paper, f"{dpi:.0f} dpi"])


def _put_postage(rng: np.random.Generator, piece: _Piece, supplies: Supplies) -> Box | None:
    """Frank a piece; returns where a postmark belongs."""
    if rng.random() < (0.45 if piece.kind == "envelope" else 0.8):
        if rng.random() < 0.85:
            stationery.put_imprint(rng, piece.sheet, supplies.print_fonts, piece.dpi)
        return None
    return stationery.put_stamp(rng, piece.sheet, supplies.print_fonts, piece.dpi)


def _put_sender(rng: np.random.Generator, piece: _Piece, supplies: Supplies, writing: Writing) -> None:
    """Write the return address, with a code of its own, and perhaps an endorsement under it."""
    x, y = (round(piece.dpi * inches) for inches in rng.uniform(0.2, 0.45, 2))
    bottom = y
    if rng.random() < 0.85:
        other = supplies.places[rng.integers(len(supplies.places))]
        address = make_address(rng, other, business=bool(rng.random() < 0.5))
        by_hand = writing == "handwritten" and rng.random() < 0.6
        hand = choose_hand(rng, "handwritten" if by_hand else "printed", supplies, piece.dpi * rng.uniform(0.07, 0.1))
        room = piece.sheet.shape[1] * 0.42
        block = fitted(rng, address, hand, room)
        lay(piece.sheet, block.coverage, (x, y), choose_ink(rng, by_hand=by_hand), rng.uniform(0.85, 1.0))
        bottom += block.coverage.shape[0]
        piece.words.append("return address")
    if rng.random() < 0.2:
        hand = choose_hand(rng, "printed", supplies, piece.dpi * rng.uniform(0.07, 0.1))
        text = stationery.ENDORSEMENTS[rng.integers(len(stationery.ENDORSEMENTS))]
        block = write_lines(rng, [text], hand)
        lay(piece.sheet, block.coverage, (x, bottom + round(0.15 * piece.dpi)), choose_ink(rng, by_hand=False))
        piece.words.append("endorsement")


def _put_recipient(
    rng: np.random.Generator, piece: _Piece, address: Address, writing: Writing, supplies: Supplies
) -> Box | None:
    """Write the recipient's address; returns where the code stands on the piece, if there is one."""
    by_hand = writing == "handwritten"
    inches = float(np.exp(rng.uniform(np.log(0.13), np.log(0.32)))) if by_hand else rng.uniform(8, 14) / 72 * 0.7
    hand = choose_hand(rng, writing, supplies, piece.dpi * inches)
    height, width = piece.sheet.shape[:2]
    block = fitted(rng, address, hand, width * (0.62 if by_hand else 0.5))
    h, w = block.coverage.shape
    left = int(np.clip(width * rng.uniform(0.3, 0.48), 0, max(0, width * 0.96 - w)))
    top = int(np.clip(height * rng.uniform(0.38, 0.55), 0, max(0, height * 0.93 - h)))
    bars = None
    if not by_hand and rng.random() < 0.4:
        tall, long = round(0.14 * piece.dpi), min(round(2.9 * piece.dpi), width - left - round(0.2 * piece.dpi))
        y = top + h + round(0.07 * piece.dpi) if rng.random() < 0.5 else top - tall - round(0.07 * piece.dpi)
        bars = Box(left, y, long, tall)
        piece.words.append("barcode")
    _put_ground(rng, piece, [Box(left, top, w, h), *([bars] if bars else [])])
    if bars is not None:
        stationery.put_postal_barcode(rng, piece.sheet, bars)
    coverage = block.coverage
    if by_hand and rng.random() < 0.1:
        coverage = pencil(rng, coverage, rng.uniform(0.1, 0.3))
        piece.words.append("pencil")
    ink = choose_ink(rng, by_hand=by_hand)
    lay(piece.sheet, coverage, (left, top), ink, rng.uniform(0.85, 1.0))
    if block.code is None:
        return None
    code = replace(block.code, x=block.code.x + left, y=block.code.y + top)
    if by_hand and rng.random() < 0.08:
        rule = marks.rule(rng, code.width * rng.uniform(0.9, 1.2), max(1.0, hand.script.stroke), "by hand")
        lay(piece.sheet, rule, (code.x, code.bottom + 2 - rule.shape[0] // 3), ink)
        piece.words.append("underlined")
    return code


def _put_ground(rng: np.random.Generator, piece: _Piece, blocks: Sequence[Box]) -> None:
    """Put the window or the label under an address and its barcode."""
    around = round(piece.dpi * rng.uniform(0.12, 0.3))
    x, y = (max(2, min(edges) - around) for edges in zip(*((block.x, block.y) for block in blocks), strict=True))
    right = min(piece.sheet.shape[1] - 2, max(block.right for block in blocks) + around)
    bottom = min(piece.sheet.shape[0] - 2, max(block.bottom for block in blocks) + around)
    frame = Box(x, y, right - x, bottom - y)
    if piece.kind == "window":
        stationery.put_window(rng, piece.sheet, frame)
    elif piece.kind == "label":
        stationery.put_label(rng, piece.sheet, frame)


def fitted(rng: np.random.Generator, address: Address, hand: Hand, room: float) -> Block:
    """Write an address, smaller if it does not fit into `room` pixels."""
    block = write_address(rng, address, hand)
    if block.coverage.shape[1] <= room:
        return block
    scale = room / block.coverage.shape[1]
    smaller = replace(hand.script, height=hand.script.height * scale, stroke=max(1.0, hand.script.stroke * scale))
    return write_address(rng, address, replace(hand, script=smaller))


def choose_hand(rng: np.random.Generator, writing: Writing, supplies: Supplies, height: float) -> Hand:
    """Choose who writes, and how, in digits `height` pixels high."""
    prints = supplies.hand_fonts if writing == "handwritten" else supplies.print_fonts
    font = prints.choose(rng)
    script = Script(
        height=height,
        stroke=max(1.2, prints.stroke(font, height) * rng.uniform(0.9, 1.2)),
        slant=float(np.clip(rng.normal(0.04, 0.12), -0.25, 0.4)),
        evenness=rng.uniform(0.3, 1.0),
        wobble=rng.uniform(0.015, 0.06),
        pressure=rng.uniform(0.0, 0.15),
    )
    if writing == "printed":
        return Hand(prints, font, script, None, bool(rng.random() < 0.55), 0.0)
    return Hand(prints, font, script, supplies.digits, bool(rng.random() < 0.3), rng.uniform(0.3, 1.2))


def choose_ink(rng: np.random.Generator, *, by_hand: bool) -> np.ndarray:
    """Choose an ink: (3,) blue, green, red."""
    if not by_hand:
        return np.full(3, rng.uniform(5, 70))
    inks = ((150, 60, 30), (120, 45, 35), (45, 40, 40), (25, 22, 22), (95, 92, 90), (50, 40, 165))
    return np.array(inks[rng.choice(6, p=[0.27, 0.15, 0.25, 0.2, 0.08, 0.05])], float) * rng.uniform(0.8, 1.2)
