"""Reading many pictures into one table. The failure of one input is a row; it never ends the run."""

from __future__ import annotations

import hashlib
import os
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import cv2

from zipread.debug import overlay, picture_name
from zipread.errors import InputError, UsageError
from zipread.inputs import Input
from zipread.journal import Outcome
from zipread.load import load_pages, read_file
from zipread.origin import origin_of
from zipread.output import DIGIT_COLUMNS, SCAN_COLUMNS, digit_row, printable, scan_row
from zipread.pool import TIMEOUT_S
from zipread.reader import Reader
from zipread.records import DigitReading, PageError, Reading
from zipread.run import HERE_BELOW, Plan, Progress, Run, Summary
from zipread.settings import Settings
from zipread.shards import Shard, merge
from zipread.workers import Line

__all__ = ["HERE_BELOW", "DigitTask", "PageTask", "Progress", "Summary", "merge", "scan", "scan_digits"]

CRASHES = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError,
    ValueError, cv2.error,
)  # fmt: skip
"""What a mistake in zipread itself or a library raises. One picture may hit one; the others must still be read."""

AnyReading = TypeVar("AnyReading", Reading, DigitReading)


def scan(
    inputs: str | Path | Iterable[str | Path],
    output: str | Path,
    *,
    settings: Settings | None = None,
    format: str | None = None,
    jobs: int = 1,
    timeout: float = TIMEOUT_S,
    debug: str | Path | None = None,
    force: bool = False,
    resume: bool = False,
    shard: str | None = None,
    fail_fast: bool = False,
    on_progress: Progress | None = None,
    **settings_fields: Any,
) -> Summary:
    """Read the codes on pictures and write one row per code. Does what `zipread scan` does.

    Args:
        inputs: files, folders, globs, `@list.txt`; `-` is one picture on stdin.
        output: the file to write, appearing only when it is whole; `-` writes to stdout. Until then a journal of what
            was read is kept beside it.
        settings: how to read; or give its fields as keywords, `scan(..., layout="boxes", accept=0.99)`.
        format: csv, jsonl or parquet; None: by the suffix of `output`.
        jobs: processes. More than one needs the caller's module to be importable without side effects
            (`if __name__ == "__main__":`). The rows are the same and in the same order whatever the number.
        timeout: seconds a page may take; what takes longer is given up and costs its input an `error` row. With one
            job as well, the rest is then read by a process of its own, so the same need holds.
        debug: folder for one picture per page, showing what was found.
        force: overwrite an output that exists, and begin anew where a run did not finish.
        resume: go on with a run that did not finish: what is in its journal is not read again.
        shard: `I/N`: read every N-th input only, beginning with number I; see `merge`.
        fail_fast: stop at the first input that cannot be read; the rows up to it are written.
        on_progress: called after every input with the summary so far, the input's path, and its readings.

    Raises:
        UsageError: no inputs, or an output that cannot or must not be written.
        SettingsError: a setting cannot be used.
        DependencyError: the model or an optional package is missing.
    """
    chosen = _settings(settings, settings_fields)
    plan = _plan(jobs, timeout, format, force, resume, fail_fast, shard, on_progress)
    plan.check(os.fspath(output))
    folder = None if debug is None else _make_folder(Path(debug))
    run = Run(PageTask(chosen, folder), origin_of("scan", chosen), SCAN_COLUMNS, scan_row, plan)
    return run.write(inputs, os.fspath(output), skip=[] if folder is None else [folder])


def scan_digits(
    inputs: str | Path | Iterable[str | Path],
    output: str | Path,
    *,
    settings: Settings | None = None,
    format: str | None = None,
    jobs: int = 1,
    timeout: float = TIMEOUT_S,
    force: bool = False,
    resume: bool = False,
    shard: str | None = None,
    fail_fast: bool = False,
    on_progress: Progress | None = None,
    **settings_fields: Any,
) -> Summary:
    """Read pictures of single digits and write one row per picture. Arguments and errors as of `scan`."""
    chosen = _settings(settings, settings_fields)
    plan = _plan(jobs, timeout, format, force, resume, fail_fast, shard, on_progress)
    plan.check(os.fspath(output))
    run = Run(DigitTask(chosen), origin_of("digits", chosen), DIGIT_COLUMNS, digit_row, plan)
    return run.write(inputs, os.fspath(output))


