"""Picture postcards: a message on the left, a line down the middle, and the address on the right half."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from zipread.lab.synth import marks, stationery
from zipread.lab.synth.addresses import COMPANIES, FIRST_NAMES, Address, make_address
from zipread.lab.synth.hands import Writing
from zipread.lab.synth.ink import lay
from zipread.lab.synth.lettering import Block, Hand, write_address, write_lines
from zipread.lab.synth.mail import RESOLUTIONS, Capture, MailTruth, Supplies, captured, choose_hand, choose_ink, fitted
from zipread.lab.synth.negatives import WORDS
from zipread.lab.synth.notes import amount, date, phone
from zipread.lab.synth.typeset import Sheet
from zipread.records import Box

CARDS_IN_INCHES = ((5.5, 3.5), (5.83, 4.13), (6.0, 4.0), (6.0, 4.25), (7.0, 5.0), (9.0, 6.0))
"""Width and height."""
DIGITS_IN_INCHES = {"handwritten": (0.1, 0.22), "printed": (0.08, 0.11)}
"""Height of the address's digits."""
DIVIDE = (0.44, 0.62)
"""Where the message ends and the address begins, shares of the width."""
DIVIDED, RULED, BY_MACHINE = 0.75, 0.5, 0.2
"""Shares of cards with a line down the middle, with lines to write the address on, and with a printed address."""
MESSAGES = {"by hand": 0.7, "printed": 0.18, "none": 0.12}
"""Who wrote the left half, shares of cards."""
SENDER, TITLE = 0.25, 0.5
"""Shares with the sender's address on the left half, and with a line in small print that names the picture."""
SMALL_PRINT_IN_INCHES = (0.045, 0.07)
LEADING = 1.8
"""From line to line of small print, digit heights."""
LETTERS_A_HEIGHT = (0.9, 1.4)
"""Letters that take as much room along a line as so many digits are high, from narrow to wide hands."""

GREETINGS = ("Dear", "Hi", "Hello", "Dearest", "My dear")
ENDINGS = ("Love,", "Best wishes,", "See you soon,", "Yours,", "Hugs,", "Thank you,", "Cheers,")


@dataclass(frozen=True, slots=True)
class _Card:
    """A card in the making. The functions below change its sheet."""

    sheet: Sheet
    divide: int  # where its right half begins, pixels
    margin: int  # paper left free at the edges, pixels
    hand: Hand  # who wrote the address
    writing: Writing  # of that
    ink: np.ndarray  # (3,), of that

    @property
    def width(self) -> int:
        return self.sheet.picture.shape[1]

    @property
    def height(self) -> int:
        return self.sheet.picture.shape[0]

    def write(self, coverage: np.ndarray, left: float, top: float) -> None:
        """Write with the address's ink, the upper left corner at (`left`, `top`)."""
        lay(self.sheet.picture, coverage, (round(left), round(top)), self.ink, 0.95)


def make_postcard(
    rng: np.random.Generator,
    supplies: Supplies,
    uncoded: float = 0.0,
    capture: Capture | None = None,
    resolutions: tuple[float, ...] = RESOLUTIONS,
) -> tuple[np.ndarray, MailTruth]:
    """Make one captured postcard: (h, w, 3) uint8 in OpenCV's order of colours, and its truth.

    uncoded: probability that no code stands on it, of recipient or sender; capture, resolutions: as `mail.make_mail`
    takes them.
    """
    place, other = (supplies.places[rng.integers(len(supplies.places))] for _ in range(2))
    address = make_address(rng, place, business=bool(rng.random() < 0.1))
    sender = make_address(rng, other, business=bool(rng.random() < 0.4))
    if rng.random() < uncoded:
        address, sender = replace(address, coded=False), replace(sender, coded=False)
    card = _blank(rng, supplies, resolutions)
    franked = _put_postage(rng, card, supplies)
    top = _put_message(rng, card, supplies, sender)
    _put_small_print(rng, card, top)
    box = _put_address(rng, card, supplies, address, franked)
    words = [f"{card.sheet.dpi:.0f} dpi"]
    return captured(rng, card.sheet.picture, capture, address, box, card.writing, "postcard", words)


