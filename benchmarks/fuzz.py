"""Damaged pictures and PDFs, thousands of them: each must give its rows, and none may cost anything else.

    python benchmarks/fuzz.py --n 5000 --seed 1

Pictures of every format are made from the samples, damaged in ways drawn from the seed, and read by one process after
the other. What counts as a failure of zipread: an internal error, a process that died, a picture that was not done in
time, an input without a row. Memory is what the reading process holds. The exit code is 1 where anything failed; the
pictures that did it are kept in --keep. Ctrl-C ends it early, with the table of what was done.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from zipread.apart import Apart
from zipread.batch import PageTask
from zipread.inputs import Input
from zipread.records import Reading
from zipread.settings import MAX_PIXELS, Settings
from zipread.workers import Line

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
WIDEST = 700
"""Pixels: pictures are made no wider, because most of the time goes into reading those that survive."""

TELLING = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\1", b"\xff\xff", b"\0\0")
"""Values that lengths, counts and offsets go wrong with."""

HEADER_BYTES = 512
"""Half of the damage is done within these first bytes, where the sizes are."""

Mutation = Callable[[np.random.Generator, bytearray], bytearray]


@dataclass(frozen=True, slots=True)
class FuzzTask:
    """`PageTask` that also says how long it took and what memory the process holds."""

    settings: Settings

    def start(self, line: Line) -> Callable[[Input], tuple[list[Reading], float, float]]:
        """Load the model."""
        read = PageTask(self.settings).start(line)

        def work(item: Input) -> tuple[list[Reading], float, float]:
            start = time.perf_counter()
            readings = read(item).readings
            return readings, time.perf_counter() - start, _resident_mebibytes()

        return work

    def lost(self, item: Input, reason: str) -> tuple[list[Reading], float, float]:
        """A process died over this one."""
        return PageTask(self.settings).lost(item, f"lost: {reason}").readings, float("nan"), float("nan")


@dataclass(slots=True)
class Tally:
    """What came of the pictures of one format."""

    n: int = 0
    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    bad: int = 0
    lost: int = 0
    slowest: float = 0.0  # seconds

    def add(self, readings: list[Reading], seconds: float) -> str:
        """Count one picture; return what zipread did wrong, empty where nothing."""
        self.n += 1
        self.rows += len(readings)
        self.statuses.update(reading.status for reading in readings)
        self.slowest = max(self.slowest, seconds)
        wrong = fault(readings)
        self.lost += wrong.startswith("lost: ")
        self.bad += bool(wrong) and not wrong.startswith("lost: ")
        return wrong


def fault(readings: list[Reading]) -> str:
    """Return what is wrong with the answer to one input, apart from what is wrong with the input; empty if nothing."""
    if not readings:
        return "no row"
    for reading in readings:
        if reading.message.startswith(("internal error", "lost: ")) or "\n" in reading.message:
            return reading.message
    return ""


def seeds(samples: Path) -> list[tuple[str, bytes]]:
    """Return whole files of every format that is read, each with its suffix."""
    files = [(path.suffix, path.read_bytes()) for path in sorted(samples.glob("forms/*"))]
    pictures = sorted([*samples.glob("fields/*.png"), *samples.glob("envelopes/*.jpg")])
    for path in pictures[::2]:
        gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        scale = min(1.0, WIDEST / gray.shape[1])
        files += encodings(cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    return files


def encodings(gray: np.ndarray) -> list[tuple[str, bytes]]:
    """Return (h, w) uint8 in every format and flavour, each with its suffix."""
    picture = Image.fromarray(gray)
    pages = {"save_all": True, "append_images": [picture.rotate(1), picture]}
    rgba = Image.merge("RGBA", [picture] * 3 + [Image.new("L", picture.size, 200)])
    flavours: list[tuple[Image.Image, str, dict]] = [
        (picture, "png", {}), (picture.convert("1"), "png", {}), (rgba, "png", {}), (picture.convert("P"), "png", {}),
        (picture.convert("I;16"), "png", {}), (picture, "jpeg", {}), (picture.convert("CMYK"), "jpeg", {}),
        (picture.convert("RGB"), "jpeg", {"progressive": True, "exif": _exif(6)}), (picture, "bmp", {}),
        (picture.convert("RGB"), "webp", {}), (rgba, "webp", {"lossless": True, "exif": _exif(3)}),
        (picture, "gif", pages), (picture, "tiff", pages), (picture, "tiff", {"compression": "tiff_lzw"}),
        (picture, "tiff", {"compression": "tiff_adobe_deflate", "tile": (64, 64)}),
        (picture, "tiff", {"compression": "jpeg"}), (picture.convert("1"), "tiff", {"compression": "group4"}),
        (picture.convert("I;16"), "tiff", {"big_tiff": True}), (picture, "pdf", pages), (picture, "pdf", {}),
    ]  # fmt: skip
    files = []
    for image, kind, options in flavours:
        target = io.BytesIO()
        image.save(target, kind, **options)
        files.append((f".{kind}", target.getvalue()))
    return files


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def _place(random: np.random.Generator, data: bytearray) -> int:
    near = random.random() < 0.5
    return int(random.integers(0, max(1, min(len(data), HEADER_BYTES) if near else len(data))))


def _flip_bits(random: np.random.Generator, data: bytearray) -> bytearray:
    for _ in range(int(random.integers(1, 9))):
        data[_place(random, data)] ^= 1 << int(random.integers(8))
    return data


def _random_bytes(random: np.random.Generator, data: bytearray) -> bytearray:
    at, length = _place(random, data), int(random.integers(1, 65))
    data[at : at + length] = random.bytes(length)
    return data


def _telling_value(random: np.random.Generator, data: bytearray) -> bytearray:
    value = TELLING[random.integers(len(TELLING))]
    at = _place(random, data)
    data[at : at + len(value)] = value if random.random() < 0.5 else value[::-1]
    return data


def _cut(random: np.random.Generator, data: bytearray) -> bytearray:
    return data[: _place(random, data)]


def _drop_block(random: np.random.Generator, data: bytearray) -> bytearray:
    at = _place(random, data)
    del data[at : at + int(random.integers(1, 2 + len(data) // 4))]
    return data


def _repeat_block(random: np.random.Generator, data: bytearray) -> bytearray:
    at = _place(random, data)
    data[at:at] = data[at : at + int(random.integers(1, 2 + len(data) // 4))]
    return data


def _zero_block(random: np.random.Generator, data: bytearray) -> bytearray:
    at = _place(random, data)
    length = len(data[at : at + int(random.integers(1, 2 + len(data) // 8))])
    data[at : at + length] = bytes(length)
    return data


def _change_number(random: np.random.Generator, data: bytearray) -> bytearray:
    """Another number where one is written in digits, as everywhere in a PDF."""
    digits = [at for at, value in enumerate(data) if 0x30 <= value <= 0x39]
    if digits:
        at = digits[random.integers(len(digits))]
        data[at : at + 1] = str(int(random.integers(-1, 10 ** int(random.integers(1, 11))))).encode()
    return data


MUTATIONS: tuple[Mutation, ...] = (
    _flip_bits, _random_bytes, _telling_value, _cut, _drop_block, _repeat_block, _zero_block, _change_number,
)  # fmt: skip


def damaged(files: list[tuple[str, bytes]], n: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield n damaged files with their suffixes; the same seed gives the same bytes."""
    for number in range(n):
        random = np.random.default_rng((seed, number))
        suffix, whole = files[random.integers(len(files))]
        damage = _damage_chunk if suffix == ".png" and random.random() < 0.7 else _damage
        yield suffix, bytes(damage(random, bytearray(whole)))


