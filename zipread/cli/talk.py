"""What the command line says on stderr: progress, failures, the summary. stdout is for data."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from zipread.cli.options import ProgressStyle
from zipread.errors import NothingReadError

if TYPE_CHECKING:
    from zipread.batch import Progress, Summary
    from zipread.records import DigitReading, Reading

PLAIN_EVERY_S = 10.0
"""Seconds between two plain lines of progress."""


@dataclass(frozen=True, slots=True)
class Talk:
    """How much to say, and how."""

    quiet: bool
    verbose: bool
    style: ProgressStyle

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Give what is to be called after every input."""
        if not self.verbose:
            mute_libraries()
        style = self._style()
        if style == ProgressStyle.bar:
            with _bar() as (advance, print_above):
                yield self._reporter(advance, print_above)
        elif style == ProgressStyle.plain:
            yield self._reporter(_plain_lines(), say)
        else:
            yield self._reporter(_nothing, say)

    def finish(self, summary: Summary, unit: str) -> None:
        """Say where the rows are and how many of each kind, and end with the code that tells.

        Raises NothingReadError, or typer.Exit for a run of which a part failed.
        """
        from zipread.output import STDOUT, printable

        where = "stdout" if summary.output == STDOUT else printable(summary.output)
        inputs = counted(summary.inputs_read + summary.inputs_failed, unit)
        if not self.quiet:
            say(
                f"{where}: {summary.accepted} accepted, {summary.review} for review, {summary.blank} blank, "
                f"{summary.failed} failed ({inputs})"
            )
        if not summary.inputs_read:
            raise NothingReadError(f"none of {inputs} could be read; the message column says why")
        if summary.exit_code:
            raise typer.Exit(summary.exit_code)

    def _style(self) -> ProgressStyle:
        if self.quiet:
            return ProgressStyle.none
        if self.style != ProgressStyle.auto:
            return self.style
        drawable = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        return ProgressStyle.bar if drawable else ProgressStyle.plain

    def _reporter(self, advance: Callable[[Summary], None], tell: Callable[[str], None]) -> Progress:
        def report(summary: Summary, path: str, readings: Sequence[Reading] | Sequence[DigitReading]) -> None:
            advance(summary)
            if self.quiet:
                return
            for reading in readings:
                if self.verbose or reading.status == "error":
                    tell(_line(path, reading))

        return report


def say(line: str) -> None:
    """Write a line to stderr."""
    typer.echo(line, err=True)


def complain(message: str) -> None:
    """Say why a run ends early."""
    from zipread.output import printable

    say(f"zipread: {printable(message)}")


def counted(number: int, noun: str) -> str:
    """Return `1 picture`, `2 pictures`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _line(path: str, reading: Reading | DigitReading) -> str:
    from zipread.output import printable
    from zipread.records import Reading

    if isinstance(reading, Reading):
        place = f"{path} page {reading.page}" if reading.page > 1 else path
        code = f"{reading.code}-{reading.plus4}" if reading.plus4 else reading.code
    else:
        place, code = path, reading.digit
    said = f"{code} {reading.confidence:.3f} {reading.status}" if code else reading.status
    return printable(f"{place}: {said}" + (f": {reading.message}" if reading.message else ""))


def _nothing(summary: Summary) -> None:
    """Show no progress."""


def _plain_lines() -> Callable[[Summary], None]:
    """Return a function that says every few seconds how far the run is."""
    started = last = time.monotonic()

    def advance(summary: Summary) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PLAIN_EVERY_S:
            last = now
            done = summary.inputs_read + summary.inputs_failed
            say(f"{counted(done, 'input')} done, {summary.inputs_failed} failed, {done / (now - started):.1f} a second")

    return advance


@contextmanager
def _bar() -> Iterator[tuple[Callable[[Summary], None], Callable[[str], None]]]:
    """Give a function that moves a bar, and one that writes a line above it."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    shown = TextColumn("{task.completed:,} inputs, {task.fields[failed]} failed, {task.fields[rate]:.1f} a second")
    with Progress(SpinnerColumn(), shown, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("", total=None, failed=0, rate=0.0)
        started = time.monotonic()

        def advance(summary: Summary) -> None:
            done = summary.inputs_read + summary.inputs_failed
            rate = done / max(time.monotonic() - started, 1e-9)
            progress.update(task, completed=done, failed=summary.inputs_failed, rate=rate)

        yield advance, lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True)


def mute_libraries() -> None:
    """Send what C libraries write to stderr nowhere, here and in processes started later.

    The decoders behind OpenCV complain there about damaged pictures, each of which gets a row with a message anyway.
    Python's own stderr moves to a copy of the descriptor and goes on as before.
    """
    stderr = sys.__stderr__
    if stderr is None or sys.stderr is not stderr or stderr.fileno() != 2:  # a test's, or muted already
        return
    stderr.flush()
    kept = os.dup(2)
    sys.stderr = os.fdopen(kept, "w", buffering=1, encoding=stderr.encoding, errors="backslashreplace")
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
