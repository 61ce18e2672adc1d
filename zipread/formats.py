"""The formats of an output: CSV, JSON Lines, Parquet. Each writes rows, and reads its own back as they stand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

Row = Mapping[str, Any]
"""One row: column name to str, int, float, list or None, in the order of the columns."""

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
"""Suffix of the output to its format."""

CONFIDENCE_DECIMALS = 4
ANGLE_DECIMALS = 1

PARQUET_GROUP_ROWS = 8_192
"""Rows held in memory before they are written as one row group."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet run a cell instead of showing it (OWASP, "CSV injection")."""


class Writer(Protocol):
    """Takes rows one at a time."""

    def write(self, row: Row) -> None:
        """Append one row."""

    def copy(self, stored: Any) -> None:
        """Append a row as `stored_rows` gives it."""

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

    def copy(self, stored: bytes) -> None:
        """Append a row as it stands in another file."""
        self._stream.write(stored)

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

    def copy(self, stored: bytes) -> None:
        """Append a row as it stands in another file."""
        self._stream.write(stored)

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

    def copy(self, stored: Row) -> None:
        """Append a row of another file."""
        self.write(stored)

    def close(self) -> None:
        """Write the last group and the footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._table.from_pylist(self._rows, schema=self._schema))
            self._rows.clear()


WRITERS: dict[str, Callable[[BinaryIO, Sequence[str]], Writer]] = {
    "csv": CsvWriter,
    "jsonl": JsonLinesWriter,
    "parquet": ParquetWriter,
}


def stored_rows(path: Path, format: str) -> Iterator[Any]:
    """Yield the rows of a file that the writer of `format` wrote, as its `copy` takes them."""
    if format == "parquet":
        yield from _parquet_rows(path)
        return
    with path.open("rb") as stream:
        lines = _csv_records(stream) if format == "csv" else stream
        if format == "csv":
            next(lines, None)  # the names of the columns
        yield from lines


def _csv_records(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the records of a CSV. A line break inside quotes ends none."""
    record = b""
    for line in stream:
        record += line
        if record.count(b'"') % 2 == 0:
            yield record
            record = b""


def _parquet_rows(path: Path) -> Iterator[Row]:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield from file.read_row_group(group).to_pylist()
