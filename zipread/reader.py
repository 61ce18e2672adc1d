"""All stages in a row: from a picture to its readings."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from zipread.classify import Classifier, load_classifier
from zipread.clean import INK_DARKNESS, clean_page, cut_field, separate_ink
from zipread.decode import Calibration, Decoded, decode
from zipread.directory import load_directory
from zipread.errors import InputError
from zipread.load import load_pages
from zipread.locate import locate
from zipread.normalize import normalize_ink, to_mnist
from zipread.records import (
    NOT_A_DIGIT,
    Box,
    CleanPage,
    Digit,
    DigitReading,
    Field,
    FieldImage,
    Lattice,
    Page,
    PageError,
    Reading,
    Status,
)  # fmt: skip
from zipread.segment import segment
from zipread.sequence import load_column_reader, normalize_line
from zipread.settings import Settings

if TYPE_CHECKING:
    from zipread.form import Form

Source = str | Path | bytes | np.ndarray

CLOSE_CALL = 1.5
"""Two places with different codes are too close when their log-odds differ by less than this."""

Look = tuple[float, float]
"""How ink is told from paper: the least darkness of ink, as a share of full strokes', and the sharpening before."""

FIRST_LOOK: Look = (INK_DARKNESS, 0.0)

SECOND_LOOKS: tuple[Look, ...] = ((0.6, 0.0), (INK_DARKNESS, 4.0), (0.75, 0.0))
"""How doubtful fields are looked at again: without printed patterns, sharpened, without pale frames."""

SURE = 0.95
"""Confidence from which no second look is taken; whatever is accepted, so that readings do not depend on that."""

WORTH_A_LOOK = 3.0
LOOKED_AT_TWICE = 3
"""So many fields at most are looked at again, and only those with log-odds this near to the best field's."""

FIELDS_AT_ONCE = 2
"""Fields read together before it is asked whether the others still matter."""

MOST_EVIDENCE = 3.5
"""Log-odds that a reading adds to its place at most."""

DIGIT_BAND = (0.7, 1.35)
"""Heights, in digit heights, of the candidates that show where a line of digits begins and ends."""

NO_CODE = 0.15
"""On a whole mail piece, a best confidence below this means that there is no code, not that it is hard to read."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One field, read."""

    field: Field
    image: FieldImage  # as the lattice saw it
    lattice: Lattice
    digits: np.ndarray  # (n, 28, 28) uint8, one for each candidate
    scores: np.ndarray  # (n, 11) float32
    decoded: Decoded | None

    @property
    def confidence(self) -> float:
        """Confidence of the reading, lowered where the place speaks against it; 0 where there is none."""
        if self.decoded is None:
            return 0.0
        odds = _log_odds(self.decoded.confidence) + min(0.0, self.field.prior)
        return float(1.0 / (1.0 + np.exp(-odds)))

    @property
    def merit(self) -> float:
        """Log-odds that this is the code of the page: of the place and of the reading together."""
        if self.decoded is None:
            return -np.inf
        return self.field.prior + _log_odds(self.decoded.confidence)


