"""Drop-out colour: printed boxes of a colour vanish from a mix of channels in which they are as light as the paper."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from zipread.clean.fields import cut_field
from zipread.records import Field, FieldImage, Page

FRAME_REACH = 0.15
"""Half the width of the band around a box's outline in which its frame lies, in box widths."""

LEAST_FRAME = 30
"""Pixels of frame from which its colour can be told."""

LEAST_COLOR = 0.15
"""Least difference between a frame's darkness in two channels, as a share of full darkness, that is a colour."""

MOST_MIXED = 1.0
"""Most of the difference between two channels that is added to one: it brings their noise."""

PAPER_QUANTILE = 0.9
"""Brightness of the paper of a field, as a quantile of its pixels."""

GONE = 0.4
"""A frame has vanished where it keeps at most this share of its darkness."""

KEPT = 0.7
"""Writing must keep at least this share of its darkness."""


def drop_out(page: Page, color: np.ndarray, field: Field) -> Page:
    """Take the colour of a field's printed boxes out of a page.

    Args:
        page: the page in gray.
        color: (H, W, 3) uint8 RGB, the same page.
        field: a row of printed boxes.

    Returns:
        The page as the channel shows it in which the frame is palest, less what is left there of the frame in
        proportion to its colour; the page as it was where the frame has no colour, or the writing would go with it.
    """
    seen = cut_field(page, field)
    frame, writing = _frame_and_writing(seen)
    if np.count_nonzero(frame) < LEAST_FRAME:
        return page
    channels = cv2.split(color)
    views = [cut_field(dataclasses.replace(page, gray=channel), field).gray for channel in channels]
    darkness = [_darkness(view, frame) for view in views]
    pale, dark = int(np.argmin(darkness)), int(np.argmax(darkness))
    colored = darkness[dark] - darkness[pale]
    if colored < LEAST_COLOR:
        return page
    share = min(MOST_MIXED, darkness[pale] / colored)
    of_dark = -share * _paper(views[pale]) / _paper(views[dark])
    mixed = dataclasses.replace(page, gray=cv2.addWeighted(channels[pale], 1.0 + share, channels[dark], of_dark, 0.0))
    left = cut_field(mixed, field).gray
    gone = _darkness(left, frame) <= GONE * _darkness(seen.gray, frame)
    kept = _darkness(left, writing) >= KEPT * _darkness(seen.gray, writing)
    return mixed if gone and kept else page


def _frame_and_writing(field: FieldImage) -> tuple[np.ndarray, np.ndarray]:
    """Where the ink of a row of boxes is frame, and where it is writing inside: two (h, w) bool masks."""
    outlines, insides = np.zeros_like(field.mask), np.zeros_like(field.mask)
    for cell in field.cells:
        reach = max(2, round(FRAME_REACH * cell.width))
        corner, opposite = (cell.x, cell.y), (cell.right, cell.bottom)
        cv2.rectangle(outlines, corner, opposite, 255, 2 * reach - 1)
        cv2.rectangle(insides, corner, opposite, 255, cv2.FILLED)
    ink = field.mask > 0
    return ink & (outlines > 0), ink & (insides > 0) & (outlines == 0)


def _paper(gray: np.ndarray) -> float:
    return max(1.0, float(np.quantile(gray, PAPER_QUANTILE)))


def _darkness(gray: np.ndarray, where: np.ndarray) -> float:
    """Typical darkness of some pixels against the paper, 0 .. 1; 0 where there are none."""
    return max(0.0, 1.0 - float(np.median(gray[where])) / _paper(gray)) if where.any() else 0.0
