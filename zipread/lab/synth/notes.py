"""Notes: a few lines that end in a number, as an address does, which is no code: an amount, an account, a date."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zipread.lab.synth import photo, stationery
from zipread.lab.synth.addresses import COMPANIES, FIRST_NAMES, LAST_NAMES, STREETS, WAYS
from zipread.lab.synth.hands import Writing
from zipread.lab.synth.ink import lay
from zipread.lab.synth.lettering import Hand, write_lines
from zipread.lab.synth.mail import Capture, Supplies, choose_hand, choose_ink
from zipread.lab.synth.negatives import WORDS

SHEETS_IN_INCHES = ((8.5, 11.0), (8.5, 5.5), (8.0, 3.5), (5.5, 8.5), (6.0, 4.25), (9.5, 4.125))
"""Width and height of a letter, its half, a cheque, a pad, a card and an envelope."""
LETTERS_IN_INCHES = {"handwritten": (0.1, 0.3), "printed": (0.06, 0.2)}
"""Height of digits."""
MOST_NOTES = 3
"""Blocks of lines on a sheet at most."""
BARE, LABELLED = 0.2, 0.55
"""Shares of numbers that stand on a line alone, and behind a label."""

HEADS = (
    *("Invoice", "Statement", "Receipt", "Dear customer,", "Reminder", "Order", "Your bill", "Delivery note", "Notice"),
    *("Thank you for your order.", "Please pay by return", "Member since 1999", "Statement of account", "Packing list"),
)
OF_AMOUNTS = (
    *("Total", "Amount", "Amount due", "Balance", "Subtotal", "Pay this amount", "Please pay", "Net", "Tax", "Price"),
    *("Sum", "Paid", "Deposit", "Total due", "Minimum due", "Donation", "USD", "EUR", "Balance forward", "Fee"),
)
OF_NUMBERS = (
    *("Account", "Account no.", "Acct", "Customer no.", "Policy", "Ref", "Ref.", "Invoice #", "Order no.", "Member"),
    *("Case", "ID", "Serial no.", "Item", "Your number is", "Claim no.", "File", "Batch", "No.", "Form"),
)
OF_PHONES = ("Tel.", "Phone", "Call", "Fax", "Mobile", "Call us at")
OF_DATES = ("Date", "Due", "Since", "Due date", "Printed", "Pay by", "Valid until", "Expires")


def make_note(
    rng: np.random.Generator, writing: Writing, supplies: Supplies, capture: Capture | None = None
) -> np.ndarray:
    """Make a captured sheet on which no code stands: (h, w, 3) uint8, blue-green-red.

    capture: how it becomes a picture, a scan when None.
    """
    dpi = float(rng.choice((100.0, 120.0, 150.0, 200.0)))
    width, height = (round(dpi * inches) for inches in SHEETS_IN_INCHES[rng.integers(len(SHEETS_IN_INCHES))])
    sheet = stationery.make_envelope(rng, height, width, "white" if rng.random() < 0.7 else "recycled")
    top = height * float(rng.uniform(0.03, 0.4))
    for _ in range(int(rng.integers(1, MOST_NOTES + 1))):
        hand = choose_hand(rng, writing, supplies, dpi * float(rng.uniform(*LETTERS_IN_INCHES[writing])))
        top = _put(rng, sheet, hand, top, by_hand=writing == "handwritten") + height * float(rng.uniform(0.03, 0.3))
    return (capture or photo.scan)(rng, sheet).picture


def _put(rng: np.random.Generator, sheet: np.ndarray, hand: Hand, top: float, *, by_hand: bool) -> float:
    """Write one block of lines below `top`, if there is room for it; returns where it ends."""
    block = write_lines(rng, note_lines(rng), hand)
    room_down, room_right = sheet.shape[0] - top - block.coverage.shape[0], sheet.shape[1] - block.coverage.shape[1]
    if min(room_down, room_right) <= 0:
        return top
    left = room_right * float(rng.uniform(0.05, 0.95))
    lay(sheet, block.coverage, (round(left), round(top)), choose_ink(rng, by_hand=by_hand), rng.uniform(0.85, 1.0))
    return top + block.coverage.shape[0]


def note_lines(rng: np.random.Generator) -> list[str]:
    """Write one to five lines, most of which end in a number."""
    lines = [_words(rng) for _ in range(int(rng.integers(0, 4)))]
    if rng.random() < 0.3:
        lines.append(numbered(rng))
    return [*lines, numbered(rng)] if rng.random() < 0.9 or not lines else lines


def _words(rng: np.random.Generator) -> str:
    """A line that ends in a word."""
    kind = int(rng.integers(5))
    if kind == 0:
        return _one(rng, COMPANIES)
    if kind == 1:
        return f"{_one(rng, FIRST_NAMES)} {_one(rng, LAST_NAMES)}"
    if kind == 2:
        return f"{rng.integers(1, 9999)} {_one(rng, STREETS)} {_one(rng, WAYS)}"
    return _one(rng, HEADS) if kind == 3 else " ".join(_one(rng, WORDS) for _ in range(int(rng.integers(1, 4))))


def numbered(rng: np.random.Generator) -> str:
    """A line that ends in a number."""
    kinds: tuple[tuple[tuple[str, ...], Callable[[np.random.Generator], str]], ...] = (
        (OF_AMOUNTS, amount),
        (OF_NUMBERS, _long_number),
        (OF_NUMBERS, lambda rng: str(rng.integers(10_000, 100_000))),
        (OF_PHONES, phone),
        (OF_DATES, date),
    )
    labels, number = kinds[rng.choice(len(kinds), p=[0.55, 0.2, 0.08, 0.08, 0.09])]
    chance = rng.random()
    if chance < BARE and number is amount:
        return amount(rng)
    before = _one(rng, labels) if chance < BARE + LABELLED else f"{_words(rng)} {_one(rng, labels)}"
    return f"{before}{':' if rng.random() < 0.2 else ''} {number(rng)}"


def amount(rng: np.random.Generator) -> str:
    """An amount of money, most often of five digits with a dot or comma among them."""
    whole = int(rng.integers(100, 1000)) if rng.random() < 0.7 else int(10 ** rng.uniform(0, 5))
    written = f"{whole}.{rng.integers(100):02d}"
    if whole >= 1000:
        written = f"{whole:,}.{rng.integers(100):02d}" if rng.random() < 0.6 else f"{whole:,}"
    elif rng.random() < 0.1:
        written = f"{rng.integers(10, 100)},{rng.integers(1000):03d}"
    if rng.random() < 0.2:
        written = written.translate(str.maketrans(".,", ",."))
    return f"${written}" if rng.random() < 0.25 else written


def _long_number(rng: np.random.Generator) -> str:
    """A number of six to twelve digits, or of a letter and a few."""
    digits = "".join(str(digit) for digit in rng.integers(0, 10, int(rng.integers(6, 13))))
    chance = rng.random()
    if chance < 0.2:
        return f"{chr(65 + int(rng.integers(26)))}{digits[: int(rng.integers(4, 7))]}"
    if chance < 0.4:
        at = int(rng.integers(2, len(digits) - 2))
        return f"{digits[:at]}{_one(rng, ('-', ' ', '.'))}{digits[at:]}"
    return digits


def phone(rng: np.random.Generator) -> str:
    """A telephone number."""
    area, exchange, line = rng.integers(200, 999), rng.integers(200, 999), rng.integers(10_000)
    return f"{area}-{exchange}-{line:04d}" if rng.random() < 0.5 else f"({area}) {exchange}-{line:04d}"


def date(rng: np.random.Generator) -> str:
    """A date in digits."""
    month, day, year = rng.integers(1, 13), rng.integers(1, 29), rng.integers(1990, 2030)
    return f"{month}/{day}/{year % 100:02d}" if rng.random() < 0.5 else f"{month}/{day}/{year}"


def _one(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[rng.integers(len(choices))]
