"""Letters as they come out of their envelopes: the recipient's address, and under it a page of text or of amounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from zipread.lab.synth import stationery
from zipread.lab.synth.addresses import COMPANIES, LAST_NAMES, Address, make_address
from zipread.lab.synth.fonts import FontFile
from zipread.lab.synth.ink import lay
from zipread.lab.synth.lettering import write_address, write_lines
from zipread.lab.synth.mail import RESOLUTIONS, Capture, MailTruth, Supplies, captured, choose_hand, choose_ink
from zipread.lab.synth.negatives import WORDS
from zipread.lab.synth.notes import HEADS, amount, date, numbered, phone
from zipread.lab.synth.typeset import Sheet
from zipread.records import Box

SHEETS_IN_INCHES = ((8.5, 11.0), (8.5, 11.0), (8.5, 11.0), (8.27, 11.69), (8.5, 5.5))
"""Width and height of letters and of half a letter."""
MARGINS_IN_INCHES = (0.6, 1.25)
TYPE_IN_INCHES = (0.075, 0.12)
"""Height of digits in letters set in 8 to 12 points."""
ADDRESS_IN_INCHES = (1.2, 2.6)
"""Where an address begins, below the upper edge."""
PRIVATE = 0.2
"""Share of letters by people, whose own address looks like the recipient's."""
ON_THE_RIGHT, BAD_FOR_WINDOWS = 0.12, 0.2
"""Shares of addresses that stand on the right, as in parts of Europe, and anywhere in the upper half."""

GREETINGS = ("Dear", "Dear Mr.", "Dear Ms.", "Dear Dr.", "Hello", "To:")
CLOSINGS = ("Sincerely,", "Yours truly,", "Best regards,", "Thank you,", "Respectfully,", "Kind regards,")
REMIT = ("Mail payment to:", "Remit to:", "Make checks payable to:", "Return this part to:", "Questions? Write to:")


LEADING = 1.8
"""From line to line of what is no text, digit heights."""


@dataclass(frozen=True, slots=True)
class _Letter:
    """A letter in the making. The functions below change its sheet."""

    sheet: Sheet
    left: int  # where lines begin, pixels
    right: int  # and end
    height: float  # of the text's digits, pixels

    def set(self, text: str, y: float, height: float, side: float, font: FontFile | None = None) -> float:
        """Print a line at the left (side 0), in the middle (0.5) or at the right (1); returns where the next begins."""
        return self.sheet.set_between(text, (self.left, self.right), y, height, side, font)


def make_letter(
    rng: np.random.Generator,
    supplies: Supplies,
    uncoded: float = 0.0,
    capture: Capture | None = None,
    resolutions: tuple[float, ...] = RESOLUTIONS,
) -> tuple[np.ndarray, MailTruth]:
    """Make one captured letter: (h, w, 3) uint8 in OpenCV's order of colours, and its truth.

    uncoded: probability that no code stands on it, of recipient or sender; capture: how it becomes a picture, a scan or
    a photo at random when None; resolutions: one of which it is made in, pixels an inch.
    """
    place = supplies.places[rng.integers(len(supplies.places))]
    address = make_address(rng, place, business=bool(rng.random() < 0.25))
    private = bool(rng.random() < PRIVATE)
    sender = make_address(rng, supplies.places[rng.integers(len(supplies.places))], business=not private)
    if rng.random() < uncoded:
        address, sender = replace(address, coded=False), replace(sender, coded=False)
    letter = _blank(rng, supplies, resolutions)
    y = _put_person(rng, letter, supplies, sender) if private else _put_head(rng, letter, supplies, sender)
    y, box = _put_address(rng, letter, supplies, address, y)
    bottom = _put_foot(rng, letter, supplies, sender)
    _put_text(rng, letter, y, bottom)
    sheet = letter.sheet
    _fold(rng, sheet)
    return captured(rng, sheet.picture, capture, address, box, "printed", "letter", [f"{sheet.dpi:.0f} dpi"])


def _blank(rng: np.random.Generator, supplies: Supplies, resolutions: tuple[float, ...]) -> _Letter:
    dpi = resolutions[rng.integers(len(resolutions))]
    width, height = (round(dpi * inches) for inches in SHEETS_IN_INCHES[rng.integers(len(SHEETS_IN_INCHES))])
    picture = stationery.make_envelope(rng, height, width, "white" if rng.random() < 0.8 else "recycled")
    left, right = (round(dpi * rng.uniform(*MARGINS_IN_INCHES)) for _ in range(2))
    prints = supplies.print_fonts
    font, digits = prints.choose(rng), dpi * rng.uniform(*TYPE_IN_INCHES)
    sheet = Sheet(picture, dpi, prints, font, choose_ink(rng, by_hand=False), LEADING)
    return _Letter(sheet, left, width - right, digits)


