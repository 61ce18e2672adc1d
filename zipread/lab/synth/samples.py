"""The samples that ship: `python -m zipread.lab.synth.samples samples/` draws them, always the same."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from zipread.errors import UsageError, ZipreadError
from zipread.lab.synth import marks, photo
from zipread.lab.synth.capture import Wear, wear
from zipread.lab.synth.deck import load_supplies
from zipread.lab.synth.drawn import STROKES, draw_digit
from zipread.lab.synth.fields import Style, make_field
from zipread.lab.synth.hands import Prints, Script, Writing
from zipread.lab.synth.ink import lay, set_in_cells
from zipread.lab.synth.mail import Capture, Supplies, make_mail

SEED = 7
COLUMNS = ("path", "page", "field", "code", "kind")
LONGEST_SIDE = 1700  # pixels; keeps the folder small
SKEW = 7.0  # degrees, of the sample that shows it

_SCAN_DATE = time.struct_time((2026, 1, 2, 3, 4, 5, 4, 2, 0))  # in the PDF, so that it is the same every time


class Row(NamedTuple):
    """One expected row of the output: the columns of truth.csv."""

    path: str
    page: int
    field: str
    code: str
    kind: str


def draw_samples(folder: Path) -> int:
    """Draw every sample and truth.csv into `folder`; returns the number of pictures.

    Raises DependencyError when fonts are missing, UsageError when `folder` is not a folder.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name the folder for the samples")
    supplies = load_supplies("measure")
    rows = [
        *_envelopes(folder, supplies),
        *_fields(folder, supplies),
        *_forms(folder, supplies),
        *_digits(folder),
    ]
    with (folder / "truth.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows)
    return len({row.path for row in rows})


def _envelopes(folder: Path, supplies: Supplies) -> Iterator[Row]:
    scan, skewed = photo.scan, partial(photo.scan, skew=SKEW)
    wanted: tuple[tuple[str, Writing, Capture, float], ...] = (
        ("hand-1", "handwritten", scan, 0.0),
        ("hand-2", "handwritten", scan, 0.0),
        ("hand-3", "handwritten", photo.photograph, 0.0),
        ("hand-4", "handwritten", scan, 0.0),
        ("print-1", "printed", scan, 0.0),
        ("print-2", "printed", scan, 0.0),
        ("print-3", "printed", photo.photograph, 0.0),
        ("skewed", "printed", skewed, 0.0),
        ("blank", "printed", scan, 1.0),
    )
    for index, (name, writing, capture, uncoded) in enumerate(wanted):
        picture, truth = make_mail(np.random.default_rng((SEED, 1, index)), writing, supplies, uncoded, capture)
        path = f"envelopes/{name}.jpg"
        _write(folder / path, _shrunk(picture))
        yield Row(path, 1, "zip", truth.code, writing)


def _fields(folder: Path, supplies: Supplies) -> Iterator[Row]:
    pens = Prints(supplies.hand_fonts.fonts, writing="handwritten")
    wanted: tuple[tuple[str, str, Style, Prints], ...] = (
        ("free-1", "60614", "clean", pens),
        ("free-2", "02139", "clean", pens),
        ("free-print", "73301", "clean", supplies.print_fonts),
        ("plus4", "98101-2205", "clean", supplies.print_fonts),
        ("underlined-1", "30305", "underlined", pens),
        ("underlined-2", "84116", "underlined", supplies.print_fonts),
        ("boxed-1", "48226", "boxed", pens),
        ("boxed-2", "15219", "boxed", pens),
        ("boxed-3", "99501", "boxed", supplies.print_fonts),
        ("noisy", "70117", "noisy", pens),
    )
    for index, (name, code, style, source) in enumerate(wanted):
        picture, truth = make_field(np.random.default_rng((SEED, 2, index)), code, style, source)
        path = f"fields/{name}.png"
        _write(folder / path, picture)
        yield Row(path, 1, "zip", truth.code, source.writing)
    rng = np.random.default_rng((SEED, 2, 99))
    _write(folder / "fields/boxed-blank.png", wear(rng, _box_row(rng, "", pens, 60), Wear()))
    yield Row("fields/boxed-blank.png", 1, "zip", "", "unknown")


def _forms(folder: Path, supplies: Supplies) -> Iterator[Row]:
    from PIL import Image

    pens = Prints(supplies.hand_fonts.fonts, writing="handwritten")
    _write(folder / "forms/form.png", _form(np.random.default_rng((SEED, 3)), "53703", pens, supplies.print_fonts))
    yield Row("forms/form.png", 1, "zip", "53703", "handwritten")

    codes = ("87501", "", "04101")
    pages = [
        _form(np.random.default_rng((SEED, 4, i)), code, pens, supplies.print_fonts) for i, code in enumerate(codes)
    ]
    sheets = [Image.fromarray(np.where(page > 150, 255, 0).astype(np.uint8)).convert("1") for page in pages]
    sheets[0].save(
        folder / "forms/three-pages.tif", save_all=True, append_images=sheets[1:], compression="group4", dpi=(150, 150)
    )
    for number, code in enumerate(codes, 1):
        yield Row("forms/three-pages.tif", number, "zip", code, "handwritten" if code else "unknown")

    mail = [make_mail(np.random.default_rng((SEED, 5, i)), "printed", supplies, 0.0, photo.scan) for i in range(2)]
    scans = [Image.fromarray(cv2.cvtColor(_shrunk(picture), cv2.COLOR_BGR2RGB)) for picture, _ in mail]
    dates: dict[str, Any] = {"creationDate": _SCAN_DATE, "modDate": _SCAN_DATE}
    scans[0].save(
        folder / "forms/two-pages.pdf", save_all=True, append_images=scans[1:], resolution=150, quality=80, **dates
    )
    for number, (_, truth) in enumerate(mail, 1):
        yield Row("forms/two-pages.pdf", number, "zip", truth.code, "printed")


def _digits(folder: Path) -> Iterator[Row]:
    white, black = (255, 255, 255), (0, 0, 0)
    looks = {
        "4": (black, white),
        "7": ((90, 40, 20), (200, 240, 250)),
        "2": (white, (200, 60, 20)),
        "5": (white, (30, 30, 200)),
    }
    sizes = (64, 100, 140, 28, 200, 320, 96, 120, 256, 48)
    for index, digit in enumerate(STROKES):
        paper, ink = looks.get(digit, (white, black))
        picture = draw_digit(np.random.default_rng((SEED, 6, index)), digit, sizes[index], paper, ink)
        path = f"digits/{digit}.png"
        _write(folder / path, picture)
        yield Row(path, 1, "digit", digit, "handwritten")


def _form(rng: np.random.Generator, code: str, pens: Prints, prints: Prints) -> np.ndarray:
    """Draw a form of half a page at 150 pixels an inch with one row of boxes for the code: (h, w) uint8."""
    sheet = np.full((820, 1160), 248, np.float32)
    type_face, pen = prints.choose(rng), pens.choose(rng)
    ink, blue = 40.0, rng.uniform(40, 90)
    title = prints.line(type_face, "CHANGE OF ADDRESS", 26)
    lay(sheet, title.coverage, (70, 90 + round(title.top)), ink)
    for index, (label, answer) in enumerate(
        (("Name", "Carmen Ibarra"), ("Street", "Prospect Avenue"), ("City", "Ridge Falls"))
    ):
        y = 210 + 110 * index
        text = prints.line(type_face, label, 16)
        lay(sheet, text.coverage, (70, y + round(text.top)), ink)
        sheet[y + 6 : y + 8, 200:1080] = 120
        if code:
            written = pens.line(pen, answer, 30)
            lay(sheet, written.coverage, (230, y + round(written.top)), blue)
    text = prints.line(type_face, "ZIP code", 16)
    lay(sheet, text.coverage, (70, 620 + round(text.top)), ink)
    row = 255 - _box_row(rng, code, pens, 44)
    sheet[570 : 570 + row.shape[0], 220 : 220 + row.shape[1]] -= row
    return wear(rng, sheet, Wear(blur=0.6, noise=0.0))


def _box_row(rng: np.random.Generator, code: str, pens: Prints, digit_height: float) -> np.ndarray:
    """Draw five boxes with the digits of `code` in the first of them, on white: (h, w) float32."""
    cell = digit_height * 1.35, digit_height * 1.5
    row = marks.cells(rng, [True] * 5, cell, "shared", max(1.5, digit_height * 0.04))
    margin = round(digit_height * 0.35)
    sheet = np.full((row.coverage.shape[0] + 2 * margin, row.coverage.shape[1] + 2 * margin), 255, np.float32)
    lay(sheet, row.coverage, (margin, margin), 110.0)
    if code:
        glyphs = pens.glyphs(rng, code, Script(digit_height, 3.0))
        centres = [box.x + box.width * rng.uniform(0.45, 0.55) for box in row.cells]
        line = set_in_cells(glyphs, centres, rng.normal(0, 0.04 * digit_height, len(glyphs)).tolist())
        foot = row.cells[0].y + (cell[1] + digit_height) / 2
        lay(sheet, line.coverage, (margin, margin + round(foot - line.baseline)), 60.0)
    return sheet


def _shrunk(picture: np.ndarray) -> np.ndarray:
    scale = LONGEST_SIDE / max(picture.shape[:2])
    return picture if scale >= 1 else cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    options = [cv2.IMWRITE_JPEG_QUALITY, 80] if path.suffix == ".jpg" else [cv2.IMWRITE_PNG_COMPRESSION, 9]
    _, data = cv2.imencode(path.suffix, picture, options)
    path.write_bytes(data.tobytes())


def main(arguments: list[str]) -> int:
    """Draw the samples into the folder named by the only argument; returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m zipread.lab.synth.samples FOLDER\n")
        return UsageError.exit_code
    cv2.setNumThreads(1)
    try:
        count = draw_samples(Path(arguments[0]))
    except ZipreadError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stderr.write(f"{count} pictures in {arguments[0]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
