"""Writing: readings to rows, and rows to a file that appears only when it is whole."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from zipread.errors import DependencyError, OutputError, UsageError
from zipread.formats import (
    ANGLE_DECIMALS,
    CONFIDENCE_DECIMALS,
    FORMATS,
    WRITERS,
    CsvWriter,
    JsonLinesWriter,
    ParquetWriter,
    Row,
    Writer,
)
from zipread.records import DigitReading, Reading

__all__ = [
    "DIGIT_COLUMNS", "SCAN_COLUMNS", "STDOUT", "CsvWriter", "JsonLinesWriter", "ParquetWriter", "Row", "Writer",
    "check_target", "choose_format", "digit_row", "open_writer", "printable", "scan_row",
]  # fmt: skip

SCAN_COLUMNS = (
    "path",
    "page",
    "field",
    "code",
    "plus4",
    "confidence",
    "status",
    "kind",
    "digit_confidences",
    "alternatives",
    "x",
    "y",
    "width",
    "height",
    "angle",
    "message",
)
DIGIT_COLUMNS = ("path", "digit", "confidence", "status", "message")

STDOUT = "-"


def scan_row(path: str, reading: Reading) -> Row:
    """Return the row of one reading; bytes of the path that are not UTF-8 are written as `\\xNN`."""
    box = reading.box
    return {
        "path": printable(path),
        "page": reading.page,
        "field": printable(reading.field),
        "code": reading.code,
        "plus4": reading.plus4,
        "confidence": _confidence(reading.confidence),
        "status": reading.status,
        "kind": reading.kind,
        "digit_confidences": [_confidence(value) for value in reading.digit_confidences],
        "alternatives": [{"code": code, "confidence": _confidence(value)} for code, value in reading.alternatives],
        "x": None if box is None else int(box.x),
        "y": None if box is None else int(box.y),
        "width": None if box is None else int(box.width),
        "height": None if box is None else int(box.height),
        "angle": round(float(reading.angle), ANGLE_DECIMALS) + 0.0,  # + 0.0: no "-0.0"
        "message": printable(reading.message),
    }


def digit_row(path: str, reading: DigitReading) -> Row:
    """Return the row of one picture of a single digit."""
    return {
        "path": printable(path),
        "digit": reading.digit,
        "confidence": _confidence(reading.confidence),
        "status": reading.status,
        "message": printable(reading.message),
    }


def printable(text: str) -> str:
    """Return `text` with the bytes of a file name that are not UTF-8 as backslash escapes."""
    try:
        return os.fsencode(text).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _confidence(value: float) -> float:
    return round(float(value), CONFIDENCE_DECIMALS)


def choose_format(target: str, asked: str | None = None) -> str:
    """Return `csv`, `jsonl` or `parquet`: what was asked for, else by the suffix; CSV for stdout.

    Raises UsageError for an unknown one, and DependencyError where Parquet is wanted and its library missing.
    """
    if asked is not None and asked not in WRITERS:
        raise UsageError(f"--format {asked}: use one of {', '.join(WRITERS)}")
    suffix = Path(target).suffix.lower()
    chosen = asked or ("csv" if target == STDOUT else FORMATS.get(suffix))
    if chosen is None:
        raise UsageError(
            f"{printable(target)}: the suffix {suffix or '(none)'} names no format; "
            f"use {', '.join(FORMATS)}, or say --format {'|'.join(WRITERS)}"
        )
    if chosen == "parquet":
        _require_parquet()
    return chosen


def _require_parquet() -> None:
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise DependencyError("Parquet needs the package pyarrow: pip install 'zipread[parquet]'")


def check_target(target: str, force: bool) -> None:
    """Raise UsageError where rows cannot or must not be written to `target`."""
    if target == STDOUT:
        return
    path, shown = Path(target), printable(target)
    if path.is_dir():
        raise UsageError(f"{shown}: is a folder; name the file to write, as {os.path.join(shown, 'codes.csv')}")
    if path.exists() and not path.is_file():
        raise UsageError(f"{shown}: is not a regular file; to write to a pipe, use -o -")
    if path.exists() and not force:
        raise UsageError(f"{shown}: exists already; --force overwrites it")
    if not path.parent.is_dir():
        raise UsageError(f"{shown}: the folder {printable(str(path.parent))} does not exist")
    if not os.access(path.resolve().parent, os.W_OK):
        raise UsageError(f"{shown}: the folder {printable(str(path.parent))} cannot be written to")


@contextmanager
def open_writer(
    target: str, chosen: str, columns: Sequence[str], seal: Callable[[Path], None] | None = None
) -> Iterator[Writer]:
    """Open a writer of format `chosen`. The file `target` appears, whole, when the block ends without an error.

    `seal` is called with the finished file before it gets its name.

    Raises OutputError when the disk refuses.
    """
    with _open_stdout(chosen) if target == STDOUT else _open_file(target, seal) as stream:
        writer = WRITERS[chosen](stream, columns)
        yield writer
        writer.close()


@contextmanager
def _open_file(target: str, seal: Callable[[Path], None] | None) -> Iterator[BinaryIO]:
    final = Path(target).resolve()  # through links: the link stays, what it points at is replaced
    partial = final.with_name(f".{final.name}.part")
    try:
        with io.BufferedWriter(_DiskFile(partial, printable(target))) as stream:
            yield stream
            stream.flush()
            with _refusals_translated(printable(target)):
                os.fsync(stream.fileno())  # or a power cut may leave a file that has its name and no rows
        if seal is not None:
            seal(partial)
        with _refusals_translated(printable(target)):
            os.replace(partial, final)
        _sync_folder(final.parent)
    finally:
        partial.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Have the new name itself on the disk, where the system offers that for folders."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _refusals_translated(shown: str) -> Iterator[None]:
    """Say under the output's own name what went wrong (a full disk, mostly). A closed pipe stays what it is."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{shown}: cannot be written: {error.strerror}") from error


class _DiskFile(io.FileIO):
    """A file that says under the output's own name what went wrong."""

    def __init__(self, path: Path, shown: str) -> None:
        self._shown = shown
        with _refusals_translated(shown):
            super().__init__(path, "wb")

    def write(self, data: Any) -> int:
        with _refusals_translated(self._shown):
            return super().write(data)


class _Stdout(io.RawIOBase):
    """This process's stdout, which says as well what went wrong. Closing it leaves that open."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        with _refusals_translated("stdout"):
            return sys.stdout.buffer.write(data)

    def flush(self) -> None:
        with _refusals_translated("stdout"):
            sys.stdout.buffer.flush()


@contextmanager
def _open_stdout(chosen: str) -> Iterator[BinaryIO]:
    stdout = cast(BinaryIO, _Stdout())
    if chosen != "parquet":
        yield stdout
        stdout.flush()
        return
    with tempfile.TemporaryFile() as stream:  # Parquet needs to know its position, which a pipe has not
        yield stream
        stream.seek(0)
        shutil.copyfileobj(stream, stdout)
        stdout.flush()
