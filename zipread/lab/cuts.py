"""What the reader's own cutting makes of joined digits: whole digits with a scar, and everything that is none.

Strings are written close together and segmented by `zipread.segment`. As the ink of each digit is known, so is which
candidate of the lattice is which digit, and which is half of one, one and a half, or two.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from zipread.clean.fields import INK_DARKNESS, separate_ink
from zipread.lab.augment import capture
from zipread.lab.synth.paper import make_paper
from zipread.normalize import normalize_ink
from zipread.records import NOT_A_DIGIT, Candidate, FieldImage
from zipread.segment import segment

DIGIT_HEIGHT = 60
"""Height of the digits of a string before it is captured, pixels."""

WHOLE = 0.9
"""A candidate with this share of a digit's ink, and this share of its own ink from it, is that digit."""

BROKEN = 0.75
"""Below this share on either side it is none; what lies between teaches nothing."""

MOST_REJECTS = 4
MOST_REJECTS_ON_PATTERN = 1
"""Rejects taken from one string, so that they do not drown the digits."""

MOST_ALIKE = 2
"""Candidates for the same digit taken from one string."""

NARROW = 0.3
"""Width by height of a piece that cannot be told from a one."""

TOUCHING = (0.0, 0.06)
APART = (0.15, 0.12)
"""Mean and standard deviation of the gap between digits, in their heights."""

BOXED, BOXED_APART = 0.93, 0.7
"""On patterned paper a candidate is a digit from this share of it on, and none below the second."""

LITTLE, MUCH = 0.08, 0.3
"""Share of a candidate's ink that may be another digit's, and that makes it none."""

INKED = 0.6
PATTERN, ALL_PATTERN = 0.4, 0.85
"""Least share of a digit's ink, most of the pattern's in a digit, and least of it in what is pattern."""

STRICTER = 0.6
STRICTER_SHARE = 0.3
"""Least darkness of ink in a stricter look at patterned paper, and the share of such looks."""

ON_PATTERN_CONTRAST = (50.0, 160.0)
"""Ink on patterned paper is so much darker than it, gray levels."""


@dataclass(frozen=True, slots=True)
class Line:
    """Digits set side by side."""

    ink: np.ndarray  # (h, w) uint8
    own: np.ndarray  # (k, h, w) bool, the ink of each digit
    broad: np.ndarray  # the same with a pixel of their edges
    labels: tuple[int, ...]


