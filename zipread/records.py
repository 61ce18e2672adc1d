"""The records that pass between stages. Frozen, with no behaviour beyond simple geometry.

Coordinates: `x` grows to the right, `y` downwards; a pixel's own square is [x, x+1) × [y, y+1).
"Pixels of the page" are pixels of the upright picture, as a viewer shows it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

Layout = Literal["envelope", "boxes", "field"]
Kind = Literal["handwritten", "printed", "unknown"]
Status = Literal["accepted", "review", "blank", "error"]

NOT_A_DIGIT = 10
"""Index of the classifier's last class: whatever is not exactly one digit."""

ZIP_DIGITS = 5
"""Digits of a code that a ZIP+4 add-on may follow."""

ADD_ON_DIGITS = 4
"""Digits of that add-on."""


def written_lengths(digits: int) -> tuple[int, ...]:
    """How many digits may stand where a code of `digits` digits does: a ZIP code's add-on may follow it."""
    return (digits, digits + ADD_ON_DIGITS) if digits == ZIP_DIGITS else (digits,)


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in whole pixels: `x <= column < x + width`."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column right of the box."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """First row below the box."""
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Page:
    """One page as loaded: upright, gray."""

    gray: np.ndarray  # (H, W) uint8, 0 black .. 255 white, as scanned
    number: int = 1  # from 1
    color: Callable[[], np.ndarray] | None = None  # decodes it in colour, (H, W, 3) uint8 RGB; None: it has none


@dataclass(frozen=True, slots=True)
class PageError:
    """A page that could not be loaded, in a file of which other pages can."""

    number: int  # from 1
    message: str


@dataclass(frozen=True, slots=True)
class CleanPage:
    """A page prepared for finding things: ink separated from paper, at a working scale."""

    gray: np.ndarray  # (h, w) uint8, the page
    ink: np.ndarray  # (h, w) uint8, 255 ink / 0 paper
    scale: float  # working pixels per page pixel, <= 1
    angle: float  # skew, degrees; positive: text lines run downwards to the right; near ±90 on a page on its side
    piece: np.ndarray | None = None  # (4, 2) float64, a mail piece's corners on its background, pixels of the page

    @property
    def is_on_its_side(self) -> bool:
        """Whether the text lines run up or down."""
        return 45.0 < abs(self.angle) < 135.0


@dataclass(frozen=True, slots=True)
class Strip:
    """A line of text: a rectangle, turned by `angle`, on the page."""

    center: tuple[float, float]  # (x, y), pixels of the page
    size: tuple[float, float]  # (along the line, across it), pixels of the page
    angle: float  # degrees, as CleanPage.angle
    margin: float  # paper kept above and below its tall letters, as a share of size[1]


@dataclass(frozen=True, slots=True)
class Field:
    """A place where a code can stand: a rectangle, turned by `angle`, on the page."""

    center: tuple[float, float]  # (x, y), pixels of the page
    size: tuple[float, float]  # (along the line, across it), pixels of the page
    angle: float  # degrees, as CleanPage.angle
    layout: Layout
    name: str = "zip"
    prior: float = 0.0  # log-odds that the code stands here rather than elsewhere on the page
    cells: tuple[Box, ...] = ()  # printed boxes, left to right, in pixels of the field's own upright frame
    line: Strip | None = None  # the line of text that it stands in
    of_letters: float = 0.0  # log-odds, the part of the prior that shapes and gaps of letters have in it

    def is_at(self, other: Field) -> bool:
        """Whether two places are the same rectangle, whatever their priors."""
        return (self.center, self.size, self.angle) == (other.center, other.size, other.angle)


@dataclass(frozen=True, slots=True)
class FieldImage:
    """A field cut out of its page, upright, with the ink separated from the paper."""

    gray: np.ndarray  # (h, w) uint8, as scanned
    ink: np.ndarray  # (h, w) uint8, 0 paper .. 255 full ink, antialiased
    mask: np.ndarray  # (h, w) uint8, 255 ink / 0 paper
    to_page: np.ndarray  # (2, 3) float64, maps (x, y, 1) of this image to pixels of the page
    cells: tuple[Box, ...] = ()  # printed boxes in pixels of this image


@dataclass(frozen=True, slots=True)
class Before:
    """What stands before a code on its line."""

    columns: np.ndarray  # (t, 27) float32 probabilities of its letters
    label: str  # what a form calls the place after it, as "ZIPCODE"; "" where the line does not end in such
    label_fits: float  # log probability of the label at the end, 0 where there is none


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run of atoms that may be one digit."""

    start: int  # first atom
    stop: int  # one past the last atom
    box: Box  # in pixels of the field image
    mask: np.ndarray  # (h, w) uint8, 255 on its ink, the size of its box


@dataclass(frozen=True, slots=True)
class Lattice:
    """Everything that may be a digit in a field: the edges of a graph whose nodes lie between atoms."""

    atoms: int  # number of atoms, left to right; nodes are 0 .. atoms
    candidates: tuple[Candidate, ...]
    skip_costs: tuple[float, ...]  # per atom: cost (negative log probability) of leaving it out as noise
    height: float  # typical height of a digit here, pixels of the field image
    gaps: tuple[float, ...] = ()  # per inner node 1 .. atoms-1: white space there, in digit heights
    cuts: tuple[float, ...] = ()  # per inner node: cost of ending a digit there, 0 where the ink ends by itself


@dataclass(frozen=True, slots=True)
class Digit:
    """One digit of a reading, as the classifier saw it."""

    box: tuple[tuple[float, float], ...]  # four corners (x, y), pixels of the page
    image: np.ndarray  # (28, 28) uint8
    scores: np.ndarray  # (11,) float32, probabilities


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in one field of one page: one row of the output."""

    page: int = 1
    field: str = "zip"
    code: str = ""
    plus4: str = ""
    confidence: float = 0.0  # calibrated probability that the whole code is right
    status: Status = "blank"
    kind: Kind = "unknown"
    digit_confidences: tuple[float, ...] = ()
    alternatives: tuple[tuple[str, float], ...] = ()  # (code, confidence), best first
    box: Box | None = None  # pixels of the page
    angle: float = 0.0  # skew, degrees
    message: str = ""
    digits: tuple[Digit, ...] = dataclasses.field(default=(), repr=False, compare=False)
    outline: tuple[tuple[float, float], ...] = dataclasses.field(
        default=(), repr=False, compare=False
    )  # the field's corners


Corners = tuple[tuple[float, float], ...]
"""The corners (x, y) of a quadrilateral in order, pixels of the page."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place that was considered for the code of a page, and what came of it."""

    outline: Corners
    prior: float  # log-odds that the code stands here rather than elsewhere, before anything is read
    code: str = ""  # what reads there; "" where nothing makes a code, or nobody read
    confidence: float | None = None  # of that reading alone; 0 where nothing makes a code, None where nobody read
    merit: float = float("-inf")  # log-odds of place and reading together: the greatest of a page wins
    before: str = ""  # letters that stand before the code on its line; "" where there are none, or nobody looked


@dataclass(frozen=True, slots=True)
class Search:
    """How the code of a page was looked for."""

    places: tuple[Place, ...] = ()  # those read by falling merit, then those not read by falling prior
    piece: Corners = ()  # the mail piece on its background; empty where the picture is all paper
    lines: tuple[Corners, ...] = ()  # text lines
    blocks: tuple[Corners, ...] = ()  # of two lines or more


@dataclass(frozen=True, slots=True)
class DigitReading:
    """What was read in a picture of a single digit."""

    digit: str = ""
    confidence: float = 0.0
    status: Status = "blank"
    message: str = ""
