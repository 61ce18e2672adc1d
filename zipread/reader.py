"""All stages in a row: from a picture to its readings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from zipread.attempts import KNOWN_PLACE, Attempt, confidence_here, outline_of
from zipread.clean import clean_page, separate_ink
from zipread.decode import Decoded, probability
from zipread.directory import load_directory
from zipread.errors import InputError
from zipread.explain import explain
from zipread.fields import FieldReader, Networks
from zipread.glance import line_angle
from zipread.load import load_pages
from zipread.normalize import normalize_ink, to_mnist
from zipread.records import (
    NOT_A_DIGIT,
    ZIP_DIGITS,
    Box,
    CleanPage,
    Digit,
    DigitReading,
    Field,
    Page,
    PageError,
    Reading,
    Search,
    Status,
)  # fmt: skip
from zipread.settings import Settings
from zipread.views import View, Viewer
from zipread.words import load_words

if TYPE_CHECKING:
    from zipread.form import Form

Source = str | Path | bytes | np.ndarray

CLOSE_CALL = 1.5
"""Two places with different codes are too close when their log-odds differ by less than this."""

NO_CODE = 0.01
"""On a whole mail piece whose code's place is not known, a best confidence below this means that there is no code, not
that it is hard to read: of 60 handwritten pieces on which a glance saw nothing 2 were read with less; of 78 pictures
that are no mail 8 show a number for review."""


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
        is_us = self.settings.digits == ZIP_DIGITS and self.settings.directory == "us"
        self._networks = Networks.load(self.settings.engine, self.settings.model, "us" if is_us else "abroad")
        self._words = load_words(self.settings.engine, self.settings.model) if is_us else None
        self._viewer = Viewer(self._field_reader(self.settings.digits, self.settings.directory))
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
        return [self._choose(page, self._viewer.view(page, self.settings.layout))]

    def explain_page(self, page: Page) -> tuple[list[Reading], Search]:
        """Read one page as `read_page` does, and tell what was considered; of a form's page there is nothing to tell.

        Looking the text lines up for the telling costs a few milliseconds.
        """
        if self._form is not None:
            return self._read_form(page, self._form), Search()
        view = self._viewer.view(page, self.settings.layout)
        return [self._choose(page, view)], explain(view.clean or clean_page(page), view.fields, view.attempts)

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
        _, [attempt] = self._field_reader(field.digits, field.directory).read(placed.cut, [placed.field])
        reading = self._reading(placed.cut, attempt, 0.0, field.digits, confidence_here(attempt, [attempt]))
        if field.layout == "boxed":
            reading = without_crossed_out(reading)
        return to_page_pixels(reading, placed, page)

    def _field_reader(self, digits: int, directory: str) -> FieldReader:
        listed = load_directory(directory if digits == ZIP_DIGITS else "none")
        return FieldReader(self._networks, digits, listed, words=None if listed is None else self._words)

    def read_field(self, gray: np.ndarray) -> Reading:
        """Read a field that is cropped already.

        Args:
            gray: (h, w) uint8, either polarity, upright within a few degrees.
        """
        page = self._page_of(gray)
        return self._choose(page, self._viewer.view(page, "field"))

    def decode_field(self, gray: np.ndarray) -> Decoded | None:
        """What `read_field` decides on, with the features of the confidence; None where no path was found."""
        best = self._viewer.view(self._page_of(gray), "field").best
        assert best is not None  # the picture is the place
        return best.decoded

    def _page_of(self, gray: np.ndarray) -> Page:
        page = next(iter(load_pages(gray, self.settings.max_pixels)))
        assert isinstance(page, Page)
        return page

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
        scores = self._networks.classifier.patient_scores(picture[None])[0]
        best = int(scores[:NOT_A_DIGIT].argmax())
        confidence = float(scores[best])
        status: Status = "accepted" if confidence >= self.settings.accept else "review"
        message = "" if scores.argmax() != NOT_A_DIGIT else "does not look like one digit"
        return DigitReading(str(best), confidence, status, message)

    def _choose(self, page: Page, view: View) -> Reading:
        """The best attempt as the page's reading; what other places say goes to its alternatives."""
        if not view.attempts:
            return Reading(page=page.number, angle=0.0 if view.clean is None else view.clean.angle)
        ranked = sorted(view.attempts, key=lambda attempt: -attempt.merit)
        best = ranked[0]
        angle = line_angle(page, best.field) if view.clean is None else _angle_of(view.clean, best.field)
        reading = self._reading(page, best, angle, self.settings.digits, view.confidence)
        is_known = best.field.layout != "envelope" or best.field.prior >= KNOWN_PLACE
        if not is_known and view.confidence < NO_CODE:
            return Reading(page=page.number, angle=angle, message="no code found")
        for other in ranked[1:]:
            if other.decoded is None or best.decoded is None or other.decoded.code == best.decoded.code:
                continue
            share = probability(other.merit - best.merit)
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

    def _reading(self, page: Page, attempt: Attempt, angle: float, wanted: int, confidence: float) -> Reading:
        outline = outline_of(attempt.field)
        box = _bounds(np.array(outline), page)
        empty = Reading(page=page.number, field=attempt.field.name, box=box, angle=angle, outline=outline)
        if attempt.decoded is None:
            return _unread(attempt, empty, wanted)
        decoded = attempt.decoded
        digits = tuple(_digit(attempt, index) for index in decoded.candidates)
        main = digits[:wanted]
        corners = np.array([corner for digit in main for corner in digit.box])
        accepted = confidence >= self.settings.accept
        return replace(
            empty,
            code=decoded.code,
            plus4=decoded.plus4,
            confidence=confidence,
            status="accepted" if accepted else "review",
            kind=attempt.kind,
            digit_confidences=tuple(
                float(digit.scores[int(name)]) for digit, name in zip(main, decoded.code, strict=True)
            ),
            alternatives=decoded.alternatives,
            box=_bounds(corners, page),
            digits=digits,
        )


