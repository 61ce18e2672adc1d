"""What the reader's own cutting makes of joined digits: whole digits with a scar, and everything that is none.

Strings are written close together and segmented by `zipread.segment`. As the ink of each digit is known, so is which
candidate of the lattice is which digit, and which is half of one, one and a half, or two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zipread.lab.augment import capture
from zipread.normalize import normalize_ink
from zipread.records import NOT_A_DIGIT, Box, FieldImage
from zipread.segment import cut_out, segment

DIGIT_HEIGHT = 60
"""Height of the digits of a string before it is captured, pixels."""

WHOLE = 0.9
"""A candidate with this share of a digit's ink, and this share of its own ink from it, is that digit."""

BROKEN = 0.75
"""Below this share on either side it is none; what lies between teaches nothing."""

MOST_REJECTS = 4
"""Rejects taken from one string, so that they do not drown the digits."""


MOST_ALIKE = 2
"""Candidates for the same digit taken from one string."""

NARROW = 0.3
"""Width by height of a piece that cannot be told from a one."""


@dataclass(frozen=True, slots=True)
class Line:
    """Digits set side by side."""

    ink: np.ndarray  # (h, w) uint8
    own: np.ndarray  # (k, h, w) bool, the ink of each digit
    labels: tuple[int, ...]


def set_line(rng: np.random.Generator, inks: list[np.ndarray], labels: list[int]) -> Line:
    """Set digits side by side, mostly touching. `inks` are (84, 84) uint8 ink maps."""
    height = DIGIT_HEIGHT + 24
    gap = rng.normal(0.0, 0.06)
    cut = []
    for ink in inks:
        columns, rows = np.flatnonzero(ink.max(axis=0) > 127), np.flatnonzero(ink.max(axis=1) > 127)
        if columns.size:
            cut.append(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    total = sum(part.shape[1] for part in cut) + 40 * len(cut)
    own = np.zeros((len(cut), height, total), bool)
    picture = np.zeros((height, total), np.uint8)
    at = 10
    for index, whole in enumerate(cut):
        top = int(np.clip((height - whole.shape[0]) / 2 + rng.normal(0.0, 3.0), 0, max(0, height - whole.shape[0])))
        part = whole[: height - top]
        where = (slice(top, top + part.shape[0]), slice(at, at + part.shape[1]))
        picture[where] = np.maximum(picture[where], part)
        own[index][where] = part > 127
        step = part.shape[1] + DIGIT_HEIGHT * float(np.clip(gap + rng.normal(0.0, 0.06), -0.2, 0.3))
        at = max(10, at + round(step))
    end = min(total, at + 20)
    return Line(picture[:, :end], own[:, :, :end], tuple(labels[: len(cut)]))


def label(line: Line, box: Box, crop: np.ndarray, to_line: np.ndarray) -> int | None:
    """Which digit a candidate of a lattice is, NOT_A_DIGIT, or None where it is neither clearly.

    `crop` (h, w) uint8 is its ink as `cut_out` gives it, `to_line` (2, 3) maps the lattice's pixels to the line's.
    """
    ys, xs = np.nonzero(crop > 127)
    if len(ys) == 0:
        return None
    left, top = max(0, box.x - 1), max(0, box.y - 1)
    points = to_line @ np.stack((xs + left + 0.5, ys + top + 0.5, np.ones(len(xs))))
    columns = np.clip(points[0].astype(int), 0, line.ink.shape[1] - 1)
    rows = np.clip(points[1].astype(int), 0, line.ink.shape[0] - 1)
    inside = line.own[:, rows, columns].sum(axis=1)
    pixel = abs(np.linalg.det(to_line[:, :2]))  # pixels of the line covered by one of the lattice
    best = int(inside.argmax())
    precision = inside[best] / len(ys)
    recall = min(1.0, inside[best] * pixel / max(1, int(line.own[best].sum())))
    if precision >= WHOLE and recall >= WHOLE - 0.05:
        return line.labels[best]
    return NOT_A_DIGIT if precision < BROKEN or recall < BROKEN - 0.1 else None


def cut_examples(rng: np.random.Generator, inks: list[np.ndarray], labels: list[int]) -> list[tuple[np.ndarray, int]]:
    """Write a string, segment it, and label what comes out.

    Returns:
        Normalized pictures (28, 28) uint8 with their labels 0..10.
    """
    line = set_line(rng, inks, labels)
    height = int(np.exp(rng.uniform(np.log(22), np.log(84))))
    small = capture(rng, line.ink, height)
    field = FieldImage(255 - small, small, np.where(small > 110, 255, 0).astype(np.uint8), np.eye(2, 3))
    lattice, image = segment(field)
    scale = line.ink.shape[0] / height
    to_line = np.diag([scale, scale]) @ image.to_page
    found: dict[int, list[np.ndarray]] = {}
    for index in rng.permutation(len(lattice.candidates)):
        candidate = lattice.candidates[index]
        crop = cut_out(image.ink, candidate)
        name = label(line, candidate.box, crop, to_line)
        if name == NOT_A_DIGIT and candidate.box.width < NARROW * candidate.box.height:
            continue  # half a digit that is a plain stroke is a one as well
        if name is not None:
            found.setdefault(name, []).append(crop)
    most = {NOT_A_DIGIT: MOST_REJECTS}
    return [
        (normalize_ink(crop), name) for name, crops in found.items() for crop in crops[: most.get(name, MOST_ALIKE)]
    ]
