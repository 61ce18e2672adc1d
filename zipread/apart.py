"""One item at a time, worked on in a process apart: what kills or hangs it costs that item and nothing else.

For callers that get their items one by one and want each answer at once. `pool` is for many items at a time.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from zipread.errors import DependencyError, ZipreadError
from zipread.workers import Alive, Elsewhere, Task

Item = TypeVar("Item")
Result = TypeVar("Result")

START_S = 600.0
"""Seconds a process may take to load its model, on a machine that is busy or reads it over a network."""

GRACE_S = 1.0
"""Seconds a process gets to end by itself."""


class Apart(Generic[Item, Result]):
    """Calls a task in a process of its own, which is replaced when it dies or takes too long.

    Used as a context: the process is there, its task prepared, when the block begins, and gone when it ends.

    Args:
        task: what to do; see `workers.Task`.
        timeout_s: seconds without a sign of life after which an item is given up.

    Raises:
        DependencyError: the process cannot start.
        ZipreadError: whatever the task raises as one, when it is prepared or called.
    """

    def __init__(self, task: Task[Item, Result], timeout_s: float) -> None:
        self._task = task
        self._timeout_s = timeout_s
        self._runner: Elsewhere
        self._connection: Connection

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()
        if kind is not None:
            self._runner.end()
        self._end()

    def __call__(self, item: Item) -> Result:
        """Return the result of one item, or the task's `lost` where its process died or was not heard of in time."""
        try:
            self._connection.send((item,))
            (result,) = self._receive(self._timeout_s)
        except TimeoutError:
            return self._lose(item, f"given up: nothing came of it within --timeout {self._timeout_s:g} s")
        except (EOFError, OSError):
            self._runner.join(GRACE_S)
            return self._lose(item, self._runner.death())
        return result

    def _lose(self, item: Item, reason: str) -> Result:
        self._connection.close()
        self._runner.kill()
        self._runner.join(GRACE_S)
        self._start()
        return self._task.lost(item, reason)

    def _start(self) -> None:
        self._connection, there = multiprocessing.get_context("spawn").Pipe()
        self._runner = Elsewhere(self._task, there, past=False)
        try:
            self._receive(START_S)
        except TimeoutError as error:
            self._end()
            raise DependencyError(f"the reading process is not ready after {START_S:g} s") from error
        except (EOFError, OSError) as error:
            self._end()
            raise DependencyError(f"the reading process could not start ({self._runner.death()})") from error

    def _end(self) -> None:
        self._runner.join(GRACE_S)
        self._runner.kill()
        self._runner.join(GRACE_S)

    def _receive(self, timeout_s: float) -> Any:
        """Wait for the next message that matters. Raises TimeoutError when there is none, nor a sign of life."""
        while True:
            if not self._connection.poll(timeout_s):
                raise TimeoutError
            message = self._connection.recv()
            if isinstance(message, ZipreadError):
                raise message
            if not isinstance(message, Alive):
                return message