def _blank(rng: np.random.Generator, supplies: Supplies, resolutions: tuple[float, ...]) -> _Card:
    """A card with nothing on it but the line that divides it, and who is to write on it."""
    dpi = resolutions[rng.integers(len(resolutions))]
    width, height = (round(dpi * inches) for inches in CARDS_IN_INCHES[rng.integers(len(CARDS_IN_INCHES))])
    paper: stationery.Envelope = ("white", "cream", "recycled", "coloured")[rng.choice(4, p=[0.5, 0.25, 0.15, 0.1])]
    picture = stationery.make_envelope(rng, height, width, paper)
    prints = supplies.print_fonts
    sheet = Sheet(picture, dpi, prints, prints.choose(rng), np.full(3, rng.uniform(20, 130)), LEADING)
    divide = round(width * rng.uniform(*DIVIDE))
    if rng.random() < DIVIDED:
        long = height * float(rng.uniform(0.5, 1.0))
        line = np.ascontiguousarray(marks.rule(rng, long, max(1.0, dpi * rng.uniform(0.004, 0.015)), "straight").T)
        lay(picture, line, (divide - line.shape[1] // 2, round((height - long) * rng.random())), sheet.ink)
    writing: Writing = "printed" if rng.random() < BY_MACHINE else "handwritten"
    hand = choose_hand(rng, writing, supplies, dpi * float(rng.uniform(*DIGITS_IN_INCHES[writing])))
    ink = choose_ink(rng, by_hand=writing == "handwritten")
    return _Card(sheet, divide, sheet.inches(rng.uniform(0.08, 0.3)), hand, writing, ink)


def _put_postage(rng: np.random.Generator, card: _Card, supplies: Supplies) -> int:
    """Frank a card, and cancel that; returns where there is room below, pixels."""
    chance, sheet, prints = rng.random(), card.sheet, supplies.print_fonts
    if chance < 0.1:
        return card.margin
    if chance < 0.3:
        return stationery.put_imprint(rng, sheet.picture, prints, sheet.dpi).bottom
    stamp = stationery.put_stamp(rng, sheet.picture, prints, sheet.dpi)
    if rng.random() < 0.75:
        stationery.put_postmark(rng, sheet.picture, prints, stamp, sheet.dpi)
    return stamp.bottom


def _put_message(rng: np.random.Generator, card: _Card, supplies: Supplies, sender: Address) -> float:
    """Write on the left half, the sender's address above or below it; returns where that ends."""
    room, y = card.divide - 2 * card.margin, card.margin + card.height * float(rng.uniform(0.0, 0.12))
    kind = str(rng.choice(list(MESSAGES), p=list(MESSAGES.values())))
    by_hand = kind == "by hand"
    height = card.sheet.dpi * float(rng.uniform(0.07, 0.16) if by_hand else rng.uniform(0.06, 0.1))
    hand = choose_hand(rng, "handwritten" if by_hand else "printed", supplies, height)
    if by_hand and card.writing == "handwritten":  # most often whoever wrote the address
        script = card.hand.script
        stroke = max(1.0, script.stroke * height / script.height)
        hand = replace(card.hand, script=replace(script, height=height, stroke=stroke))
    ink = card.ink if by_hand == (card.writing == "handwritten") else choose_ink(rng, by_hand=by_hand)
    parts: list[Block] = []
    if kind != "none":
        letters = int(room / (height * rng.uniform(*LETTERS_A_HEIGHT)))
        parts.append(write_lines(rng, _message(rng, max(8, letters)), hand))
    if rng.random() < SENDER:
        own = hand if rng.random() < 0.6 else choose_hand(rng, "printed", supplies, 0.9 * height)
        at = 0 if rng.random() < 0.6 else len(parts)
        parts.insert(at, write_address(rng, sender, own))
    for part in parts:
        coverage = part.scaled(min(1.0, room / part.coverage.shape[1])).coverage
        shown = coverage[: max(1, round(card.height - y - card.margin))]
        lay(card.sheet.picture, np.ascontiguousarray(shown), (card.margin, round(y)), ink, 0.95)
        y += shown.shape[0] + float(rng.uniform(0.5, 2.0)) * height
    return y


def _message(rng: np.random.Generator, letters: int) -> list[str]:
    """Lines of a greeting, words with a few numbers among them, and a name, at most `letters` long each."""
    lines, line = [f"{_one(rng, GREETINGS)} {_one(rng, FIRST_NAMES)},"], ""
    if rng.random() < 0.4:
        lines.insert(0, date(rng))
    for _ in range(int(rng.integers(5, 40))):
        word = str(rng.choice(WORDS)).lower()
        if rng.random() < 0.08:
            word = (amount, date, phone, lambda rng: str(rng.integers(1, 100_000)))[rng.integers(4)](rng)
        if len(line) + len(word) >= letters:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [*filter(None, lines), f"{line}.", _one(rng, ENDINGS), _one(rng, FIRST_NAMES)]


def _put_small_print(rng: np.random.Generator, card: _Card, top: float) -> None:
    """Name the picture and whoever printed the card, below the message, if there is room."""
    height = card.sheet.dpi * float(rng.uniform(*SMALL_PRINT_IN_INCHES))
    if rng.random() > TITLE or top + 4 * height > card.height:
        return
    words = " ".join(rng.choice(WORDS, int(rng.integers(2, 6))))
    y = card.sheet.set(words, (card.margin, card.height - 4.5 * height), height)
    card.sheet.set(f"{_one(rng, COMPANIES)} {rng.integers(100, 1_000_000)}", (card.margin, y), height)


def _put_address(
    rng: np.random.Generator, card: _Card, supplies: Supplies, address: Address, franked: int
) -> Box | None:
    """Write the address on the right half; returns where the code stands, if there is one."""
    left = card.divide + card.margin
    room = card.width - left - card.margin
    by_hand = card.writing == "handwritten"
    if by_hand and rng.random() < RULED:
        return _put_on_rules(rng, card, address, left, room, franked)
    block = fitted(rng, address, card.hand, room)
    h, w = block.coverage.shape
    low, high = min(franked, card.height - h - card.margin), card.height - h - card.margin
    top = max(0, round(low + (high - low) * rng.uniform(0.1, 0.9)))
    left += round(max(0, room - w) * rng.random())
    if not by_hand and rng.random() < 0.5:
        around = card.sheet.inches(rng.uniform(0.05, 0.2))
        stationery.put_label(rng, card.sheet.picture, Box(left - around, top - around, w + 2 * around, h + 2 * around))
    card.write(block.coverage, left, top)
    return _moved(block, left, top)


def _put_on_rules(
    rng: np.random.Generator, card: _Card, address: Address, left: int, room: int, franked: int
) -> Box | None:
    """Print lines on the right half, and write the address on them, a line each."""
    rows = [*address.lines, *([address.last_line] if address.last_words else []), *address.after]
    code_row = len(address.lines) if address.last_words else None
    count = len(rows) + int(rng.integers(0, 2))
    first = min(franked + 0.12 * card.sheet.dpi, 0.55 * card.height) + card.hand.script.height
    pitch = (card.height - card.margin - first) / count * float(rng.uniform(0.8, 1.0))
    box = None
    for row in range(count):
        foot, begin = first + row * pitch, left + round(room * rng.uniform(0.0, 0.06))
        line = marks.rule(rng, room, max(1.0, card.sheet.dpi / 150), "straight")
        lay(card.sheet.picture, line, (left, round(foot - line.shape[0] / 2)), card.sheet.ink)
        if row >= len(rows):
            continue
        if row == code_row:
            block = write_address(rng, replace(address, lines=(), after=()), card.hand)
        else:
            block = write_lines(rng, [rows[row]], card.hand)
        scale = min(1.0, 0.94 * room / block.coverage.shape[1], 0.9 * pitch / card.hand.script.height)
        block = block.scaled(scale)
        top = foot - block.baseline
        card.write(block.coverage, begin, top)
        box = _moved(block, begin, top) if row == code_row else box
    return box


def _moved(block: Block, left: float, top: float) -> Box | None:
    """Where the code of a block stands whose upper left corner is at (`left`, `top`)."""
    if block.code is None:
        return None
    return replace(block.code, x=block.code.x + round(left), y=block.code.y + round(top))


def _one(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[rng.integers(len(choices))]
