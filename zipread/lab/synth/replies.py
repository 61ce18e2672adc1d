"""Reply cards and small forms: printed labels, and an address written by hand on the lines or in the boxes beside."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from zipread.lab.synth import marks, stationery
from zipread.lab.synth.addresses import Address, make_address
from zipread.lab.synth.boxed import fill_in, row_of_boxes
from zipread.lab.synth.hands import Writing
from zipread.lab.synth.ink import lay
from zipread.lab.synth.lettering import Hand, write_address, write_lines
from zipread.lab.synth.mail import RESOLUTIONS, Capture, MailTruth, Supplies, captured, choose_hand, choose_ink
from zipread.lab.synth.negatives import WORDS
from zipread.lab.synth.notes import phone
from zipread.lab.synth.places import CODE, Country
from zipread.lab.synth.typeset import Sheet
from zipread.records import Box

CARDS_IN_INCHES = ((6.0, 4.0), (6.0, 4.25), (5.5, 3.5), (8.5, 3.67), (8.5, 5.5))
"""Width and height of reply cards and of halves of a letter."""
DIGITS_IN_INCHES = (0.11, 0.19)
"""Height of the digits that people write on them."""
LABELS_IN_INCHES = (0.055, 0.085)
"""Height of the digits of the printed labels' font."""
IN_BOXES, ON_ONE_LINE, LABELS_BELOW, TYPED = 0.25, 0.15, 0.4, 0.12
"""Shares of cards with boxes for a code without +4, with one line for town, state and code, with labels under their
lines, and filled in by machine."""
ON_OWN_LINES, WITH_DISTRICT = 0.5, 0.4
"""Shares of cards abroad with a line each for city and code, and of these with one for something between."""
WITH_OFFICE, OFFICE_ABOVE = 0.4, 0.35
"""Shares of cards that print where they are to be sent, with a code of its own, and of those that do so at the top."""
WITHOUT_PLUS4 = 0.6
"""Share of those who know their +4 and leave it out here."""
LEADING = 1.8
"""From line to line of print, digit heights."""

HEADS = (
    *("YES! Send me more information", "Reply card", "Please complete and return", "Order form", "Donation form"),
    *("Survey", "Enter to win!", "Membership application", "Change of address", "Registration", "Subscribe today"),
    *("Absentee ballot application", "Warranty card", "Tell us about yourself", "RSVP", "Please print clearly"),
)
CODE_LABELS = ("ZIP", "Zip", "ZIP Code", "Zip code", "ZIP:", "Postal code")
CODE_LABELS_ABROAD = (
    "Postcode",
    "Postal code",
    "PIN code",
    "PINCODE:",
    "PLZ",
    "Code postal",
    "C.P.",
    "CAP",
    "Post code:",
)
CITY_LABELS_ABROAD = ("City", "CITY:", "Town", "Ort", "Ville", "Localita", "Ciudad", "Post town")
DISTRICT_LABELS = ("State", "District", "Region", "Landmark", "STATE:", "Province")
TOWN_LABELS = ("City, State, ZIP", "City/State/Zip", "City & ZIP")
AFTERWARDS = (("Phone", "Email"), ("Email",), ("Phone",), ("Signature", "Date"), ())
"""Labels below an address."""
RETURNS = ("Mail to:", "Return to:", "Please return this card to:", "Make checks payable to:")


@dataclass(frozen=True, slots=True)
class _Card:
    """A card in the making. The functions below change its sheet."""

    sheet: Sheet
    left: int  # where lines begin, pixels
    right: int  # and end
    pitch: float  # from line to line of writing, pixels
    label: float  # height of digits in the labels' font, pixels
    below: bool  # labels stand under their lines, not before them
    hand: Hand
    writing: Writing  # of the hand
    ink: np.ndarray  # (3,), of the hand

    def rule(self, rng: np.random.Generator, text: str, start: float, foot: float, stop: float) -> float:
        """Print a label and its line from `start` to `stop`, `foot` below the upper edge; returns where to write."""
        sheet, begin = self.sheet, start
        if self.below:
            sheet.set(text, (start, foot + 0.02 * sheet.dpi), 0.9 * self.label)
        else:
            sheet.set(text, (start, foot - 1.4 * self.label), self.label)
            begin += sheet.width(text, self.label) + 0.06 * sheet.dpi
        line = marks.rule(rng, max(8.0, stop - begin), max(1.0, sheet.dpi / 150), "straight")
        lay(sheet.picture, line, (round(begin), round(foot + 2 - line.shape[0] / 2)), sheet.ink)
        return begin + 0.05 * sheet.dpi

    def write(self, coverage: np.ndarray, start: float, top: float) -> None:
        """Write with the hand's ink, the upper left corner at (`start`, `top`)."""
        lay(self.sheet.picture, coverage, (round(start), round(top)), self.ink, 0.95)

    def fill_in(self, rng: np.random.Generator, label: str, text: str, start: float, foot: float, stop: float) -> None:
        """Print a label and its line, and write on it, smaller where there is little room."""
        begin = self.rule(rng, label, start, foot, stop)
        if not text:
            return
        block = write_lines(rng, [text], self.hand)
        block = block.scaled(min(1.0, max(12.0, stop - begin) / block.coverage.shape[1]))
        self.write(block.coverage, begin, foot - block.baseline)


