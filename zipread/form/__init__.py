"""Forms: fields at known places of a known form, found again on every filled page of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zipread.errors import InputError, SettingsError
from zipread.form.place import (
    Frame,
    PlacedField,
    find_frames,
    frame_of,
    place_field,
    to_page_pixels,
    without_crossed_out,
)
from zipread.form.propose import propose_fields
from zipread.form.register import Landmarks, Registration, find_landmarks, register
from zipread.form.template import FormField, FormTemplate, read_template, template_text
from zipread.load import load_pages
from zipread.records import Page

__all__ = [
    "Form",
    "FormField",
    "FormTemplate",
    "PlacedField",
    "load_form",
    "load_reference",
    "propose_fields",
    "template_text",
    "to_page_pixels",
    "without_crossed_out",
]


@dataclass(frozen=True, slots=True)
class Form:
    """A form whose pages can be read."""

    template: FormTemplate
    landmarks: Landmarks  # of the reference
    frames: tuple[Frame, ...]  # of each field, pixels of the reference
    cells: tuple[tuple[Frame, ...], ...]  # of each field; none for a free one

    def register(self, page: Page) -> Registration:
        """Find the form on a page. Raises InputError where it is not there."""
        return register(find_landmarks(page), self.landmarks)

    def place(self, page: Page, index: int, to_page: np.ndarray) -> PlacedField:
        """Cut field `index` out of a page the form was found on. Raises InputError where it lies outside."""
        return place_field(page, self.template.fields[index], self.frames[index], self.cells[index], to_page)


def load_form(path: Path, max_pixels: int) -> Form:
    """Read a form template and the reference picture it names.

    Raises SettingsError, naming the file and the key, where either cannot be used.
    """
    template = read_template(path)
    try:
        reference = load_reference(template.reference, max_pixels)
    except InputError as error:
        raise SettingsError(f"{path}: reference: {error}") from error
    size = (reference.gray.shape[1], reference.gray.shape[0])
    frames = tuple(frame_of(field, size) for field in template.fields)
    cells = tuple(find_frames(reference, field) for field in template.fields)
    return Form(template, find_landmarks(reference), frames, cells)


def load_reference(path: Path, max_pixels: int) -> Page:
    """The first page of a picture. Raises InputError where it cannot be loaded."""
    page = next(iter(load_pages(path, max_pixels)))
    if not isinstance(page, Page):
        raise InputError(f"{path}: {page.message}")
    return page
