"""Who writes the digits: real hands from an archive of specimens, or fonts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol
from zipfile import BadZipFile

import cv2
import numpy as np

from zipread.errors import InputError
from zipread.lab.synth.fonts import FontFile
from zipread.lab.synth.strokes import Pen, cut_to_ink, draw, stroke_fields

Writing = Literal["handwritten", "printed"]


@dataclass(frozen=True, slots=True)
class Glyph:
    """One drawn character."""

    text: str
    coverage: np.ndarray  # (h, w) float32, 0 paper .. 1 full ink, cut to the ink
    top: float  # of the coverage, relative to the baseline; negative is above it
    left: float | None = None  # where a font puts it, in pixels from the start of the line; None: place it by eye


@dataclass(frozen=True, slots=True)
class Script:
    """How one string is to be written. Sizes in pixels."""

    height: float  # of a digit
    stroke: float  # width of a stroke of a hand; fonts have their own
    slant: float = 0.0  # dx per dy, on top of the specimen's own
    evenness: float = 0.5  # as Pen.evenness
    wobble: float = 0.05  # standard deviation of size and baseline, in digit heights
    pressure: float = 0.1  # standard deviation of the stroke's width along a stroke, as a fraction of it
    sizes: tuple[float, ...] = (1.0,) * 10  # of each digit in this hand, in digit heights
    drops: tuple[float, ...] = (0.0,) * 10  # how far each digit stands below the line, in digit heights


class DigitSource(Protocol):
    """Anything that writes digits and separators."""

    @property
    def writing(self) -> Writing:
        """What to call the writing."""
        ...

    def glyphs(self, rng: np.random.Generator, text: str, script: Script) -> list[Glyph]:
        """Write `text` (digits and any of " -.,"), one glyph a character but none for a space."""
        ...


@dataclass(frozen=True)
class Hands:
    """Real handwritten digits, by writer: one string is always of one hand."""

    specimens: np.ndarray  # (n, 28, 28) uint8, light on black
    labels: np.ndarray  # (n,) int
    writers: np.ndarray  # (n,) int
    writing: Writing = "handwritten"
    _by_writer: tuple[tuple[np.ndarray, ...], ...] = field(init=False, repr=False)  # rows of each writer's digits
    _wrote: np.ndarray = field(init=False, repr=False)  # (writers, 10) bool

    def __post_init__(self) -> None:
        order = np.argsort(self.writers, kind="stable")
        starts = np.flatnonzero(np.diff(self.writers[order])) + 1
        groups = [tuple(group[self.labels[group] == digit] for digit in range(10)) for group in np.split(order, starts)]
        object.__setattr__(self, "_by_writer", tuple(groups))
        object.__setattr__(self, "_wrote", np.array([[len(rows) > 0 for rows in group] for group in groups]))

    def specimens_of_one_hand(self, rng: np.random.Generator, digits: str) -> np.ndarray:
        """Choose specimens of one writer who wrote all of `digits`: (len(digits), 28, 28) uint8.

        Raises InputError when no writer wrote them all.
        """
        able = np.flatnonzero(self._wrote[:, [int(digit) for digit in digits]].all(axis=1))
        if not able.size:
            raise InputError(f"no writer among the specimens wrote all of the digits of {digits}")
        group = self._by_writer[rng.choice(able)]
        # Nobody writes the same digit twice alike: specimens repeat only when there are too few.
        orders = {digit: rng.permutation(group[int(digit)]) for digit in sorted(set(digits))}
        turns = [digits[:position].count(digit) for position, digit in enumerate(digits)]
        rows = [orders[digit][turn % len(orders[digit])] for digit, turn in zip(digits, turns, strict=True)]
        return self.specimens[rows]

    def glyphs(self, rng: np.random.Generator, text: str, script: Script) -> list[Glyph]:
        """See DigitSource. Raises InputError when no writer wrote all the digits of `text`."""
        fields = iter(stroke_fields(self.specimens_of_one_hand(rng, "".join(filter(str.isdigit, text)))))
        pen = Pen(script.stroke, script.evenness, script.slant, softness=1.0 + 0.03 * script.height)
        drawn = []
        for character in text:
            baseline = rng.normal(0, script.wobble) * script.height
            if character.isdigit():
                height = script.height * float(np.clip(rng.normal(1, script.wobble), 0.75, 1.25))
                height *= script.sizes[int(character)]
                baseline += script.drops[int(character)] * script.height
                unevenness = rng.normal(0, script.pressure, (5, 5)).astype(np.float32)
                coverage = draw(next(fields), height, pen, unevenness)
                drawn.append(Glyph(character, coverage, baseline - coverage.shape[0]))
            elif character != " ":
                drawn.append(_separator(rng, character, script, baseline))
        return drawn


def _separator(rng: np.random.Generator, character: str, script: Script, baseline: float) -> Glyph:
    """Draw a dot, comma or dash with the pen of a hand."""
    size, pen = script.height, script.stroke
    canvas = np.zeros((int(size * 1.2 + 4 * pen + 4), int(size * 1.2 + 4 * pen + 4)), np.uint8)
    origin = np.array([2 * pen + 2, 2 * pen + 2])
    if character == "-":
        run = np.array([size * rng.uniform(0.25, 0.7), size * rng.uniform(-0.12, 0.08)])
        rise = size * rng.uniform(0.35, 0.6)
        start = origin + np.array([0, max(0.0, -run[1])])
    else:
        drop = {".": rng.uniform(0.0, 0.06), ",": rng.uniform(0.15, 0.3)}[character] * size
        run = np.array([-drop * rng.uniform(0, 0.5) if character == "," else drop, drop])
        rise = pen + (drop * 0.5 if character == "," else size * rng.uniform(0, 0.1))
        start = origin + np.array([size * 0.3, 0])
    points = np.round(np.array([start, start + run]) * 16).astype(np.int32)
    cv2.line(canvas, points[0].tolist(), points[1].tolist(), 255, max(1, round(pen)), cv2.LINE_AA, 4)
    return Glyph(character, cut_to_ink(canvas.astype(np.float32) / 255), baseline - rise)


@dataclass(frozen=True)
class Prints:
    """Fonts: one string is always of one font."""

    fonts: tuple[FontFile, ...]
    writing: Writing = "printed"
    _loaded: dict = field(default_factory=dict, init=False, repr=False, compare=False)

    def choose(self, rng: np.random.Generator) -> FontFile:
        """Choose a font: each family is as likely as any other."""
        families = sorted({font.family for font in self.fonts})
        family = families[rng.integers(len(families))]
        cuts = [font for font in self.fonts if font.family == family]
        return cuts[rng.integers(len(cuts))]

    def face(self, font: FontFile, digit_height: float) -> tuple:
        """Load a font so that its digits are `digit_height` pixels high: (Pillow font, its em in pixels)."""
        from PIL import ImageFont

        key = (font.path, font.index)
        if key not in self._loaded:
            box = ImageFont.truetype(str(font.path), 200, index=font.index).getbbox("8")
            self._loaded[key] = (box[3] - box[1]) / 200
        em = max(4, round(digit_height / self._loaded[key]))
        if (*key, em) not in self._loaded:
            self._loaded[*key, em] = ImageFont.truetype(str(font.path), em, index=font.index)
        return self._loaded[*key, em], em

    def stroke(self, font: FontFile, height: float) -> float:
        """Measure how wide a font's strokes are where its digits are `height` pixels high: pixels."""
        ink = (self.line(font, "HNnho", 64).coverage > 0.5).astype(np.uint8)
        outlines, _ = cv2.findContours(ink, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        # A stroke's area is its length times its width, and its outline runs along it twice.
        return 2 * int(ink.sum()) / sum(cv2.arcLength(outline, True) for outline in outlines) * height / 64

    def glyphs(self, rng: np.random.Generator, text: str, script: Script) -> list[Glyph]:
        """See DigitSource."""
        return self.glyphs_in(self.choose(rng), text, script)

    def glyphs_in(self, font: FontFile, text: str, script: Script) -> list[Glyph]:
        """Set `text` in a given font; glyphs are placed as the font spaces them."""
        face, _ = self.face(font, script.height)
        drawn = []
        for index, character in enumerate(text):
            if character != " ":
                coverage, offset = _render(face, character)
                left = face.getlength(text[: index + 1]) - face.getlength(character) + offset[0]
                drawn.append(Glyph(character, coverage, float(offset[1]), float(left)))
        return drawn

    def line(self, font: FontFile, text: str, height: float) -> Glyph:
        """Set a whole line as one glyph; `height` is that of a digit, in pixels."""
        coverage, offset = _render(self.face(font, height)[0], text)
        return Glyph(text, coverage, float(offset[1]), float(offset[0]))


def _render(face, text: str) -> tuple[np.ndarray, tuple[int, int]]:  # type: ignore[no-untyped-def]
    """Render text: its coverage, (h, w) float32, and its (x, y) offset from the pen's start on the baseline."""
    left, top, right, bottom = face.getbbox(text, anchor="ls")
    if right <= left or bottom <= top:
        return np.zeros((1, 1), np.float32), (0, 0)
    mask, offset = face.getmask2(text, mode="L", anchor="ls")
    coverage = np.asarray(mask, np.uint8).reshape(mask.size[::-1]).astype(np.float32) / 255
    return coverage, (int(offset[0]), int(offset[1]))


def load_hands(path: Path, part: Literal["train", "test"] = "test") -> Hands:
    """Load handwritten digits from an .npz archive.

    The archive holds x (n, 28, 28) uint8, y (n,) and writer (n,), or the same with a part's name: x_test, y_test,
    writer_test. Raises InputError when the file is missing, damaged or lacks an array.
    """
    try:
        with np.load(path) as archive:
            suffix = f"_{part}" if f"x_{part}" in archive else ""
            missing = [name for name in ("x", "y", "writer") if name + suffix not in archive]
            if missing:
                raise InputError(
                    f"{path}: no array {missing[0] + suffix}; x, y and writer are needed, or x_{part} and so on"
                )
            specimens, labels, writers = (archive[name + suffix] for name in ("x", "y", "writer"))
    except (OSError, ValueError, BadZipFile) as error:
        raise InputError(f"{path}: not an archive of digits that can be read ({error})") from error
    if specimens.ndim != 3 or specimens.shape[1:] != (28, 28) or not len(specimens) == len(labels) == len(writers):
        raise InputError(f"{path}: x must be (n, 28, 28), y and writer (n,); x is {specimens.shape}, y {labels.shape}")
    return Hands(specimens.astype(np.uint8), labels.astype(np.int64), writers.astype(np.int64))