def _unread(attempt: Attempt, empty: Reading, wanted: int) -> Reading:
    """Nothing written is blank; something written that makes no code is for review."""
    written = {candidate.start for candidate in attempt.shown.lattice.candidates}
    if not written:
        return empty
    if attempt.field.cells:
        return replace(empty, status="review", message=f"{wanted - len(written)} of {wanted} boxes are empty")
    return replace(empty, status="review", message=f"no code of {wanted} digits found")


def _digit(attempt: Attempt, index: int) -> Digit:
    look = attempt.shown
    box = look.lattice.candidates[index].box
    corners = np.array(
        [[box.x, box.y, 1], [box.right, box.y, 1], [box.right, box.bottom, 1], [box.x, box.bottom, 1]], np.float64
    )
    on_page = corners @ look.image.to_page.T
    return Digit(
        tuple((float(x), float(y)) for x, y in on_page), attempt.shown.digits[index], attempt.shown.scores[index]
    )


def _angle_of(clean: CleanPage, field: Field) -> float:
    """Skew of the page, degrees in (-180, 180]: past 90 either way when the field shows that it stands on its head."""
    over = abs((field.angle - clean.angle + 180.0) % 360.0 - 180.0) > 90.0
    return (clean.angle + 360.0 * (clean.angle <= 0) - 180.0) if over else clean.angle


def single_digit(gray: np.ndarray) -> np.ndarray:
    """Normalize a picture of one digit: (h, w) uint8 of either polarity to (28, 28) uint8."""
    if min(gray.shape) < 3:
        return np.zeros((28, 28), np.uint8)
    ink, mask = separate_ink(gray)
    if min(gray.shape) < 40 or not mask.any():
        return to_mnist(gray)
    # Specks far from the digit would shrink it: only components of some size beside the largest count.
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.isin(labels, 1 + np.flatnonzero(areas >= 0.05 * areas.max())) if count > 1 else mask > 0
    near = cv2.dilate(kept.astype(np.uint8), np.ones((3, 3), np.uint8))
    return normalize_ink(ink * near)


def _bounds(corners: np.ndarray, page: Page) -> Box:
    """The upright box around points (n, 2), inside the page."""
    height, width = page.gray.shape
    left, top = (max(0, int(np.floor(v))) for v in corners.min(axis=0))
    right, bottom = (int(np.ceil(v)) for v in corners.max(axis=0))
    return Box(left, top, max(1, min(right, width) - left), max(1, min(bottom, height) - top))
