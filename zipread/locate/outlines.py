"""What the search for places saw on a page, as outlines to draw."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from zipread.locate.lines import TextLine, find_blocks, find_text
from zipread.locate.upright import Upright, flatten
from zipread.records import CleanPage, Corners


def outline_text(clean: CleanPage) -> tuple[tuple[Corners, ...], tuple[Corners, ...]]:
    """The outlines of the text lines of a page, and of its blocks of two lines or more."""
    upright = flatten(clean)
    lines = find_text(upright.ink).lines
    blocks = [block.lines for block in find_blocks(lines) if len(block.rows) > 1]
    return tuple(_around(upright, [line]) for line in lines), tuple(_around(upright, block) for block in blocks)


def _around(upright: Upright, lines: Sequence[TextLine]) -> Corners:
    """Corners of the rectangle around the letters of some lines, level with the text."""
    letters = np.concatenate([line.letters for line in lines])
    left, top = letters[:, :2].min(axis=0)
    right, bottom = letters[:, 2:].max(axis=0)
    rectangle = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]])
    return tuple((float(x), float(y)) for x, y in cv2.perspectiveTransform(rectangle, upright.to_page)[0])
