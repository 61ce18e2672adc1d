"""Addresses as writing: lines of letters and digits by one hand or in one font, as a block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np

from zipread.lab.synth.addresses import Address
from zipread.lab.synth.fonts import FontFile
from zipread.lab.synth.hands import Glyph, Hands, Prints, Script
from zipread.lab.synth.ink import Line, clear_of_dashes, set_as_font, set_by_eye
from zipread.records import Box

GROUPS_APART = (0.2, 0.7)
"""How much further apart than its neighbours the groups of a number stand, as in 123 45, digit heights."""
AFTER_A_DASH = 0.25
"""What is left of the space between words behind a dash, as in D-12345."""
BENT_SHARE = 0.15
"""Share of a careless hand's lines that bend besides sloping."""


_SEPARATORS = str.maketrans("", "", "-., ")
"""What stands among the digits of a number."""


@dataclass(frozen=True, slots=True)
class Hand:
    """Who writes a block and how."""

    prints: Prints  # where the letters' font is kept
    font: FontFile
    script: Script
    digits: Hands | None  # real digits; None: the font's own
    capitals: bool
    looseness: float  # unevenness of lines: 0 is type, 1 is a careless hand


@dataclass(frozen=True, slots=True)
class Block:
    """A written address."""

    coverage: np.ndarray  # (h, w) float32, 0..1
    code: Box | None  # where the code stands, with its +4, in pixels of the coverage
    last_line: Box | None  # the line that the code stands on
    baseline: float  # of the first line, pixels below the upper edge

    def scaled(self, scale: float) -> Block:
        """The same, so many times as large."""
        if scale == 1.0:
            return self
        coverage = cv2.resize(self.coverage, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        code, last = (None if box is None else _scaled(box, scale) for box in (self.code, self.last_line))
        return Block(coverage, code, last, self.baseline * scale)


@dataclass(frozen=True, slots=True)
class _Written:
    coverage: np.ndarray
    baseline: float
    code: Box | None = None


def _scaled(box: Box, scale: float) -> Box:
    return Box(*(round(scale * side) for side in (box.x, box.y, box.width, box.height)))


def write_address(rng: np.random.Generator, address: Address, hand: Hand) -> Block:
    """Write an address with its code."""
    above, below = ([line.split() for line in lines] for lines in (address.lines, address.after))
    digits = _digit_words(rng, [*above, *below, [address.code]], hand)
    rows = [_write_line(rng, words, hand, digits) for words in above]
    code_row = None
    if address.last_words:  # else the code was to stand alone, and was forgotten
        code_row = len(rows)
        rows.append(_write_line(rng, address.last_words, hand, digits, address.code))
    rows += [_write_line(rng, words, hand, digits) for words in below]
    return _stack(rng, rows, hand, code_row)


def write_lines(rng: np.random.Generator, lines: Sequence[str], hand: Hand) -> Block:
    """Write lines among which none is to be read."""
    rows = [line.split() for line in lines]
    digits = _digit_words(rng, rows, hand)
    return _stack(rng, [_write_line(rng, words, hand, digits) for words in rows], hand, None)


def _digit_words(rng: np.random.Generator, lines: Sequence[Sequence[str]], hand: Hand) -> dict[str, Line]:
    """Write every number of a block in one go, so that one writer writes them all."""
    words = sorted({word for line in lines for word in line if _is_number(word)})
    if hand.digits is None or not words:
        return {}
    glyphs = iter(hand.digits.glyphs(rng, "".join(words), hand.script))
    return {word: _spaced(rng, word, [next(glyphs) for c in word if c != " "], hand.script) for word in words}


def _is_number(word: str) -> bool:
    return word.translate(_SEPARATORS).isdigit()


def _spaced(rng: np.random.Generator, word: str, glyphs: Sequence[Glyph], script: Script) -> Line:
    usual = script.height * rng.uniform(0.1, 0.3) + 1
    gaps = np.maximum(rng.normal(usual, 0.3 * usual, max(0, len(glyphs) - 1)), 1.0)
    for stop in np.cumsum([len(group) for group in word.split()])[:-1]:
        gaps[stop - 1] += script.height * rng.uniform(*GROUPS_APART)
    return set_by_eye(glyphs, clear_of_dashes(glyphs, gaps, 0.12 * script.height))


def _write_line(
    rng: np.random.Generator, words: Sequence[str], hand: Hand, digits: dict[str, Line], code: str = ""
) -> _Written:
    """Write words left to right on one baseline, among them the code, if any; what ends in a dash touches the next."""
    space = hand.script.height * rng.uniform(0.35, 0.8)
    parts: list[Line] = []
    for word in words:
        spelled = word.upper() if hand.capitals else word
        parts.append(digits[word] if word in digits else _type(hand, spelled))
    baseline = max(part.baseline for part in parts)
    below = max(part.coverage.shape[0] - part.baseline for part in parts)
    spaces = [AFTER_A_DASH * space if len(word) > 1 and word.endswith("-") else space for word in words]
    width = sum(part.coverage.shape[1] for part in parts) + sum(spaces[:-1])
    canvas = np.zeros((int(np.ceil(baseline + below)) + 1, int(np.ceil(width)) + 2), np.float32)
    x, box = 0.0, None
    for word, part, after in zip(words, parts, spaces, strict=True):
        top = round(baseline - part.baseline)
        h, w = part.coverage.shape
        under = canvas[top : top + h, int(x) : int(x) + w]
        np.maximum(under, part.coverage, out=under)
        if word == code:
            box = Box(int(x), top, w, h)
        x += w + after
    return _slope(rng, _Written(canvas, baseline, box), hand.looseness)


def _type(hand: Hand, word: str) -> Line:
    return set_as_font(hand.prints.glyphs_in(hand.font, word, hand.script))


def _slope(rng: np.random.Generator, line: _Written, looseness: float) -> _Written:
    """Let a line rise or fall, as on paper without rules."""
    slope = float(np.clip(rng.normal(0, 0.015), -0.04, 0.04)) * looseness
    if looseness and rng.random() < BENT_SHARE:
        line = _bend(line, float(np.clip(rng.normal(0, 0.02), -0.04, 0.04)))
    drop = slope * line.coverage.shape[1]
    if abs(drop) < 1:
        return line
    h, w = line.coverage.shape
    lift = max(0.0, -drop)
    matrix = np.array([[1, 0, 0], [slope, 1, lift]], np.float64)
    sloped = cv2.warpAffine(line.coverage, matrix, (w, int(np.ceil(h + abs(drop)))))
    code = line.code
    if code is not None:
        shift = min(slope * code.x, slope * code.right) + lift
        code = replace(code, y=round(code.y + shift), height=round(code.height + abs(slope) * code.width))
    return _Written(sloped, line.baseline + lift, code)


def _bend(line: _Written, bow: float) -> _Written:
    """Let a line sag (bow above 0) or arch in its middle by `bow` of its width."""
    h, w = line.coverage.shape
    depth = bow * w
    x = np.arange(w, dtype=np.float32)
    shift = depth * (1 - (2 * x / max(1, w - 1) - 1) ** 2) + max(0.0, -depth)  # downwards, never above the old top
    rows = np.arange(int(np.ceil(h + abs(depth))), dtype=np.float32)[:, None] - shift
    bent = cv2.remap(line.coverage, np.broadcast_to(x, rows.shape).copy(), rows, cv2.INTER_LINEAR)
    code = line.code
    if code is not None:
        own = shift[max(0, code.x) : code.right]
        code = replace(code, y=int(code.y + own.min()), height=int(np.ceil(code.height + np.ptp(own))))
    return _Written(bent, line.baseline + max(0.0, -depth), code)


def _stack(rng: np.random.Generator, rows: Sequence[_Written], hand: Hand, code_row: int | None) -> Block:
    """Put lines one under another."""
    height = hand.script.height
    pitch = height * (rng.uniform(1.7, 2.4) if hand.looseness else rng.uniform(1.45, 1.8))
    indents = np.maximum(rng.normal(0, 0.35, len(rows)) * height * hand.looseness, 0)
    if hand.looseness and rng.random() < 0.15:  # each line further in, as once taught
        indents += np.arange(len(rows)) * height * rng.uniform(0.4, 1.0)
    baselines = [rows[0].baseline]
    for above, below in pairwise(rows):
        least = below.baseline * 0.8 + (above.coverage.shape[0] - above.baseline) * 0.8
        baselines.append(baselines[-1] + max(pitch * rng.normal(1, 0.04 * hand.looseness), least))
    tops = [max(0, round(baseline - row.baseline)) for baseline, row in zip(baselines, rows, strict=True)]
    bottom = max(top + row.coverage.shape[0] for top, row in zip(tops, rows, strict=True))
    right = max(int(indent) + row.coverage.shape[1] for indent, row in zip(indents, rows, strict=True))
    canvas = np.zeros((bottom, right), np.float32)
    for top, indent, row in zip(tops, indents.astype(int), rows, strict=True):
        part = canvas[top : top + row.coverage.shape[0], indent : indent + row.coverage.shape[1]]
        np.maximum(part, row.coverage, out=part)
    if code_row is None:
        return Block(canvas, None, None, rows[0].baseline)
    row, top, indent = rows[code_row], tops[code_row], int(indents[code_row])
    code = row.code
    moved = None if code is None else replace(code, x=code.x + indent, y=code.y + top)
    return Block(canvas, moved, Box(indent, top, row.coverage.shape[1], row.coverage.shape[0]), rows[0].baseline)
