"""Shipping labels of parcels: two addresses, bars, and numbers of many kinds."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from zipread.lab.synth import marks, stationery
from zipread.lab.synth.addresses import Address, make_address
from zipread.lab.synth.ink import lay
from zipread.lab.synth.lettering import write_lines
from zipread.lab.synth.mail import RESOLUTIONS, Capture, MailTruth, Supplies, captured, choose_hand, fitted
from zipread.lab.synth.notes import date, numbered, phone
from zipread.lab.synth.typeset import Sheet
from zipread.records import Box

LABELS_IN_INCHES = ((4.0, 6.0), (4.0, 6.0), (4.0, 6.75), (6.0, 4.0), (8.5, 5.5))
"""Width and height of labels."""
SMALL_IN_INCHES, LARGE_IN_INCHES = (0.055, 0.085), (0.09, 0.17)
"""Heights of the digits of senders, and of recipients."""
ON_A_PARCEL = 0.45
"""Share of labels that are seen on their parcel, with its board around."""
SERVICES = (
    *("PRIORITY MAIL", "PRIORITY MAIL 2-DAY", "FIRST-CLASS PKG", "GROUND", "GROUND ADVANTAGE", "2ND DAY AIR"),
    *("EXPRESS", "NEXT DAY", "STANDARD", "HOME DELIVERY", "MEDIA MAIL", "PARCEL SELECT", "ECONOMY", "RETURNS"),
)
HEADS = ("SHIP TO:", "SHIP TO:", "TO:", "TO", "DELIVER TO:", "Ship to", "")
SENDERS = ("FROM:", "SHIP FROM:", "", "", "Return to:")
TRACKED = ("TRACKING #:", "TRK#", "USPS TRACKING # EP", "TRACKING NO.", "")
ROUTES = (
    *("AA ### #-##", "AA ### #-##", "A-###-#", "AA# ####", "##-###", "####", "AAA ##", "###-###", "# AAA ####"),
    *("#####-##", "AA-####", "## ## ##", "#####", "A###.##"),
)
"""Forms of what carriers print for their own sorters; A is a letter, # a digit."""

WITH_PHONE, LAST_LARGER, WITH_REFERENCES, SENDER_AS_LARGE = 0.25, 0.3, 0.35, 0.25
"""Shares of recipients with a telephone number below the name, whose last line is larger, with references below it, and
of senders that are as large as recipients."""

LEADING = 1.7
"""From line to line, digit heights."""


def make_parcel(
    rng: np.random.Generator,
    supplies: Supplies,
    uncoded: float = 0.0,
    capture: Capture | None = None,
    resolutions: tuple[float, ...] = RESOLUTIONS,
) -> tuple[np.ndarray, MailTruth]:
    """Make one captured shipping label: (h, w, 3) uint8 in OpenCV's order of colours, and its truth.

    uncoded, capture, resolutions: as `mail.make_mail` takes them.
    """
    address, sender = (
        make_address(rng, supplies.places[rng.integers(len(supplies.places))], business=bool(rng.random() < share))
        for share in (0.3, 0.8)
    )
    if rng.random() < uncoded:
        address, sender = replace(address, coded=False), replace(sender, coded=False)
    dpi = resolutions[rng.integers(len(resolutions))]
    width, height = (round(dpi * inches) for inches in LABELS_IN_INCHES[rng.integers(len(LABELS_IN_INCHES))])
    paper = np.full((height, width, 3), rng.uniform(232, 254), np.float32)
    prints = supplies.print_fonts
    label = Sheet(paper, dpi, prints, prints.choose(rng), np.full(3, rng.uniform(5, 60)), LEADING)
    y = _put_service(rng, label) if rng.random() < 0.75 else label.inches(0.12)
    y = _put_sender(rng, label, supplies, sender, y)
    y, box = _put_recipient(rng, label, supplies, address, y)
    _put_bars(rng, label, y)
    picture = label.picture
    if rng.random() < ON_A_PARCEL:
        picture, (right, down) = _on_a_parcel(rng, picture)
        box = None if box is None else replace(box, x=box.x + right, y=box.y + down)
    return captured(rng, picture, capture, address, box, "printed", "parcel", [f"{dpi:.0f} dpi"])