class Reader:
    """Reads codes off pictures. Loads the model once; use one reader for as many pictures as there are.

    Args:
        settings: how to read; or give its fields as keywords, `Reader(layout="boxes", accept=0.99)`.

    Raises:
        SettingsError: a setting cannot be used.
        DependencyError: the model or the ZIP directory is missing or damaged.
    """

    def __init__(self, settings: Settings | None = None, **fields: Any) -> None:
        self.settings = replace(settings, **fields) if settings is not None else Settings(**fields)
        self._classifier: Classifier = load_classifier(self.settings.engine, self.settings.model)
        self._columns = load_column_reader(self.settings.engine, self.settings.model)
        self._calibration = Calibration.from_manifest(self._classifier.manifest)
        self._directory = load_directory(self.settings.directory if self.settings.digits == 5 else "none")
        self._form: Form | None = None
        if self.settings.form is not None:
            from zipread.form import load_form  # few runs read forms, and all would pay for the import

            self._form = load_form(Path(self.settings.form), self.settings.max_pixels)

    def read(self, source: Source) -> list[Reading]:
        """Read every page of a picture.

        Args:
            source: path, the bytes of a file, or an (h, w), (h, w, 3) RGB or (h, w, 4) RGBA uint8 array.

        Returns:
            At least one reading for each page, in order. A page that cannot be decoded, of a file whose others
            can, is a reading with status "error".

        Raises:
            InputError: nothing of the source can be read.
        """
        readings: list[Reading] = []
        for page in load_pages(source, self.settings.max_pixels):
            if isinstance(page, PageError):
                readings.append(Reading(page=page.number, status="error", message=page.message))
            else:
                readings += self.read_page(page)
        return readings

    def read_page(self, page: Page) -> list[Reading]:
        """Read one page: the code at its most probable place, or a form's fields, one reading each."""
        if self._form is not None:
            return self._read_form(page, self._form)
        clean = clean_page(page)
        fields = locate(page, clean, self.settings.layout, self.settings.digits)
        attempts = self._attempt(page, fields)
        if not attempts:
            return [Reading(page=page.number, angle=clean.angle)]
        return [self._choose(page, clean, attempts)]

    def _read_form(self, page: Page, form: Form) -> list[Reading]:
        """Read the fields of a form; a page that is not that form is one reading with status "error"."""
        try:
            to_page = form.register(page).to_page
        except InputError as error:
            return [Reading(page=page.number, field="", status="error", message=str(error))]
        return [self._read_form_field(page, form, index, to_page) for index in range(len(form.template.fields))]

    def _read_form_field(self, page: Page, form: Form, index: int, to_page: np.ndarray) -> Reading:
        from zipread.form import to_page_pixels, without_crossed_out

        field = form.template.fields[index]
        try:
            placed = form.place(page, index, to_page)
        except InputError as error:
            return Reading(page=page.number, field=field.name, status="error", message=str(error))
        reader = copy(self)
        reader.settings = replace(self.settings, form=None, digits=field.digits, directory=field.directory)
        reader._directory = load_directory(field.directory)
        attempt = reader._attempt(placed.cut, [placed.field])[0]
        reading = reader._reading(placed.cut, attempt, 0.0)
        if field.layout == "boxed":
            reading = without_crossed_out(reading)
        return to_page_pixels(reading, placed, page)

    def read_field(self, gray: np.ndarray) -> Reading:
        """Read a field that is cropped already.

        Args:
            gray: (h, w) uint8, either polarity, upright within a few degrees.
        """
        page, clean, attempts = self._attempt_field(gray)
        return self._choose(page, clean, attempts)

    def decode_field(self, gray: np.ndarray) -> Decoded | None:
        """What `read_field` decides on, with the features of the confidence; None where no path was found."""
        _, _, attempts = self._attempt_field(gray)
        return max(attempts, key=lambda attempt: attempt.merit).decoded

    def _attempt_field(self, gray: np.ndarray) -> tuple[Page, CleanPage, list[_Attempt]]:
        page = next(iter(load_pages(gray, self.settings.max_pixels)))
        assert isinstance(page, Page)
        clean = clean_page(page)
        return page, clean, self._attempt(page, locate(page, clean, "field", self.settings.digits))

    def read_digit(self, source: Source) -> DigitReading:
        """Read a picture of a single digit, dark on light or light on dark.

        Raises:
            InputError: the source cannot be read.
        """
        page = next(iter(load_pages(source, self.settings.max_pixels)))
        if isinstance(page, PageError):
            return DigitReading(status="error", message=page.message)
        picture = single_digit(page.gray)
        if not picture.any():
            return DigitReading(message="no ink")
        scores = self._classifier.scores(picture[None])[0]
        best = int(scores[:NOT_A_DIGIT].argmax())
        confidence = float(scores[best])
        status: Status = "accepted" if confidence >= self.settings.accept else "review"
        message = "" if scores.argmax() != NOT_A_DIGIT else "does not look like one digit"
        return DigitReading(str(best), confidence, status, message)

    def _attempt(self, page: Page, fields: list[Field]) -> list[_Attempt]:
        """Read fields, the likeliest places first, until none that is left could win; look twice where in doubt."""
        ranked = sorted(fields, key=lambda field: -field.prior)
        attempts: list[_Attempt] = []
        for first in range(0, len(ranked), FIELDS_AT_ONCE):
            lead = max((attempt.merit for attempt in attempts), default=-np.inf)
            if lead > ranked[first].prior + MOST_EVIDENCE:
                break
            attempts += self._attempt_at(page, ranked[first : first + FIELDS_AT_ONCE], FIRST_LOOK)
        for look in SECOND_LOOKS:
            attempts.sort(key=lambda attempt: -attempt.merit)
            if not attempts or attempts[0].confidence >= SURE:
                break
            doubtful = [a for a in attempts[:LOOKED_AT_TWICE] if a.merit >= attempts[0].merit - WORTH_A_LOOK]
            again = self._attempt_at(page, [attempt.field for attempt in doubtful], look)
            attempts = [*map(_better, doubtful, again), *attempts[len(doubtful) :]]
        return attempts

    def _attempt_at(self, page: Page, fields: list[Field], look: Look) -> list[_Attempt]:
        """Cut, segment and normalize all fields, score every candidate in one go, decode each field."""
        prepared = []
        for field in fields:
            lattice, image = segment(cut_field(page, field, *look))
            crops = [normalize_ink(candidate.crop) for candidate in lattice.candidates]
            digits = np.stack(crops) if crops else np.zeros((0, 28, 28), np.uint8)
            prepared.append((field, image, lattice, digits))
        everything = (
            np.concatenate([digits for *_, digits in prepared]) if prepared else np.zeros((0, 28, 28), np.uint8)
        )
        scores = self._classifier.scores(everything)
        attempts, at = [], 0
        for field, image, lattice, digits in prepared:
            own = scores[at : at + len(digits)]
            at += len(digits)
            columns = self._columns_of(image, lattice)
            decoded = decode(lattice, own, self.settings.digits, self._directory, self._calibration, columns)
            attempts.append(_Attempt(field, image, lattice, digits, own, decoded))
        return attempts

    def _columns_of(self, image: FieldImage, lattice: Lattice) -> np.ndarray | None:
        """What the second reader sees, (t, 11) float32; None where there is no line, or no second reader."""
        if self._columns is None or not lattice.candidates:
            return None
        line = normalize_line(image.gray, *_band(lattice))
        return None if line is None else self._columns.columns(line)

    def _choose(self, page: Page, clean: CleanPage, attempts: list[_Attempt]) -> Reading:
        """The best attempt as the page's reading; what other places say goes to its alternatives."""
        ranked = sorted(attempts, key=lambda attempt: -attempt.merit)
        best = ranked[0]
        angle = _angle_of(clean, best.field)
        reading = self._reading(page, best, angle)
        if best.field.layout == "envelope" and best.confidence < NO_CODE:
            return Reading(page=page.number, angle=angle, message="no code found")
        for other in ranked[1:]:
            if other.decoded is None or best.decoded is None or other.decoded.code == best.decoded.code:
                continue
            share = float(1.0 / (1.0 + np.exp(best.merit - other.merit)))
            rivals = dict(reading.alternatives)
            rivals[other.decoded.code] = max(rivals.get(other.decoded.code, 0.0), share * other.decoded.confidence)
            top = sorted(rivals.items(), key=lambda item: -item[1])[:3]
            reading = replace(reading, alternatives=tuple(top))
            if best.merit - other.merit < CLOSE_CALL and other.decoded.confidence > 0.5:
                message = f"another place on the page reads {other.decoded.code}"
                confidence = reading.confidence * (1.0 - share)
                reading = replace(reading, status="review", confidence=confidence, message=message)
            break
        return reading

    def _reading(self, page: Page, attempt: _Attempt, angle: float) -> Reading:
        outline = _outline(attempt.field)
        box = _bounds(np.array(outline), page)
        empty = Reading(page=page.number, field=attempt.field.name, box=box, angle=angle, outline=outline)
        if attempt.decoded is None:
            return self._unread(attempt, empty)
        decoded = attempt.decoded
        digits = tuple(self._digit(attempt, index) for index in decoded.candidates)
        main = digits[: self.settings.digits]
        corners = np.array([corner for digit in main for corner in digit.box])
        accepted = attempt.confidence >= self.settings.accept
        return replace(
            empty,
            code=decoded.code,
            plus4=decoded.plus4,
            confidence=attempt.confidence,
            status="accepted" if accepted else "review",
            kind=decoded.kind,
            digit_confidences=tuple(
                float(digit.scores[int(name)]) for digit, name in zip(main, decoded.code, strict=True)
            ),
            alternatives=decoded.alternatives,
            box=_bounds(corners, page),
            digits=digits,
        )

    def _unread(self, attempt: _Attempt, empty: Reading) -> Reading:
        """Nothing written is blank; something written that makes no code is for review."""
        written = {candidate.start for candidate in attempt.lattice.candidates}
        wanted = self.settings.digits
        if not written:
            return empty
        if attempt.field.cells:
            return replace(empty, status="review", message=f"{wanted - len(written)} of {wanted} boxes are empty")
        return replace(empty, status="review", message=f"fewer than {wanted} digits found")

    def _digit(self, attempt: _Attempt, index: int) -> Digit:
        box = attempt.lattice.candidates[index].box
        corners = np.array(
            [[box.x, box.y, 1], [box.right, box.y, 1], [box.right, box.bottom, 1], [box.x, box.bottom, 1]], np.float64
        )
        on_page = corners @ attempt.image.to_page.T
        return Digit(tuple((float(x), float(y)) for x, y in on_page), attempt.digits[index], attempt.scores[index])


