"""Running one task over many items: in this process or in several, results in the order of the items.

An item whose worker dies, or that takes too long, costs itself and nothing else.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, Protocol, TypeVar

import cv2

from zipread.errors import DependencyError, ZipreadError
from zipread.workers import Alive, Elsewhere, Here, Question, Runner, Task

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD_PER_WORKER = 256
"""Items that may be under way or finished ahead of the oldest unfinished one, for each worker: bounds memory, and lets
the others go on for a while beside one that hangs."""

TIMEOUT_S = 30.0
"""Seconds after which a worker that has not been heard of is ended."""

GRACE_S = 1.0
"""Seconds that workers get to end by themselves, all together."""

LOOK_EVERY_S = 0.25
"""Seconds between two looks at how long the workers have been silent."""


class Memory(Protocol):
    """What is known of earlier runs, and is to be known to later ones. Used in the parent alone."""

    @property
    def past(self) -> bool:
        """Whether anything is known of earlier runs."""

    def recall(self, key: bytes) -> Any | None:
        """Return the result that was kept under this key."""

    def keep(self, result: Any) -> None:
        """Take a result, in the order in which they are finished."""


class NoMemory:
    """Nothing is known, and nothing is kept."""

    past = False

    def recall(self, key: bytes) -> None:
        """Return nothing."""

    def keep(self, result: Any) -> None:
        """Do nothing."""


def run_here(
    task: Task[Item, Result], items: Iterable[Item], timeout_s: float = TIMEOUT_S, memory: Memory | None = None
) -> Generator[Result, None, None]:
    """Yield the results of `items`, in their order, computed on one thread of this process.

    A thread cannot be ended from outside. One that takes longer than `timeout_s` over an item is left behind, and a
    worker process does the rest.
    """
    with _one_thread():
        yield from _run(_Crew(task, 1, Here, timeout_s, memory or NoMemory()), items)


def run_workers(
    task: Task[Item, Result],
    items: Iterable[Item],
    workers: int,
    timeout_s: float = TIMEOUT_S,
    memory: Memory | None = None,
) -> Generator[Result, None, None]:
    """Yield the results of `items`, in their order, computed in `workers` processes.

    Items are drawn as they are needed. A ZipreadError raised by the task is raised here and ends everything.
    Raises DependencyError when a worker process cannot even start.
    """
    yield from _run(_Crew(task, workers, Elsewhere, timeout_s, memory or NoMemory()), items)


def _run(crew: _Crew[Item, Result], items: Iterable[Item]) -> Generator[Result, None, None]:
    numbered = enumerate(items)
    finished: dict[int, Result] = {}
    due = 0  # number of the next result to yield
    more = True
    try:
        while True:
            while more and crew.may_send(due):
                following = next(numbered, None)
                more = following is not None
                if following is not None:
                    crew.send(*following)
            while due in finished:
                yield finished.pop(due)
                due += 1
            if not more and due == crew.sent:
                break
            if not (more and crew.may_send(due)):
                finished.update(crew.receive())
        crew.dismiss()
    finally:
        crew.kill()


@dataclass(eq=False, slots=True)
class _Worker(Generic[Item]):
    runner: Runner
    connection: Connection
    ready: bool = False  # has it said that its task is prepared
    number: int = -1  # of the item it works on
    item: Item | None = None
    silent_s: float = 0.0  # how long nothing has been heard of it


class _Crew(Generic[Item, Result]):
    """The workers and what each of them is doing."""

    def __init__(
        self, task: Task[Item, Result], workers: int, place: type[Runner], timeout_s: float, memory: Memory
    ) -> None:
        self._task = task
        self._timeout_s = timeout_s
        self._memory = memory
        self._looked = time.monotonic()
        self._workers = [self._hire(place) for _ in range(workers)]
        self.idle: deque[_Worker[Item]] = deque()
        self.sent = 0  # items handed out so far

    def may_send(self, due: int) -> bool:
        """Return whether somebody is idle and not too many items are ahead of the one that is due."""
        return bool(self.idle) and self.sent - due < AHEAD_PER_WORKER * len(self._workers)

    def send(self, number: int, item: Item) -> None:
        """Hand an item to an idle worker."""
        worker = self.idle.popleft()
        worker.number, worker.item, worker.silent_s = number, item, 0.0
        self.sent += 1
        try:
            worker.connection.send((item,))
        except OSError:  # it died while idle; its end of the pipe reports that to `receive`
            return

    def receive(self) -> Iterator[tuple[int, Result]]:
        """Wait a moment for something to happen, and yield what was finished, with its number."""
        connections: dict[Any, _Worker[Item]] = {worker.connection: worker for worker in self._workers}
        for connection in wait(list(connections), LOOK_EVERY_S):
            worker = connections[connection]
            worker.silent_s = 0.0
            try:
                message = worker.connection.recv()
            except (EOFError, OSError):
                worker.runner.join(GRACE_S)
                yield from self._bury(worker, worker.runner.death())
                continue
            yield from self._hear(worker, message)
        for worker in self._too_long():
            worker.runner.kill()
            yield from self._bury(worker, f"given up: nothing came of it within --timeout {self._timeout_s:g} s")

    def dismiss(self) -> None:
        """Let the workers end by themselves."""
        for worker in self._workers:
            worker.connection.close()
        self._join(GRACE_S)

    def kill(self) -> None:
        """End what still runs."""
        for worker in self._workers:
            worker.connection.close()
            worker.runner.end()
        self._join(GRACE_S)
        for worker in self._workers:
            worker.runner.kill()
        self._join(LOOK_EVERY_S)

    def _join(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        for worker in self._workers:
            worker.runner.join(max(0.0, until - time.monotonic()))

    def _hire(self, place: type[Runner]) -> _Worker[Item]:
        here, there = multiprocessing.get_context("spawn").Pipe()
        return _Worker(place(self._task, there, self._memory.past), here)

    def _hear(self, worker: _Worker[Item], message: object) -> Iterator[tuple[int, Result]]:
        if isinstance(message, ZipreadError):
            raise message
        if isinstance(message, Alive):
            return
        if isinstance(message, Question):
            with suppress(OSError):  # it died meanwhile, which `receive` will hear of
                worker.connection.send(self._memory.recall(message.key))
            return
        if isinstance(message, tuple):
            result: Result = message[0]
            self._memory.keep(result)
            yield worker.number, result
        worker.ready, worker.number, worker.item = True, -1, None
        self.idle.append(worker)

    def _too_long(self) -> list[_Worker[Item]]:
        """Return the workers whose item has taken too long.

        Time counts while this process looks on, not while all of it was stopped or suspended.
        """
        now = time.monotonic()
        passed, self._looked = min(now - self._looked, 2 * LOOK_EVERY_S), now
        busy = [worker for worker in self._workers if worker.item is not None]
        for worker in busy:
            worker.silent_s += passed
        return [worker for worker in busy if worker.silent_s > self._timeout_s and not worker.connection.poll()]

    def _bury(self, worker: _Worker[Item], reason: str) -> Iterator[tuple[int, Result]]:
        """Replace a worker that is no more; its item becomes a result that says why."""
        if not worker.ready:
            raise DependencyError(f"a worker process could not start ({reason}); try --jobs 1")
        if worker.item is None:
            self.idle.remove(worker)
        else:
            yield worker.number, self._task.lost(worker.item, reason)
        worker.connection.close()
        self._workers[self._workers.index(worker)] = self._hire(Elsewhere)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep OpenCV to one thread: more cost far more CPU than they save time on pictures of this size."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
