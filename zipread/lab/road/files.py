"""Files that appear only when they are whole: tables as CSV, records as JSON, whatever else writes to a path."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zipread.errors import UsageError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`, of the same suffix; it becomes `path` when the block ends without an error.

    Raises:
        UsageError: the folder cannot be made or written to.
    """
    partial = path.with_name(f".{os.getpid()}.part.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error


def write_csv(path: Path, rows: Sequence[Any]) -> Path:
    """Write dataclass instances or mappings, one line each, under the names of the first one's fields.

    Raises:
        UsageError: the file cannot be written.
    """
    lines = [dict(row) if isinstance(row, Mapping) else asdict(row) for row in rows]
    with whole_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(lines[0]))
        writer.writeheader()
        writer.writerows({name: _plain(value) for name, value in line.items()} for line in lines)
    return path


def write_json(path: Path, record: Any) -> Path:
    """Write a record of plain values.

    Raises:
        UsageError: the file cannot be written.
    """
    with whole_file(path) as partial:
        partial.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return path


def _plain(value: Any) -> Any:
    """Tuples as words in one cell, fractions with six digits."""
    if isinstance(value, (tuple, list)):
        return " ".join(str(_plain(part)) for part in value)
    return round(value, 6) if isinstance(value, float) else value