def set_line(
    rng: np.random.Generator, inks: list[np.ndarray], labels: list[int], gaps: tuple[float, float] = TOUCHING
) -> Line:
    """Set digits side by side, mostly touching. `inks` are (84, 84) uint8 ink maps; `gaps` as TOUCHING or APART."""
    height = DIGIT_HEIGHT + 24
    gap = rng.normal(*gaps)
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
    own = own[:, :, :end]
    broad = np.stack([cv2.dilate(part.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0 for part in own])
    return Line(picture[:, :end], own, broad, tuple(labels[: len(cut)]))


def label(line: Line, candidate: Candidate, to_line: np.ndarray) -> int | None:
    """Which digit a candidate is, NOT_A_DIGIT, or None where it is neither clearly.

    `to_line` (2, 3) maps the lattice's pixels to the line's.
    """
    rows, columns = _inked(line, candidate, to_line)
    if not rows.size:
        return None
    inside = line.own[:, rows, columns].sum(axis=1)
    pixel = abs(np.linalg.det(to_line[:, :2]))  # pixels of the line covered by one of the lattice
    best = int(inside.argmax())
    precision = inside[best] / rows.size
    recall = min(1.0, inside[best] * pixel / max(1, int(line.own[best].sum())))
    if precision >= WHOLE and recall >= WHOLE - 0.05:
        return line.labels[best]
    return NOT_A_DIGIT if precision < BROKEN or recall < BROKEN - 0.1 else None


def label_on_pattern(line: Line, candidate: Candidate, to_line: np.ndarray) -> int | None:
    """As `label`, where the paper adds ink of its own to a digit and bites into its strokes.

    What counts is how much of the digit lies in the candidate's box, and how much ink is another digit's.
    """
    rows, columns = _inked(line, candidate, to_line)
    if not rows.size:
        return None
    inside = line.broad[:, rows, columns]
    best = int(inside.sum(axis=1).argmax())
    pattern = 1.0 - inside.any(axis=0).mean()
    others = 1.0 - pattern - inside[best].mean()
    pixel = abs(np.linalg.det(to_line[:, :2]))
    recall = inside[best].sum() * pixel / max(1, int(line.own[best].sum()))
    own = np.argwhere(line.own[best])[:, ::-1].T + 0.5
    x, y = np.linalg.solve(to_line[:, :2], own - to_line[:, 2:])
    box = candidate.box
    boxed = ((x >= box.x) & (x < box.right) & (y >= box.y) & (y < box.bottom)).mean()
    if boxed >= BOXED and others <= LITTLE and recall >= INKED and pattern <= PATTERN:
        return line.labels[best]
    return NOT_A_DIGIT if others >= MUCH or boxed < BOXED_APART or pattern >= ALL_PATTERN else None


def _inked(line: Line, candidate: Candidate, to_line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column, in the line, of every inked pixel (n,) of a candidate."""
    ys, xs = np.nonzero(candidate.crop > 127)
    left, top = max(0, candidate.box.x - 1), max(0, candidate.box.y - 1)
    points = to_line @ np.stack((xs + left + 0.5, ys + top + 0.5, np.ones(len(xs))))
    height, width = line.ink.shape
    return np.clip(points[1].astype(int), 0, height - 1), np.clip(points[0].astype(int), 0, width - 1)


def _plain(rng: np.random.Generator, line: Line) -> FieldImage:
    """A line on paper that leaves no trace."""
    height = int(np.exp(rng.uniform(np.log(22), np.log(84))))
    small = capture(rng, line.ink, height)
    return FieldImage(255 - small, small, np.where(small > 110, 255, 0).astype(np.uint8), np.eye(2, 3))


def _on_pattern(rng: np.random.Generator, line: Line) -> FieldImage:
    """A line on paper printed with broad soft lines, its ink separated as the reader does."""
    scale = np.exp(rng.uniform(np.log(0.35), 0.0))
    ink = cv2.resize(line.ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = ink.shape
    sheet = make_paper(rng, height, width, "guilloche", DIGIT_HEIGHT * scale)
    sheet = sheet - ink * (rng.uniform(*ON_PATTERN_CONTRAST) / 255.0)
    sheet = cv2.GaussianBlur(sheet, (0, 0), rng.uniform(0.3, 1.3 * max(scale, 0.5)))
    sheet = sheet + rng.normal(0.0, rng.uniform(0.5, 6.0), sheet.shape)
    gray = np.clip(sheet, 0, 255).astype(np.uint8)
    ink, mask = separate_ink(gray, STRICTER if rng.random() < STRICTER_SHARE else INK_DARKNESS)
    return FieldImage(gray, ink, mask, np.eye(2, 3))


def cut_examples(
    rng: np.random.Generator, inks: list[np.ndarray], labels: list[int], patterned: bool = False
) -> list[tuple[np.ndarray, int]]:
    """Write a string, on patterned paper or with digits that touch, segment it, and label what comes out.

    Returns:
        Normalized pictures (28, 28) uint8 with their labels 0..10.
    """
    line = set_line(rng, inks, labels, APART if patterned else TOUCHING)
    field = _on_pattern(rng, line) if patterned else _plain(rng, line)
    lattice, image = segment(field)
    scale = line.ink.shape[0] / field.gray.shape[0]
    to_line = np.diag([scale, scale]) @ image.to_page
    found: dict[int, list[Candidate]] = {}
    for index in rng.permutation(len(lattice.candidates)):
        candidate = lattice.candidates[index]
        name = (label_on_pattern if patterned else label)(line, candidate, to_line)
        if name == NOT_A_DIGIT and candidate.box.width < NARROW * candidate.box.height:
            continue  # half a digit that is a plain stroke is a one as well
        if name is not None:
            found.setdefault(name, []).append(candidate)
    most = {NOT_A_DIGIT: MOST_REJECTS_ON_PATTERN if patterned else MOST_REJECTS}
    return [
        (normalize_ink(candidate.crop), name)
        for name, candidates in found.items()
        for candidate in candidates[: most.get(name, MOST_ALIKE)]
    ]
