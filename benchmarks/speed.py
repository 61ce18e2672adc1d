"""What a page costs, stage by stage; pages a second; cold starts.

    python benchmarks/speed.py --n 24

Stages are given in milliseconds of CPU time on one thread, least and median of all repeats, and as a ratio to what
cv2.imread takes for the same file: an envelope of 2850 x 1237 pixels as a gray JPEG. On a machine that does other
work too, the least is the number to trust. Pages a second and cold starts are wall-clock time, with everything in it:
a run starts its workers, and each worker loads its model.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from zipread import Reader, scan
from zipread.classify import load_classifier
from zipread.clean import clean_page, cut_field
from zipread.decode import Calibration, decide, weigh
from zipread.directory import load_directory
from zipread.finder import load_finder
from zipread.glance import glance
from zipread.lab.synth.deck import load_supplies, make_deck, write_deck
from zipread.lab.synth.mail import Supplies, make_mail
from zipread.lab.synth.photo import scan as scanned
from zipread.load import load_pages
from zipread.locate import locate
from zipread.normalize import normalize_ink
from zipread.records import Field, Lattice, Page
from zipread.segment import cut_out, segment
from zipread.sequence import load_column_reader
from zipread.settings import MAX_PIXELS

PAGE_SIZE = (2850, 1237)
"""Width and height of the picture that is timed: a long envelope (#10) at 300 dpi."""
DIGITS = 5
REPEATS = 11
COLD_STARTS = 3


@dataclass(frozen=True, slots=True)
class Prepared:
    """One field, ready for the classifier."""

    lattice: Lattice
    digits: np.ndarray  # (n, 28, 28) uint8


def main() -> None:
    options = _options()
    cv2.setNumThreads(1)
    supplies = load_supplies("measure", options.digits)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        picture = _make_page(folder, options.seed, supplies)
        _time_stages(picture, options.model)
        _time_scans(folder, options, supplies)
        _time_cold_starts(folder, picture, options.model)


def _make_page(folder: Path, seed: int, supplies: Supplies) -> Path:
    """A printed envelope as a scanner gives it, brought to PAGE_SIZE."""
    drawn, _ = make_mail(np.random.default_rng(seed), "printed", supplies, capture=scanned)
    gray = cv2.resize(cv2.cvtColor(drawn, cv2.COLOR_BGR2GRAY), PAGE_SIZE, interpolation=cv2.INTER_AREA)
    path = folder / "page.jpg"
    cv2.imwrite(str(path), gray, [cv2.IMWRITE_JPEG_QUALITY, 92])
    print(f"{PAGE_SIZE[0]} x {PAGE_SIZE[1]} gray JPEG, {path.stat().st_size / 1e3:.0f} kB, seed {seed}")
    return path


def _time_stages(picture: Path, model: Path | None) -> None:
    classifier = load_classifier("onnx", model)
    calibration, directory = Calibration.from_manifest(classifier.manifest), load_directory("us")
    reader = Reader(model=model)
    page = _load(picture)
    clean = clean_page(page)
    fields = locate(page, clean, "auto", DIGITS)
    prepared = _prepare(page, fields)
    digits = np.concatenate([field.digits for field in prepared])
    scores = np.split(classifier.scores(digits), np.cumsum([len(field.digits) for field in prepared])[:-1])

    def decode_all() -> None:
        for field, own in zip(prepared, scores, strict=True):
            weighed = weigh(field.lattice, own, DIGITS)
            decide([] if weighed is None else [weighed], DIGITS, directory, calibration)

    print(f"{len(fields)} places, {len(digits)} candidates for a digit; {_said(reader, picture)}\n")
    print(f"{'stage':<32}{'n':>5}{'least ms':>10}{'median ms':>11}{'x imread':>10}")
    unit = _row("cv2.imread", lambda: cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE))
    _row("load", lambda: _load(picture), unit)
    finder, columns = load_finder("onnx", model), load_column_reader("onnx", model)
    assert finder is not None and columns is not None
    _row("glance", lambda: glance(page, finder, columns, DIGITS), unit)
    _row("clean", lambda: clean_page(page), unit)
    _row("locate, auto", lambda: locate(page, clean, "auto", DIGITS), unit)
    _row("locate, envelope", lambda: locate(page, clean, "envelope", DIGITS), unit)
    _row("cut, segment, normalize", lambda: _prepare(page, fields), unit)
    _row("classify", lambda: classifier.scores(digits), unit)
    _row("decode", decode_all, unit)
    _row("Reader.read, auto", lambda: reader.read(picture), unit)
    narrow = Reader(model=model, layout="envelope")
    _row("Reader.read, envelope", lambda: narrow.read(picture), unit)


