"""The pages of a PDF, drawn in gray, or in colour when asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import cv2
import numpy as np
import pypdfium2

from zipread.errors import InputError
from zipread.records import Page, PageError

DOTS_PER_INCH = 300
"""Resolution a PDF page is drawn at: what mail is commonly scanned with."""

POINTS_PER_INCH = 72
SCALE = DOTS_PER_INCH / POINTS_PER_INCH


def read_pages(data: bytes, max_pixels: int) -> Iterator[Page | PageError]:
    """Yield the pages of a PDF, drawn at 300 dpi with the entries of its form fields.

    Raises InputError when the document cannot be opened or has no pages.
    """
    with closing(_open(data)) as document:
        count = len(document)
        if count == 0:
            raise InputError("damaged: the PDF has no pages")
        for index in range(count):
            yield _draw(document, index, max_pixels, data)


def _open(data: bytes) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise InputError("the PDF asks for a password; save it without one") from error
        raise InputError("damaged: the PDF cannot be opened") from error
    if document.get_formtype():
        document.init_forms()
    return document


def _draw(document: pypdfium2.PdfDocument, index: int, max_pixels: int, data: bytes) -> Page | PageError:
    number = index + 1
    try:
        page = document[index]
        width, height = (math.ceil(side * SCALE) for side in page.get_size())
        if width * height > max_pixels:
            return PageError(
                number, f"{width}x{height} pixels at {DOTS_PER_INCH} dpi are more than --max-pixels {max_pixels} allows"
            )
        drawn = page.render(scale=SCALE, grayscale=True)
        gray = np.array(drawn.to_numpy(), dtype=np.uint8, copy=True)  # pdfium frees its own buffer
        page.close()
    except pypdfium2.PdfiumError:
        return PageError(number, "damaged: the page of the PDF cannot be drawn")
    return Page(gray.reshape(gray.shape[:2]), number, partial(_draw_color, data, index))


def _draw_color(data: bytes, index: int) -> np.ndarray:
    """Draw a page that has been drawn in gray before: (H, W, 3) uint8 RGB."""
    with closing(_open(data)) as document:
        drawn = document[index].render(scale=SCALE).to_numpy()
        return cv2.cvtColor(drawn[..., :3], cv2.COLOR_BGR2RGB)