def _damage(random: np.random.Generator, data: bytearray) -> bytearray:
    for _ in range(int(random.integers(1, 4))):
        if data:
            data = MUTATIONS[random.integers(len(MUTATIONS))](random, data)
    return data


def _damage_chunk(random: np.random.Generator, data: bytearray) -> bytearray:
    """Damage the inside of one chunk of a PNG and give it its checksum: else nothing gets past the first look."""
    chunks, at = [], 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        chunks.append((data[at + 4 : at + 8], data[at + 8 : end - 4]))
        at = end
    chosen = int(random.integers(len(chunks) - 1))
    name, body = chunks[chosen]
    packed = name == b"IDAT" and len(chunks) == 3 and random.random() < 0.5
    body = _damage(random, bytearray(zlib.decompress(body)) if packed else body)
    chunks[chosen] = (name, zlib.compress(body) if packed else body)
    made = data[:8]
    for name, body in chunks:
        made += len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
    return made


def main() -> int:
    options = _options()
    tallies: dict[str, Tally] = {}
    memory: list[float] = []
    faults: Counter[str] = Counter()
    start = time.perf_counter()
    task = FuzzTask(Settings(max_pixels=options.max_pixels))
    with _stderr_kept() as said, Apart(task, options.timeout) as read, suppress(KeyboardInterrupt):
        for number, (suffix, data) in enumerate(damaged(seeds(options.samples), options.n, options.seed)):
            readings, seconds, mebibytes = read(Input(f"{number}{suffix}", data=data))
            memory.append(mebibytes)
            wrong = tallies.setdefault(suffix, Tally()).add(readings, seconds)
            if wrong:
                faults[wrong] += 1
                _keep(options.keep, f"{number}{suffix}", data)
    print(f"n {len(memory)} of {options.n}, seed {options.seed}, {time.perf_counter() - start:.0f} s")
    _print_table(tallies, memory)
    tracebacks = said.getvalue().count("Traceback")
    print(f"tracebacks on stderr: {tracebacks}")
    for wrong, count in faults.most_common():
        print(f"{count:>6} x {wrong}")
    return 1 if faults or tracebacks else 0


def _print_table(tallies: dict[str, Tally], memory: list[float]) -> None:
    names = ("accepted", "review", "blank", "error")
    heads = "".join(f"{name:>10}" for name in ("n", "rows", *names, "internal", "lost", "slowest s"))
    print(f"{'format':<8}{heads}")
    for suffix, tally in sorted(tallies.items()):
        counts = (tally.n, tally.rows, *(tally.statuses[name] for name in names), tally.bad, tally.lost)
        print(f"{suffix:<8}" + "".join(f"{count:>10}" for count in counts) + f"{tally.slowest:>10.2f}")
    parts = np.array_split(np.array(memory), min(10, len(memory)))
    print("MiB held, most in each tenth: " + " ".join(f"{np.nanmax(part):.0f}" for part in parts))
    print("MiB held, median of each tenth: " + " ".join(f"{np.nanmedian(part):.0f}" for part in parts))


def _keep(folder: Path | None, name: str, data: bytes) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


@contextmanager
def _stderr_kept() -> Iterator[io.StringIO]:
    """Collect what this process and those it starts write to stderr, the decoders' complaints among it."""
    said = io.StringIO()
    sys.stderr.flush()
    before = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield said
        finally:
            os.dup2(before, 2)
            os.close(before)
            file.seek(0)
            said.write(file.read().decode(errors="replace"))


def _resident_mebibytes() -> float:
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # the most so far
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", type=Path, default=SAMPLES)
    parser.add_argument("--max-pixels", type=int, default=MAX_PIXELS)
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds for one picture")
    parser.add_argument("--keep", type=Path, help="folder for the pictures that zipread did something wrong with")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
