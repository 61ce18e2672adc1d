"""The journal: what a run has read so far, kept beside its output until that is whole.

A SQLite file of one table. The key of a reading is the SHA-256 of the picture's bytes together with the origin of the
reading (program, model, settings): a changed picture or model has another key and is read again.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from zipread.errors import OutputError, UsageError
from zipread.records import Box, DigitReading, Reading

AnyReading = TypeVar("AnyReading", Reading, DigitReading)

SUFFIX = ".journal"

NOT_KEPT = frozenset({"digits", "outline"})
"""Fields of a reading that no row shows."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[AnyReading]):
    """What came of one input."""

    readings: list[AnyReading]
    key: bytes = b""  # SHA-256 of the bytes read; empty: not to be kept, as another try may end differently
    recalled: bool = False  # an earlier run did it


def journal_path(output: str) -> Path:
    """Return where the journal of an output lies: beside the file itself, also where `output` is a link to it."""
    final = Path(output).resolve()
    return final.with_name(final.name + SUFFIX)


class Journal:
    """The journal of one output. See `pool.Memory`.

    Raises UsageError when it belongs to a run that is still going on, or is no journal.
    """

    def __init__(self, path: Path, origin: str) -> None:
        self._path = path
        self._origin = origin
        self._before = 0
        self.kept = 0  # outcomes, of this run and of earlier ones
        with self._translated():
            self._base = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
            except sqlite3.Error:
                self._base.close()
                raise

    @property
    def past(self) -> bool:
        """Whether earlier runs kept anything that is of use to this one."""
        return self._before > 0

    def forget(self) -> None:
        """Drop what earlier runs kept."""
        with self._translated():
            self._base.execute("DELETE FROM done")
            self._count()

    def recall(self, key: bytes) -> Outcome | None:
        """Return the outcome that was kept for a picture of these bytes."""
        with self._translated():
            found = self._base.execute(
                "SELECT readings FROM done WHERE key = ? AND origin = ?", (key, self._origin)
            ).fetchone()
            return Outcome([_unpack(fields) for fields in json.loads(found[0])], key, recalled=True) if found else None

    def keep(self, result: Outcome) -> None:
        """Keep an outcome: from now on a killed run does not lose it."""
        if not result.key or result.recalled:
            return
        readings = json.dumps([_pack(reading) for reading in result.readings], default=_plain_number)
        with self._translated():
            self._base.execute("INSERT OR REPLACE INTO done VALUES (?, ?, ?)", (result.key, self._origin, readings))
        self.kept += 1

    def close(self) -> None:
        """Leave it for another run; one with nothing in it goes."""
        with suppress(sqlite3.Error):  # a full disk: what is in it stays readable
            self._base.close()
        if not self.kept:
            self._unlink()

    def remove(self) -> None:
        """Take it away: the output is whole."""
        with suppress(sqlite3.Error):
            self._base.close()
        self._unlink()

    def _prepare(self) -> None:
        # One process alone uses it: no file of shared memory, so a folder on a network share will do.
        self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost the last few, never the rest
        self._base.execute("CREATE TABLE IF NOT EXISTS done (key BLOB, origin TEXT, readings TEXT, "
                           "PRIMARY KEY (key, origin)) WITHOUT ROWID")  # fmt: skip
        self._count()

    def _count(self) -> None:
        (self._before,) = self._base.execute("SELECT count(*) FROM done WHERE origin = ?", (self._origin,)).fetchone()
        (self.kept,) = self._base.execute("SELECT count(*) FROM done").fetchone()

    def _unlink(self) -> None:
        for name in (self._path.name + "-wal", self._path.name):
            with suppress(OSError):
                self._path.with_name(name).unlink()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Say in our words what SQLite says in its own."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise UsageError(f"{self._path}: another run is writing this output") from error
            if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR):
                raise UsageError(f"{self._path}: is not a journal of zipread or is damaged; delete it") from error
            raise OutputError(f"{self._path}: cannot be written: {error}") from error


def _pack(reading: Reading | DigitReading) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(reading) if field.name not in NOT_KEPT]
    values = {name: getattr(reading, name) for name in names}
    box = values.get("box")
    return values if box is None else {**values, "box": dataclasses.astuple(box)}


def _plain_number(value: Any) -> Any:
    """Turn a number of numpy's into one of Python's, without loss."""
    return value.item()


def _unpack(fields: dict[str, Any]) -> Reading | DigitReading:
    values = {name: _frozen(value) for name, value in fields.items()}
    if "digit" in values:
        return DigitReading(**values)
    return Reading(**{**values, "box": values["box"] and Box(*values["box"])})


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
