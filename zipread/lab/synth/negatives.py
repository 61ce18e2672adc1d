"""Made fields in which no code stands: what a reader must not take for one."""

from __future__ import annotations

from typing import Literal

import numpy as np

from zipread.lab.synth import marks
from zipread.lab.synth.capture import turn, wear
from zipread.lab.synth.fields import disturb, plan_field
from zipread.lab.synth.hands import Prints
from zipread.lab.synth.ink import lay
from zipread.lab.synth.paper import make_paper
from zipread.records import Box

Negative = Literal["blank", "boxes", "word", "scribble", "barcode", "postmark", "crossed boxes", "specks"]
NEGATIVES: tuple[Negative, ...] = (
    "blank",
    "boxes",
    "word",
    "scribble",
    "barcode",
    "postmark",
    "crossed boxes",
    "specks",
)

WORDS = (
    "Street",
    "Avenue",
    "Return",
    "Service",
    "Requested",
    "Postage",
    "Paid",
    "Attention",
    "Department",
    "Insurance",
    "Personal",
    "Springfield",
    "Madison",
    "Harrison",
    "Jefferson",
    "Margaret",
    "Elizabeth",
    "Williams",
    "Patterson",
    "Company",
    "Limited",
    "First",
    "Class",
    "Mail",
    "Urgent",
    "Confidential",
    "Resident",
    "Customer",
    "Washington",
    "Milwaukee",
    "Charlotte",
    "Memphis",
    "Kathryn",
    "Raymond",
    "Hamburg",
    "Walnut",
    "Chestnut",
    "Maple",
    "Ridge",
)


def make_negative(rng: np.random.Generator, prints: Prints, kind: Negative | None = None) -> np.ndarray:
    """Make a picture, the size of a field, in which no code stands.

    prints: fonts for its words; kind: what to draw, at random when None. Returns (h, w) uint8 gray.
    """
    kind = kind or NEGATIVES[rng.integers(len(NEGATIVES))]
    plan = plan_field(rng, "noisy" if rng.random() < 0.5 else "clean", "handwritten")
    height = max(20.0, plan.script.height)
    coverage = _negative_ink(rng, prints, kind, height, max(1.2, height * rng.uniform(0.05, 0.15)))
    margin = round(height * rng.uniform(0.2, 0.8))
    h, w = coverage.shape
    sheet = make_paper(rng, h + 2 * margin, w + 2 * margin, plan.paper, height)
    level = max(0.0, float(np.median(sheet)) - max(plan.contrast, rng.uniform(60, 200)))
    lay(sheet, coverage, (margin, margin), level)
    if rng.random() < 0.3:
        disturb(rng, sheet, plan.script, level)
    picture, _ = turn(sheet, plan.angle, min(3, margin))
    return wear(rng, picture, plan.wear)


def _negative_ink(rng: np.random.Generator, prints: Prints, kind: Negative, height: float, stroke: float) -> np.ndarray:
    shape = (round(height * rng.uniform(1, 1.6)), round(height * rng.uniform(3, 6)))
    if kind == "word":
        return prints.line(prints.choose(rng), str(rng.choice(WORDS)), height).coverage
    if kind in ("boxes", "crossed boxes"):
        frame = marks.FRAMES[rng.integers(len(marks.FRAMES))]
        size = height * rng.uniform(1.0, 1.6), height * rng.uniform(1.1, 1.8)
        row = marks.cells(
            rng, [True] * int(rng.integers(3, 8)), size, frame, max(1.0, height * rng.uniform(0.02, 0.06))
        )
        canvas = np.round(row.coverage * 255).astype(np.uint8)
        for box in row.cells if kind == "crossed boxes" else ():
            _cross(rng, canvas, box, stroke)
        return canvas.astype(np.float32) / 255
    if kind == "scribble":
        return marks.scribble(rng, shape, stroke)
    if kind == "barcode":
        return marks.barcode(rng, shape, "linear" if rng.random() < 0.5 else "postal")
    if kind == "postmark":
        return marks.postmark(rng, height * rng.uniform(1.5, 3), max(1.0, height * 0.04))
    return marks.specks(rng, shape, height, 0 if kind == "blank" else int(rng.integers(3, 25)))


def _cross(rng: np.random.Generator, canvas: np.ndarray, box: Box, stroke: float) -> None:
    """Cross a cell out, by one stroke or by two, in place."""
    ends = np.array([(0.2, 0.25), (0.8, 0.75)]) + rng.normal(0, 0.06, (2, 2))
    for points in (ends, ends * [-1, 1] + [1, 0])[: 2 if rng.random() < 0.7 else 1]:
        marks.polyline(canvas, points * [box.width, box.height] + [box.x, box.y], stroke)
