"""Readings of real pictures, set by set.

    python benchmarks/real.py ../shared/data --sheet /tmp/mistakes

The folder holds one folder a set with its labels.csv (path, code), and digits/ with mnist.npz and semeion.npz. A set
that is missing is named and passed over. Nothing here trains or tunes; pictures stay where they are.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from common import HEADER, Tally, line, write_sheet

from zipread import Reader
from zipread.classify import load_classifier
from zipread.errors import InputError
from zipread.normalize import to_mnist
from zipread.records import NOT_A_DIGIT, Reading
from zipread.settings import Settings


@dataclass(frozen=True)
class RealSet:
    """A folder of labelled pictures and how to read them."""

    folder: str
    settings: Settings
    code_column: str = "code"


SETS = (
    RealSet("mail-us-rendered", Settings()),
    RealSet("mail-us-window", Settings()),
    RealSet("mail-us-printed", Settings()),
    RealSet("mail-fr-boxed", Settings(directory="none")),
    RealSet("cards-in", Settings(digits=6, directory="none", layout="envelope")),
    RealSet("strings-cheque", Settings(layout="field", directory="none"), "string"),
)


def main() -> None:
    options = _options()
    cv2.setNumThreads(1)
    print(HEADER)
    details: list[str] = []
    for real in SETS:
        folder = options.data / real.folder
        if not (folder / "labels.csv").is_file():
            print(f"{real.folder:<24} not there")
            continue
        settings = real.settings if options.model is None else replace(real.settings, model=options.model)
        details += _measure(real, folder, settings, options.sheet)
    print(f"\nsingle digits, seen in five ways{'':<5}{'n':>8}{'right':>8}{'error %':>9}{'not one digit':>15}")
    for name in ("mnist", "semeion"):
        path = options.data / "digits" / f"{name}.npz"
        print(_digits(name, path, options) if path.is_file() else f"{name:<24} not there")
    if options.verbose:
        print("\n" + "\n".join(details))


def _measure(real: RealSet, folder: Path, settings: Settings, sheet: Path | None) -> list[str]:
    """Read one set, print its line; returns a line for each mistake."""
    reader, tally = Reader(settings), Tally()
    mistakes, details = [], []
    for path, code in _expected(folder / "labels.csv", real.code_column):
        try:
            reading = _of_page(reader.read(folder / path))
        except InputError as error:
            reading = Reading(status="error", message=str(error))
        if tally.add(code, reading.code, reading.status, reading.confidence):
            continue
        said = f"{code or 'blank'}>{reading.code or reading.status} {reading.confidence:.2f}"
        details.append(f"{real.folder}/{path}: {said} {reading.status} {reading.alternatives} {reading.message}")
        mistakes.append((cv2.imread(str(folder / path), cv2.IMREAD_GRAYSCALE), f"{said} {path[:14]}"))
    print(line(real.folder, tally), flush=True)
    if sheet is not None:
        write_sheet(sheet / f"{real.folder}.png", mistakes)
    return details


def _expected(labels: Path, column: str) -> Iterator[tuple[str, str]]:
    """List each picture once with its code; the first of several labels is the recipient's."""
    seen = set()
    with labels.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["path"] not in seen:
                seen.add(row["path"])
                yield row["path"], row[column]


def _of_page(readings: list[Reading]) -> Reading:
    """The reading to judge: the surest of those that give a code."""
    return max(readings, key=lambda reading: (bool(reading.code), reading.confidence))


def _digits(name: str, path: Path, options: argparse.Namespace) -> str:
    with np.load(path) as archive:
        pictures = archive["x_test"] if "x_test" in archive else archive["x"]
        labels = archive["y_test"] if "y_test" in archive else archive["y"]
    crops = [crop.astype(bool) if crop.max() <= 1 else crop for crop in pictures]
    scores = load_classifier(folder=options.model).patient_scores(np.stack([to_mnist(crop) for crop in crops]))
    guesses = scores[:, :NOT_A_DIGIT].argmax(axis=1)
    wrong = np.flatnonzero(guesses != labels)
    if options.sheet is not None:
        tiles = [(pictures[i] * (255 // max(1, pictures[i].max())), f"{labels[i]}>{guesses[i]} #{i}") for i in wrong]
        write_sheet(options.sheet / f"{name}.png", tiles, columns=8)
    rejected = int((scores.argmax(axis=1) == NOT_A_DIGIT).sum())
    n = len(labels)
    return f"{name:<36}{n:>9}{n - len(wrong):>8}{100 * len(wrong) / n:>9.2f}{rejected:>15}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, help="folder with the model files; the one that ships if not given")
    parser.add_argument("--sheet", type=Path, help="folder for contact sheets of the mistakes")
    parser.add_argument("-v", "--verbose", action="store_true", help="list every mistake")
    return parser.parse_args()


if __name__ == "__main__":
    main()
