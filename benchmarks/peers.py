"""zipread beside general text readers, over the same pictures, in one run, each on one thread.

    python benchmarks/peers.py ../shared/data --n 200 --csv peers.csv

Readers:

- zipread, with the settings `real.py` has for each set.
- RapidOCR (`pip install rapidocr onnxruntime`; its models come with it), as it comes: detection, then recognition.
- Tesseract 5 (the program `tesseract`): page segmentation 3 for mail, 7 (one line) and digits only for fields.

A reader that is not installed is named and passed over. Pictures: a deck of made mail (`zipread lab synth`, fonts and
writers that nothing was trained on), and the real sets of a data folder, each with its labels.csv.

What counts as a general reader's code, on mail: the last group of exactly five digits, or of five and four, in the
lines of the page from top to bottom, because the recipient's last line comes last; of six where the codes have six,
perhaps with a space in the middle. Where no line has one, the last line that holds nothing but that many digits and
spaces, bars or dots (boxed codes). On fields, where nothing but the code is in the picture: all digits of all lines,
where they are as many as wanted; RapidOCR reads the field as one line where it detected none. Its score is the
reader's own: RapidOCR's for the line, Tesseract's for the least certain word of the code.

"At 1%" is how many could be accepted by the reader's own score so that at most 1% of the accepted are wrong: the
threshold is chosen on the set itself, for every reader alike. Seconds are wall-clock time for a page, loading of
models left out; Tesseract's have the start of its process in them.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from real import SETS

from zipread import Reader, __version__
from zipread.errors import InputError
from zipread.evaluate.metrics import count, operating_points, reject_table
from zipread.evaluate.outcomes import Outcome
from zipread.evaluate.truth import Label
from zipread.records import Reading
from zipread.settings import Settings

ACCEPTED_ERROR = 0.01

Line = tuple[str, float]
"""Text of a line, and the reader's score for it, 0 to 1."""


@dataclass(frozen=True)
class PictureSet:
    """Labelled pictures that are read alike."""

    name: str
    labels: tuple[Label, ...]
    settings: Settings


@dataclass(frozen=True)
class Peer:
    """A reader: prepared for the pictures of one set, it reads a file."""

    name: str
    prepare: Callable[[Settings], Callable[[str], Reading]]


def main() -> None:
    options = _options()
    cv2.setNumThreads(1)
    peers = [peer for peer in (_zipread(options.model), _rapidocr(), _tesseract()) if peer is not None]
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        print(HEADER)
        for pictures in _sets(options, Path(scratch)):
            for peer in peers:
                rows.append(_measure(pictures, peer))
                print(_line(rows[-1]), flush=True)
    if options.csv is not None:
        with options.csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


COLUMNS = ("set", "reader", "n", "right", "wrong", "nothing", "failed", "at_1_percent", "seconds")
HEADER = (
    f"{'set':<20}{'reader':<26}{'n':>5}{'right':>7}{'%':>7}{'wrong':>7}{'nothing':>9}{'failed':>8}{'at 1%':>7}"
    f"{'%':>7}{'s a page':>10}"
)


def _line(row: dict[str, Any]) -> str:
    right, accepted = (100 * row[name] / row["n"] for name in ("right", "at_1_percent"))
    return (
        f"{row['set']:<20}{row['reader']:<26}{row['n']:>5}{row['right']:>7}{right:>7.1f}{row['wrong']:>7}"
        f"{row['nothing']:>9}{row['failed']:>8}{row['at_1_percent']:>7}{accepted:>7.1f}{row['seconds']:>10.3f}"
    )


def _measure(pictures: PictureSet, peer: Peer) -> dict[str, Any]:
    """Read one set; the first picture is read once before, so that no lazy start is timed."""
    read = peer.prepare(pictures.settings)
    read(pictures.labels[0].path)
    outcomes, seconds = [], 0.0
    for label in pictures.labels:
        start = time.perf_counter()
        reading = read(label.path)
        seconds += time.perf_counter() - start
        outcomes.append(Outcome(label, reading))
    tally = count(outcomes)
    ((_, point),) = reject_table(operating_points(outcomes), (ACCEPTED_ERROR,))
    accepted = 0 if point is None else point.accepted
    numbers = (tally.n, tally.right, tally.wrong, tally.nothing, tally.failed, accepted, seconds / tally.n)
    return dict(zip(COLUMNS, (pictures.name, peer.name, *numbers), strict=True))


def _sets(options: argparse.Namespace, scratch: Path) -> Iterator[PictureSet]:
    folder = options.deck
    if folder is None:
        folder = scratch / "deck"
        _make_deck(folder, options)
    labels = _labels(folder / "truth.csv", "code")
    for writing in ("handwritten", "printed"):
        some = [label for label, row in labels if row["writing"] == writing]
        if some:
            yield PictureSet(f"made, {writing}", tuple(some), Settings())
    for real in SETS:
        source = options.data / real.folder
        if not (source / "labels.csv").is_file():
            print(f"{real.folder:<20}not there")
            continue
        found = [label for label, _ in _labels(source / "labels.csv", real.code_column)]
        yield PictureSet(real.folder, tuple(found[: options.most]), real.settings)