def make_reply(
    rng: np.random.Generator,
    supplies: Supplies,
    uncoded: float = 0.0,
    capture: Capture | None = None,
    resolutions: tuple[float, ...] = RESOLUTIONS,
) -> tuple[np.ndarray, MailTruth]:
    """Make one captured reply card: (h, w, 3) uint8 in OpenCV's order of colours, and its truth.

    uncoded: probability that nobody wrote a code on it and none is printed; capture, resolutions: as `mail.make_mail`
    takes them.
    """
    place, other = (supplies.places[rng.integers(len(supplies.places))] for _ in range(2))
    address, office = make_address(rng, place, business=False), make_address(rng, other, business=True)
    if rng.random() < WITHOUT_PLUS4:
        address = replace(address, plus4="")
    if rng.random() < uncoded:
        address, office = replace(address, coded=False), replace(office, coded=False)
    card, foot = _blank(rng, supplies, resolutions)
    with_office = rng.random() < WITH_OFFICE
    if with_office and rng.random() < OFFICE_ABOVE:
        top = _put_office(rng, card, supplies, office, foot - card.pitch, below=4 * card.pitch)
        foot, with_office = top + card.pitch, False
    street = address.lines[-1 if address.city else -2]
    card.fill_in(rng, "Name", address.lines[0], card.left, foot, card.right)
    foot += card.pitch
    card.fill_in(rng, "Address" if rng.random() < 0.7 else "Street", street, card.left, foot, card.right)
    foot += card.pitch
    if place.country is not None:
        box, foot = _fill_in_abroad(rng, card, address, place.country, foot)
    else:
        put_town = _fill_in_one_line if rng.random() < ON_ONE_LINE else _fill_in_town
        box = put_town(rng, card, address, foot)
    foot += card.pitch
    for label in AFTERWARDS[rng.integers(len(AFTERWARDS))]:
        if foot + card.label < card.sheet.picture.shape[0]:
            text = phone(rng) if label == "Phone" and rng.random() < 0.7 else ""
            card.fill_in(rng, label, text, card.left, foot, card.left + 0.6 * (card.right - card.left))
            foot += card.pitch
    if with_office:
        _put_office(rng, card, supplies, office, foot)
    words = [f"{card.sheet.dpi:.0f} dpi"]
    return captured(rng, card.sheet.picture, capture, address, box, card.writing, "reply", words)


def _blank(rng: np.random.Generator, supplies: Supplies, resolutions: tuple[float, ...]) -> tuple[_Card, float]:
    """A card with its heading, and where the first line to write on is."""
    dpi = resolutions[rng.integers(len(resolutions))]
    width, height = (round(dpi * inches) for inches in CARDS_IN_INCHES[rng.integers(len(CARDS_IN_INCHES))])
    paper: stationery.Envelope = ("white", "cream", "coloured")[rng.choice(3, p=[0.7, 0.15, 0.15])]
    picture = stationery.make_envelope(rng, height, width, paper)
    prints = supplies.print_fonts
    sheet = Sheet(picture, dpi, prints, prints.choose(rng), np.full(3, rng.uniform(20, 110)), LEADING)
    label = dpi * rng.uniform(*LABELS_IN_INCHES)
    left, y = sheet.inches(rng.uniform(0.15, 0.6)), dpi * float(rng.uniform(0.12, 0.4))
    right = min(width - sheet.inches(0.15), left + sheet.inches(rng.uniform(4.2, 7.0)))
    if rng.random() < 0.85:
        y = sheet.set(HEADS[rng.integers(len(HEADS))], (left, y), dpi * float(rng.uniform(0.09, 0.2)))
    for _ in range(int(rng.integers(0, 4))):
        y = sheet.set(" ".join(rng.choice(WORDS, int(rng.integers(3, 9)))).lower(), (left, y), label)
    writing: Writing = "printed" if rng.random() < TYPED else "handwritten"
    digits = dpi * float(rng.uniform(*DIGITS_IN_INCHES) if writing == "handwritten" else rng.uniform(0.08, 0.11))
    hand = choose_hand(rng, writing, supplies, digits)
    below = rng.random() < LABELS_BELOW
    pitch = max(dpi * rng.uniform(0.28, 0.42), (2.0 if below else 1.7) * digits + 1.2 * label * below)
    ink = choose_ink(rng, by_hand=writing == "handwritten")
    return _Card(sheet, left, right, pitch, label, below, hand, writing, ink), y + pitch


def _fill_in_town(rng: np.random.Generator, card: _Card, address: Address, foot: float) -> Box | None:
    """Write town, state and code on one line; returns where the code stands, if there is one."""
    total = card.right - card.left
    town, state = total * rng.uniform(0.42, 0.52), total * rng.uniform(0.13, 0.2)
    gap = 0.08 * card.sheet.dpi
    card.fill_in(rng, "City", address.place.city, card.left, foot, card.left + town - gap)
    card.fill_in(rng, "State", address.place.state, card.left + town, foot, card.left + town + state - gap)
    label = CODE_LABELS[rng.integers(len(CODE_LABELS))]
    return _fill_in_code(rng, card, address, label, card.left + town + state, foot, card.right)


