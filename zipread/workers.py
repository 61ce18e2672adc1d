"""Where work is done: a process or a thread that takes items over a pipe, and what it may say over it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any, Protocol, TypeVar

import cv2

from zipread.errors import ZipreadError

Item_contra = TypeVar("Item_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)

READY = "ready"
"""What a worker says when its task is prepared."""

THREAD = "zipread-reading"
"""Name of the threads that work in this process."""

SIGN_OF_LIFE_S = 0.5
"""Seconds between two signs of life, at least: more would only cost time."""


class Task(Protocol[Item_contra, Result_co]):
    """What a worker does. Must survive pickling."""

    def start(self, line: Line) -> Callable[[Item_contra], Result_co]:
        """Prepare once (load the model) and return what is then called for every item."""

    def lost(self, item: Item_contra, reason: str) -> Result_co:
        """Return the result of an item whose worker died or had to be ended."""


@dataclass(frozen=True, slots=True)
class Question:
    """What did an earlier run keep under this key? The answer comes back over the pipe."""

    key: bytes


@dataclass(frozen=True, slots=True)
class Alive:
    """The work goes on."""


class Line:
    """A worker's line to the parent while it works on an item."""

    def __init__(self, connection: Connection, past: bool) -> None:
        self._connection = connection
        self._past = past
        self._heard = time.monotonic()

    def alive(self) -> None:
        """Say that the work goes on: the time it may take starts anew."""
        now = time.monotonic()
        if now - self._heard > SIGN_OF_LIFE_S:
            self._heard = now
            self._connection.send(Alive())

    def recall(self, key: bytes) -> Any | None:
        """Return the result that an earlier run kept under this key; None where there is none."""
        if not self._past:
            return None
        self._connection.send(Question(key))
        return self._connection.recv()


class Runner(Protocol):
    """Where a worker runs: a process, or a thread of this one."""

    def __init__(self, task: Task, connection: Connection, past: bool) -> None: ...

    def end(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it, if that is possible."""

    def join(self, seconds: float) -> None:
        """Wait for its end."""

    def death(self) -> str:
        """Say how it ended."""


class Elsewhere:
    """A process of its own."""

    def __init__(self, task: Task, connection: Connection, past: bool) -> None:
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_serve_elsewhere, args=(connection, task, past), daemon=True)
        with _interrupts_held():
            self._process.start()
        connection.close()  # so that the pipe ends when the worker does

    def end(self) -> None:
        """Ask it to end."""
        if self._process.is_alive():
            self._process.terminate()

    def kill(self) -> None:
        """End it."""
        if self._process.is_alive():
            self._process.kill()

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        self._process.join(seconds)

    def death(self) -> str:
        """Say how it ended."""
        code = self._process.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            return f"killed by {name}" + (", perhaps for want of memory" if -code == signal.SIGKILL else "")
        return f"exit code {code}"


class Here:
    """A thread of this process."""

    def __init__(self, task: Task, connection: Connection, past: bool) -> None:
        self._thread = threading.Thread(target=_serve, args=(connection, task, past), name=THREAD, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """It ends when it finds its line closed."""

    def kill(self) -> None:
        """Not possible."""

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        self._thread.join(seconds)

    def death(self) -> str:
        """Say how it ended."""
        return "an error that zipread did not expect"


def left_behind() -> bool:
    """Return whether a thread of this process still works on an item, most likely for ever."""
    return any(thread.name == THREAD for thread in threading.enumerate())


def _serve_elsewhere(connection: Connection, task: Task, past: bool) -> None:
    """Work in a process of its own, which ends with its parent, even if that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    _serve(connection, task, past)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _serve(connection: Connection, task: Task, past: bool) -> None:
    """Work for the parent until it closes the pipe.

    The parent gets `READY` once, then for every item the result in a tuple; between them what `Line` says, and a
    ZipreadError in place of anything.
    """
    try:
        work = task.start(Line(connection, past))
        connection.send(READY)
        while True:
            (item,) = connection.recv()
            connection.send((work(item),))
    except ZipreadError as error:
        with suppress(OSError):
            connection.send(error)
    except (EOFError, OSError):  # the parent is done, or gone
        return
    finally:
        connection.close()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back. A process started meanwhile never sees one, not even before it can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # multiprocessing starts its tracker with the first process, and lets interrupts through again when it has.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