def _put_head(rng: np.random.Generator, letter: _Letter, supplies: Supplies, sender: Address) -> float:
    """Print who writes, most often with an address; returns where it ends."""
    y = letter.sheet.dpi * float(rng.uniform(0.3, 0.8))
    if rng.random() < 0.1:
        return y
    side = float(rng.choice((0.0, 0.0, 0.5, 1.0)))
    name, *street = sender.lines
    large = letter.height * float(rng.uniform(1.0, 2.5))
    y = letter.set(name, y, large, side, font=supplies.print_fonts.choose(rng))
    if rng.random() < 0.75:
        lines = [*street, sender.last_line]
        lines = [", ".join(lines)] if rng.random() < 0.4 else lines
        if rng.random() < 0.4:
            lines.append(phone(rng))
        small = letter.height * float(rng.uniform(0.75, 1.0))
        for line in lines:
            y = letter.set(line, y, small, side)
    return y


def _put_person(rng: np.random.Generator, letter: _Letter, supplies: Supplies, sender: Address) -> float:
    """Print who writes as the recipient is printed, and perhaps a telephone number below; returns where it ends."""
    y = letter.sheet.dpi * float(rng.uniform(0.3, 0.9))
    hand = replace(choose_hand(rng, "printed", supplies, letter.height), font=letter.sheet.font)
    block = write_address(rng, sender, hand).coverage
    left = letter.left if rng.random() < 0.7 else max(letter.left, letter.right - block.shape[1])
    lay(letter.sheet.picture, block, (left, round(y)), letter.sheet.ink, rng.uniform(0.85, 1.0))
    y += block.shape[0] + 0.6 * letter.height
    return letter.sheet.set(phone(rng), (left, y), letter.height) if rng.random() < 0.5 else y


def _put_address(
    rng: np.random.Generator, letter: _Letter, supplies: Supplies, address: Address, y: float
) -> tuple[float, Box | None]:
    """Print the recipient's address and what stands beside it; returns where they end, and where the code stands."""
    dpi, (height, width) = letter.sheet.dpi, letter.sheet.picture.shape[:2]
    least = y + dpi * float(rng.uniform(0.1, 0.4))
    top = max(least, dpi * float(rng.uniform(*ADDRESS_IN_INCHES)))
    if rng.random() < BAD_FOR_WINDOWS:
        top = max(least, float(rng.uniform(0.1, 0.5)) * height)
    if rng.random() < 0.4:
        top = letter.set(date(rng), top, letter.height, float(rng.choice((0.0, 1.0)))) + letter.height
    hand = choose_hand(rng, "printed", supplies, letter.height * float(rng.uniform(0.95, 1.25)))
    if rng.random() < 0.6:
        hand = replace(hand, font=letter.sheet.font)
    block = write_address(rng, address, hand)
    h, w = block.coverage.shape
    left = letter.left
    on_the_right = rng.random() < ON_THE_RIGHT
    if on_the_right:
        left = max(left, letter.right - w)
    else:
        left += round(dpi * rng.choice((0.0, 0.0, 0.3)))
    if rng.random() < 0.2:
        bars = Box(left, round(top), round(min(2.6 * dpi, width - left - 0.2 * dpi)), round(0.13 * dpi))
        stationery.put_postal_barcode(rng, letter.sheet.picture, bars)
        top += 0.2 * dpi
    lay(letter.sheet.picture, block.coverage, (left, round(top)), letter.sheet.ink, rng.uniform(0.85, 1.0))
    if rng.random() < 0.4:
        _put_references(rng, letter, supplies, letter.left if on_the_right else left + w + dpi * 0.4, top)
    box = None if block.code is None else replace(block.code, x=block.code.x + left, y=block.code.y + round(top))
    return top + h, box