def _settings(settings: Settings | None, fields: dict[str, Any]) -> Settings:
    return Settings(**fields) if settings is None else replace(settings, **fields)


@dataclass(frozen=True, slots=True)
class PageTask:
    """Reads every page of an input. See `workers.Task`."""

    settings: Settings
    debug: Path | None = None

    def start(self, line: Line) -> Callable[[Input], Outcome[Reading]]:
        """Load the model."""
        read = partial(_read_pages, Reader(self.settings), self.debug, line)
        return partial(_guarded, self.lost, read, partial(_key, self.debug), line)

    def lost(self, item: Input, reason: str) -> Outcome[Reading]:
        """Return the row of an input that could not be read."""
        return Outcome([Reading(field="", status="error", message=reason)])


@dataclass(frozen=True, slots=True)
class DigitTask:
    """Reads the one digit of an input. See `workers.Task`."""

    settings: Settings

    def start(self, line: Line) -> Callable[[Input], Outcome[DigitReading]]:
        """Load the model."""
        return partial(_guarded, self.lost, partial(_read_digit, Reader(self.settings)), partial(_key, None), line)

    def lost(self, item: Input, reason: str) -> Outcome[DigitReading]:
        """Return the row of an input that could not be read."""
        return Outcome([DigitReading(status="error", message=reason)])


def _guarded(
    lost: Callable[[Input, str], Outcome[AnyReading]],
    read: Callable[[Input, bytes], list[AnyReading]],
    key_of: Callable[[Input, bytes], bytes],
    line: Line,
    item: Input,
) -> Outcome[AnyReading]:
    """Read one input, unless an earlier run did; whatever goes wrong with it becomes its row."""
    if item.problem:
        return lost(item, item.problem)
    key = b""
    try:
        data = read_file(Path(item.path)) if item.data is None else item.data
        key = key_of(item, data)
        return line.recall(key) or Outcome(read(item, data), key)
    except InputError as error:  # the same bytes will give the same: worth keeping
        reason = str(error).removeprefix(f"{item.path}: ").removeprefix("the picture: ")
        return replace(lost(item, reason), key=key)
    except CRASHES as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        lines = str(error).splitlines() or [""]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        return lost(item, f"internal error, please report it: {type(error).__name__}: {lines[0]} ({place})")


def _key(debug: Path | None, item: Input, data: bytes) -> bytes:
    """Return the SHA-256 of the bytes. With debug pictures the path counts as well: each input has its own."""
    digest = hashlib.sha256(data)
    if debug is not None:
        digest.update(os.fsencode(f"{debug.absolute()}\0{os.path.abspath(item.path)}"))
    return digest.digest()


def _read_pages(reader: Reader, debug: Path | None, line: Line, item: Input, data: bytes) -> list[Reading]:
    readings: list[Reading] = []
    for page in load_pages(data, reader.settings.max_pixels, item.path):
        line.alive()
        if isinstance(page, PageError):
            readings.append(Reading(page.number, field="", status="error", message=page.message))
            continue
        if debug is None:
            found, trouble = reader.read_page(page), ""
        else:
            found, search = reader.explain_page(page)
            trouble = _save_picture(debug / picture_name(item.path, page.number), overlay(page.gray, found, search))
        readings += [_slim(reading, trouble) for reading in found]
        line.alive()
    return readings


def _read_digit(reader: Reader, item: Input, data: bytes) -> list[DigitReading]:
    return [reader.read_digit(data)]


def _save_picture(path: Path, picture: Any) -> str:
    """Write a debug picture; return why not, where it cannot be written. It is no reason to lose the reading."""
    _, encoded = cv2.imencode(".png", picture)
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


def _plan(
    jobs: int,
    timeout: float,
    format: str | None,
    force: bool,
    resume: bool,
    fail_fast: bool,
    shard: str | None,
    on_progress: Progress | None,
) -> Plan:
    part = None if shard is None else Shard.parse(shard)
    return Plan(jobs, timeout, format, force, resume, fail_fast, part, on_progress)


def _make_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{printable(str(folder))}: the debug folder cannot be made: {error.strerror}") from error
    return folder