def _put_sender(rng: np.random.Generator, label: Sheet, supplies: Supplies, sender: Address, y: int) -> int:
    """Print who sends, and numbers beside; returns where the recipient begins."""
    inches = LARGE_IN_INCHES if rng.random() < SENDER_AS_LARGE else SMALL_IN_INCHES
    hand = choose_hand(rng, "printed", supplies, label.dpi * rng.uniform(*inches))
    if rng.random() < 0.9:
        y = _set(label, SENDERS[rng.integers(len(SENDERS))], label.inches(0.15), y, hand.script.height)
        block = fitted(rng, sender, hand, label.picture.shape[1] * 0.5).coverage
        lay(label.picture, block, (label.inches(0.15), y), label.ink)
        _put_numbers(rng, label, label.inches(0.15) + block.shape[1], y)
        y += block.shape[0]
    y += label.inches(rng.uniform(0.08, 0.3))
    return _rule(rng, label, y) if rng.random() < 0.3 else y


def _put_recipient(
    rng: np.random.Generator, label: Sheet, supplies: Supplies, address: Address, y: int
) -> tuple[int, Box | None]:
    """Print the recipient's address, larger; returns where what follows begins, and where the code stands."""
    hand = choose_hand(rng, "printed", supplies, label.dpi * rng.uniform(*LARGE_IN_INCHES))
    heading, size = HEADS[rng.integers(len(HEADS))], hand.script.height
    left = label.inches(rng.uniform(0.15, 0.7))
    if rng.random() < 0.5:
        y = _set(label, heading, label.inches(0.12), y, size * rng.uniform(0.6, 1.0))
    else:
        _set(label, heading, label.inches(0.1), y, size * 0.7)
        left = max(left, label.inches(0.2) + label.width(heading, size * 0.7))
    room = label.picture.shape[1] - left - label.inches(0.1)
    if rng.random() < WITH_PHONE:
        address = replace(address, lines=(address.lines[0], phone(rng), *address.lines[1:]))
    if rng.random() < LAST_LARGER and address.last_words:
        above = write_lines(rng, address.lines, hand)
        above = above.scaled(min(1.0, room / above.coverage.shape[1]))
        lay(label.picture, above.coverage, (left, y), label.ink)
        y += above.coverage.shape[0] + round(0.3 * size)
        address = replace(address, lines=())
        hand = replace(hand, script=replace(hand.script, height=size * rng.uniform(1.1, 1.5)))
    block = fitted(rng, address, hand, room)
    lay(label.picture, block.coverage, (left, y), label.ink)
    box = None if block.code is None else replace(block.code, x=block.code.x + left, y=block.code.y + y)
    y += block.coverage.shape[0] + label.inches(rng.uniform(0.08, 0.3))
    if rng.random() < WITH_REFERENCES:
        for _ in range(int(rng.integers(1, 4))):
            y = _set(label, numbered(rng).upper(), left, y, label.dpi * rng.uniform(*SMALL_IN_INCHES))
    return y, box