def _put_references(rng: np.random.Generator, letter: _Letter, supplies: Supplies, left: float, top: float) -> None:
    """Print numbers beside an address: of the account, of the invoice, dates."""
    hand = replace(choose_hand(rng, "printed", supplies, letter.height), font=letter.sheet.font)
    block = write_lines(rng, [numbered(rng) for _ in range(int(rng.integers(1, 5)))], hand)
    room = letter.sheet.picture.shape[1] - left - block.coverage.shape[1] - 0.2 * letter.sheet.dpi
    if room > 0:
        lay(letter.sheet.picture, block.coverage, (round(left + room * rng.random()), round(top)), letter.sheet.ink)


def _put_foot(rng: np.random.Generator, letter: _Letter, supplies: Supplies, sender: Address) -> float:
    """Print the sender once more below the text, on a line or as an address to pay to; returns where it begins."""
    bottom = letter.sheet.picture.shape[0] - letter.sheet.dpi * float(rng.uniform(0.3, 0.8))
    chance = rng.random()
    if chance < 0.3:
        line = " - ".join([*sender.lines, sender.last_line, phone(rng)])
        top = bottom - 2 * letter.height
        letter.set(line, top, 0.75 * letter.height, 0.5)
        return top
    if chance < 0.5:
        hand = choose_hand(rng, "printed", supplies, letter.height)
        address = write_address(rng, sender, hand).coverage
        top = bottom - address.shape[0]
        left = letter.left + max(0, round((letter.right - letter.left - address.shape[1]) * rng.random()))
        lay(letter.sheet.picture, address, (left, round(top)), letter.sheet.ink)
        top -= 2.2 * letter.height
        letter.sheet.set(_one(rng, REMIT), (left, top), letter.height)
        return top
    return bottom


def _put_text(rng: np.random.Generator, letter: _Letter, y: float, bottom: float) -> None:
    """Print a greeting, paragraphs and tables of amounts, and a closing, as far as there is room."""
    pitch = letter.height * float(rng.uniform(1.6, 2.1))
    greeting = f"{_one(rng, GREETINGS)} {_one(rng, LAST_NAMES)}," if rng.random() < 0.7 else _one(rng, HEADS)
    rows: list[tuple[str, str]] = [("", ""), (greeting, ""), ("", "")]
    letters = max(10, int((letter.right - letter.left) / (float(rng.uniform(0.8, 1.1)) * letter.height)))
    full = float(rng.uniform(0.3, 1.1)) * (bottom - y) / pitch
    while len(rows) < full:
        rows += _table(rng) if rng.random() < 0.25 else _paragraph(rng, letters)
        rows.append(("", ""))
    rows += [(_one(rng, CLOSINGS), ""), ("", ""), ("", ""), (_one(rng, COMPANIES), "")]
    for text, number in rows:
        y += pitch
        if y + pitch > bottom:
            break
        letter.set(text, y, letter.height, 0.0)
        letter.set(number, y, letter.height, 1.0)


def _paragraph(rng: np.random.Generator, letters: int) -> list[tuple[str, str]]:
    """Lines of words and a few numbers, at most `letters` long each."""
    lines, line = [], ""
    for _ in range(int(rng.integers(8, 70))):
        word = _number(rng) if rng.random() < 0.06 else str(rng.choice(WORDS)).lower()
        if len(line) + len(word) >= letters:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [(text, "") for text in [*lines, f"{line}."]]


def _table(rng: np.random.Generator) -> list[tuple[str, str]]:
    """Rows of what is paid for and how much it costs."""
    return [(numbered(rng), amount(rng)) for _ in range(int(rng.integers(3, 12)))]


def _number(rng: np.random.Generator) -> str:
    """A number as texts have them; one in five is as long as a code."""
    kinds: tuple[Callable[[np.random.Generator], str], ...] = (
        amount,
        date,
        phone,
        lambda rng: str(rng.integers(1900, 2035)),
        lambda rng: str(rng.integers(10_000, 100_000)),
    )
    return kinds[rng.integers(len(kinds))](rng)


def _fold(rng: np.random.Generator, sheet: Sheet) -> None:
    """Let a letter show where it was folded."""
    if rng.random() < 0.5:
        return
    height = sheet.picture.shape[0]
    wide = max(1.0, 0.04 * sheet.dpi)
    for share in (1 / 3, 2 / 3):
        off = (np.arange(height) - height * (share + rng.uniform(-0.02, 0.02))) / wide
        sheet.picture[:] *= (1.0 - rng.uniform(0.03, 0.2) * np.exp(-(off**2)))[:, None, None].astype(np.float32)


def _one(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[rng.integers(len(choices))]
