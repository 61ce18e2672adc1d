"""An output that grows, one input's rows after the other's, and the record of what has been read into it.

The record is a SQLite file beside the output. Before an input's rows are written, it notes them and where they go;
after that, that the input is done. What a crash left half done is cut off when the output is opened again, so that an
input has all of its rows or none, and none of them twice.
"""

from __future__ import annotations

import errno
import io
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from zipread.errors import OutputError, UsageError
from zipread.formats import WRITERS, Row
from zipread.output import SCAN_COLUMNS, check_target, choose_format, printable

_TABLES = """
CREATE TABLE IF NOT EXISTS done (path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, failed INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS begun (length INTEGER, rows BLOB);
"""

APPENDABLE = ("csv", "jsonl")
"""Formats that rows can be added to without touching what is there."""


class Signature(NamedTuple):
    """What tells one state of a file from another."""

    size: int  # bytes
    mtime_ns: int  # nanoseconds since the epoch, as the file system has it


class Done(NamedTuple):
    """An input that has been read."""

    signature: Signature
    failed: bool


class GrowingOutput:
    """A CSV or JSON Lines file that rows are appended to.

    Args:
        target: the file; it may exist, from earlier.
        format: csv or jsonl; None: by the suffix.

    Raises:
        UsageError: the file cannot be appended to, holds something else, or is somebody else's to write.
        OutputError: it cannot be written: a full disk, mostly. So do `add` and `forget`.
    """

    def __init__(self, target: str, format: str | None = None) -> None:
        check_target(target, True)
        chosen = choose_format(target, format)
        if chosen not in APPENDABLE:
            raise UsageError(f"{printable(target)}: nothing can be appended to {chosen}; use .csv or .jsonl")
        self._path = Path(target).resolve()
        self._shown = printable(target)
        self._rows = io.BytesIO()
        self._writer = WRITERS[chosen](self._rows, SCAN_COLUMNS)
        self._header = self._rows.getvalue()
        self._base = self._open_record()
        try:
            with self._explained():
                self._mend()
        except UsageError:
            self.close()
            raise

    def close(self) -> None:
        """Let others use the output."""
        self._base.close()

    def find(self, path: str) -> Done | None:
        """Return what is known of an input."""
        query = "SELECT size, mtime_ns, failed FROM done WHERE path = ?"
        row = self._base.execute(query, (os.fsencode(path),)).fetchone()
        return None if row is None else Done(Signature(*row[:2]), bool(row[2]))

    def add(self, path: str, signature: Signature, rows: Sequence[Row], failed: bool) -> None:
        """Append the rows of an input, to stay whatever happens from here on."""
        self._rows.seek(0)
        self._rows.truncate()
        for row in rows:
            self._writer.write(row)
        with self._explained():
            self._append(self._rows.getvalue())
            with self._base:
                self._base.execute("DELETE FROM begun")
                done = (os.fsencode(path), *signature, failed)
                self._base.execute("INSERT OR REPLACE INTO done VALUES (?, ?, ?, ?)", done)

    def forget(self, path: str) -> None:
        """Forget an input that is no longer there."""
        with self._explained(), self._base:
            self._base.execute("DELETE FROM done WHERE path = ?", (os.fsencode(path),))

    def _open_record(self) -> sqlite3.Connection:
        path = self._path.with_name(f".{self._path.name}.watch")
        try:
            base = sqlite3.connect(path, timeout=0)
            base.execute("PRAGMA locking_mode=EXCLUSIVE")
            base.executescript(_TABLES)
            with base:
                base.execute("DELETE FROM begun WHERE 0")  # takes the lock, and keeps it until the end
        except sqlite3.OperationalError as error:
            busy = "locked" in str(error)
            reason = "another watch writes to it" if busy else f"its record {printable(path.name)} is unusable: {error}"
            raise UsageError(f"{self._shown}: {reason}") from error
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{self._shown}: its record {printable(path.name)} is damaged; remove it") from error
        return base

    def _mend(self) -> None:
        """Cut off what a crash left half done, and make sure that the rows to come fit what is there."""
        with self._path.open("ab+") as stream:
            for length, rows in self._base.execute("SELECT length, rows FROM begun").fetchall():
                stream.seek(length)
                if rows.startswith(stream.read(len(rows) + 1)):  # else it is not what was begun: leave it alone
                    stream.truncate(length)
            with self._base:
                self._base.execute("DELETE FROM begun")
            length = stream.seek(0, os.SEEK_END)
            stream.seek(0)
            if length and stream.read(len(self._header)) != self._header:
                raise UsageError(f"{self._shown}: holds other columns than `zipread watch` writes; name another file")
            stream.seek(max(0, length - 1))
            if length and stream.read() != b"\n":
                stream.write(b"\n")

    def _append(self, rows: bytes) -> None:
        """Open, append, close: whoever takes the file away in between finds whole inputs, and the next is a new file's.

        One write, past all buffers, so that readers see no half lines.
        """
        with self._path.open("ab", buffering=0) as stream:
            length = stream.tell()
            whole = rows if length else self._header + rows
            with self._base:
                self._base.execute("INSERT INTO begun VALUES (?, ?)", (length, whole))
            if stream.write(whole) != len(whole):
                stream.truncate(length)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(stream.fileno())

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else f"its record: {error}"
            raise OutputError(f"{self._shown}: cannot be written: {reason}") from error