def _fill_in_abroad(
    rng: np.random.Generator, card: _Card, address: Address, country: Country, foot: float
) -> tuple[Box | None, float]:
    """Write city and code, on one line as the country has them or on a line each; returns the code's place and `foot`.

    The last line that was written on is `foot` below the upper edge.
    """
    middle = card.left + (card.right - card.left) * rng.uniform(0.4, 0.6)
    spans = [(card.left, middle - 0.08 * card.sheet.dpi, foot), (middle, card.right, foot)]
    if country.code_first:
        spans.reverse()
    if rng.random() < ON_OWN_LINES:
        spans = [(card.left, card.right, foot)]
        if rng.random() < WITH_DISTRICT:
            foot += card.pitch
            district = country.cities[int(rng.integers(len(country.cities)))]
            card.fill_in(rng, str(rng.choice(DISTRICT_LABELS)), district, card.left, foot, card.right)
        foot += card.pitch
        spans.append((card.left, card.right, foot))
    (start, stop, city_foot), (code_start, code_stop, code_foot) = spans
    card.fill_in(rng, str(rng.choice(CITY_LABELS_ABROAD)), address.place.city, start, city_foot, stop)
    label = str(rng.choice(CODE_LABELS_ABROAD))
    return _fill_in_code(rng, card, address, label, code_start, code_foot, code_stop), foot


def _fill_in_code(
    rng: np.random.Generator, card: _Card, address: Address, label: str, start: float, foot: float, stop: float
) -> Box | None:
    """Write a code behind its label, into boxes or on a line; returns where it stands, if there is one."""
    if rng.random() < IN_BOXES and not address.plus4:
        return _in_boxes(rng, card, address, label, start, foot)
    begin = card.rule(rng, label, start, foot, stop)
    if not address.code:
        return None
    return _write_code(rng, card, replace(address, city="", form=CODE), begin, foot, stop + 0.1 * card.sheet.dpi)


def _fill_in_one_line(rng: np.random.Generator, card: _Card, address: Address, foot: float) -> Box | None:
    """As `_fill_in_town`, all behind one label."""
    begin = card.rule(rng, TOWN_LABELS[rng.integers(len(TOWN_LABELS))], card.left, foot, card.right)
    city = address.city or f"{address.place.city} {address.place.state}"
    return _write_code(rng, card, replace(address, city=city), begin, foot, card.right)


def _write_code(
    rng: np.random.Generator, card: _Card, address: Address, begin: float, foot: float, stop: float
) -> Box | None:
    """Write the line of an address that ends in its code from `begin` to `stop`; returns where the code stands."""
    block = write_address(rng, replace(address, lines=(), after=()), card.hand)
    block = block.scaled(min(1.0, max(12.0, stop - begin) / block.coverage.shape[1]))
    on_line = block.code.bottom if block.code is not None else block.baseline
    top = foot - on_line + rng.uniform(-0.08, 0.06) * card.hand.script.height
    card.write(block.coverage, begin, top)
    if block.code is None:
        return None
    return replace(block.code, x=block.code.x + round(begin), y=block.code.y + round(top))


def _in_boxes(
    rng: np.random.Generator, card: _Card, address: Address, label: str, start: float, foot: float
) -> Box | None:
    """Print a label and a box a digit, and write a code into them; returns where it stands, None without a code."""
    sheet, tall = card.sheet, card.hand.script.height
    row = row_of_boxes(rng, address, tall, max(1.0, sheet.dpi / 120))
    coverage = row.cells.coverage
    x = min(round(start), sheet.picture.shape[1] - coverage.shape[1] - 4)
    y = round(foot + 0.15 * tall - coverage.shape[0])
    sheet.set(label, (x, y - 1.8 * card.label), card.label)
    lay(sheet.picture, coverage, (x, y), sheet.ink)
    if not address.code:
        return None
    filled = fill_in(rng, row, address.boxed, card.hand)
    card.write(filled.coverage, x, y + filled.top)
    return filled.at(x, y)


def _put_office(
    rng: np.random.Generator, card: _Card, supplies: Supplies, office: Address, y: float, below: float = 0.0
) -> float:
    """Print where the card is to be sent, if there is room from `y` on and `below` is left; returns where it ends."""
    hand = choose_hand(rng, "printed", supplies, 0.9 * card.label)
    coverage = write_address(rng, office, hand).coverage
    room = card.sheet.picture.shape[0] - y - below - coverage.shape[0] - 2 * card.label
    if room <= 0:
        return y
    x = card.left + max(0, round((card.right - card.left - coverage.shape[1]) * rng.random()))
    start = y if below else y + 0.5 * room * rng.random()
    y = card.sheet.set(RETURNS[rng.integers(len(RETURNS))], (x, start), card.label)
    lay(card.sheet.picture, coverage, (x, round(y)), card.sheet.ink)
    return y + coverage.shape[0]
