"""Whole-code rates on made fields: writers, fonts and seeds that nothing was trained on.

    python benchmarks/fields.py ../shared/data/digits/mnist.npz --n 400 --sheet /tmp/mistakes

Handwritten digits come from the archive's test part, print from the fonts kept for measuring, and a third kind from
hands that were made into fonts and are kept for measuring as well. Codes are existing ZIP codes, one in ten with a +4,
unless --codes any draws five digits at random and reads without the directory.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
from common import HEADER, Tally, calibration_error, line, write_sheet

from zipread import Reader
from zipread.lab.synth.families import HELD_OUT_HAND, HELD_OUT_PRINT, HELD_OUT_SCRIPT
from zipread.lab.synth.fields import STYLES, Style, make_field
from zipread.lab.synth.fonts import find_fonts
from zipread.lab.synth.hands import DigitSource, Hands, Prints, load_hands
from zipread.lab.synth.negatives import NEGATIVES, make_negative
from zipread.lab.synth.paper import Paper
from zipread.lab.synth.places import load_places
from zipread.lab.writers import font_writers
from zipread.records import Reading

PLUS4_SHARE = 0.1


def main() -> None:
    options = _options()
    cv2.setNumThreads(1)
    directory = "none" if options.codes == "any" else "us"
    reader = Reader(layout=options.layout, directory=directory, model=options.model)
    codes = None if options.codes == "any" else [place.code for place in load_places()]
    print_fonts = Prints(find_fonts(HELD_OUT_PRINT))
    scripts = font_writers(find_fonts((*HELD_OUT_SCRIPT, *HELD_OUT_HAND)), options.seed)
    sources: dict[str, DigitSource] = {
        "hand": load_hands(options.digits, "test"),
        "print": print_fonts,
        "script": Hands(scripts.x, scripts.y, scripts.writer),
    }
    mistakes: dict[str, list[tuple[np.ndarray, str]]] = {}

    print(f"made fields, seed {options.seed}, directory {directory}, {len(HELD_OUT_PRINT)} print families\n\n{HEADER}")
    start, total = time.perf_counter(), Tally()

    def measure(writing: str, style: Style, paper: Paper | None = None) -> Tally:
        name, tally = f"{writing} {paper or style}", Tally()
        for index in range(options.n):
            rng = np.random.default_rng((options.seed, STYLES.index(style), index, writing == "print"))
            code = _code(rng, codes)
            picture, truth = make_field(rng, code, style, sources[writing], paper)
            reading = _read(reader, picture)
            if not tally.add(truth.code, reading.code, reading.status, reading.confidence):
                said = f"{truth.code}>{reading.code or reading.status} {reading.confidence:.2f}"
                mistakes.setdefault(name, []).append((picture, f"{said} {','.join(truth.conditions)}"))
        print(line(name, tally), flush=True)
        return tally

    for writing in ("hand", "print"):
        for style in STYLES:
            total += measure(writing, style)
    print(line("all", total))
    print(f"\nECE over {len(total.confidences)} readings: {100 * calibration_error(total.confidences):.2f}%")
    right = total.accepted - total.accepted_wrong
    print(f"accepted and right: {right} of {total.accepted}, of {total.n} fields")
    print(f"seconds a field, making and reading: {(time.perf_counter() - start) / max(1, total.n):.4f}")
    print(f"\non paper printed with broad soft lines, as bonds and cheques are; not in the sums above\n{HEADER}")
    for writing in ("hand", "print"):
        measure(writing, "noisy", "guilloche")
    print(f"\nhands made into fonts, each bending its shapes anew; not in the sums above\n{HEADER}")
    for style in STYLES:
        measure("script", style)
    _negatives(reader, Prints(find_fonts((*HELD_OUT_PRINT, *HELD_OUT_HAND))), options, mistakes)
    if options.sheet is not None:
        for name, tiles in mistakes.items():
            write_sheet(options.sheet / f"{name.replace(' ', '-')}.png", tiles)


def _negatives(
    reader: Reader, prints: Prints, options: argparse.Namespace, mistakes: dict[str, list[tuple[np.ndarray, str]]]
) -> None:
    print(f"\nfields without a code (right is: no code given)\n{HEADER}")
    for kind in NEGATIVES:
        tally = Tally()
        for index in range(max(20, options.n // 4)):
            rng = np.random.default_rng((options.seed, 99, NEGATIVES.index(kind), index))
            picture = make_negative(rng, prints, kind)
            reading = _read(reader, picture)
            if not tally.add("", reading.code, reading.status, reading.confidence) and reading.status == "accepted":
                mistakes.setdefault("accepted negatives", []).append(
                    (picture, f"{reading.code} {reading.confidence:.2f}")
                )
        print(line(kind, tally), flush=True)


def _read(reader: Reader, picture: np.ndarray) -> Reading:
    return reader.read_field(picture) if reader.settings.layout == "field" else reader.read(picture)[0]


def _code(rng: np.random.Generator, codes: list[str] | None) -> str:
    code = f"{rng.integers(100_000):05d}" if codes is None else codes[rng.integers(len(codes))]
    return f"{code}-{rng.integers(10_000):04d}" if rng.random() < PLUS4_SHARE else code


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("digits", type=Path, nargs="?", default=Path("../shared/data/digits/mnist.npz"))
    parser.add_argument("--n", type=int, default=400, help="fields for each writing and style")
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--codes", choices=("zip", "any"), default="zip")
    parser.add_argument("--layout", choices=("field", "auto"), default="field", help="auto: boxes are looked for")
    parser.add_argument("--model", type=Path, help="folder with the model files; the one that ships if not given")
    parser.add_argument("--sheet", type=Path, help="folder for contact sheets of the mistakes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
