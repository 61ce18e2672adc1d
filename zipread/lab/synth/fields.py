"""Made fields: a code on paper, cropped around it, with its truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from zipread.errors import UsageError
from zipread.lab.synth import marks
from zipread.lab.synth.capture import Wear, turn, wear
from zipread.lab.synth.hands import DigitSource, Glyph, Script, Writing
from zipread.lab.synth.ink import (
    Line,
    clear_of_dashes,
    lay,
    pencil,
    set_as_font,
    set_by_eye,
    set_in_cells,
    skipping,
    spread,
)
from zipread.lab.synth.paper import Paper, make_paper
from zipread.records import Box

Style = Literal["clean", "boxed", "underlined", "noisy", "touching"]
STYLES: tuple[Style, ...] = ("clean", "boxed", "underlined", "noisy", "touching")

HAND_HEIGHTS = (14.0, 90.0)
"""Heights of handwritten digits, pixels."""
POINT_SIZES = (8.0, 14.0)
RESOLUTIONS = (150.0, 200.0, 240.0, 300.0)
"""Of scans of print, pixels an inch."""

_DIGIT_PER_EM = 0.7  # height of a digit in ems, for the fonts of letters


@dataclass(frozen=True, slots=True)
class FieldTruth:
    """What stands in a made field."""

    code: str
    plus4: str
    style: Style
    writing: Writing
    boxes: tuple[Box, ...]  # of every digit of code and +4, left to right, pixels of the picture
    digit_height: float  # pixels
    conditions: tuple[str, ...]  # what makes it hard, as words


@dataclass(frozen=True, slots=True)
class Plan:
    """What is decided about a field before anything is drawn."""

    script: Script
    paper: Paper
    level: float  # of the ink, gray
    contrast: float  # least difference between paper and ink, gray levels
    wear: Wear
    angle: float  # degrees
    margin: tuple[float, float]  # around the code, across and down, in digit heights
    conditions: tuple[str, ...] = ()


def make_field(
    rng: np.random.Generator, code: str, style: Style, source: DigitSource, paper: Paper | None = None
) -> tuple[np.ndarray, FieldTruth]:
    """Make a picture of one code.

    code: digits, with a +4 after a dash where there is to be one ("02139-4307"); source: who writes; paper: None for
    one of those that go with the style.
    Returns the picture, (h, w) uint8 gray as scanned, and its truth. Raises UsageError for a code that is not digits.
    """
    main, _, plus4 = code.partition("-")
    if not (main + plus4).isdigit():
        raise UsageError(f"a made code consists of digits, with a dash before a +4; this one is {code!r}")
    plan = plan_field(rng, style, source.writing)
    if paper is not None:
        others = [word for word in plan.conditions if word != plan.paper]
        plan = replace(plan, paper=paper, conditions=(paper, *others))
    text = _with_separators(rng, main, plus4, style, source.writing)
    glyphs = source.glyphs(rng, text, plan.script)
    line, frame = (
        _in_boxes(rng, glyphs, plan.script.height) if style == "boxed" else (_free(rng, glyphs, plan, style), None)
    )
    words = tuple(character for character in text if character in ".,-")
    picture, boxes, conditions = put_on_paper(rng, line, plan, style, source.writing, frame, words)
    truth = FieldTruth(
        code=main,
        plus4=plus4,
        style=style,
        writing=source.writing,
        boxes=boxes,
        digit_height=plan.script.height,
        conditions=conditions,
    )
    return picture, truth


def put_on_paper(
    rng: np.random.Generator,
    line: Line,
    plan: Plan,
    style: Style,
    writing: Writing,
    frame: np.ndarray | None = None,
    words: Sequence[str] = (),
) -> tuple[np.ndarray, tuple[Box, ...], tuple[str, ...]]:
    """Put a line that is drawn onto paper, and scan it.

    frame: coverage of the boxes around its glyphs; words: what is known already to make it hard.
    Returns the picture, (h, w) uint8; the boxes of its digits, pixels of the picture; and all that makes it hard.
    """
    sheet, origin, skew_margin = _sheet(rng, plan, line)
    paper_level = float(np.median(sheet))
    level = min(plan.level, paper_level - plan.contrast)
    all_words = [*plan.conditions, *words]
    if frame is not None:
        lay(sheet, frame, origin, max(0.0, paper_level - rng.uniform(35, 170)))
    if style == "underlined" or (style == "noisy" and rng.random() < 0.2):
        all_words.append(_underline(rng, sheet, line, origin, plan))
    if style == "noisy" or rng.random() < 0.1:
        all_words += disturb(rng, sheet, plan.script, level)
    coverage, texture = _as_inked(rng, line.coverage, plan, style, writing)
    lay(sheet, coverage, origin, level, rng.uniform(0.9, 1.0))
    picture, matrix = turn(sheet, plan.angle, skew_margin)
    boxes = _moved(line, origin, matrix)
    return wear(rng, picture, plan.wear), boxes, tuple(dict.fromkeys(all_words + texture))


def plan_field(rng: np.random.Generator, style: Style, writing: Writing) -> Plan:
    """Decide how a field of some style comes to look."""
    noisy = style == "noisy"
    script = _script(rng, writing)
    papers: tuple[Paper, ...] = ("white", "white", "white", "gray", "kraft", "gradient")
    if noisy:
        papers = ("security", "security", "kraft", "gradient", "ruled", "screen", "gray")
    paper = papers[rng.integers(len(papers))]
    small = script.height < 24
    limit = 0.3 + script.height * (0.02 if noisy else 0.012)
    how = Wear(
        blur=rng.uniform(0.2, min(limit, 2.0)),
        noise=rng.uniform(0.5, (7 if small else 12) if noisy else 3),
        grain=float(rng.choice([1.0, 1.0, 1.6])),
        contrast=rng.uniform(0.6, 1.0) if noisy else rng.uniform(0.85, 1.0),
        brightness=rng.uniform(-40, 0) if noisy else rng.uniform(-10, 0),
        quality=int(rng.integers(40 if noisy else 70, 101)),
        bilevel=bool(rng.random() < (0.08 if noisy else 0.05)) and paper in ("white", "gray", "ruled"),
    )
    words: list[str] = [paper] if paper != "white" else []
    if how.bilevel:
        words.append("bilevel")
        how = replace(how, noise=min(how.noise, 3.0))
    if how.contrast < 0.75:
        words.append("low contrast")
    if how.blur > 0.8 * limit:
        words.append("blur")
    angle = float(np.clip(rng.normal(0, 3 if noisy else 1.2), -7, 7))
    margin = (rng.uniform(0.12, 1.2), rng.uniform(0.15, 0.7))
    contrast = rng.uniform(60, 140) if noisy else rng.uniform(100, 180)
    level = float(rng.uniform(0, 110))
    return Plan(script, paper, level, contrast, how, angle, margin, tuple(words))


def _script(rng: np.random.Generator, writing: Writing) -> Script:
    if writing == "printed":
        em = rng.uniform(*POINT_SIZES) / 72 * RESOLUTIONS[rng.integers(len(RESOLUTIONS))]
        return Script(em * _DIGIT_PER_EM, 1.0)
    low, high = HAND_HEIGHTS
    height = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    stroke = max(1.1, height * float(np.exp(rng.uniform(np.log(0.05), np.log(0.15)))))
    return Script(
        height=height,
        stroke=stroke,
        slant=float(np.clip(rng.normal(0.04, 0.14), -0.3, 0.45)),
        evenness=rng.uniform(0.4, 1.0) if stroke < 0.1 * height else rng.uniform(0.0, 0.9),
        wobble=rng.uniform(0.015, 0.07),
        pressure=rng.uniform(0.0, 0.18),
    )


def _with_separators(rng: np.random.Generator, main: str, plus4: str, style: Style, writing: Writing) -> str:
    """Put the dash before a +4, and sometimes the dots and dashes that people write on forms."""
    if plus4:
        return f"{main}-{plus4}"
    share = {"clean": 0.0, "boxed": 0.0, "underlined": 0.08, "noisy": 0.25, "touching": 0.12}[style]
    if writing == "printed" or rng.random() >= share:
        return main
    kind = rng.integers(4)
    if kind == 0 and len(main) > 3:
        return f"{main[:-3]}.{main[-3:]}"
    return {0: f"{main}.", 1: f"{main}.", 2: f"{main}-", 3: f"{main},"}[int(kind)]


def _free(rng: np.random.Generator, glyphs: list[Glyph], plan: Plan, style: Style) -> Line:
    height, stroke = plan.script.height, plan.script.stroke
    if glyphs[0].left is not None:
        return set_as_font(
            glyphs, height * (rng.uniform(-0.12, -0.03) if style == "touching" else rng.uniform(0, 0.08))
        )
    if style != "touching":
        usual = height * rng.uniform(0.12, 0.5) + 1.0
        gaps = np.maximum(rng.normal(usual, 0.25 * usual, len(glyphs) - 1), 0.06 * height + 1.2)
        return set_by_eye(glyphs, clear_of_dashes(glyphs, _apart(rng, glyphs, gaps, height), 0.12 * height))
    gaps = _apart(rng, glyphs, np.maximum(rng.normal(0.2, 0.1, len(glyphs) - 1) * height, 1.5), height)
    digits = np.array([a.text.isdigit() and b.text.isdigit() for a, b in pairwise(glyphs)])
    touch = digits & (rng.random(len(gaps)) < rng.uniform(0.25, 0.75))
    if digits.any() and not touch.any():
        touch[rng.choice(np.flatnonzero(digits))] = True
    return set_by_eye(
        glyphs, np.where(touch, -min(stroke, 0.1 * height) * rng.uniform(0.1, 0.75, len(gaps)), gaps).tolist()
    )


def _apart(rng: np.random.Generator, glyphs: list[Glyph], gaps: np.ndarray, height: float) -> np.ndarray:
    """Widen the gap between digits and a word beside them to a space."""
    ends = np.array([a.text.isalpha() != b.text.isalpha() for a, b in pairwise(glyphs)])
    return np.where(ends, rng.uniform(0.3, 1.1) * height, gaps) if ends.any() else gaps


def _in_boxes(rng: np.random.Generator, glyphs: list[Glyph], height: float) -> tuple[Line, np.ndarray]:
    """Set digits into printed boxes; returns the line, as large as the boxes or larger, and the boxes' coverage."""
    cell = height * rng.uniform(1.15, 1.7), height * rng.uniform(1.08, 1.8)
    cell = max(cell[0], max(glyph.coverage.shape[1] for glyph in glyphs) * 0.95), cell[1]
    kind = marks.FRAMES[rng.integers(len(marks.FRAMES))]
    framed = [glyph.text.isdigit() for glyph in glyphs]  # the dash of a +4 stands between two rows
    row = marks.cells(rng, framed, cell, kind, max(1.0, height * rng.uniform(0.015, 0.07)))
    jitter = rng.normal(0, 0.06, (2, len(glyphs)))
    centres = [box.x + box.width * (0.5 + shift) for box, shift in zip(row.cells, jitter[0], strict=True)]
    # The baseline stands in the middle of the spare height, and wanders from digit to digit.
    foot = row.cells[0].y + (cell[1] + height) / 2
    line = set_in_cells(glyphs, centres, (jitter[1] * cell[1] * 0.7).tolist())
    above = max(0, round(foot - line.baseline))
    below = max(0, row.coverage.shape[0] - above - line.coverage.shape[0])
    spare = max(0, round(line.baseline - foot))
    right = max(0, row.coverage.shape[1] - line.coverage.shape[1])
    coverage = np.pad(line.coverage, ((above, below), (0, right)))
    boxes = tuple(replace(box, y=box.y + above) for box in line.boxes)
    frame = np.pad(row.coverage, ((spare, 0), (0, 0)))
    return Line(coverage, line.baseline + above, boxes, line.text), frame


