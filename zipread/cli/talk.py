"""What the command line says on stderr: progress, failures, the summary. stdout is for data."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import typer

from zipread.cli import progress
from zipread.cli.options import ProgressStyle
from zipread.cli.progress import PLAIN_EVERY_S
from zipread.errors import NothingReadError

if TYPE_CHECKING:
    from zipread.batch import Progress, Summary
    from zipread.records import DigitReading, Reading

__all__ = ["PLAIN_EVERY_S", "Talk", "complain", "counted", "let_go", "mute_libraries", "say", "shown"]

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
"""Characters that move the cursor, or worse, and how they are shown instead."""


def _nothing_to_walk() -> Iterator[None]:
    return iter(())


@dataclass(frozen=True, slots=True)
class Talk:
    """How much to say, and how."""

    quiet: bool
    verbose: bool
    style: ProgressStyle

    @contextmanager
    def progress(self, walk: Callable[[], Iterator[None]] = _nothing_to_walk) -> Iterator[Progress]:
        """Give what is to be called after every input. `walk` yields once for every input there is, to count them."""
        if not self.verbose:
            mute_libraries()
        style = self._style()
        if style == ProgressStyle.bar:
            with progress.bar(walk) as (advance, print_above):
                yield self._reporter(advance, print_above)
        elif style == ProgressStyle.json:
            with progress.json_lines(say, walk) as advance:
                yield self._reporter(advance, say if self.verbose else _nothing)
        else:
            plain = style == ProgressStyle.plain
            yield self._reporter(progress.plain_lines(say) if plain else _nothing, say)

    def finish(self, summary: Summary, unit: str) -> None:
        """Say where the rows are and how many of each kind, and end with the code that tells.

        Raises NothingReadError, or typer.Exit for a run of which a part failed.
        """
        from zipread.output import STDOUT

        where = "stdout" if summary.output == STDOUT else shown(summary.output)
        inputs = counted(summary.inputs_read + summary.inputs_failed, unit)
        if not self.quiet and self.style != ProgressStyle.json:
            before = f", {summary.recalled:,} of them read before" if summary.recalled else ""
            say(
                f"{where}: {summary.accepted} accepted, {summary.review} for review, {summary.blank} blank, "
                f"{summary.failed} failed ({inputs}{before})"
            )
        if not summary.inputs_read and summary.inputs_failed:
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
    """Write a line to stderr. Nobody listening there is no reason to stop."""
    try:
        typer.echo(line, err=True)
    except OSError:
        let_go(sys.stderr)


def let_go(stream: TextIO) -> None:
    """Drop what a stream cannot take any more, or Python fails on it once again at its end, with exit code 120."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def shown(text: str) -> str:
    """Return `text`, which may hold any file's name, as one line that does nothing to a terminal."""
    from zipread.output import printable

    return printable(text).translate(_CONTROLS)


def complain(message: str) -> None:
    """Say why a run ends early."""
    say(f"zipread: {shown(message)}")


def counted(number: int, noun: str) -> str:
    """Return `1 picture`, `2 pictures`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _line(path: str, reading: Reading | DigitReading) -> str:
    from zipread.records import Reading

    if isinstance(reading, Reading):
        place = f"{path} page {reading.page}" if reading.page > 1 else path
        code = f"{reading.code}-{reading.plus4}" if reading.plus4 else reading.code
    else:
        place, code = path, reading.digit
    said = f"{code} {reading.confidence:.3f} {reading.status}" if code else reading.status
    return shown(f"{place}: {said}" + (f": {reading.message}" if reading.message else ""))


def _nothing(said: object) -> None:
    """Show nothing."""


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
