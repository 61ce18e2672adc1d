"""One run: from any number of inputs to one output file, with nothing lost on the way."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, Generic, TypeVar

from zipread.errors import UsageError, ZipreadError
from zipread.formats import Row
from zipread.inputs import PICTURE_SUFFIXES, STDIN, Input, expand
from zipread.journal import Journal, Outcome, journal_path
from zipread.origin import Origin
from zipread.output import STDOUT, check_target, choose_format, open_writer, printable
from zipread.pool import TIMEOUT_S, Memory, NoMemory, run_here, run_workers
from zipread.records import DigitReading, Reading
from zipread.shards import Shard, Share

HERE_BELOW = 16
"""Pictures below which starting worker processes costs more time than they save."""

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
    pages: int = 0  # pages that have a row
    recalled: int = 0  # inputs that an earlier run had done

    @property
    def exit_code(self) -> int:
        """0 everything was read, 3 nothing was, 4 something was not."""
        if not self.inputs_read and self.inputs_failed:
            return 3
        return 4 if self.failed else 0

    def plus(self, statuses: Sequence[str], pages: int = 1, recalled: int = 0) -> Summary:
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
            pages=self.pages + pages,
            recalled=self.recalled + recalled,
        )


Progress = Callable[[Summary, str, Sequence[Reading] | Sequence[DigitReading]], None]
"""Called after every input with the summary so far, the input's path, and its readings."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to go about a run. None of it changes a row.

    Raises UsageError, naming the option, for what makes no sense.
    """

    jobs: int = 1  # processes
    timeout_s: float = TIMEOUT_S  # seconds a page may take
    format: str | None = None  # csv, jsonl or parquet; None: by the suffix of the output
    force: bool = False  # overwrite an output that exists
    resume: bool = False  # go on with a run that did not finish
    fail_fast: bool = False  # stop at the first input that cannot be read
    shard: Shard | None = None  # which of the inputs
    on_progress: Progress | None = None

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise UsageError(f"--jobs {self.jobs}: use a positive number")
        if not self.timeout_s > 0:
            raise UsageError(f"--timeout {self.timeout_s:g}: use a positive number of seconds")

    def check(self, output: str) -> None:
        """Raise UsageError where this plan cannot or must not be carried out with this output."""
        if Path(output).suffix.lower() in PICTURE_SUFFIXES:
            raise UsageError(f"{printable(output)}: is named like a picture; name the output codes.csv, for example")
        check_target(output, self.force)
        if output == STDOUT:
            for option, given in (("--resume", self.resume), ("--shard", self.shard)):
                if given:
                    raise UsageError(f"{option} needs a file to keep its record beside: -o codes.csv")
        elif journal_path(output).exists() and not (self.resume or self.force):
            raise UsageError(
                f"{printable(str(journal_path(output)))}: a run that did not finish is kept there; "
                "--resume goes on with it, --force begins anew"
            )


@dataclass(frozen=True, slots=True)
class Run(Generic[AnyReading]):
    """A task, the table its results go to, and how to go about it."""

    task: Any  # a workers.Task from Input to Outcome[AnyReading]
    origin: Origin
    columns: tuple[str, ...]
    to_row: Callable[[str, AnyReading], Row]
    plan: Plan

    def write(self, inputs: str | Path | Iterable[str | Path], output: str, skip: Iterable[Path] = ()) -> Summary:
        """Read the inputs, folders in `skip` left out, and write the output."""
        format = choose_format(output, self.plan.format)
        share = None if self.plan.shard is None else Share(self.plan.shard)
        first, items = _peek(expand([inputs] if isinstance(inputs, (str, Path)) else inputs, skip), share)
        # What ended an earlier run at once may do so again: in a worker it costs one row.
        unfinished = output != STDOUT and journal_path(output).exists()
        here = not unfinished and (self.plan.jobs == 1 or len(first) < HERE_BELOW)
        with (
            _journal(output, self.origin.digest, self.plan) as memory,
            closing(self._results(items, memory, here)) as results,
        ):
            started = list(islice(results, 1))  # a missing model ends the run here, before there is an output

            def seal(part: Path) -> None:
                if share is not None:
                    share.write(output, part, format, self.origin)

            with open_writer(output, format, self.columns, seal) as writer:
                summary = Summary(output=output)
                for path, outcome in chain(started, results):
                    for reading in outcome.readings:
                        writer.write(self.to_row(path, reading))
                    if share is not None:
                        share.add(len(outcome.readings))
                    summary = _plus(summary, outcome)
                    if self.plan.on_progress is not None:
                        self.plan.on_progress(summary, path, outcome.readings)
                    if self.plan.fail_fast and summary.failed:
                        break
        return summary

    def _results(
        self, items: Iterator[Input], memory: Memory, here: bool
    ) -> Generator[tuple[str, Outcome[AnyReading]], None, None]:
        drawn: deque[str] = deque()  # paths handed out whose results are not back yet; at most the pool's window

        def draw() -> Iterator[Input]:
            for item in items:
                drawn.append(item.path)
                yield replace(item, data=sys.stdin.buffer.read()) if item.path == STDIN else item

        plan = self.plan
        running = (
            run_here(self.task, draw(), plan.timeout_s, memory)
            if here
            else run_workers(self.task, draw(), plan.jobs, plan.timeout_s, memory)
        )
        with closing(running) as results:
            for outcome in results:
                yield drawn.popleft(), outcome


def _plus(summary: Summary, outcome: Outcome) -> Summary:
    pages = len({getattr(reading, "page", 1) for reading in outcome.readings})
    return summary.plus([reading.status for reading in outcome.readings], pages, int(outcome.recalled))


def _peek(items: Iterator[Input], share: Share | None) -> tuple[list[Input], Iterator[Input]]:
    """Return the first few inputs, and all of them. Raises UsageError when there are none at all."""
    one = list(islice(items, 1))
    if not one:
        raise UsageError("nothing to read: name pictures, folders, globs or @list.txt")
    every = chain(one, items)
    own = every if share is None else share.pick(every)
    first = list(islice(own, HERE_BELOW))
    return first, chain(first, own)


@contextmanager
def _journal(output: str, origin: str, plan: Plan) -> Iterator[Memory]:
    """Keep a journal beside the output while the block runs, and take it away when the block ends without an error."""
    if output == STDOUT:
        yield NoMemory()
        return
    path = journal_path(output)
    journal = Journal(path, origin)
    if not plan.resume:
        journal.forget()
    try:
        yield journal
    except (KeyboardInterrupt, SystemExit, ZipreadError) as stop:
        if journal.kept:
            done = f"{journal.kept:,} input{'s are' if journal.kept > 1 else ' is'}"
            stop.add_note(f"{done} kept in {path}: the same command with --resume goes on")
        raise
    finally:
        journal.close()
    journal.remove()
