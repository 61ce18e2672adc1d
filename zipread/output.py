"""Writing: readings to rows, rows to CSV, JSON Lines or Parquet, and the file appears only when it is whole."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from zipread.errors import DependencyError, UsageError
from zipread.records import DigitReading, Reading

Row = Mapping[str, Any]
"""One row: column name to str, int, float, list or None, in the order of the columns."""

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

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
"""Suffix of the output to its format."""

STDOUT = "-"

CONFIDENCE_DECIMALS = 4
ANGLE_DECIMALS = 1

PARQUET_GROUP_ROWS = 8_192
"""Rows held in memory before they are written as one row group."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet run a cell instead of showing it (OWASP, "CSV injection")."""


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


class Writer(Protocol):
    """Takes rows one at a time."""

    def write(self, row: Row) -> None:
        """Append one row."""

    def close(self) -> None:
        """Write what is still held back. The stream stays open."""


class CsvWriter:
    """RFC 4180 with `\\n` line ends, UTF-8. A text cell a spreadsheet would run gets a leading apostrophe."""

    def __init__(self, stream: BinaryIO, columns: Sequence[str]) -> None:
        self._stream = stream
        self._stream.write((",".join(columns) + "\n").encode())

    def write(self, row: Row) -> None:
        """Append one row."""
        self._stream.write((",".join(_csv_cell(name, value) for name, value in row.items()) + "\n").encode())

    def close(self) -> None:
        """Nothing is held back."""


def _csv_cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{ANGLE_DECIMALS if name == 'angle' else CONFIDENCE_DECIMALS}f}"
    if isinstance(value, list):
        return " ".join(
            f"{item['code']}:{item['confidence']:.{CONFIDENCE_DECIMALS}f}"
            if isinstance(item, dict)
            else f"{item:.{CONFIDENCE_DECIMALS}f}"
            for item in value
        )
    text = str(value)
    if isinstance(value, str) and len(text) > 1 and text.startswith(FORMULA_STARTS):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


class JsonLinesWriter:
    """One JSON object per line, UTF-8, numbers and lists as such."""

    def __init__(self, stream: BinaryIO, columns: Sequence[str]) -> None:
        self._stream = stream

    def write(self, row: Row) -> None:
        """Append one row."""
        self._stream.write((json.dumps(row, ensure_ascii=False) + "\n").encode())

    def close(self) -> None:
        """Nothing is held back."""


class ParquetWriter:
    """Typed columns, written in groups of rows."""

    def __init__(self, stream: BinaryIO, columns: Sequence[str]) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        number = pa.float64()
        types = {
            **dict.fromkeys(("page", "x", "y", "width", "height"), pa.int32()),
            **dict.fromkeys(("confidence", "angle"), number),
            "digit_confidences": pa.list_(number),
            "alternatives": pa.list_(pa.struct([("code", pa.string()), ("confidence", number)])),
        }
        self._schema = pa.schema([(name, types.get(name, pa.string())) for name in columns])
        self._table = pa.Table
        self._writer = parquet.ParquetWriter(stream, self._schema)
        self._rows: list[Row] = []

    def write(self, row: Row) -> None:
        """Append one row."""
        self._rows.append(row)
        if len(self._rows) >= PARQUET_GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        """Write the last group and the footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._table.from_pylist(self._rows, schema=self._schema))
            self._rows.clear()


_WRITERS: dict[str, Callable[[BinaryIO, Sequence[str]], Writer]] = {
    "csv": CsvWriter,
    "jsonl": JsonLinesWriter,
    "parquet": ParquetWriter,
}


def choose_format(target: str, asked: str | None = None) -> str:
    """Return `csv`, `jsonl` or `parquet`: what was asked for, else by the suffix; CSV for stdout.

    Raises UsageError for an unknown one, and DependencyError where Parquet is wanted and its library missing.
    """
    if asked is not None and asked not in _WRITERS:
        raise UsageError(f"--format {asked}: use one of {', '.join(_WRITERS)}")
    suffix = Path(target).suffix.lower()
    chosen = asked or ("csv" if target == STDOUT else FORMATS.get(suffix))
    if chosen is None:
        raise UsageError(
            f"{printable(target)}: the suffix {suffix or '(none)'} names no format; "
            f"use {', '.join(FORMATS)}, or say --format {'|'.join(_WRITERS)}"
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
def open_writer(target: str, chosen: str, columns: Sequence[str]) -> Iterator[Writer]:
    """Open a writer of format `chosen`. The file `target` appears, whole, when the block ends without an error.

    Raises UsageError when the disk refuses.
    """
    with _open_stdout(chosen) if target == STDOUT else _open_file(target) as stream:
        writer = _WRITERS[chosen](stream, columns)
        yield writer
        writer.close()


@contextmanager
def _open_file(target: str) -> Iterator[BinaryIO]:
    final = Path(target).resolve()  # through links: the link stays, what it points at is replaced
    partial = final.with_name(f".{final.name}.{os.getpid()}.part")
    try:
        with io.BufferedWriter(_DiskFile(partial, printable(target))) as stream:
            yield stream
        os.replace(partial, final)
    finally:
        partial.unlink(missing_ok=True)


class _DiskFile(io.FileIO):
    """A file that says under the output's own name what went wrong (a full disk, mostly)."""

    def __init__(self, path: Path, shown: str) -> None:
        self._shown = shown
        try:
            super().__init__(path, "wb")
        except OSError as error:
            raise UsageError(f"{shown}: cannot be written: {error.strerror}") from error

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise UsageError(f"{self._shown}: cannot be written: {error.strerror}") from error


@contextmanager
def _open_stdout(chosen: str) -> Iterator[BinaryIO]:
    if chosen != "parquet":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with tempfile.TemporaryFile() as stream:  # Parquet needs to know its position, which a pipe has not
        yield stream
        stream.seek(0)
        shutil.copyfileobj(stream, sys.stdout.buffer)
        sys.stdout.buffer.flush()
