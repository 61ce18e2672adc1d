"""How far a run is: a bar, plain lines, or lines of JSON. All on stderr."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zipread.errors import ZipreadError

if TYPE_CHECKING:
    from zipread.batch import Summary

PLAIN_EVERY_S = 10.0
"""Seconds between two plain lines of progress."""

JSON_EVERY_S = 1.0
"""Seconds between two lines of JSON."""

PACE_OVER_S = 30.0
"""Seconds over which the pace is taken: what a run did before says little about what it does now."""

Advance = Callable[["Summary"], None]
Say = Callable[[str], None]


class Total:
    """How many inputs there are, counted while they are being read: reading need not wait for that."""

    def __init__(self, walk: Callable[[], Iterator[None]]) -> None:
        self.value: int | None = None  # None: not known, or not yet
        self._walk = walk
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count, daemon=True)

    def __enter__(self) -> Total:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _count(self) -> None:
        count = 0
        try:
            for _ in self._walk():
                count += 1
                if self._over.is_set():
                    return
        except (ZipreadError, OSError):  # the run itself says what is wrong
            return
        self.value = count or None


class Pace:
    """Inputs and pages a second, of late."""

    def __init__(self, now: float) -> None:
        self._seen: deque[tuple[float, int, int]] = deque([(now, 0, 0)])  # (time in seconds, inputs, pages)

    def take(self, now: float, inputs: int, pages: int) -> tuple[float, float]:
        """Note where the run is at `now`, and return inputs and pages a second."""
        while len(self._seen) > 1 and now - self._seen[1][0] >= PACE_OVER_S:
            self._seen.popleft()
        then, inputs_then, pages_then = self._seen[0]
        if now - self._seen[-1][0] >= JSON_EVERY_S / 2:
            self._seen.append((now, inputs, pages))
        passed = max(now - then, 1e-9)
        return (inputs - inputs_then) / passed, (pages - pages_then) / passed


def done_of(summary: Summary) -> int:
    """Return how many inputs are done with."""
    return summary.inputs_read + summary.inputs_failed


def remaining_s(summary: Summary, total: int | None, rate: float) -> float | None:
    """Return the seconds that the rest takes at `rate` inputs a second; None where that cannot be said."""
    return None if total is None or not rate else max(0, total - done_of(summary)) / rate


def plain_lines(say: Say) -> Advance:
    """Return a function that says every few seconds how far the run is."""
    started = last = time.monotonic()

    def advance(summary: Summary) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PLAIN_EVERY_S:
            last = now
            done = done_of(summary)
            inputs = f"{done:,} input{'' if done == 1 else 's'}"
            say(f"{inputs} done, {summary.inputs_failed} failed, {done / (now - started):.1f} a second")

    return advance


@contextmanager
def json_lines(say: Say, walk: Callable[[], Iterator[None]]) -> Iterator[Advance]:
    """Say every second, and at the end, how far the run is, also while it waits for one picture."""
    from zipread.batch import Summary

    latest = Summary()
    pace = Pace(time.monotonic())
    over = threading.Event()

    def tell() -> None:
        summary = latest
        inputs, pages = pace.take(time.monotonic(), done_of(summary), summary.pages)
        eta = remaining_s(summary, total.value, inputs)
        line = {
            "done": done_of(summary),
            "total": total.value,
            **{name: getattr(summary, name) for name in ("accepted", "review", "blank", "failed")},
            "pages_per_second": round(pages, 1),
            "eta_seconds": None if eta is None else round(eta, 1),
        }
        say(json.dumps(line))

    def tick() -> None:
        while not over.wait(JSON_EVERY_S):
            tell()

    def advance(summary: Summary) -> None:
        nonlocal latest
        latest = summary

    ticking = threading.Thread(target=tick, daemon=True)
    with Total(walk) as total:
        ticking.start()
        try:
            yield advance
        finally:
            over.set()
            ticking.join()
            tell()


@contextmanager
def bar(walk: Callable[[], Iterator[None]]) -> Iterator[tuple[Advance, Say]]:
    """Give a function that moves a bar, and one that writes a line above it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), BarColumn(bar_width=20), TextColumn("{task.fields[text]}"))
    with Total(walk) as total, Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None, text="")
        pace = Pace(time.monotonic())

        def advance(summary: Summary) -> None:
            done = done_of(summary)
            inputs, pages = pace.take(time.monotonic(), done, summary.pages)
            eta = remaining_s(summary, total.value, inputs)
            text = (
                f"{done:,}{'' if total.value is None else f' of {total.value:,}'}: {summary.accepted:,} accepted, "
                f"{summary.review:,} review, {summary.blank:,} blank, {summary.failed:,} failed, {pages:.1f} pages/s"
                f"{'' if eta is None else f', {_clock(eta)} left'}"
            )
            progress.update(task, completed=done, total=total.value, text=text)

        yield advance, lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
