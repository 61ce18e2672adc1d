"""Reading what arrives in a folder, by looking again and again: network shares tell nobody what is new."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zipread.append import GrowingOutput, Signature
from zipread.inputs import expand
from zipread.output import printable, scan_row
from zipread.records import Reading

DONE = "done"
FAILED = "failed"
"""Folders, in the folder that is watched, that nothing is read from."""

EMPTY_PATIENCE = 15
"""An empty file gets so many times longer to settle: scanners make one first and fill it when the page is through."""


@dataclass(slots=True)
class Settling:
    """Files that may still grow."""

    settle_s: float  # seconds that size and time of a file must not change
    _since: dict[str, tuple[Signature, float]] = field(default_factory=dict)

    def ready(self, seen: Mapping[str, Signature], now: float) -> list[str]:
        """Return the files that have not changed for long enough, in the order of `seen`.

        Args:
            seen: every file that is there and has not been read, as it is now.
            now: seconds, from any clock that only goes forward.
        """
        self._since = {
            path: self._since[path] if self._since.get(path, (None,))[0] == signature else (signature, now)
            for path, signature in seen.items()
        }
        return [path for path, (signature, since) in self._since.items() if now - since >= self._patience(signature)]

    @property
    def any(self) -> bool:
        """Whether any file is waited for."""
        return bool(self._since)

    def _patience(self, signature: Signature) -> float:
        return self.settle_s if signature.size else EMPTY_PATIENCE * self.settle_s


@dataclass(frozen=True, slots=True)
class Watcher:
    """One folder, the output of what arrives in it, and who is told."""

    folder: Path
    output: GrowingOutput
    read: Callable[[str], Sequence[Reading]]  # gives the readings of a picture; must not raise for a bad one
    settle_s: float  # seconds without change until a file counts as complete
    move: bool  # whether what has been read goes to done/ or failed/
    on_read: Callable[[str, Sequence[Reading]], None]  # called with the path and the readings of every picture
    on_trouble: Callable[[str], None]  # called with a line about what no row tells, once for each
    _told: set[str] = field(default_factory=set)  # troubles that were told

    def once(self) -> None:
        """Read what is there and complete, and return."""
        settling = Settling(self.settle_s)
        self._look(settling)
        if settling.any:
            time.sleep(self.settle_s)
            self._look(settling)

    def forever(self, interval_s: float) -> None:
        """Read what is there and what comes, looking every `interval_s` seconds. Only an exception ends it.

        Raises OutputError when the output can no longer be written.
        """
        settling = Settling(self.settle_s)
        while True:
            self._look(settling)
            time.sleep(interval_s)

    def _look(self, settling: Settling) -> None:
        """Go through the folder once."""
        fresh: dict[str, Signature] = {}
        for path, signature in self._files():
            done = self.output.find(path)
            if done is None or done.signature != signature:
                fresh[path] = signature
            elif self.move:  # read already, but a crash or a lock came before the move
                self._move(path, done.failed)
        for path in settling.ready(fresh, time.monotonic()):
            self._take(path, fresh[path])

    def _files(self) -> Iterator[tuple[str, Signature]]:
        if not self.folder.is_dir():  # a share that is away for a while
            self._tell(f"{self.folder}: the folder is not there; waiting for it")
            return
        self._told.discard(f"{self.folder}: the folder is not there; waiting for it")
        for item in expand([self.folder], skip=[self.folder / DONE, self.folder / FAILED]):
            signature = _signature(item.path)
            if signature is not None:
                yield item.path, signature
            elif item.problem and item.path != os.fspath(self.folder):
                self._tell(f"{item.path}: {item.problem}")

    def _take(self, path: str, signature: Signature) -> None:
        """Read one file; its rows count only if it stayed as it was meanwhile."""
        readings = self.read(path)
        if _signature(path) != signature:
            return
        failed = all(reading.status == "error" for reading in readings)
        self.output.add(path, signature, [scan_row(path, reading) for reading in readings], failed)
        self.on_read(path, readings)
        if self.move:
            self._move(path, failed)

    def _move(self, path: str, failed: bool) -> None:
        source = Path(path)
        target = self.folder / (FAILED if failed else DONE) / source.relative_to(self.folder)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, _free(target))
        except OSError as error:  # shutil.Error is one
            self._tell(f"{path}: read, but cannot be moved to {target.parent}: {error.strerror or error}")
            return
        self.output.forget(path)

    def _tell(self, trouble: str) -> None:
        if trouble not in self._told:
            self._told.add(trouble)
            self.on_trouble(printable(trouble))


def _signature(path: str) -> Signature | None:
    """Return the state of a regular file, None for anything else."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return Signature(status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def _free(path: Path) -> Path:
    """Return the path, or the first of `name-1.png`, `name-2.png` and so on that nothing has yet."""
    free, number = path, 0
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
