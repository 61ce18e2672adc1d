"""From any number of inputs to one output file. The failure of one input is a row; it never ends the run."""

from __future__ import annotations

import os
import sys
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, Generic, TypeVar

import cv2

from zipread.debug import overlay, picture_name
from zipread.errors import InputError, UsageError
from zipread.inputs import PICTURE_SUFFIXES, STDIN, Input, expand
from zipread.load import load_pages
from zipread.output import (
    DIGIT_COLUMNS,
    SCAN_COLUMNS,
    Row,
    check_target,
    choose_format,
    digit_row,
    open_writer,
    printable,
    scan_row,
)  # fmt: skip
from zipread.pool import run_here, run_workers
from zipread.reader import Reader
from zipread.records import DigitReading, PageError, Reading
from zipread.settings import Settings

HERE_BELOW = 16
"""Pictures below which starting worker processes costs more time than they save."""

CRASHES = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError,
    ValueError, cv2.error,
)  # fmt: skip
"""What a mistake in zipread itself or a library raises. One picture may hit one; the others must still be read."""

AnyReading = TypeVar("AnyReading", Reading, DigitReading)


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of a run."""

    accepted: int = 0  # rows
    review: int = 0  # rows
    blank: int = 0  # rows
    failed: int = 0  # rows
    inputs_read: int = 0  # inputs of which at least one page was read
    inputs_failed: int = 0  # inputs of which nothing was read
    output: str = "-"  # path of the output; "-" for stdout

    @property
    def exit_code(self) -> int:
        """0 everything was read, 3 nothing was, 4 something was not."""
        if not self.inputs_read:
            return 3
        return 4 if self.failed else 0

    def plus(self, statuses: Sequence[str]) -> Summary:
        """Return the summary after one more input, whose rows have these statuses."""
        read = any(status != "error" for status in statuses)
        return replace(
            self,
            accepted=self.accepted + statuses.count("accepted"),
            review=self.review + statuses.count("review"),
            blank=self.blank + statuses.count("blank"),
            failed=self.failed + statuses.count("error"),
            inputs_read=self.inputs_read + read,
            inputs_failed=self.inputs_failed + (not read),
        )


Progress = Callable[[Summary, str, Sequence[Reading] | Sequence[DigitReading]], None]


def scan(
    inputs: str | Path | Iterable[str | Path],
    output: str | Path,
    *,
    settings: Settings | None = None,
    format: str | None = None,
    jobs: int = 1,
    debug: str | Path | None = None,
    force: bool = False,
    fail_fast: bool = False,
    on_progress: Progress | None = None,
    **settings_fields: Any,
) -> Summary:
    """Read the codes on pictures and write one row per code. Does what `zipread scan` does.

    Args:
        inputs: files, folders, globs, `@list.txt`; `-` is one picture on stdin.
        output: the file to write, appearing only when it is whole; `-` writes to stdout.
        settings: how to read; or give its fields as keywords, `scan(..., layout="boxes", accept=0.99)`.
        format: csv, jsonl or parquet; None: by the suffix of `output`.
        jobs: processes. More than one needs the caller's module to be importable without side effects
            (`if __name__ == "__main__":`). The rows are the same and in the same order whatever the number.
        debug: folder for one picture per page, showing what was found.
        force: overwrite an output that exists.
        fail_fast: stop at the first input that cannot be read; the rows up to it are written.
        on_progress: called after every input with the summary so far, the input's path, and its readings.

    Raises:
        UsageError: no inputs, or an output that cannot or must not be written.
        SettingsError: a setting cannot be used.
        DependencyError: the model or an optional package is missing.
    """
    folder = None if debug is None else Path(debug)
    task = PageTask(_settings(settings, settings_fields), folder)
    run = _Run(task, SCAN_COLUMNS, scan_row, jobs, fail_fast, on_progress, folder)
    return run.write(inputs, os.fspath(output), format, force)


def scan_digits(
    inputs: str | Path | Iterable[str | Path],
    output: str | Path,
    *,
    settings: Settings | None = None,
    format: str | None = None,
    jobs: int = 1,
    force: bool = False,
    fail_fast: bool = False,
    on_progress: Progress | None = None,
    **settings_fields: Any,
) -> Summary:
    """Read pictures of single digits and write one row per picture. Arguments and errors as of `scan`."""
    task = DigitTask(_settings(settings, settings_fields))
    run = _Run(task, DIGIT_COLUMNS, digit_row, jobs, fail_fast, on_progress)
    return run.write(inputs, os.fspath(output), format, force)


def _settings(settings: Settings | None, fields: dict[str, Any]) -> Settings:
    return Settings(**fields) if settings is None else replace(settings, **fields)


@dataclass(frozen=True, slots=True)
class PageTask:
    """Reads every page of an input. See `pool.Task`."""

    settings: Settings
    debug: Path | None = None

    def start(self) -> Callable[[Input], list[Reading]]:
        """Load the model."""
        return partial(_guarded, self.lost, partial(_read_pages, Reader(self.settings), self.debug))

    def lost(self, item: Input, reason: str) -> list[Reading]:
        """Return the row of an input that could not be read."""
        return [Reading(field="", status="error", message=reason)]


@dataclass(frozen=True, slots=True)
class DigitTask:
    """Reads the one digit of an input. See `pool.Task`."""

    settings: Settings

    def start(self) -> Callable[[Input], list[DigitReading]]:
        """Load the model."""
        return partial(_guarded, self.lost, partial(_read_digit, Reader(self.settings)))

    def lost(self, item: Input, reason: str) -> list[DigitReading]:
        """Return the row of an input that could not be read."""
        return [DigitReading(status="error", message=reason)]


def _guarded(
    lost: Callable[[Input, str], list[AnyReading]], read: Callable[[Input], list[AnyReading]], item: Input
) -> list[AnyReading]:
    """Read one input; whatever goes wrong with it becomes its row."""
    if item.problem:
        return lost(item, item.problem)
    try:
        return read(item)
    except InputError as error:
        return lost(item, str(error).removeprefix(f"{item.path}: ").removeprefix("the picture: "))
    except CRASHES as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        lines = str(error).splitlines() or [""]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        return lost(item, f"internal error, please report it: {type(error).__name__}: {lines[0]} ({place})")


def _read_pages(reader: Reader, debug: Path | None, item: Input) -> list[Reading]:
    readings: list[Reading] = []
    source = item.data if item.data is not None else item.path
    for page in load_pages(source, reader.settings.max_pixels, item.path):
        if isinstance(page, PageError):
            readings.append(Reading(page.number, field="", status="error", message=page.message))
            continue
        found = reader.read_page(page)
        trouble = _save_picture(debug / picture_name(item.path, page.number), page.gray, found) if debug else ""
        readings += [_slim(reading, trouble) for reading in found]
    return readings


def _read_digit(reader: Reader, item: Input) -> list[DigitReading]:
    return [reader.read_digit(item.data if item.data is not None else item.path)]


def _save_picture(path: Path, gray: Any, readings: list[Reading]) -> str:
    """Write a debug picture; return why not, where it cannot be written. It is no reason to lose the reading."""
    _, encoded = cv2.imencode(".png", overlay(gray, readings))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        return f"no debug picture: {error.strerror}"
    return ""


def _slim(reading: Reading, trouble: str) -> Reading:
    """Drop what no row shows, so that it need not travel between processes; note `trouble` in the message."""
    message = "; ".join(filter(None, (reading.message, trouble)))
    return replace(reading, digits=(), outline=(), message=message)


@dataclass(frozen=True, slots=True)
class _Run(Generic[AnyReading]):
    """A task, the table its results go to, and how to go about it."""

    task: Any  # a pool.Task from Input to list[AnyReading]
    columns: tuple[str, ...]
    to_row: Callable[[str, AnyReading], Row]
    jobs: int
    fail_fast: bool
    on_progress: Progress | None
    debug: Path | None = None

    def write(self, inputs: str | Path | Iterable[str | Path], output: str, format: str | None, force: bool) -> Summary:
        """Check everything that can be checked beforehand, then read and write."""
        if self.jobs < 1:
            raise UsageError(f"--jobs {self.jobs}: use a positive number")
        if Path(output).suffix.lower() in PICTURE_SUFFIXES:
            raise UsageError(f"{printable(output)}: is named like a picture; name the output codes.csv, for example")
        chosen = choose_format(output, format)
        check_target(output, force)
        if self.debug is not None:
            _make_folder(self.debug)
        names = [inputs] if isinstance(inputs, (str, Path)) else inputs
        first, items = _peek(expand(names, skip=filter(None, [self.debug])))
        summary = Summary(output=output)
        with closing(self._results(items, here=self.jobs == 1 or len(first) < HERE_BELOW)) as results:
            started = next(results)  # a missing model ends the run here, before there is an output
            with open_writer(output, chosen, self.columns) as writer:
                for path, readings in chain([started], results):
                    for reading in readings:
                        writer.write(self.to_row(path, reading))
                    summary = summary.plus([reading.status for reading in readings])
                    if self.on_progress is not None:
                        self.on_progress(summary, path, readings)
                    if self.fail_fast and summary.failed:
                        break
        return summary

    def _results(self, items: Iterator[Input], here: bool) -> Generator[tuple[str, list[AnyReading]], None, None]:
        drawn: deque[str] = deque()  # paths handed out whose results are not back yet; at most the pool's window

        def draw() -> Iterator[Input]:
            for item in items:
                drawn.append(item.path)
                yield replace(item, data=sys.stdin.buffer.read()) if item.path == STDIN else item

        with closing(run_here(self.task, draw()) if here else run_workers(self.task, draw(), self.jobs)) as results:
            for readings in results:
                yield drawn.popleft(), readings


def _peek(items: Iterator[Input]) -> tuple[list[Input], Iterator[Input]]:
    """Return the first few inputs, and all of them. Raises UsageError when there are none."""
    first = list(islice(items, HERE_BELOW))
    if not first:
        raise UsageError("nothing to read: name pictures, folders, globs or @list.txt")
    return first, chain(first, items)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{printable(str(folder))}: the debug folder cannot be made: {error.strerror}") from error
