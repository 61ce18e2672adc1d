"""Receipts as tills print them: a shop's street and telephone, numbers of the till and of the sale, prices; no code."""

from __future__ import annotations

import numpy as np

from zipread.lab.synth import marks, photo
from zipread.lab.synth.addresses import COMPANIES, STREETS, WAYS
from zipread.lab.synth.hands import Prints
from zipread.lab.synth.ink import lay
from zipread.lab.synth.mail import Capture
from zipread.lab.synth.negatives import WORDS
from zipread.lab.synth.notes import amount, date, phone
from zipread.lab.synth.typeset import Sheet

WIDE_IN_INCHES, LONG = (2.2, 3.2), (1.4, 3.2)
"""Width of a receipt, and how many times as long it is."""
LETTERS = (24.0, 42.0)
"""Letters that fit on a line."""
DPI = (100.0, 200.0)
"""Pixels an inch."""
LEADING = 1.75
"""From line to line, digit heights."""
OF_TILLS = ("STORE", "REG", "TRAN", "TRANS", "TERM", "OP", "CASHIER", "CHK", "TABLE", "ORDER", "INV", "TICKET", "SLIP")
OF_CARDS = ("APPROVAL", "AUTH", "REF", "TRACE", "SEQ", "MEMBER", "REWARDS", "AID", "TC", "TRN")
TOTALS = ("SUBTOTAL", "TAX", "TOTAL", "CASH", "CHANGE", "BALANCE DUE", "TIP", "AMOUNT")
"""Lines whose names stand a little further in."""
TAXES = ("", "", " N", " T", " F", " A", " X")
"""Letters behind a price that say how it is taxed."""


def make_receipt(rng: np.random.Generator, prints: Prints, capture: Capture | None = None) -> np.ndarray:
    """Make a captured receipt: (h, w, 3) uint8, blue-green-red. capture: how it becomes a picture, a scan when None."""
    dpi = float(rng.uniform(*DPI))
    width = round(dpi * rng.uniform(*WIDE_IN_INCHES))
    paper = np.full((round(width * rng.uniform(*LONG)), width, 3), rng.uniform(215, 252), np.float32)
    sheet = Sheet(paper, dpi, prints, prints.choose(rng), np.full(3, rng.uniform(10, 100)), LEADING)
    size = width / rng.uniform(*LETTERS)
    y, bottom = size * rng.uniform(1, 3), paper.shape[0] - 3 * size
    middle = rng.random() < 0.6
    for text in _head(rng):
        y = _set(sheet, text, y, size, 0.5 if middle else 0.0)
    y += size * rng.uniform(0, 2)
    for text in _of_the_sale(rng):
        y = _set(sheet, text, y, size, 0.0)
    goods = [str(rng.choice(WORDS)).upper() for _ in range(int(rng.integers(3, 25)))]
    for name in (*goods, *_totals(rng)):
        if y > bottom:
            break
        _set(sheet, f"{amount(rng).lstrip('$')}{TAXES[rng.integers(len(TAXES))]}", y, size, 1.0)
        y = _set(sheet, name, y, size, 0.1 if name in TOTALS else 0.0)
    for _ in range(int(rng.integers(0, 4))):
        y = _set(sheet, f"{rng.choice(OF_CARDS)} {_number(rng)}", y, size, 0.5 if middle else 0.0) if y < bottom else y
    if y + 5 * size < bottom and rng.random() < 0.4:
        bars = marks.barcode(rng, (round(3 * size), round(0.7 * width)), "linear")
        lay(paper, bars, (round(0.15 * width), round(y + size)), sheet.ink)
    return (capture or photo.scan)(rng, paper).picture


def _head(rng: np.random.Generator) -> list[str]:
    """Who sells, and where."""
    street = f"{rng.integers(1, 10 ** rng.integers(2, 6))} {rng.choice(STREETS)} {rng.choice(WAYS)}"
    return [str(rng.choice(COMPANIES)), *([street] if rng.random() < 0.8 else []), phone(rng)]


def _of_the_sale(rng: np.random.Generator) -> list[str]:
    """When it was sold, and numbers of the till."""
    told = [f"{rng.choice(OF_TILLS)} {_number(rng)}" for _ in range(int(rng.integers(1, 6)))]
    if rng.random() < 0.6:
        told = [" ".join(told[:3]), *told[3:]]
    return [f"{date(rng)} {rng.integers(1, 13)}:{rng.integers(60):02d}", *told]


def _totals(rng: np.random.Generator) -> list[str]:
    """Names of sums, the total always among them."""
    return [name for name in TOTALS if name == "TOTAL" or rng.random() < 0.4]


def _number(rng: np.random.Generator) -> str:
    """A number of two to eight digits, most often of five or six."""
    digits = int(rng.choice([2, 3, 4, 5, 6, 8], p=[0.1, 0.1, 0.15, 0.35, 0.2, 0.1]))
    return "".join(str(digit) for digit in rng.integers(0, 10, digits))


def _set(sheet: Sheet, text: str, y: float, size: float, side: float) -> float:
    """Print a line at the left (side 0), in the middle (0.5) or at the right (1); returns where the next begins."""
    margin = 1.5 * size
    return sheet.set_between(text, (margin, sheet.picture.shape[1] - margin), y, size, side)