def _put_service(rng: np.random.Generator, label: Sheet) -> int:
    """Print what is to be done with the parcel; returns where it ends."""
    y, tall = label.inches(0.1), label.inches(rng.uniform(0.2, 0.8))
    letter = str(rng.choice(["P", "F", "G", "E", "1", "2"]))
    if tall > label.inches(0.45):
        _set(label, letter, label.inches(0.2), y - round(0.3 * tall), 0.75 * tall)
        for index in range(int(rng.integers(1, 4))):
            text = numbered(rng) if rng.random() < 0.5 else f"{date(rng)}  {rng.integers(1, 99)} lb"
            _set(label, text, label.inches(1.3), y + round(1.8 * index * 0.07 * label.dpi), 0.07 * label.dpi)
    y = _rule(rng, label, y + tall)
    if rng.random() < 0.7:
        size = label.dpi * rng.uniform(0.1, 0.18)
        name = SERVICES[rng.integers(len(SERVICES))]
        y = _set(label, name, max(0, (label.picture.shape[1] - label.width(name, size)) // 2), y, size)
        y = _rule(rng, label, y)
    return y + label.inches(0.06)


def _put_numbers(rng: np.random.Generator, label: Sheet, left: int, y: int) -> None:
    """Print weights, dates and accounts right of the sender."""
    size = label.dpi * rng.uniform(0.055, 0.08)
    for index in range(int(rng.integers(0, 5))):
        kinds = (numbered(rng), date(rng), f"{rng.integers(1, 70)} LBS", f"{rng.integers(10000):04d}", phone(rng))
        text = kinds[rng.integers(len(kinds))].upper()
        x = label.picture.shape[1] - label.width(text, size) - label.inches(0.15)
        if x > left + label.inches(0.1):
            _set(label, text, x, y + round(1.8 * size * index), size)


def _put_bars(rng: np.random.Generator, label: Sheet, y: int) -> None:
    """Print what machines read, with its numbers, and references, as far as there is room."""
    left, bottom = label.inches(rng.uniform(0.15, 0.4)), label.picture.shape[0]
    if rng.random() < 0.4:
        side = min(label.inches(rng.uniform(0.6, 1.0)), bottom - y - 4)
        if side > 20:
            _matrix(rng, label, left, y, side)
            _set(label, _route(rng), left + side + label.inches(0.2), y, label.dpi * rng.uniform(0.12, 0.25))
            y += side + label.inches(0.08)
    y = _rule(rng, label, y)
    size = label.dpi * rng.uniform(0.07, 0.11)
    y = _set(label, TRACKED[rng.integers(len(TRACKED))], left, y, size)
    tall = label.inches(rng.uniform(0.5, 1.1))
    if y + tall + 3 * size < bottom:
        bars = marks.barcode(rng, (tall, label.picture.shape[1] - 2 * left), "linear")
        lay(label.picture, bars, (left, y), label.ink)
        y += tall + round(0.3 * size)
    number = " ".join(f"{rng.integers(10_000):04d}" for _ in range(int(rng.integers(3, 7))))
    y = _set(label, number, left, y, size)
    y = _rule(rng, label, y)
    while y + 2 * size < bottom and rng.random() < 0.75:
        y = _set(label, numbered(rng), left, y, 0.8 * size)


def _route(rng: np.random.Generator) -> str:
    """Letters and numbers that say which way a parcel goes, as carriers write them."""
    form = ROUTES[rng.integers(len(ROUTES))]
    letters, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
    drawn = {"A": letters, "#": digits}
    return "".join(str(rng.choice(list(drawn[c]))) if c in drawn else c for c in form)


def _matrix(rng: np.random.Generator, label: Sheet, x: int, y: int, side: int) -> None:
    """Print a square code of dark and light modules."""
    modules = int(rng.integers(18, 40))
    cells = cv2.resize(
        (rng.random((modules, modules)) < 0.5).astype(np.float32), (side, side), interpolation=cv2.INTER_NEAREST
    )
    lay(label.picture, cells, (x, y), label.ink)


def _rule(rng: np.random.Generator, label: Sheet, y: int) -> int:
    """Print a line across the label; returns where what follows begins."""
    thick = max(1, label.inches(rng.uniform(0.01, 0.04)))
    label.picture[y : y + thick] = label.ink
    return y + thick + label.inches(0.04)


def _set(label: Sheet, text: str, x: int, y: int, height: float) -> int:
    """Print a line below `y`; returns where the next begins."""
    return round(label.set(text, (x, y), height))


def _on_a_parcel(rng: np.random.Generator, label: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """Stick a label on board larger than itself; returns the board, and where on it the label begins."""
    height, width = label.shape[:2]
    right, down, more_right, more_down = (int(side) for side in rng.uniform(0.03, 0.5, 4) * width)
    kind: stationery.Envelope = "kraft" if rng.random() < 0.7 else "white"
    board = stationery.make_envelope(rng, height + down + more_down, width + right + more_right, kind)
    stationery.put_label(rng, board, Box(right, down, width, height))
    board[down : down + height, right : right + width] = label
    return board, (right, down)