def _said(reader: Reader, picture: Path) -> str:
    reading = reader.read(picture)[0]
    return f"read as {reading.code} ({reading.status})" if reading.code else f"no code read ({reading.status})"


def _load(picture: Path) -> Page:
    page = next(iter(load_pages(picture, MAX_PIXELS)))
    assert isinstance(page, Page)
    return page


def _prepare(page: Page, fields: list[Field]) -> list[Prepared]:
    prepared = []
    for field in fields:
        lattice, image = segment(cut_field(page, field))
        crops = [normalize_ink(cut_out(image.ink, candidate)) for candidate in lattice.candidates]
        prepared.append(Prepared(lattice, np.stack(crops) if crops else np.zeros((0, 28, 28), np.uint8)))
    return prepared


def _row(name: str, work: Callable[[], object], unit: float | None = None) -> float:
    """Time `work`, print its line of the table and return its least CPU time in milliseconds."""
    work()
    spent = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        spent.append(1e3 * (time.process_time() - start))
    least = min(spent)
    print(f"{name:<32}{REPEATS:>5}{least:>10.2f}{median(spent):>11.2f}{least / (unit or least):>10.2f}", flush=True)
    return least


def _time_scans(folder: Path, options: argparse.Namespace, supplies: Supplies) -> None:
    deck = make_deck(options.seed, options.n, ("handwritten", "printed"), supplies)
    pictures = list(write_deck(folder / "deck", deck))
    for again in range(1, options.times):
        copies = folder / "deck" / f"again-{again}"
        copies.mkdir()
        pictures += [Path(shutil.copy(picture, copies)) for picture in pictures[: options.n]]
    print(f"\n{'scan of a made deck':<32}{'n':>5}{'seconds':>10}{'pages/s':>11}{'x 1 job':>10}")
    alone = None
    for jobs in (1, 2):
        start = time.perf_counter()
        scan(pictures, folder / f"{jobs}.csv", jobs=jobs, model=options.model)
        seconds = time.perf_counter() - start
        alone = alone or seconds
        name = f"{jobs} job{'s' if jobs > 1 else ''}, start included"
        print(f"{name:<32}{len(pictures):>5}{seconds:>10.2f}{len(pictures) / seconds:>11.1f}{alone / seconds:>10.2f}")


def _time_cold_starts(folder: Path, picture: Path, model: Path | None) -> None:
    target = folder / "one.png"
    cv2.imwrite(str(target), _load(picture).gray)
    chosen = [] if model is None else ["--model", str(model)]
    output = str(folder / "one.csv")
    commands = {
        "zipread --help": ["--help"],
        "zipread scan one.png": ["scan", str(target), "-o", output, "--force", "-q", *chosen],
    }
    print(f"\n{'cold start':<32}{'n':>5}{'least s':>10}{'median s':>11}")
    for name, arguments in commands.items():
        spent = [_run_cold(arguments) for _ in range(COLD_STARTS)]
        print(f"{name:<32}{COLD_STARTS:>5}{min(spent):>10.3f}{median(spent):>11.3f}")


def _run_cold(arguments: list[str]) -> float:
    """Seconds that `zipread` takes as a process of its own, run from this checkout."""
    root = str(Path(__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    command = [sys.executable, "-c", "from zipread.cli import main; main()", *arguments]
    start = time.perf_counter()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    )
    return time.perf_counter() - start


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--n", type=int, default=24, help="pages of the deck that is scanned; under 16 no workers start"
    )
    parser.add_argument("--times", type=int, default=1, help="how often each of them is scanned: making takes longer")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--digits", type=Path, help="archive of handwritten digits; the fonts' digits if not given")
    parser.add_argument("--model", type=Path, help="folder with the model files; the one that ships if not given")
    return parser.parse_args()


if __name__ == "__main__":
    main()