def _make_deck(folder: Path, options: argparse.Namespace) -> None:
    from zipread.lab.synth.deck import load_supplies, make_deck, write_deck

    archive = options.data / "digits" / "mnist.npz"
    supplies = load_supplies("measure", archive if archive.is_file() else None)
    for _ in write_deck(folder, make_deck(options.seed, options.n, ("handwritten", "printed"), supplies)):
        pass


def _labels(path: Path, column: str) -> list[tuple[Label, dict[str, str]]]:
    """Each picture once; the first of several labels is the recipient's."""
    found: dict[str, tuple[Label, dict[str, str]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name = row["path"]
            found.setdefault(name, (Label(name, str(path.parent / name), code=row[column]), row))
    return list(found.values())


def _zipread(model: Path | None) -> Peer:
    def prepare(settings: Settings) -> Callable[[str], Reading]:
        reader = Reader(settings, model=model)

        def read(path: str) -> Reading:
            try:
                return max(reader.read(path), key=lambda reading: (bool(reading.code), reading.confidence))
            except InputError as error:
                return Reading(status="error", message=str(error))

        return read

    return Peer(f"zipread {__version__}", prepare)


def _rapidocr() -> Peer | None:
    if find_spec("rapidocr") is None:
        print("RapidOCR is not installed (pip install rapidocr onnxruntime): left out")
        return None
    one_thread = {f"EngineConfig.onnxruntime.{which}_op_num_threads": 1 for which in ("intra", "inter")}
    engine = import_module("rapidocr").RapidOCR(params={**one_thread, "Global.log_level": "critical"})

    def prepare(settings: Settings) -> Callable[[str], Reading]:
        field = settings.layout == "field"

        def read(path: str) -> Reading:
            found = engine(path)
            if field and not found.txts:
                found = engine(path, use_det=False, use_cls=False, use_rec=True)
            lines = list(zip(found.txts or (), map(float, found.scores or ()), strict=True))
            return _reading(lines, settings)

        return read

    return Peer(f"RapidOCR {version('rapidocr')}", prepare)


def _tesseract() -> Peer | None:
    program = shutil.which("tesseract")
    if program is None:
        print("Tesseract is not installed (Debian package tesseract-ocr): left out")
        return None
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}

    def prepare(settings: Settings) -> Callable[[str], Reading]:
        field = settings.layout == "field"
        how = ["--psm", "7", "-c", "tessedit_char_whitelist=0123456789"] if field else ["--psm", "3"]

        def read(path: str) -> Reading:
            command = [program, path, "stdout", *how, "tsv"]
            done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
            if done.returncode:
                return Reading(status="error", message=done.stderr.strip())
            return _reading(list(_tsv_lines(done.stdout)), settings)

        return read

    return Peer(f"Tesseract {told.stdout.split()[1]}", prepare)


def _tsv_lines(text: str) -> Iterator[Line]:
    """Tesseract's words joined to lines; a line's score is that of its least certain word with a digit."""
    lines: dict[tuple[str, ...], list[tuple[str, float]]] = {}
    for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["level"] == "5" and row["text"].strip():
            place = tuple(row[name] for name in ("block_num", "par_num", "line_num"))
            lines.setdefault(place, []).append((row["text"], float(row["conf"]) / 100))
    for words in lines.values():
        scores = [score for word, score in words if re.search(r"\d", word)]
        yield " ".join(word for word, _ in words), min(scores, default=0.0)


def _reading(lines: Sequence[Line], settings: Settings) -> Reading:
    """What a general reader's lines say, by the rules of this module's head."""
    code, score = _code(lines, settings.digits, field=settings.layout == "field")
    return Reading(code=code, confidence=float(np.clip(score, 0.0, 1.0)), status="review" if code else "blank")


def _code(lines: Sequence[Line], digits: int, *, field: bool) -> Line:
    everything = "".join(re.sub(r"\D", "", text) for text, _ in lines)
    if field and len(everything) == digits:
        return everything, min(score for text, score in lines if re.search(r"\d", text))
    group = {5: r"\d{5}(?=-?\d{4}(?!\d)|(?!\d))", 6: r"\d{3} ?\d{3}(?!\d)"}.get(digits, rf"\d{{{digits}}}(?!\d)")
    for text, score in reversed(lines):
        if found := re.findall(rf"(?<!\d)(?<!\d{{5}}-){group}", text):
            return found[-1].replace(" ", ""), score
    for text, score in reversed(lines):
        bare = re.sub(r"[\s|.\[\]]", "", text)
        if re.fullmatch(rf"\d{{{digits}}}", bare):
            return bare, score
    return "", 0.0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data"))
    parser.add_argument("--n", type=int, default=200, help="pieces of made mail, every other one handwritten")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--deck", type=Path, help="a deck made before, instead")
    parser.add_argument("--most", type=int, help="pictures of each real set at most")
    parser.add_argument("--model", type=Path, help="folder with the model files; the one that ships if not given")
    parser.add_argument("--csv", type=Path, help="file for the table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