def _angle_of(clean: CleanPage, field: Field) -> float:
    """Skew of the page, degrees in (-180, 180]: past 90 either way when the field shows that it stands on its head."""
    over = abs((field.angle - clean.angle + 180.0) % 360.0 - 180.0) > 90.0
    return (clean.angle + 360.0 * (clean.angle <= 0) - 180.0) if over else clean.angle


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(bounded / (1 - bounded)))


def _band(lattice: Lattice) -> tuple[float, float]:
    """Upper and lower edge of most digits of a field, pixels of its image."""
    boxes = [candidate.box for candidate in lattice.candidates]
    like_digits = [box for box in boxes if DIGIT_BAND[0] <= box.height / lattice.height <= DIGIT_BAND[1]] or boxes
    return float(np.median([box.y for box in like_digits])), float(np.median([box.bottom for box in like_digits]))


def _better(first: _Attempt, second: _Attempt) -> _Attempt:
    return second if second.merit > first.merit else first


def single_digit(gray: np.ndarray) -> np.ndarray:
    """Normalize a picture of one digit: (h, w) uint8 of either polarity to (28, 28) uint8."""
    if min(gray.shape) < 3:
        return np.zeros((28, 28), np.uint8)
    _, mask = separate_ink(gray)
    if min(gray.shape) < 40 or not mask.any():
        return to_mnist(gray)
    ink, mask = separate_ink(gray)
    # Specks far from the digit would shrink it: only components of some size beside the largest count.
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.isin(labels, 1 + np.flatnonzero(areas >= 0.05 * areas.max())) if count > 1 else mask > 0
    near = cv2.dilate(kept.astype(np.uint8), np.ones((3, 3), np.uint8))
    return normalize_ink(ink * near)


def _outline(field: Field) -> tuple[tuple[float, float], ...]:
    """The four corners of a field, pixels of the page."""
    points = cv2.boxPoints((field.center, field.size, field.angle))
    return tuple((float(x), float(y)) for x, y in points)


def _bounds(corners: np.ndarray, page: Page) -> Box:
    """The upright box around points (n, 2), inside the page."""
    height, width = page.gray.shape
    left, top = (max(0, int(np.floor(v))) for v in corners.min(axis=0))
    right, bottom = (int(np.ceil(v)) for v in corners.max(axis=0))
    return Box(left, top, max(1, min(right, width) - left), max(1, min(bottom, height) - top))
