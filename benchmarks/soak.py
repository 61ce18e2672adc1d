"""A long run: does memory grow, and what does a second worker bring?

    python benchmarks/soak.py --pages 5000

Scans links to a few pictures (every path is an input of its own, and the disk stays small) with one job and with two,
and prints pages a second and the resident memory of each process that reads: with one job this one, with two the
workers. Growth is taken from input 500, when libraries have all they ever load, to the last input. The ratio is of this
machine at this moment: it needs two cores with nothing else to do.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zipread import scan
from zipread.batch import Summary
from zipread.inputs import PICTURE_SUFFIXES

SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "envelopes"
WARM_AT = 500  # inputs
MOST_PAGES = 100_000
MEBIBYTE = 2**20


@dataclass
class Observer:
    """Called after every input. Notes the time and the memory when the run is warm, at every tenth, and at its end."""

    total: int  # inputs
    sizes: dict[int, list[float]] = field(default_factory=dict)  # inputs done to MiB of each reading process
    warm: tuple[float, int] = (0.0, 0)  # time in seconds and pages done at that moment

    @property
    def warm_at(self) -> int:
        """The input from which on the run is warm."""
        return min(WARM_AT, self.total // 2)

    def __call__(self, summary: Summary, path: str, readings: Sequence[object]) -> None:
        """See `batch.Progress`."""
        done = summary.inputs_read + summary.inputs_failed
        if done == self.warm_at:
            self.warm = time.perf_counter(), summary.pages
        if done in (self.warm_at, self.total) or done % max(1, self.total // 10) == 0:
            workers = [process.pid for process in multiprocessing.active_children()]
            self.sizes[done] = sorted(_resident(pid) for pid in workers or [os.getpid()] if pid is not None)


def main() -> int:
    options = _options()
    pictures = sorted(path for path in options.pictures.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    print(f"{options.pages} inputs, {len(pictures)} different pictures, {os.cpu_count()} cores")
    print(f"{'jobs':<6}{'inputs':>8}{'MiB, each process':>20}{'pages/s':>10}{'seconds':>10}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _link(folder / "deck", pictures, options.pages)
        one, two = (_measure(folder, jobs, options.pages) for jobs in (1, 2))
        same = (folder / "1.csv").read_bytes() == (folder / "2.csv").read_bytes()
    print(f"two jobs against one: {two / one:.2f} times the pages a second; bytes {'equal' if same else 'DIFFERENT'}")
    return 0 if same else 1


def _link(deck: Path, pictures: list[Path], count: int) -> None:
    for number in range(count):
        picture = pictures[number % len(pictures)]
        folder = deck / f"{number // 1000:03}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:06}{picture.suffix}").symlink_to(picture)


def _measure(folder: Path, jobs: int, total: int) -> float:
    """Run once, print its lines, and return pages a second from when it was warm."""
    observer, began = Observer(total), time.perf_counter()
    summary = scan(folder / "deck", folder / f"{jobs}.csv", jobs=jobs, on_progress=observer)
    ended = time.perf_counter()
    rate = (summary.pages - observer.warm[1]) / (ended - observer.warm[0])
    for done, sizes in observer.sizes.items():
        print(f"{jobs:<6}{done:>8}{' '.join(f'{size:.0f}' for size in sizes):>20}")
    print(f"{jobs:<6}{'all':>8}{'':>20}{rate:>10.1f}{ended - began:>10.1f}")
    growth = max(observer.sizes[total]) - max(observer.sizes[observer.warm_at])
    print(f"{jobs:<6}from input {observer.warm_at} to {total}: {growth:+.1f} MiB", flush=True)
    return rate


def _resident(pid: int) -> float:
    """Resident set of a process, MiB; 0 for one that has just ended. Linux alone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except FileNotFoundError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / MEBIBYTE


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=5000, help=f"inputs; at most {MOST_PAGES} are taken")
    parser.add_argument("--pictures", type=Path, default=SAMPLES, help="folder of the pictures that are linked to")
    options = parser.parse_args()
    options.pages = max(2, min(options.pages, MOST_PAGES))
    options.pictures = options.pictures.resolve()
    return options


if __name__ == "__main__":
    sys.exit(main())
