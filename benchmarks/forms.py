"""Forms: fields read through a template, as scanned and as moved, scaled, turned and photographed.

    python benchmarks/forms.py ../shared/data --sheet /tmp/mistakes

form-hsf: the template's boxes are the labels', and its reference is the filled form itself, so that putting the page
as scanned in place is no test; the other lines move that page and look at how far its corners come from their true
places. form-tally: the rows of boxes are those that `zipread form new` proposes on the page named by --tally; that page
is the reference for all.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np
from common import HEADER, Tally, line, write_sheet

from zipread import Reader
from zipread.errors import InputError
from zipread.form import FormField, FormTemplate, load_reference, propose_fields, template_text
from zipread.form.place import map_points
from zipread.records import Page

MAX_PIXELS = 10**9


def main() -> None:
    options = _options()
    cv2.setNumThreads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    print(HEADER + f"{'corners off, px':>17}")
    if (options.data / "form-hsf").is_dir():
        _handprint(options)
    if (options.data / "form-tally").is_dir():
        _tally_forms(options)


def _handprint(options: argparse.Namespace) -> None:
    folder = options.data / "form-hsf"
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        labels = list(csv.DictReader(file))
    picture = folder / labels[0]["path"]
    page = load_reference(picture, MAX_PIXELS)
    height, width = page.gray.shape
    fields = []
    for number, row in enumerate(labels, start=1):
        x, y, w, h = (int(row[key]) for key in "xywh")
        fields.append(
            FormField(f"f{number:02}", (x / width, y / height, w / width, h / height), len(row["code"]), "free")
        )
    reader = _reader(options, "hsf.toml", FormTemplate(picture.resolve(), tuple(fields)))
    mistakes: list[tuple[np.ndarray, str]] = []
    for name, (seen, truth) in _conditions(page.gray):
        tally = Tally()
        for row, reading in zip(labels, reader.read_page(Page(seen)), strict=False):
            if not tally.add(row["code"], reading.code, reading.status, reading.confidence) and reading.box:
                b = reading.box
                crop = seen[max(0, b.y - 20) : b.bottom + 20, max(0, b.x - 20) : b.right + 20]
                mistakes.append((crop, f"{name} {row['code']}>{reading.code or reading.status}"))
        tally.blank += len(labels) - tally.n
        tally.n = len(labels)
        print(f"{line(f'hsf {name}', tally)}{_corner_error(reader, seen, truth, page):>17}", flush=True)
    if options.sheet is not None:
        write_sheet(options.sheet / "forms-hsf.png", mistakes)


def _corner_error(reader: Reader, seen: np.ndarray, truth: np.ndarray, page: Page) -> str:
    """How far the worst corner of the form is from its true place, pixels of the page."""
    assert reader._form is not None
    height, width = page.gray.shape
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    try:
        found = reader._form.register(Page(seen)).to_page
    except InputError:
        return "not found"
    return f"{np.linalg.norm(map_points(found, corners) - map_points(truth, corners), axis=1).max():.1f}"


def _conditions(gray: np.ndarray) -> list[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """The page as it may come in, each with the true map (3, 3) from the page as scanned."""
    height, width = gray.shape
    turn = np.deg2rad(6.0)
    skew = np.array([[np.cos(turn), -np.sin(turn), 0.08 * width], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
    shift = np.array([[1, 0, 60.0], [0, 1, -45.0], [0, 0, 1]])
    slanted = [(0.10, 0.04), (0.93, 0.09), (0.98, 0.97), (0.03, 0.92)]
    return [
        ("as scanned", (gray, np.eye(3))),
        ("shifted", _moved(gray, shift, (width, height), 255)),
        ("at 150 dpi", _moved(gray, np.diag([0.5, 0.5, 1.0]), (width // 2, height // 2), 255)),
        ("skewed 6 degrees", _moved(gray, skew, (round(1.1 * width), round(1.1 * height)), 255)),
        ("on its head", _moved(gray, np.array([[-1.0, 0, width], [0, -1, height], [0, 0, 1]]), (width, height), 255)),
        ("photographed", _photographed(gray, slanted)),
    ]


def _moved(gray: np.ndarray, matrix: np.ndarray, size: tuple[int, int], fill: int) -> tuple[np.ndarray, np.ndarray]:
    soft = cv2.GaussianBlur(gray, (0, 0), 0.8) if matrix[0, 0] < 0.8 else gray
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    return cv2.warpPerspective(soft, np.linalg.inv(half) @ matrix @ half, size, borderValue=fill), matrix


def _photographed(gray: np.ndarray, corners: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """A page on a table: perspective, light from one side, out of focus, noise."""
    height, width = gray.shape
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    target = (np.array(corners) * (width, height)).astype(np.float32)
    seen, matrix = _moved(gray, cv2.getPerspectiveTransform(source, target), (width, height), 90)
    light = np.linspace(0.55, 0.95, width)[None] * np.linspace(1.0, 0.8, height)[:, None]
    noise = np.random.default_rng(1).normal(0, 5, seen.shape)
    seen = np.clip(cv2.GaussianBlur(seen, (0, 0), 1.5) * light + noise, 0, 255)
    return seen.astype(np.uint8), matrix


def _tally_forms(options: argparse.Namespace) -> None:
    folder = options.data / "form-tally"
    reference = folder / options.tally
    rows = [field for field in propose_fields(load_reference(reference, MAX_PIXELS)) if field.layout == "boxed"]
    rows = [field for field in rows if field.digits == 3]
    reader = _reader(options, "tally.toml", FormTemplate(reference.resolve(), tuple(rows)))
    numbers, crossed = Tally(), Tally()
    mistakes: list[tuple[np.ndarray, str]] = []
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        for label in csv.DictReader(file):
            page = load_reference(folder / label["path"], MAX_PIXELS)
            readings = reader.read_page(page)
            codes = label["code"].split()
            if len(readings) != len(codes):
                print(f"{label['path']}: {len(readings)} rows, {len(codes)} labels: {readings[0].message}")
                continue
            for code, reading in zip(codes, readings, strict=True):
                tally = numbers if code.isdigit() else crossed
                wanted = code if code.isdigit() else ""
                if not tally.add(wanted, reading.code, reading.status, reading.confidence) and reading.box:
                    b = reading.box
                    crop = page.gray[max(0, b.y - 20) : b.bottom + 20, max(0, b.x - 20) : b.right + 20]
                    mistakes.append((crop, f"{label['path'][:6]} {code}>{reading.code} {reading.message[-12:]}"))
    print(line("tally, three digits", numbers))
    print(line("tally, with crosses", crossed))
    if options.sheet is not None:
        write_sheet(options.sheet / "forms-tally.png", mistakes)


def _reader(options: argparse.Namespace, name: str, template: FormTemplate) -> Reader:
    path = options.work / name
    path.write_text(template_text(template, options.work.resolve()), encoding="utf-8")
    return Reader(form=path, model=options.model)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path("/tmp/zipread-forms"), help="folder for the templates")
    parser.add_argument("--model", type=Path, help="folder with the model files; the one that ships if not given")
    parser.add_argument("--sheet", type=Path, help="folder for contact sheets of the mistakes")
    parser.add_argument("--tally", default="test2.jpg", help="page of form-tally that is its reference")
    return parser.parse_args()


if __name__ == "__main__":
    main()