def _sheet(rng: np.random.Generator, plan: Plan, line: Line) -> tuple[np.ndarray, tuple[int, int], int]:
    """Make paper for a line: the sheet, where the line's corner comes, the margin to cut later."""
    h, w = line.coverage.shape
    across, down = (round(part * plan.script.height) for part in plan.margin)
    turned = abs(np.sin(np.radians(plan.angle)))
    skew_margin = int(np.ceil(turned * max(h, w) / 2)) + 1
    down += int(turned * w / 2)
    size = h + 2 * (down + skew_margin), w + 2 * (across + skew_margin)
    sheet = make_paper(rng, *size, plan.paper, plan.script.height)
    return sheet, (across + skew_margin, down + skew_margin), skew_margin


def _underline(rng: np.random.Generator, sheet: np.ndarray, line: Line, origin: tuple[int, int], plan: Plan) -> str:
    """Draw a line under a code, in place; returns its name."""
    height, paper_level = plan.script.height, float(np.median(sheet))
    kind: Literal["straight", "by hand", "dotted"] = ("straight", "by hand", "dotted")[
        rng.choice(3, p=[0.5, 0.35, 0.15])
    ]
    width = max(1.0, height * rng.uniform(0.02, 0.08))
    length = line.coverage.shape[1] + height * rng.uniform(-0.2, 1.5)
    rule = marks.rule(rng, length, width, kind)
    if kind == "by hand":
        y_below, shade = height * rng.uniform(0.06, 0.3) + width, min(plan.level, paper_level - plan.contrast)
    else:
        y_below, shade = (
            height * rng.uniform(-0.02, 0.25),
            max(0.0, paper_level - rng.uniform(50, 190)),
        )
    x = origin[0] - round(height * rng.uniform(0, 0.6))
    lay(sheet, rule, (x, origin[1] + round(line.baseline + y_below) - rule.shape[0] // 2), shade, rng.uniform(0.7, 1.0))
    return f"underline {kind}"


def disturb(rng: np.random.Generator, sheet: np.ndarray, script: Script, level: float) -> list[str]:
    """Add specks and the ends of strokes around the field; returns what was added."""
    shape = (sheet.shape[0], sheet.shape[1])
    words = []
    if rng.random() < 0.5:
        stroke = max(1.0, script.stroke if script.stroke > 1 else script.height * 0.1)
        lay(sheet, marks.leftovers(rng, shape, script.height, stroke), (0, 0), level)
        words.append("leftovers")
    if rng.random() < 0.5:
        count = int(rng.integers(1, 12))
        lay(sheet, marks.specks(rng, shape, script.height, count), (0, 0), level + rng.uniform(0, 40))
        words.append("specks")
    return words


def _as_inked(
    rng: np.random.Generator, coverage: np.ndarray, plan: Plan, style: Style, writing: Writing
) -> tuple[np.ndarray, list[str]]:
    """Give the strokes the texture of a pen, a pencil or a press."""
    height = plan.script.height
    if writing == "printed":
        return spread(coverage, rng.uniform(-0.3, 0.5) if height > 15 else rng.uniform(0, 0.3)), []
    chance = rng.random()
    if chance < (0.25 if style == "noisy" else 0.1) and height > 20:
        return pencil(rng, coverage, rng.uniform(0.1, 0.35)), ["pencil"]
    if chance > (0.85 if style == "noisy" else 0.96) and height > 20:
        return skipping(rng, coverage, max(2.0, height * 0.08), rng.uniform(0.03, 0.1)), ["skipping pen"]
    return coverage, []


def _moved(line: Line, origin: tuple[int, int], matrix: np.ndarray) -> tuple[Box, ...]:
    """Map the digits' boxes from the line to the finished picture."""
    boxes = []
    for box, text in zip(line.boxes, line.text, strict=True):
        if not text.isdigit():
            continue
        corners = np.array([(x, y) for x in (box.x, box.right) for y in (box.y, box.bottom)], float) + origin
        moved = corners @ matrix[:, :2].T + matrix[:, 2]
        (left, top), (right, bottom) = moved.min(axis=0), moved.max(axis=0)
        boxes.append(Box(round(left), round(top), round(right - left), round(bottom - top)))
    return tuple(boxes)
